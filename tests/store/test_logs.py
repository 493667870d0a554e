"""Logs: numbering, ranges by number and time, retention."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.core.errors import Conflict
from fogbank.store.api import Key, Store, Transaction

LOG: Key = ("log", "a")


async def append(store: Store, *times: int, log: Key = LOG) -> int:
    entries = [(time_ms, f"{log[-1]}@{time_ms}".encode()) for time_ms in times]
    return (await store.commit(Transaction().append(log, entries))).last_seqs[0]


async def seqs(store: Store, log: Key = LOG, **kwargs: object) -> list[int]:
    found = await store.read_log(log, **{"limit": 1000, **kwargs})  # type: ignore[arg-type]
    return [entry.seq for entry in found]


async def test_entries_are_numbered_from_one_without_gaps(store: Store) -> None:
    assert await store.last_seq(LOG) == 0
    assert await append(store, 10, 20) == 2
    assert await append(store, 30) == 3
    assert await append(store, 5, log=("log", "b")) == 1
    assert await store.last_seq(LOG) == 3
    entries = await store.read_log(LOG, limit=10)
    assert [(e.seq, e.time_ms, e.body) for e in entries] == [
        (1, 10, b"a@10"),
        (2, 20, b"a@20"),
        (3, 30, b"a@30"),
    ]


async def test_one_transaction_may_append_several_times(store: Store) -> None:
    transaction = (
        Transaction().append(LOG, [(1, b"x")]).append(("log", "b"), [(1, b"")] * 3).append(LOG, [(2, b"y")])
    )
    assert (await store.commit(transaction)).last_seqs == (1, 3, 2)
    assert [e.body for e in await store.read_log(LOG, limit=9)] == [b"x", b"y"]


async def test_appending_nothing_gives_the_last_number(store: Store) -> None:
    assert await append(store) == 0
    await append(store, 1, 2)
    assert await append(store) == 2


async def test_an_append_can_demand_the_last_number(store: Store) -> None:
    await store.commit(Transaction().append(LOG, [(1, b"a"), (2, b"b")], expect_last=0))
    await store.commit(Transaction().append(LOG, [(3, b"c")], expect_last=2))
    with pytest.raises(Conflict) as caught:
        await store.commit(Transaction().put(("k",), b"").append(LOG, [(4, b"d")], expect_last=2))
    assert (caught.value.index, caught.value.key) == (1, LOG)
    assert await store.last_seq(LOG) == 3
    assert await store.get(("k",)) is None


async def test_reading_by_number_both_ways(store: Store) -> None:
    await append(store, *range(300))  # more than one row holds
    assert await seqs(store, after_seq=297) == [298, 299, 300]
    assert await seqs(store, before_seq=3) == [1, 2]
    assert await seqs(store, after_seq=126, before_seq=131) == [127, 128, 129, 130]
    assert await seqs(store, limit=2) == [1, 2]
    assert await seqs(store, limit=2, reverse=True) == [300, 299]
    assert await seqs(store, before_seq=130, limit=3, reverse=True) == [129, 128, 127]
    assert await seqs(store, after_seq=300) == []
    assert await seqs(store, limit=0) == []
    assert len(await seqs(store)) == 300


async def test_reading_by_time_is_inclusive_then_exclusive(store: Store) -> None:
    await append(store, 10, 20, 30)
    await append(store, 40)
    assert await seqs(store, from_ms=20) == [2, 3, 4]
    assert await seqs(store, from_ms=20, to_ms=40) == [2, 3]
    assert await seqs(store, to_ms=10) == []
    assert await seqs(store, from_ms=41) == []
    assert await seqs(store, from_ms=15, limit=1, reverse=True) == [4]


async def test_reading_by_time_finds_entries_out_of_order(store: Store) -> None:
    times = [100, 500, 90, 510, 400, 520, 95, 530, 1]
    for time_ms in times[:5]:
        await append(store, time_ms)
    await append(store, *times[5:])
    for since, until in [(90, 101), (0, 100), (400, 515), (1, 2), (520, 600), (600, 700)]:
        expected = [seq for seq, time_ms in enumerate(times, 1) if since <= time_ms < until]
        assert await seqs(store, from_ms=since, to_ms=until) == expected
        assert await seqs(store, from_ms=since, to_ms=until, reverse=True) == expected[::-1]


async def test_trimming_removes_from_the_front_and_keeps_the_numbers(store: Store) -> None:
    await append(store, *range(1, 301))
    await store.commit(Transaction().trim_log(LOG, 130))
    assert (await seqs(store))[:2] == [131, 132]
    assert await seqs(store, from_ms=1, to_ms=132) == [131]
    await store.commit(Transaction().trim_log(LOG, 10))  # behind the last trim: nothing comes back
    assert (await seqs(store))[0] == 131
    await store.commit(Transaction().trim_log(LOG, 10_000))
    assert await seqs(store) == []
    assert await store.last_seq(LOG) == 300
    assert await append(store, 301) == 301
    assert await seqs(store) == [301]


async def test_a_dropped_log_begins_anew(store: Store) -> None:
    await append(store, 1, 2, 3)
    await append(store, 7, log=("log", "b"))
    await store.commit(Transaction().drop_log(LOG).drop_log(("log", "never")))
    assert await store.last_seq(LOG) == 0
    assert await seqs(store) == []
    assert await seqs(store, ("log", "b")) == [1]
    assert await append(store, 9) == 1


async def test_trimming_a_log_that_never_was_leaves_no_trace(store: Store) -> None:
    await store.commit(Transaction().trim_log(LOG, 5))
    assert await append(store, 1) == 1
    assert await seqs(store) == [1]


async def test_large_appends_are_split_and_read_back_whole(store: Store) -> None:
    bodies = [b"x" * size for size in (0, 1, 70_000, 3, 64_000, 2_000, 65_536, 65_537)]
    await store.commit(Transaction().append(LOG, [(5, body) for body in bodies]))
    assert [e.body for e in await store.read_log(LOG, limit=100)] == bodies
    assert [e.body for e in await store.read_log(LOG, limit=100, reverse=True)] == bodies[::-1]
    assert [e.body for e in await store.read_log(LOG, after_seq=2, limit=2)] == bodies[2:4]


async def test_appends_that_share_a_batch_follow_each_other(store: Store) -> None:
    def append(n: int, **more: int) -> Transaction:
        return Transaction().append(("l",), [(n, b"%d" % n), (n, b"again")], **more)

    committed = await asyncio.gather(*(store.commit(append(n)) for n in range(1, 6)))
    assert [each.last_seqs for each in committed] == [(2,), (4,), (6,), (8,), (10,)]
    found = await store.read_log(("l",), limit=100)
    assert [(entry.seq, entry.body) for entry in found[::2]] == [(2 * n - 1, b"%d" % n) for n in range(1, 6)]

    outcomes = await asyncio.gather(
        store.commit(append(6, expect_last=10)),
        store.commit(append(7, expect_last=12)),
        store.commit(append(8, expect_last=12)),
        store.commit(Transaction().trim_log(("l",), 13)),
        store.commit(append(9, expect_last=14)),
        return_exceptions=True,
    )
    assert [isinstance(each, Conflict) for each in outcomes] == [False, False, True, False, False]
    assert [(e.seq, e.body) for e in await store.read_log(("l",), limit=100)] == [
        (14, b"again"), (15, b"9"), (16, b"again"),
    ]  # fmt: skip


async def test_a_log_dropped_between_appends_of_a_batch_begins_anew(store: Store) -> None:
    def append(body: bytes) -> Transaction:
        return Transaction().append(("l",), [(1, body)])

    committed = await asyncio.gather(
        store.commit(append(b"a")),
        store.commit(append(b"b")),
        store.commit(Transaction().drop_log(("l",))),
        store.commit(append(b"c")),
        store.commit(append(b"d")),
    )
    assert [each.last_seqs for each in committed] == [(1,), (2,), (), (1,), (2,)]
    assert [entry.body for entry in await store.read_log(("l",), limit=9)] == [b"c", b"d"]
