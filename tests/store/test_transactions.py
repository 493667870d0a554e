"""Transactions: whole or not at all, conditions, order, concurrency, the end of a store."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import Conflict, StoreClosed
from fogbank.core.lanes import Lanes
from fogbank.store.api import ABSENT, Store, Transaction
from tests.store.backends import SHARED, Backend


async def test_one_transaction_touches_all_three_shapes(store: Store, clock: VirtualClock) -> None:
    transaction = (
        Transaction().put(("r",), b"1").append(("l",), [(1, b"e")]).enqueue("q", "i", b"b", due_ms=0)
    )
    committed = await store.commit(transaction)
    assert committed.last_seqs == (1,)
    assert len(committed.versions) == 1
    (leased,) = await store.lease("q", owner="me", limit=1, lease_ms=1000)
    done = (
        Transaction().ack(leased).put(("r",), b"2", expect=committed.versions[0]).append(("l",), [(2, b"f")])
    )
    assert (await store.commit(done)).last_seqs == (2,)
    assert await store.depth("q") == (0, 0)


async def test_a_conflict_names_the_first_condition_and_leaves_nothing(store: Store) -> None:
    await store.commit(Transaction().put(("taken",), b""))
    transaction = (
        Transaction()
        .put(("new",), b"x")
        .append(("l",), [(1, b"e")])
        .enqueue("q", "i", b"b", due_ms=0)
        .delete(("taken",))
        .check(("taken",), ABSENT)
        .check(("other",), 99)
    )
    with pytest.raises(Conflict) as caught:
        await store.commit(transaction)
    assert (caught.value.index, caught.value.key) == (4, ("taken",))
    assert await store.get(("new",)) is None
    assert await store.get(("taken",)) is not None
    assert await store.last_seq(("l",)) == 0
    assert await store.depth("q") == (0, 0)


async def test_conditions_look_at_the_state_before_the_transaction(store: Store) -> None:
    committed = await store.commit(
        Transaction().put(("k",), b"1", expect=ABSENT).put(("k",), b"2", expect=ABSENT).check(("k",), ABSENT)
    )
    assert len(set(committed.versions)) == 2
    record = await store.get(("k",))
    assert record is not None
    assert (record.value, record.version) == (b"2", committed.versions[1])


async def test_operations_take_effect_in_order(store: Store) -> None:
    await store.commit(Transaction().put(("t", 1), b"").delete_prefix(("t",)).put(("t", 2), b""))
    assert [record.key for record in await store.scan(("t",), limit=9)] == [("t", 2)]
    committed = await store.commit(
        Transaction().append(("l",), [(1, b"a")]).drop_log(("l",)).append(("l",), [(2, b"b")])
    )
    assert committed.last_seqs == (1, 1)
    assert [entry.body for entry in await store.read_log(("l",), limit=9)] == [b"b"]


async def test_an_empty_transaction_commits(store: Store) -> None:
    committed = await store.commit(Transaction())
    assert (committed.versions, committed.last_seqs) == ((), ())


async def test_concurrent_increments_with_conditions_lose_none(store: Store) -> None:
    await store.commit(Transaction().put(("n",), b"0"))
    conflicts = 0

    async def increment() -> None:
        nonlocal conflicts
        while True:
            record = await store.get(("n",))
            assert record is not None
            value = str(int(record.value) + 1).encode()
            try:
                await store.commit(Transaction().put(("n",), value, expect=record.version))
                return
            except Conflict:
                conflicts += 1

    await asyncio.gather(*(increment() for _ in range(20)))
    record = await store.get(("n",))
    assert record is not None and record.value == b"20"
    assert conflicts > 0, "nothing ran concurrently, so nothing was tested"


async def test_of_concurrent_creations_one_wins(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(store.commit(Transaction().put(("one",), b"%d" % n, expect=ABSENT)) for n in range(50)),
        return_exceptions=True,
    )
    winners = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert len(winners) == 1
    assert all(isinstance(outcome, Conflict) for n, outcome in enumerate(outcomes) if n not in winners)
    record = await store.get(("one",))
    assert record is not None and record.value == b"%d" % winners[0]


async def test_concurrent_appends_are_gapless_and_concurrent_leases_disjoint(store: Store) -> None:
    async def work(n: int) -> int:
        transaction = Transaction().append(("l",), [(n, b"%d" % n)]).enqueue("q", str(n), b"", due_ms=n)
        return (await store.commit(transaction)).last_seqs[0]

    assert sorted(await asyncio.gather(*(work(n) for n in range(100)))) == list(range(1, 101))
    taken = await asyncio.gather(*(store.lease("q", owner=str(n), limit=7, lease_ms=1000) for n in range(20)))
    ids = [leased.id for batch in taken for leased in batch]
    assert sorted(ids, key=int) == [str(n) for n in range(100)]


async def test_a_failing_transaction_does_not_take_its_neighbours_along(store: Store) -> None:
    await store.commit(Transaction().put(("taken",), b""))
    good = [store.commit(Transaction().put(("good", n), b"")) for n in range(10)]
    bad = [store.commit(Transaction().put(("bad", n), b"").check(("taken",), ABSENT)) for n in range(10)]
    outcomes = await asyncio.gather(*good, *bad, return_exceptions=True)
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes[:10])
    assert all(isinstance(outcome, Conflict) for outcome in outcomes[10:])
    assert await store.count(("good",), limit=99) == 10
    assert await store.count(("bad",), limit=99) == 0


async def test_a_transaction_that_cannot_be_written_fails_alone(store: Store) -> None:
    good = [store.commit(Transaction().put(("good", n), b"")) for n in range(5)]
    bad = [store.commit(Transaction().put(("bad", n), b"").put(("x" * 9999,), b"")) for n in range(5)]
    outcomes = await asyncio.gather(*good, *bad, return_exceptions=True)
    assert not any(isinstance(outcome, BaseException) for outcome in outcomes[:5])
    assert all(isinstance(outcome, ValueError) for outcome in outcomes[5:])
    assert [record.key for record in await store.scan((), limit=99)] == [("good", n) for n in range(5)]


async def test_a_cancelled_caller_disturbs_nobody(store: Store) -> None:
    tasks = [asyncio.ensure_future(store.commit(Transaction().put(("n", n), b""))) for n in range(20)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[3], asyncio.CancelledError)
    assert sum(1 for outcome in outcomes if isinstance(outcome, BaseException)) == 1
    await store.commit(Transaction().put(("after",), b""))


async def test_reads_see_what_was_acknowledged(store: Store) -> None:
    async def write_and_read(n: int) -> None:
        for round in range(5):
            await store.commit(Transaction().put(("n", n), b"%d" % round))
            record = await store.get(("n", n))
            assert record is not None and record.value == b"%d" % round

    await asyncio.gather(*(write_and_read(n) for n in range(20)))


async def test_closing_finishes_what_was_accepted_and_refuses_the_rest(
    backend: Backend, clock: VirtualClock
) -> None:
    async with backend.open(clock) as store:
        pending = [asyncio.ensure_future(store.commit(Transaction().put(("n", n), b""))) for n in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert len(await asyncio.gather(*pending)) == 50
        with pytest.raises(StoreClosed):
            await store.commit(Transaction().put(("late",), b""))
        with pytest.raises(StoreClosed):
            await store.get(("n", 1))
        with pytest.raises(StoreClosed):
            await store.lease("q", owner="me", limit=1, lease_ms=1)
        await store.close()  # a second time is harmless


@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_everything_is_there_after_closing_and_opening_again(
    backend: Backend, clock: VirtualClock
) -> None:
    async with backend.open(clock) as store:
        version = (await store.commit(Transaction().put(("k",), b"v"))).versions[0]
        await store.commit(
            Transaction().append(("l",), [(1, b"a"), (2, b"b")]).enqueue("q", "i", b"x", due_ms=5)
        )
        await store.lease("q", owner="me", limit=1, lease_ms=60_000)
        await store.commit(Transaction().delete(("k",)))
    async with backend.open(clock) as store:
        assert await store.last_seq(("l",)) == 2
        assert (await store.commit(Transaction().put(("k",), b"w"))).versions[0] > version
        assert await store.depth("q") == (0, 1)
        assert await store.release("me") == 1
        (leased,) = await store.lease("q", owner="me", limit=1, lease_ms=1000)
        assert (leased.id, leased.body, leased.attempt) == ("i", b"x", 2)
    await backend.lanes.close()
    backend.lanes = Lanes()


async def test_clear_leaves_nothing_and_reuses_no_version(store: Store) -> None:
    transaction = Transaction().put(("a",), b"1").append(("log",), [(1, b"x")])
    before = await store.commit(transaction.enqueue("q", "i", b"", due_ms=0))
    await store.clear()
    assert await store.scan((), limit=10) == []
    assert await store.last_seq(("log",)) == 0
    assert await store.depth("q") == (0, 0)
    after = await store.commit(Transaction().put(("a",), b"1", expect=0))
    assert after.versions[0] > before.versions[0]


async def test_clearing_takes_everything_but_no_number_comes_twice(store: Store) -> None:
    rung = asyncio.Event()
    store.watch_queue("q", rung.set)
    work = (
        Transaction().put(("k",), b"").append(("l",), [(1, b"a"), (2, b"b")]).enqueue("q", "i", b"", due_ms=0)
    )
    version = (await store.commit(work)).versions[0]
    (old,) = await store.lease("q", owner="me", limit=1, lease_ms=60_000)
    await asyncio.sleep(0)
    rung.clear()
    await store.clear()
    async with asyncio.timeout(20):
        await rung.wait()
    assert await store.scan((), limit=9) == []
    assert await store.read_log(("l",), limit=9) == []
    assert await store.last_seq(("l",)) == 0
    assert await store.depth("q") == (0, 0)
    committed = await store.commit(Transaction().put(("k",), b"").append(("l",), [(1, b"")]))
    assert committed.versions[0] > version
    assert committed.last_seqs == (1,)
    await store.commit(Transaction().enqueue("q", "i", b"", due_ms=0))
    (new,) = await store.lease("q", owner="me", limit=1, lease_ms=60_000)
    assert new.lease != old.lease
    with pytest.raises(Conflict):
        await store.commit(Transaction().ack(old))
