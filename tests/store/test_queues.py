"""Queues: due times, leases, groups, timers."""

from __future__ import annotations

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import Conflict
from fogbank.store.api import Leased, Store, Transaction

Q = "work"


async def enqueue(
    store: Store,
    clock: VirtualClock,
    *ids: str,
    in_ms: int = 0,
    group: str | None = None,
    body: bytes | None = None,
) -> None:
    transaction = Transaction()
    for id in ids:
        content = id.encode() if body is None else body
        transaction.enqueue(Q, id, content, due_ms=clock.now_ms() + in_ms, group=group)
    await store.commit(transaction)


async def lease(store: Store, limit: int = 10, owner: str = "me", lease_ms: int = 1000) -> list[Leased]:
    return await store.lease(Q, owner=owner, limit=limit, lease_ms=lease_ms)


async def lease_ids(store: Store, limit: int = 10) -> list[str]:
    return [leased.id for leased in await lease(store, limit)]


async def test_an_item_is_leased_once_and_acknowledged(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "a", body=b"hello")
    assert await store.depth(Q) == (1, 0)
    (leased,) = await lease(store, lease_ms=5000)
    now_ms = clock.now_ms()
    assert (leased.queue, leased.id, leased.body, leased.group) == (Q, "a", b"hello", None)
    assert (leased.due_ms, leased.enqueued_ms, leased.attempt) == (now_ms, now_ms, 1)
    assert leased.lease_until_ms == now_ms + 5000
    assert await lease(store) == []
    assert await store.depth(Q) == (0, 1)
    await store.commit(Transaction().ack(leased))
    assert await store.depth(Q) == (0, 0)
    assert await store.next_due_ms(Q) is None


async def test_items_wait_until_they_are_due_and_leave_oldest_due_first(
    store: Store, clock: VirtualClock
) -> None:
    await enqueue(store, clock, "late", in_ms=300)
    await enqueue(store, clock, "early", in_ms=100)
    await enqueue(store, clock, "middle", in_ms=200)
    assert await lease(store) == []
    assert await store.next_due_ms(Q) == clock.now_ms() + 100
    await clock.advance_ms(200)
    assert await lease_ids(store) == ["early", "middle"]
    await clock.advance_ms(100)
    assert await lease_ids(store) == ["late"]


async def test_the_limit_holds(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, *"abcde")
    assert await lease_ids(store, 2) == ["a", "b"]
    assert await lease_ids(store, 9) == ["c", "d", "e"]


async def test_queues_do_not_mix(store: Store, clock: VirtualClock) -> None:
    await store.commit(Transaction().enqueue("other", "a", b"", due_ms=clock.now_ms()))
    assert await lease(store) == []
    assert await store.depth(Q) == (0, 0)
    assert await store.next_due_ms(Q) is None


async def test_a_lease_that_ran_out_is_handed_on_and_then_lost(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "a")
    (first,) = await lease(store, lease_ms=1000)
    assert await store.next_due_ms(Q) == first.lease_until_ms
    await clock.advance_ms(999)
    assert await lease(store) == []
    await clock.advance_ms(1)
    assert await store.depth(Q) == (1, 0)
    (second,) = await lease(store, owner="other")
    assert (second.id, second.attempt) == ("a", 2)
    for stale in (Transaction().ack(first), Transaction().retry(first, due_ms=0)):
        with pytest.raises(Conflict) as caught:
            await store.commit(stale.put(("done",), b""))
        assert (caught.value.index, caught.value.key) == (0, (Q, "a"))
    assert await store.extend(first, lease_ms=1000) is None
    assert await store.get(("done",)) is None
    await store.commit(Transaction().ack(second))


async def test_a_lease_that_ran_out_still_holds_while_nobody_took_it(
    store: Store, clock: VirtualClock
) -> None:
    await enqueue(store, clock, "a")
    (leased,) = await lease(store, lease_ms=10)
    await clock.advance_ms(50)
    await store.commit(Transaction().ack(leased))
    assert await store.depth(Q) == (0, 0)


async def test_a_lease_can_be_extended(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "a")
    (leased,) = await lease(store, lease_ms=1000)
    await clock.advance_ms(900)
    extended = await store.extend(leased, lease_ms=1000)
    assert extended is not None and extended.lease_until_ms == clock.now_ms() + 1000
    await clock.advance_ms(900)
    assert await lease(store) == []
    await store.commit(Transaction().ack(extended))
    assert await store.extend(extended, lease_ms=1000) is None


async def test_acknowledging_twice_conflicts(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "a")
    (leased,) = await lease(store)
    await store.commit(Transaction().ack(leased))
    with pytest.raises(Conflict):
        await store.commit(Transaction().ack(leased))


async def test_retry_puts_the_item_back_with_its_attempts_and_a_new_body(
    store: Store, clock: VirtualClock
) -> None:
    await enqueue(store, clock, "a", body=b"old")
    (first,) = await lease(store)
    await store.commit(Transaction().retry(first, due_ms=clock.now_ms() + 50, body=b"new"))
    assert await lease(store) == []
    assert await store.depth(Q) == (1, 0)
    await clock.advance_ms(50)
    (second,) = await lease(store)
    assert (second.body, second.attempt, second.due_ms) == (b"new", 2, clock.now_ms())
    await store.commit(Transaction().retry(second, due_ms=clock.now_ms()))
    (third,) = await lease(store)
    assert (third.body, third.attempt, third.enqueued_ms) == (b"new", 3, first.enqueued_ms)


