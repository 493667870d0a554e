"""Receiving from a FIFO queue, also once more with the same attempt id."""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.channels import Channel
from fogbank.services.sqs.dead_letters import DeadLetters
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.fifo import GROUPS_LOOKED_AT, Plan, messages_of, waiting_groups
from fogbank.services.sqs.records import Message, decode_message
from fogbank.services.sqs.service import bad_parameter
from fogbank.services.sqs.work import Work
from fogbank.store.api import Store

_TOUCHED = "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable."


async def receive(
    store: Store,
    found: Found,
    channel: Channel,
    dead: DeadLetters,
    *,
    limit: int,
    visibility_ms: int,
    now_ms: int,
    attempt: str | None = None,
) -> list[Message]:
    """Take up to `limit` messages, committed. Raises Conflict when somebody came between."""
    async with channel.lock:
        if attempt is not None:
            again = await _repeat(store, found, channel, attempt, visibility_ms, now_ms)
            if again is not None:
                return again
        for looked_at in (limit + 1, GROUPS_LOOKED_AT):
            groups = await waiting_groups(store, channel, now_ms, looked_at)
            async with channel.groups.hold(groups):
                taken = await _take(
                    store,
                    found,
                    channel,
                    dead,
                    groups,
                    limit=limit,
                    visibility_ms=visibility_ms,
                    now_ms=now_ms,
                    attempt=attempt,
                )
            if taken or len(groups) < looked_at:
                return taken
        return []


async def _take(
    store: Store,
    found: Found,
    channel: Channel,
    dead: DeadLetters,
    groups: list[str],
    *,
    limit: int,
    visibility_ms: int,
    now_ms: int,
    attempt: str | None,
) -> list[Message]:
    """Take messages of these groups, in their order."""
    work = Work()
    work.require(found)
    plan = Plan(store, channel, now_ms)
    plans: dict[str, Plan] = {}
    taken: list[Message] = []
    removed = 0
    for name in groups:
        if (await plan.group(name)).flying:
            continue  # it was visible a moment ago
        after: int | None = None
        while len(taken) < limit:
            wanted = limit - len(taken)
            found_here = await messages_of(store, channel.uid, name, wanted, after)
            gone = 0
            for message, version in found_here:
                if message.due_ms > now_ms:
                    break
                if found.queue.is_expired(message, now_ms) or await dead.takes(
                    work, found, message, now_ms, plans
                ):
                    await plan.remove(work, message, version)
                    gone += 1
                    continue
                again = message.received(now_ms, now_ms + visibility_ms)
                await plan.change(work, message, version, again)
                taken.append(again)
            removed += gone
            if not gone or len(found_here) < wanted or removed >= limits.SWEPT_AT_ONCE:
                break
            after = found_here[-1][0].seq
        if len(taken) >= limit:
            break
    if not taken and not removed:
        return []
    for each in (plan, *plans.values()):
        await each.write(work)
    if attempt is not None and taken:
        expires_ms = now_ms + limits.DEDUPLICATION_MS
        note = orjson.dumps([expires_ms, [(message.seq, message.count) for message in taken]])
        work.transaction.put(keys.attempt(channel.uid, attempt), note)
        work.transaction.put(keys.attempt_time(channel.uid, expires_ms, attempt), b"")
    await work.commit(store)
    return taken


async def _repeat(
    store: Store, found: Found, channel: Channel, attempt: str, visibility_ms: int, now_ms: int
) -> list[Message] | None:
    """The messages of an attempt of the last five minutes, hidden anew; None when their visibility has ended. Raises
    InvalidParameterValue when one of them was deleted or received again: AWS repeats only what nobody has touched."""
    record = await store.get(keys.attempt(channel.uid, attempt))
    if record is None:
        return None
    expires_ms, deliveries = orjson.loads(record.value)
    if expires_ms <= now_ms:
        return None
    work, plan = Work(), Plan(store, channel, now_ms)
    work.require(found)
    taken = []
    for seq, count in deliveries:
        key = keys.message(channel.uid, seq)
        stored = await store.get(key)
        message = decode_message(key, stored.value) if stored is not None else None
        if stored is None or message is None or message.count != count:
            raise bad_parameter("ReceiveRequestAttemptId", attempt, _TOUCHED)
        if message.due_ms <= now_ms:
            return None
        after = replace(message, due_ms=now_ms + visibility_ms)
        await plan.change(work, message, stored.version, after)
        taken.append(after)
    await plan.write(work)
    await work.commit(store)
    return taken
