"""Standard queues: at least once, in no promised order, as many receivers as like.

A message has a place, (due_ms, seq): it can be received from `due_ms` on. Receiving moves the place ahead by the visibility
timeout, in one transaction that checks that nobody else did; so two receivers, on whatever nodes, never get the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.channels import Channel
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.records import Message, decode_message
from fogbank.services.sqs.work import Work
from fogbank.store.api import Store

if TYPE_CHECKING:
    from fogbank.services.sqs.dead_letters import DeadLetters


def enter(work: Work, channel: Channel, message: Message, now_ms: int) -> None:
    """Put a message into the queue."""
    work.put_message(channel.uid, message)
    work.put_due(channel.uid, message)

    def note() -> None:
        if message.group is not None:
            channel.fair(now_ms).sent(message.group, now_ms)
        channel.total += 1
        if message.due_ms > now_ms:
            channel.delayed.add(message.due_ms)

    work.after(note)


def leave(work: Work, channel: Channel, message: Message, version: int, now_ms: int) -> None:
    """Take a message out of the queue."""
    work.drop_message(channel.uid, message, version)
    work.drop_due(channel.uid, message)

    def note() -> None:
        if channel.fairness is not None:
            channel.fairness.left(message, now_ms)
        channel.total -= 1
        (channel.flying if message.count else channel.delayed).discard(message.due_ms)

    work.after(note)


def move(work: Work, channel: Channel, before: Message, version: int, after: Message, now_ms: int) -> None:
    """A message changes, and its place with it."""
    uid = channel.uid
    work.change_message(uid, after, version)
    work.drop_due(uid, before)
    work.put_due(uid, after)

    def note() -> None:
        if after.group is not None:
            channel.fair(now_ms).moved(before, after, now_ms)
        channel.flying.discard(before.due_ms)
        if after.due_ms > now_ms:
            channel.flying.add(after.due_ms)

    work.after(note)


async def _fill(store: Store, channel: Channel, now_ms: int) -> bool:
    """Look ahead: put what can be received on the shelf. False when there is nothing.

    Looking goes on from where it ended: what lies before is in somebody's hands, or has moved ahead. What was put back there
    (a receive that conflicted) is found when there is nothing further on.
    """
    for after in (channel.looked, None) if channel.looked is not None else (None,):
        claimed = channel.claimed
        limit = limits.SHELF_MAX + (len(claimed) if after is None else 0)
        records = await store.scan(
            keys.dues(channel.uid), after=after, before=keys.due_until(channel.uid, now_ms), limit=limit
        )
        for record in records:
            due_ms, seq = record.key[3], record.key[4]
            if seq not in claimed:
                channel.shelf.append((due_ms, seq))  # type: ignore[arg-type]  # keys.due has integers there
        if channel.shelf:
            channel.looked = records[-1].key
            return True
    channel.looked = None
    return False


async def _next(store: Store, channel: Channel, now_ms: int) -> tuple[int, int] | None:
    """The place of the message to give out next."""
    if channel.fairness is not None and (first := await channel.fairness.next(store, now_ms)) is not None:
        return first
    if not channel.shelf and not await _fill(store, channel, now_ms):
        return None
    return channel.shelf.popleft()


async def receive(
    store: Store,
    found: Found,
    channel: Channel,
    dead: DeadLetters,
    *,
    limit: int,
    visibility_ms: int,
    now_ms: int,
) -> list[Message]:
    """Take up to `limit` messages, committed. Raises Conflict when somebody changed one of them meanwhile."""
    work = Work()
    work.require(found)
    taken: list[Message] = []
    claimed: list[int] = []
    removed = 0
    queue = found.queue
    try:
        while len(taken) < limit and removed < limits.SWEPT_AT_ONCE:
            place = await _next(store, channel, now_ms)
            if place is None:
                break
            due_ms, seq = place
            if seq in channel.claimed:
                continue
            channel.claimed.add(seq)
            claimed.append(seq)
            held = await _held(store, channel, seq, _placed(due_ms))
            if held is None:
                continue
            version, message = held
            if queue.is_expired(message, now_ms) or await dead.takes(work, found, message, now_ms):
                leave(work, channel, message, version, now_ms)
                removed += 1
            else:
                after = message.received(now_ms, now_ms + visibility_ms)
                move(work, channel, message, version, after, now_ms)
                taken.append(after)
        if taken or removed:
            await work.commit(store, channel.recent)
    except BaseException:
        channel.looked = None  # what was claimed lies behind: it is to be found again
        raise
    finally:
        channel.claimed.difference_update(claimed)
    return taken


async def delete(store: Store, channel: Channel, deliveries: Sequence[tuple[int, int]], now_ms: int) -> None:
    """Delete messages by delivery (seq, count). One that was received again since is left, as AWS documents."""
    work = Work()
    for seq, count in deliveries:
        held = await _held(store, channel, seq, _delivered(count))
        if held is not None:
            version, message = held
            leave(work, channel, message, version, now_ms)
    if work.transaction.operations:
        await work.commit(store, channel.recent)


async def _held(
    store: Store, channel: Channel, seq: int, fits: Callable[[Message], bool]
) -> tuple[int, Message] | None:
    """(version, message) of a message that fits: as this node wrote it last, or else as it is stored."""
    key = keys.message(channel.uid, seq)
    recent = channel.recent.get(key)
    if recent is not None and fits(recent[1]):
        return recent
    record = await store.get(key)
    if record is None:
        return None
    message = decode_message(key, record.value)
    return (record.version, message) if fits(message) else None


def _placed(due_ms: int) -> Callable[[Message], bool]:
    return lambda message: message.due_ms == due_ms


def _delivered(count: int) -> Callable[[Message], bool]:
    return lambda message: message.count == count
