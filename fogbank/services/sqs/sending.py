"""SendMessage and its batch."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.sqs import limits, quotas, standard
from fogbank.services.sqs.batches import batch_answer, check_entries
from fogbank.services.sqs.checks import Draft, batch_error, check_in_order, draft_of, refuse_lists, size_of
from fogbank.services.sqs.deduplication import Deduplication, id_of
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.fifo import Plan
from fogbank.services.sqs.names import place_of_url
from fogbank.services.sqs.records import SEQUENCE_BASE, Message
from fogbank.services.sqs.service import SERVICE, operation
from fogbank.services.sqs.state import Sqs
from fogbank.services.sqs.work import Work, tried

Wire = dict[str, Any]


@operation
async def send_message(
    ctx: Call[Sqs],
    *,
    queue_url: str,
    message_body: str,
    delay_seconds: int | None = None,
    message_attributes: dict[str, Any] | None = None,
    message_system_attributes: dict[str, Any] | None = None,
    message_deduplication_id: str | None = None,
    message_group_id: str | None = None,
) -> Wire:
    place = place_of_url(ctx, queue_url)
    if message_attributes:
        refuse_lists(message_attributes, "SendMessage")
    entry = {
        "MessageBody": message_body,
        "DelaySeconds": delay_seconds,
        "MessageAttributes": message_attributes,
        "MessageSystemAttributes": message_system_attributes,
        "MessageDeduplicationId": message_deduplication_id,
        "MessageGroupId": message_group_id,
    }

    counted = False

    async def attempt(found: Found) -> Wire:
        nonlocal counted
        draft = draft_of(found.queue, entry)
        if found.queue.fifo and not counted:
            ctx.state.quotas.admit(found.queue, quotas.SEND, (draft.group or "",))
            counted = True
        return (await _send(ctx, found, [draft]))[0]

    return await tried(ctx.state.directory, place, attempt)


@operation
async def send_message_batch(ctx: Call[Sqs], *, queue_url: str, entries: list[Wire]) -> Wire:
    place = place_of_url(ctx, queue_url)
    queue = (await ctx.state.directory.find(place)).queue
    check_entries(entries, "SendMessageBatchRequestEntry")
    if queue.fifo:
        check_in_order(queue, entries)
    for entry in entries:
        if attributes := entry.get("MessageAttributes"):
            refuse_lists(attributes, "SendMessageBatch")

    counted = False

    async def attempt(found: Found) -> Wire:
        nonlocal counted
        drafts: dict[str, Draft] = {}
        failed: list[Wire] = []
        size = 0
        for entry in entries:
            try:
                draft = drafts[entry["Id"]] = draft_of(found.queue, entry)
                size += draft.size
            except AwsError as error:
                failed.append(batch_error(entry["Id"], error))
                size += size_of(entry)
        if size > limits.MESSAGE_BYTES_MAX:
            raise SERVICE.error(
                "BatchRequestTooLong",
                f"Batch requests cannot be longer than {limits.MESSAGE_BYTES_MAX} bytes. You have sent {size} bytes.",
            )
        if found.queue.fifo and not counted:
            groups = [draft.group or "" for draft in drafts.values()]
            ctx.state.quotas.admit(found.queue, quotas.SEND, groups)
            counted = True
        sent = await _send(ctx, found, list(drafts.values())) if drafts else []
        return batch_answer([{"Id": id} | one for id, one in zip(drafts, sent, strict=True)], failed)

    return await tried(ctx.state.directory, place, attempt)


async def _send(ctx: Call[Sqs], found: Found, drafts: list[Draft]) -> list[Wire]:
    """Commit the messages; what each is answered with. Raises Conflict."""
    if not found.queue.fifo:
        return await _commit(ctx, found, drafts)
    channel = await ctx.state.channels.of(found.queue.uid)
    async with channel.groups.hold(draft.group or "" for draft in drafts):
        return await _commit(ctx, found, drafts)


async def _commit(ctx: Call[Sqs], found: Found, drafts: list[Draft]) -> list[Wire]:
    state, queue = ctx.state, found.queue
    now_ms = state.clock.now_ms()
    channel = state.channels.at_hand(queue.uid) or await state.channels.of(queue.uid)
    work = Work()
    work.require(found)
    sender = ctx.principal.user_id
    answers: list[Wire] = []
    sizes: list[int] = []
    plan = deduplication = None
    if queue.fifo:
        plan, deduplication = (
            Plan(state.store, channel, now_ms),
            Deduplication(state.store, queue.uid, now_ms),
        )
    for draft in drafts:
        message = _message(state, draft, sender, now_ms, ctx.caller.trace)
        if plan is None or deduplication is None:
            standard.enter(work, channel, message, now_ms)
            answers.append(_answer(draft, message.id, None))
        else:
            id = id_of(queue, draft.group or "", draft.deduplication or "")
            earlier = await deduplication.earlier(work, id, message)
            if earlier is None:
                await plan.add(work, message)
            message_id, seq = earlier or (message.id, message.seq)
            answers.append(_answer(draft, message_id, str(SEQUENCE_BASE + seq)))
        sizes.append(draft.size)
    if plan is not None and deduplication is not None:
        await plan.write(work)
        await deduplication.sweep(work)
    await work.commit(state.store, None if queue.fifo else channel.recent)
    state.metrics.of(queue).sent(sizes)
    return answers


def _message(state: Sqs, draft: Draft, sender: str, now_ms: int, trace: str) -> Message:
    return Message(
        state.sequence.next(now_ms),
        state.ids.uuid(),
        now_ms,
        sender,
        draft.body,
        draft.md5,
        now_ms + draft.delay_s * 1000,
        0,
        0,
        draft.group,
        draft.deduplication,
        draft.attributes,
        draft.md5_attributes,
        draft.trace or trace or None,
        None,
        len(draft.body),
    )


def _answer(draft: Draft, id: str, sequence: str | None) -> Wire:
    answer: Wire = {"MD5OfMessageBody": draft.md5, "MessageId": id}
    if draft.md5_attributes is not None:
        answer["MD5OfMessageAttributes"] = draft.md5_attributes
    if draft.md5_system is not None:
        answer["MD5OfMessageSystemAttributes"] = draft.md5_system
    if sequence is not None:
        answer["SequenceNumber"] = sequence
    return answer
