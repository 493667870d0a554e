"""ChangeMessageVisibility and its batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.sqs import keys, limits, standard
from fogbank.services.sqs.batches import batch_answer, check_entries
from fogbank.services.sqs.checks import batch_error, number_between
from fogbank.services.sqs.deleting import delivery_of
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.fifo import Plan
from fogbank.services.sqs.names import Place, place_of_url
from fogbank.services.sqs.records import decode_message
from fogbank.services.sqs.service import bad_parameter, missing, operation
from fogbank.services.sqs.state import Sqs
from fogbank.services.sqs.work import Work, tried

Wire = dict[str, Any]

_GONE = "Message does not exist or is not available for visibility timeout change."
_TOO_LONG = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
_OUT_OF_RANGE = "VisibilityTimeout must be an integer between 0 and 43200."


@operation
async def change_message_visibility(
    ctx: Call[Sqs], *, queue_url: str, receipt_handle: str, visibility_timeout: int
) -> Wire:
    place = place_of_url(ctx, queue_url)
    await ctx.state.directory.find(place)
    await _change(ctx.state, place, receipt_handle, visibility_timeout)
    return {}


@operation
async def change_message_visibility_batch(ctx: Call[Sqs], *, queue_url: str, entries: list[Wire]) -> Wire:
    place = place_of_url(ctx, queue_url)
    await ctx.state.directory.find(place)
    check_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    done, failed = [], []
    for entry in entries:
        try:
            await _change(ctx.state, place, entry.get("ReceiptHandle"), entry.get("VisibilityTimeout", 0))
            done.append({"Id": entry["Id"]})
        except AwsError as error:
            failed.append(batch_error(entry["Id"], error))
    return batch_answer(done, failed)


async def _change(state: Sqs, place: Place, handle: Any, timeout_s: Any) -> None:
    if timeout_s is None:
        raise missing("VisibilityTimeout")
    number_between("VisibilityTimeout", timeout_s, 0, limits.VISIBILITY_S_MAX, _OUT_OF_RANGE)

    async def attempt(found: Found) -> None:
        delivery = delivery_of(found, handle)
        if not found.queue.fifo:
            await _move(state, found, handle, delivery, timeout_s)
            return
        key = keys.message(found.queue.uid, delivery[0])
        record = await state.store.get(key)
        group = "" if record is None else decode_message(key, record.value).group or ""
        channel = await state.channels.of(found.queue.uid)
        async with channel.groups.hold([group]):
            await _move(state, found, handle, delivery, timeout_s)

    await tried(state.directory, place, attempt)


async def _move(state: Sqs, found: Found, handle: str, delivery: tuple[int, int], timeout_s: int) -> None:
    """Have the message come up `timeout_s` from now, if it is in the receiver's hands."""
    seq, count = delivery
    key = keys.message(found.queue.uid, seq)
    record = await state.store.get(key)
    now_ms = state.clock.now_ms()
    message = decode_message(key, record.value) if record is not None else None
    if record is None or message is None:
        raise bad_parameter("ReceiptHandle", handle, _GONE)
    if message.count != count or message.due_ms <= now_ms:
        if found.queue.fifo:
            raise bad_parameter("ReceiptHandle", handle, _GONE)
        return  # in standard queues AWS takes a handle that has expired, and changes nothing
    due_ms = now_ms + timeout_s * 1000
    if due_ms - message.received_ms > limits.VISIBILITY_S_MAX * 1000:
        raise bad_parameter("VisibilityTimeout", timeout_s, _TOO_LONG)
    work, channel = Work(), await state.channels.of(found.queue.uid)
    after = replace(message, due_ms=due_ms)
    if found.queue.fifo:
        plan = Plan(state.store, channel, now_ms)
        await plan.change(work, message, record.version, after)
        await plan.write(work)
    else:
        standard.move(work, channel, message, record.version, after, now_ms)
    await work.commit(state.store)
