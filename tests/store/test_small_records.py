"""SQLite keeps small values apart from large ones: by what is read nobody can tell, but for the pages it takes."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import apsw
import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import Conflict
from fogbank.store.api import ABSENT, Key, Store, Transaction
from fogbank.store.sqlite_records import SMALL_BYTES_MAX
from fogbank.store.sqlite_writer import SqliteWriter
from tests.store.backends import Backend

SMALL, LARGE = b"s" * SMALL_BYTES_MAX, b"l" * (SMALL_BYTES_MAX + 1)
KEY: Key = ("k",)
LOOK: Key = ("look",)


def name(value: bytes | None) -> str:
    return "none" if value is None else f"{len(value)} bytes"


async def contents(store: Store) -> list[tuple[Key, bytes, int]]:
    return [(record.key, record.value, record.version) for record in await store.scan((), limit=100)]


@pytest.mark.parametrize("first", [True, False], ids=["a condition of its own", "after another write"])
@pytest.mark.parametrize(
    ("before", "after"), list(itertools.product((None, b"", SMALL, LARGE), repeat=2)), ids=name
)
async def test_a_value_changes_its_size(
    store: Store, before: bytes | None, after: bytes | None, first: bool
) -> None:
    """None: no record."""
    version = 0
    if before is not None:
        version = (await store.commit(Transaction().put(KEY, before, expect=ABSENT))).versions[0]
    for expect in (version + 1, ABSENT) if version else (7,):
        if expect or after is not None:
            with pytest.raises(Conflict):
                await store.commit(change(after, expect, first))
    assert [value for _, value, _ in await contents(store)] == ([] if before is None else [before])
    committed = await store.commit(change(after, version if after is not None or version else None, first))
    found = [row for row in await contents(store) if row[0] == KEY]
    assert found == ([] if after is None else [(KEY, after, committed.versions[-1])])
    assert await store.count(KEY, limit=10) == len(found)
    record = await store.get(KEY)
    assert (record and (record.key, record.value, record.version)) == (found[0] if found else None)


def change(after: bytes | None, expect: int | None, first: bool) -> Transaction:
    transaction = Transaction()
    if not first:
        transaction.put(LOOK, b"")
    return (
        transaction.delete(KEY, expect=expect)
        if after is None
        else transaction.put(KEY, after, expect=expect)
    )


@pytest.mark.parametrize("after", [SMALL, LARGE], ids=name)
@pytest.mark.parametrize("before", [SMALL, LARGE], ids=name)
async def test_the_last_of_several_writes_in_one_transaction_counts(
    store: Store, before: bytes, after: bytes
) -> None:
    await store.commit(Transaction().put(KEY, before).put(KEY, after).put(KEY, before).put(KEY, after))
    assert [value for _, value, _ in await contents(store)] == [after]
    await store.commit(Transaction().delete_prefix(("k",)))
    assert await contents(store) == []


@pytest.mark.parametrize("larges", [(), (3,), (0, 9), (0, 1, 2, 7), range(0, 10, 2), range(10)])
async def test_a_range_is_in_order_whatever_the_sizes(store: Store, larges: Any) -> None:
    transaction = Transaction()
    for number in range(10):
        transaction.put(("n", number), (LARGE if number in larges else SMALL) + b"%d" % number)
    committed = await store.commit(transaction)
    every = [
        (("n", number), (LARGE if number in larges else SMALL) + b"%d" % number, committed.versions[number])
        for number in range(10)
    ]
    for limit, first, reverse in itertools.product((0, 1, 2, 3, 5, 9, 10, 11), (0, 1, 4), (False, True)):
        expected = (every[first:][::-1] if reverse else every[first:])[:limit]
        after = ("n", first - 1)
        rows = await store.scan(("n",), after=after, limit=limit, reverse=reverse)
        assert [(row.key, row.value, row.version) for row in rows] == expected
        values = await store.range_values(("n", first), ("n", 10), limit=limit, reverse=reverse)
        assert values == [value for _, value, _ in expected]
    assert await store.count(("n",), limit=7) == 7
    assert await store.count(("n",), limit=70) == 10


@pytest.mark.parametrize("rests", [True, False], ids=["the writer rests", "the writer is busy"])
async def test_a_range_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rests: bool) -> None:
    """Another node moves a record from the large ones, read last, to the small ones."""
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(VirtualClock()) as store:
        await store.commit(Transaction().put(("n", 1), SMALL).put(("n", 2), LARGE))
        monkeypatch.setattr(SqliteWriter, "rests", rests)
        other = apsw.Connection(str(backend.where))
        read = store._read  # type: ignore[attr-defined]

        def read_and_be_overtaken(sql: str, bindings: tuple[Any, ...]) -> list[Any]:
            rows: list[Any] = read(sql, bindings)
            if "FROM small" in sql:
                other.execute("BEGIN; DELETE FROM record; INSERT INTO small VALUES (x'00', 9, x''); COMMIT")
            return rows

        monkeypatch.setattr(store, "_read", read_and_be_overtaken)
        assert await store.range_values(("n", 1), ("n", 3), limit=10) == [SMALL, LARGE]
        monkeypatch.undo()
        assert not store._reading.in_transaction  # type: ignore[attr-defined]
        other.close()
    await backend.lanes.close()


async def pages_read(store: Store, partition: int) -> int:
    """By a range of 50 records, of which none was read before."""
    connection: apsw.Connection = store._writing  # type: ignore[attr-defined]
    connection.execute("PRAGMA shrink_memory")
    connection.status(apsw.SQLITE_DBSTATUS_CACHE_MISS, True)
    values = await store.range_values((partition, 0), (partition, 50), limit=100)
    assert len(values) == 50
    return connection.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0]


@pytest.mark.parametrize(
    ("value", "pages_max"), [(b"x" * 100, 8), (SMALL, 14)], ids=["100 bytes", "the largest"]
)
async def test_a_range_of_small_records_is_few_pages(tmp_path: Path, value: bytes, pages_max: int) -> None:
    keys = [(partition, number) for partition in range(200) for number in range(50)]
    random.Random(1).shuffle(keys)
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(VirtualClock()) as store:
        transaction = Transaction()
        for key in keys:
            transaction.put(key, value)
        await store.commit(transaction)
    async with backend.open(VirtualClock()) as store:
        assert await pages_read(store, 77) <= pages_max
    await backend.lanes.close()


async def test_a_file_from_before_there_was_a_place_for_small_ones(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    backend = Backend("sqlite", path)
    async with backend.open(VirtualClock()) as store:
        await store.commit(Transaction().put(("n", 1), SMALL).put(("n", 2), LARGE).put(("n", 3), SMALL))
        before = await contents(store)
    with_old = apsw.Connection(str(path))
    with_old.execute("INSERT INTO record (key, version, value) SELECT * FROM small; DROP TABLE small")
    with_old.execute("UPDATE meta SET value = 1 WHERE name = 'schema'")
    with_old.close()
    async with backend.open(VirtualClock()) as store:
        assert await contents(store) == before
        await store.commit(Transaction().put(("n", 1), b"1", expect=before[0][2]))
        await store.commit(Transaction().put(("n", 2), b"2").put(("n", 3), b"3").put(("n", 4), b"4"))
        with pytest.raises(Conflict):
            await store.commit(Transaction().put(("n", 3), b"x", expect=ABSENT))
        await store.commit(Transaction().delete(("n", 2)))
        changed = await contents(store)
        assert [(key, value) for key, value, _ in changed] == [
            (("n", 1), b"1"),
            (("n", 3), b"3"),
            (("n", 4), b"4"),
        ]
    async with backend.open(VirtualClock()) as store:
        assert await contents(store) == changed
    await backend.lanes.close()
