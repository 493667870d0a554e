"""News: who is called back by which commit, here and on another node."""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw
import pytest

from fogbank.core.clock import RealClock, VirtualClock
from fogbank.core.limits import STORE_NEWS_ROWS_MAX
from fogbank.store.api import Key, Store, Transaction
from fogbank.store.sqlite_neighbours import Neighbours
from fogbank.store.watches import Watches
from tests.store.backends import SHARED, Backend


class Bell:
    """Counts calls; `rung` waits for one after `clear`."""

    def __init__(self) -> None:
        self.calls = 0
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self.calls += 1
        self._event.set()

    async def rung(self) -> None:
        async with asyncio.timeout(20):
            await self._event.wait()
        self._event.clear()


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


@pytest.mark.parametrize("prefix", [(), ("a",), ("a", 1), ("a", 1, b"x")])
async def test_records_ring_for_every_prefix_of_their_key(store: Store, prefix: Key) -> None:
    bell = Bell()
    store.watch_records(prefix, bell)
    await store.commit(Transaction().put(("a", 1, b"x"), b""))
    await bell.rung()
    await store.commit(Transaction().delete(("a", 1, b"x")))
    await bell.rung()


async def test_deleting_a_prefix_rings_above_and_below_it(store: Store) -> None:
    above, at, below, beside = Bell(), Bell(), Bell(), Bell()
    for prefix, bell in [(("a",), above), (("a", 1), at), (("a", 1, "x"), below), (("a", 2), beside)]:
        store.watch_records(prefix, bell)
    await store.commit(Transaction().put(("a", 1, "x", "y"), b""))
    for bell in (above, at, below):
        await bell.rung()
    await store.commit(Transaction().delete_prefix(("a", 1)))
    for bell in (above, at, below):
        await bell.rung()


async def test_logs_ring_by_prefix_and_queues_by_name(store: Store, clock: VirtualClock) -> None:
    logs, queue = Bell(), Bell()
    store.watch_log(("l",), logs)
    store.watch_queue("q", queue)
    now_ms = clock.now_ms()
    await store.commit(
        Transaction().append(("l", "x"), [(1, b"")]).enqueue("q", "1", b"", due_ms=now_ms, group="g")
    )
    await logs.rung()
    await queue.rung()
    await store.commit(Transaction().enqueue("q", "2", b"", due_ms=now_ms, group="g"))
    await queue.rung()
    (leased,) = await store.lease("q", owner="me", limit=5, lease_ms=1000)
    await store.commit(Transaction().ack(leased))  # the next of the group can be leased now
    await queue.rung()
    (leased,) = await store.lease("q", owner="me", limit=5, lease_ms=1000)
    await store.commit(Transaction().retry(leased, due_ms=now_ms))
    await queue.rung()
    await store.lease("q", owner="me", limit=5, lease_ms=1000)
    await store.release("me")
    await queue.rung()
    await store.commit(Transaction().cancel("q", "2"))
    await queue.rung()


async def test_nothing_rings_for_what_failed_or_lies_elsewhere(clock: VirtualClock) -> None:
    async with Backend("memory", None).open(clock) as store:  # exactness is this engine's, not the contract's
        bell = Bell()
        store.watch_records(("a",), bell)
        store.watch_log(("a",), bell)
        store.watch_queue("a", bell)
        await store.commit(Transaction().put(("b",), b"").put(("ab",), b"").append(("b",), [(1, b"")]))
        await store.commit(Transaction().enqueue("b", "1", b"", due_ms=0))
        with pytest.raises(Exception, match="condition 0"):
            await store.commit(Transaction().put(("a",), b"", expect=77))
        await turn()
        assert bell.calls == 0


async def test_one_commit_rings_once_and_an_ended_watch_never(store: Store) -> None:
    bell, other = Bell(), Bell()
    end = store.watch_records(("a",), bell)
    store.watch_records(("a",), other)
    await store.commit(Transaction().put(("a", 1), b"").put(("a", 2), b""))
    await bell.rung()
    end()
    end()
    calls = bell.calls
    await other.rung()
    await store.commit(Transaction().put(("a", 3), b""))
    await other.rung()
    assert bell.calls == calls


