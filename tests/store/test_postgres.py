"""What only PostgreSQL can suffer: lost connections at every point, other nodes' locks, a newer schema."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fogbank.core.clock import RealClock
from fogbank.core.errors import ConfigError, Conflict
from fogbank.store.api import Store, Transaction
from tests.store.backends import Backend, make_backend

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")


@pytest.fixture
def backend(postgres: str, tmp_path: Path) -> Iterator[Backend]:
    with make_backend("postgres", tmp_path, postgres) as made:
        yield made


async def append_all(store: Store, count: int) -> list[int]:
    """Appends and increments from several callers; the seqs they were told."""

    async def one(n: int) -> int:
        work = Transaction().append(("l",), [(n, str(n).encode())]).enqueue("q", str(n), b"", due_ms=0)
        return (await store.commit(work)).last_seqs[0]

    async def lane(first: int) -> list[int]:
        return [await one(n) for n in range(first, count, 4)]

    return [seq for seqs in await asyncio.gather(*(lane(first) for first in range(4))) for seq in seqs]


async def check_once(store: Store, seqs: list[int], count: int) -> None:
    assert sorted(seqs) == list(range(1, count + 1)), (
        "a transaction was applied twice, or an answer was wrong"
    )
    entries = await store.read_log(("l",), limit=10_000)
    assert sorted(int(entry.body) for entry in entries) == list(range(count))
    assert await store.depth("q") == (count, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_a_batch_is_applied_once_wherever_the_connection_breaks(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    from fogbank.store import postgres_sql, postgres_writer

    draws = random.Random(seed)
    real = postgres_writer.rows
    faults = {"before": 0, "after": 0}

    async def breaking(connection: Any, statement: str, arguments: Any = None) -> Any:
        fault = draws.choice(["before", "after", "", "", ""]) if sum(faults.values()) < 25 else ""
        if fault == "before" and statement != postgres_sql.REGISTER:
            faults["before"] += 1
            await connection.close()
            raise psycopg.OperationalError("broken before it was sent")
        answer = await real(connection, statement, arguments)
        if fault == "after" and statement != postgres_sql.REGISTER:
            faults["after"] += 1
            await connection.close()
            raise psycopg.OperationalError("broken before the answer came")
        return answer

    async with backend.open(RealClock()) as store:
        monkeypatch.setattr(postgres_writer, "rows", breaking)
        seqs = await append_all(store, 120)
        monkeypatch.setattr(postgres_writer, "rows", real)
        assert faults["before"] > 2 and faults["after"] > 2
        await check_once(store, seqs, 120)
    await backend.lanes.close()


async def test_a_batch_given_up_can_do_nothing_when_it_arrives_late(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fogbank.store import postgres_link, postgres_sql, postgres_writer

    real = postgres_writer.rows
    late: list[Any] = []

    async def delayed(connection: Any, statement: str, arguments: Any = None) -> Any:
        if statement == postgres_sql.APPLY and not late:
            late.append(arguments)
            await connection.close()
            raise psycopg.OperationalError("lost; the statement is still on its way")
        return await real(connection, statement, arguments)

    async with backend.open(RealClock()) as store:
        await store.commit(Transaction().append(("l",), [(0, b"")]))
        monkeypatch.setattr(postgres_writer, "rows", delayed)
        committed = await store.commit(Transaction().append(("l",), [(1, b"")]))
        assert committed.last_seqs == (2,)
        connection = await postgres_link.connect(str(backend.where))
        with pytest.raises(psycopg.Error) as caught:
            await real(connection, postgres_sql.APPLY, late[0])
        assert caught.value.sqlstate == postgres_sql.SUPERSEDED
        await connection.close()
        assert await store.last_seq(("l",)) == 2
    await backend.lanes.close()


async def test_the_server_ending_every_connection_is_survived(backend: Backend, postgres: str) -> None:
    end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
    (name,) = parse_qs(urlsplit(str(backend.where)).query)["application_name"]
    async with backend.open(RealClock()) as store:
        rung = asyncio.Event()
        store.watch_records(("k",), rung.set)
        work = asyncio.ensure_future(append_all(store, 200))
        async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as killer:
            for _ in range(4):
                await store.commit(Transaction().put(("tick",), b""))
                assert (await killer.execute(end_all, (name,))).rowcount > 0
                assert await store.get(("never",)) is None
                await store.lease("other", owner="me", limit=1, lease_ms=1)
        await check_once(store, await work, 200)
        rung.clear()
        async with backend.open(RealClock()) as other, asyncio.timeout(20):
            await other.commit(Transaction().put(("k",), b""))
            await rung.wait()
    await backend.lanes.close()


async def test_nodes_that_cross_each_others_keys_neither_block_nor_err(backend: Backend) -> None:
    """Transactions over the same keys in opposite orders: locks are taken in one order, so none waits in a circle."""
    async with backend.open(RealClock()) as one, backend.open(RealClock()) as two:

        async def cross(store: Store, names: list[str]) -> int:
            done = 0
            for round in range(20):
                work = Transaction()
                for name in names:
                    work.put((name,), b"").append(("log", name), [(round, b"")])
                    work.enqueue("q", name, b"", due_ms=0, group=name)
                work.delete_prefix(("none",)) if round % 7 == 0 else work.cancel("q", names[0])
                await store.commit(work)
                done += 1
            return done

        names = list("abcdef")
        async with asyncio.timeout(60):
            done = await asyncio.gather(
                *(
                    cross(store, order)
                    for store in (one, two)
                    for order in (names, names[::-1], names[3:] + names[:3])
                )
            )
        assert sum(done) == 120
        for name in names:
            assert await one.last_seq(("log", name)) == 120
    await backend.lanes.close()


async def test_a_prefix_is_deleted_as_if_alone(backend: Backend) -> None:
    """Delete-all against check-one-and-add-another: some order of the two must explain what is left."""
    async with backend.open(RealClock()) as one, backend.open(RealClock()) as two:
        for round in range(15):
            version = (await one.commit(Transaction().put(("t", 0), b""))).versions[0]
            outcomes = await asyncio.gather(
                one.commit(Transaction().delete_prefix(("t",))),
                two.commit(Transaction().check(("t", 0), version).put(("t", round + 1), b"")),
                return_exceptions=True,
            )
            left = [record.key for record in await one.scan(("t",), limit=9)]
            assert left == [], f"{left} outlived its check: {outcomes}"
            assert not isinstance(outcomes[0], BaseException)
            assert (
                outcomes[1] is None
                or not isinstance(outcomes[1], BaseException)
                or isinstance(outcomes[1], Conflict)
            )
    await backend.lanes.close()


async def test_names_may_hold_any_text(backend: Backend) -> None:
    queue, id, group = "q\x00\ud800", "ü\x00", "g\x00"
    async with backend.open(RealClock()) as store:
        await store.commit(Transaction().enqueue(queue, id, b"", due_ms=0, group=group))
        (leased,) = await store.lease(queue, owner="o\x00", limit=1, lease_ms=1000)
        assert (leased.queue, leased.id, leased.group) == (queue, id, group)
        assert await store.release("o\x00") == 1
    await backend.lanes.close()


async def test_a_newer_schema_is_refused(backend: Backend) -> None:
    async with backend.open(RealClock()):
        pass
    async with await psycopg.AsyncConnection.connect(str(backend.where), autocommit=True) as connection:
        await connection.execute("UPDATE fogbank_meta SET schema = 999")
    with pytest.raises(ConfigError, match="newer fogbank"):
        async with backend.open(RealClock()):
            pass


async def test_no_server_is_a_configuration_error_without_the_password(backend: Backend) -> None:
    nowhere = Backend("postgres", "postgresql://user:hidden-password@127.0.0.1:1/x?connect_timeout=2")
    with pytest.raises(ConfigError) as caught:
        async with nowhere.open(RealClock()):
            pass
    assert "hidden-password" not in str(caught.value)


async def test_nodes_starting_together_make_the_tables_once(backend: Backend) -> None:
    async def start(n: int) -> int:
        async with backend.open(RealClock()) as store:
            return (await store.commit(Transaction().append(("l",), [(n, b"")]))).last_seqs[0]

    assert sorted(await asyncio.gather(*(start(n) for n in range(5)))) == [1, 2, 3, 4, 5]
    await backend.lanes.close()