async def test_enqueuing_a_waiting_id_moves_it(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "timer", in_ms=1000, body=b"old")
    await enqueue(store, clock, "timer", in_ms=50, body=b"new")
    assert await store.depth(Q) == (1, 0)
    await clock.advance_ms(50)
    (leased,) = await lease(store)
    assert (leased.body, leased.attempt) == (b"new", 1)


async def test_enqueuing_a_leased_id_replaces_it_and_the_lease_is_lost(
    store: Store, clock: VirtualClock
) -> None:
    await enqueue(store, clock, "timer", body=b"old")
    (old,) = await lease(store)
    await enqueue(store, clock, "timer", body=b"new")
    with pytest.raises(Conflict):
        await store.commit(Transaction().ack(old))
    (new,) = await lease(store)
    assert (new.body, new.attempt) == (b"new", 1)


async def test_acknowledging_and_enqueuing_anew_in_one_transaction(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "tick", body=b"1")
    (leased,) = await lease(store)
    again = Transaction().ack(leased).enqueue(Q, "tick", b"2", due_ms=clock.now_ms() + 10)
    await store.commit(again)
    assert await store.depth(Q) == (1, 0)
    await clock.advance_ms(10)
    assert [item.body for item in await lease(store)] == [b"2"]


async def test_cancel_removes_waiting_and_leased_items(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "waiting", in_ms=50)
    await enqueue(store, clock, "leased")
    (leased,) = await lease(store)
    await store.commit(Transaction().cancel(Q, "waiting").cancel(Q, "leased").cancel(Q, "never was"))
    assert await store.depth(Q) == (0, 0)
    with pytest.raises(Conflict):
        await store.commit(Transaction().ack(leased))


async def test_release_puts_back_what_one_owner_holds(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, *"abc")
    (mine,) = await lease(store, 1, owner="me", lease_ms=60_000)
    (other,) = await lease(store, 1, owner="other", lease_ms=60_000)
    await store.commit(Transaction().enqueue("second", "x", b"", due_ms=0))
    await store.lease("second", owner="me", limit=1, lease_ms=60_000)
    assert await store.release("me") == 2
    assert await store.release("me") == 0
    assert await lease_ids(store) == ["a", "c"]
    assert len(await store.lease("second", owner="me", limit=1, lease_ms=1)) == 1
    with pytest.raises(Conflict):
        await store.commit(Transaction().ack(mine))
    await store.commit(Transaction().ack(other))


async def test_a_group_leaves_one_at_a_time_in_order(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "a1", "a2", "a3", group="a")
    await enqueue(store, clock, "b1", "b2", group="b")
    await enqueue(store, clock, "free")
    first = await lease(store)
    assert [item.id for item in first] == ["a1", "b1", "free"]
    assert [item.group for item in first] == ["a", "b", None]
    assert await lease(store) == []
    await store.commit(Transaction().ack(first[0]))
    assert await lease_ids(store) == ["a2"]
    assert await store.depth(Q) == (2, 3)


async def test_a_group_waits_for_a_head_that_is_put_off(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "g1", "g2", group="g")
    (head,) = await lease(store)
    await store.commit(Transaction().retry(head, due_ms=clock.now_ms() + 100))
    assert await lease(store) == []
    assert await store.next_due_ms(Q) == clock.now_ms() + 100
    await clock.advance_ms(100)
    (head,) = await lease(store)
    assert (head.id, head.attempt) == ("g1", 2)
    await store.commit(Transaction().ack(head))
    assert await lease_ids(store) == ["g2"]


async def test_a_group_keeps_enqueue_order_whatever_is_due_first(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "first", in_ms=100, group="g")
    await enqueue(store, clock, "second", in_ms=0, group="g")
    assert await lease(store) == []
    await clock.advance_ms(100)
    assert await lease_ids(store) == ["first"]


async def test_cancelling_or_replacing_the_head_promotes_the_next(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "g1", "g2", "g3", group="g")
    await store.commit(Transaction().cancel(Q, "g1"))
    await enqueue(store, clock, "g2", group="g", body=b"again")  # goes to the end of its group
    (head,) = await lease(store)
    assert head.id == "g3"
    await store.commit(Transaction().ack(head))
    (head,) = await lease(store)
    assert (head.id, head.body) == ("g2", b"again")


async def test_an_expired_head_is_handed_on_before_the_rest(store: Store, clock: VirtualClock) -> None:
    await enqueue(store, clock, "g1", "g2", group="g")
    await lease(store, lease_ms=10)
    await clock.advance_ms(10)
    assert await lease_ids(store) == ["g1"]


async def test_an_item_that_moves_to_another_group_frees_its_old_one(
    store: Store, clock: VirtualClock
) -> None:
    await enqueue(store, clock, "x", "y", group="a")
    await enqueue(store, clock, "z", group="b")
    await enqueue(store, clock, "x", group="b")
    assert sorted(await lease_ids(store)) == ["y", "z"]
