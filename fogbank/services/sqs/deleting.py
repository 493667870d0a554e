"""DeleteMessage and its batch."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.sqs import keys, quotas, standard
from fogbank.services.sqs.batches import batch_answer, check_entries
from fogbank.services.sqs.channels import Channel
from fogbank.services.sqs.checks import batch_error
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.fifo import Plan
from fogbank.services.sqs.handles import is_of_another_queue, open_handle
from fogbank.services.sqs.names import Place, place_of_url
from fogbank.services.sqs.records import Message, decode_message
from fogbank.services.sqs.service import bad_handle, bad_parameter, foreign_handle, missing, operation
from fogbank.services.sqs.state import Sqs
from fogbank.services.sqs.work import Work, tried

Wire = dict[str, Any]

_EXPIRED = "The receipt handle has expired."


@operation
async def delete_message(ctx: Call[Sqs], *, queue_url: str, receipt_handle: str) -> Wire:
    place = place_of_url(ctx, queue_url)

    directory = ctx.state.directory
    found = directory.at_hand(place) or await directory.find(place)
    if found.queue.fifo:
        ctx.state.quotas.admit(found.queue, quotas.DELETE)
    await _delete_one(ctx.state, place, receipt_handle)
    return {}


async def _delete_one(state: Sqs, place: Place, handle: str) -> None:
    async def attempt(found: Found) -> None:
        await _delete(state, found, [(handle, delivery_of(found, handle))])

    await tried(state.directory, place, attempt)


@operation
async def delete_message_batch(ctx: Call[Sqs], *, queue_url: str, entries: list[Wire]) -> Wire:
    place = place_of_url(ctx, queue_url)
    found = await ctx.state.directory.find(place)
    check_entries(entries, "DeleteMessageBatchRequestEntry")
    done: list[str] = []
    failed: list[Wire] = []
    if found.queue.fifo:  # each by itself: one that has expired must not keep the others
        ctx.state.quotas.admit(found.queue, quotas.DELETE)
        for entry in entries:
            try:
                await _delete_one(ctx.state, place, entry.get("ReceiptHandle") or "")
                done.append(entry["Id"])
            except AwsError as error:
                failed.append(batch_error(entry["Id"], error))
                if error.message.endswith(_EXPIRED):  # a batch has another code for it than DeleteMessage
                    failed[-1]["Code"] = "ReceiptHandleIsInvalid"
        return _answer(done, failed)

    async def attempt(found: Found) -> Wire:
        done.clear()
        failed.clear()
        deliveries = []
        for entry in entries:
            handle = entry.get("ReceiptHandle") or ""
            try:
                deliveries.append((handle, delivery_of(found, handle)))
                done.append(entry["Id"])
            except AwsError as error:
                failed.append(batch_error(entry["Id"], error))
        await _delete(ctx.state, found, deliveries)
        return _answer(done, failed)

    return await tried(ctx.state.directory, place, attempt)


def delivery_of(found: Found, handle: Any) -> tuple[int, int]:
    """(seq, count) of a receipt handle. Raises AWS's errors."""
    if not handle:
        raise missing("ReceiptHandle")
    opened = open_handle(found.queue.uid, handle) if isinstance(handle, str) else None
    if opened is None:
        raise (foreign_handle if is_of_another_queue(str(handle)) else bad_handle)(str(handle))
    return opened


async def _delete(state: Sqs, found: Found, deliveries: list[tuple[str, tuple[int, int]]]) -> None:
    uid = found.queue.uid
    channel = state.channels.at_hand(uid) or await state.channels.of(uid)
    if not found.queue.fifo:
        pairs = list(dict(deliveries).values())
        await standard.delete(state.store, channel, pairs, state.clock.now_ms())
    else:
        for handle, delivery in deliveries:
            await _delete_in_order(state, found, handle, *delivery)
    state.metrics.of(found.queue).deleted(len(deliveries))


async def _delete_in_order(state: Sqs, found: Found, handle: str, seq: int, count: int) -> None:
    """Delete a FIFO message, which must still be in the receiver's hands."""
    channel = await state.channels.of(found.queue.uid)
    key = keys.message(channel.uid, seq)
    record = await state.store.get(key)
    if record is None:
        return
    async with channel.groups.hold([decode_message(key, record.value).group or ""]):
        record = await state.store.get(key)  # others had their turn meanwhile
        if record is not None:
            message = decode_message(key, record.value)
            await _leave_group(state, channel, handle, message, record.version, count)


async def _leave_group(
    state: Sqs, channel: Channel, handle: str, message: Message, version: int, count: int
) -> None:
    now_ms = state.clock.now_ms()
    if message.count != count or message.due_ms <= now_ms:
        raise bad_parameter("ReceiptHandle", handle, _EXPIRED)
    work, plan = Work(), Plan(state.store, channel, now_ms)
    await plan.remove(work, message, version)
    await plan.write(work)
    await work.commit(state.store)


def _answer(done: list[str], failed: list[Wire]) -> Wire:
    return batch_answer([{"Id": id} for id in done], failed)