async def test_a_callback_that_fails_does_not_silence_the_others(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise RuntimeError("broken watcher")

    bell = Bell()
    store.watch_records(("a",), broken)
    store.watch_records(("a",), bell)
    await store.commit(Transaction().put(("a",), b""))
    await bell.rung()
    await turn()
    assert "broken watcher" in caplog.text


@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_news_crosses_to_another_node(backend: Backend) -> None:
    clock = RealClock()
    async with backend.open(clock) as here, backend.open(clock) as there:
        records, logs, queue = Bell(), Bell(), Bell()
        there.watch_records(("r",), records)
        there.watch_log(("l",), logs)
        there.watch_queue("q", queue)
        for round in range(3):
            await here.commit(Transaction().put(("r", round), b""))
            await records.rung()
            assert await there.get(("r", round)) is not None
            await here.commit(Transaction().append(("l", "x"), [(1, b"")]))
            await logs.rung()
            await here.commit(Transaction().enqueue("q", str(round), b"", due_ms=0))
            await queue.rung()
            await here.commit(Transaction().delete_prefix(("r",)))
            await records.rung()
    await backend.lanes.close()


@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_own_commits_do_not_hide_those_of_others(backend: Backend) -> None:
    async with backend.open(RealClock()) as here, backend.open(RealClock()) as there:
        bell = Bell()
        there.watch_records(("r",), bell)
        for round in range(5):
            await here.commit(Transaction().put(("r", round), b""))
            await there.commit(Transaction().put(("other", round), b""))  # before it looked for news
            await bell.rung()
    await backend.lanes.close()


async def test_a_process_that_fell_behind_misses_nothing(tmp_path: Path) -> None:
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(RealClock()) as store:
        reading = apsw.Connection(str(backend.where))
        watches, bell, other = Watches(), Bell(), Bell()
        neighbours = Neighbours(tmp_path / "store.sqlite", 12345, reading, watches)
        watches.records(("first",), bell)
        watches.records(("never",), other)
        store._neighbours.poll()  # type: ignore[attr-defined]  # it would notice by itself, a little later
        await store.commit(Transaction().put(("first",), b""))
        neighbours.poll()
        await bell.rung()
        assert other.calls == 0, "news between neighbours is particular"
        await store.commit(Transaction().put(("first",), b""))
        for number in range(2 * STORE_NEWS_ROWS_MAX):
            await store.commit(Transaction().put(("n", number), b""))
        assert reading.execute("SELECT count(*) FROM batch").fetchall()[0][0] < 2 * STORE_NEWS_ROWS_MAX
        neighbours.poll()
        await bell.rung()
        neighbours.close()
        reading.close()
    await backend.lanes.close()


@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_two_nodes_share_one_truth(backend: Backend) -> None:
    clock = RealClock()
    async with backend.open(clock) as one, backend.open(clock) as two:

        async def increments(store: Store, name: str) -> None:
            for _ in range(30):
                while True:
                    record = await store.get(("n",))
                    expect, value = (record.version, int(record.value)) if record else (0, 0)
                    work = Transaction().put(("n",), b"%d" % (value + 1), expect=expect)
                    work.append(("l",), [(value, name.encode())])
                    try:
                        await store.commit(work)
                        break
                    except Exception as error:
                        assert "condition 0" in str(error)
                        await asyncio.sleep(0)

        await asyncio.gather(*(increments(store, str(n)) for n in range(2) for store in (one, two)))
        record = await two.get(("n",))
        assert record is not None and record.value == b"120"
        entries = await one.read_log(("l",), limit=1000)
        assert [entry.time_ms for entry in entries] == list(range(120))
        for n in range(100):
            await one.commit(Transaction().enqueue("q", str(n), b"", due_ms=0))
        batches = await asyncio.gather(
            *(
                store.lease("q", owner="x", limit=5, lease_ms=60_000)
                for _ in range(15)
                for store in (one, two)
            )
        )
        ids = [leased.id for batch in batches for leased in batch]
        assert len(ids) == len(set(ids)) == 100
    await backend.lanes.close()
