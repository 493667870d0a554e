"""Message move tasks: started, cancelled, listed."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.checks import number_between
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.moving import CANCELLING, QUEUE, RUNNING, Move, decode_move
from fogbank.services.sqs.names import may_reach, place_of_arn
from fogbank.services.sqs.service import (
    SERVICE,
    bad_parameter,
    contended,
    invalid_value,
    no_resource,
    operation,
)
from fogbank.services.sqs.state import Sqs
from fogbank.store.api import ABSENT, Record, Transaction

Wire = dict[str, Any]

_BAD_HANDLE = "Value for parameter TaskHandle is invalid."


@operation
async def start_message_move_task(
    ctx: Call[Sqs],
    *,
    source_arn: str,
    destination_arn: str | None = None,
    max_number_of_messages_per_second: int | None = None,
) -> Wire:
    state = ctx.state
    source = await _queue(ctx, source_arn, "SourceArn")
    queue = source.queue
    if destination_arn is not None:
        target = await _queue(ctx, destination_arn, "DestinationArn")
        if target.queue.uid == queue.uid:
            raise invalid_value("Source queue arn and destination queue arn cannot be the same.")
        if target.queue.fifo != queue.fifo:
            raise invalid_value("Source and destination queues must be of the same type.")
    rate = max_number_of_messages_per_second
    if rate is not None:
        number_between(
            "MaxNumberOfMessagesPerSecond",
            rate,
            1,
            limits.MOVE_RATE_MAX,
            "Must be between 1 and 500, if provided.",
        )
    place = (queue.account, queue.region, queue.name)
    if not await state.store.scan(keys.sources(*place), limit=1):
        raise invalid_value("Source queue must be configured as a Dead Letter Queue.")
    latest = await _latest(ctx, place, 1)
    if latest and decode_move(latest[0].value).status in (RUNNING, CANCELLING):
        raise invalid_value(
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
    channel = await state.channels.of(queue.uid)
    now_ms = state.clock.now_ms()
    waiting = channel.counts(now_ms)[0]
    move = Move(state.ids.uuid(), source_arn, now_ms, RUNNING, waiting, destination_arn, rate)
    transaction = Transaction().put(keys.move(*place, now_ms, move.id), move.encode(), expect=ABSENT)
    body = orjson.dumps([*place, now_ms, move.id])
    transaction.enqueue(QUEUE, move.id, body, due_ms=now_ms)
    await _drop_old(ctx, transaction, place)
    await state.store.commit(transaction)
    return {"TaskHandle": _handle(move)}


@operation
async def cancel_message_move_task(ctx: Call[Sqs], *, task_handle: str) -> Wire:
    id, source_arn = _open(task_handle)
    source = await _queue(ctx, source_arn, "SourceArn")
    place = (source.queue.account, source.queue.region, source.queue.name)
    for _ in range(limits.RETRIES_MAX):
        found = [
            record
            for record in await _latest(ctx, place, limits.MOVE_TASKS_SHOWN_MAX)
            if record.key[-1] == id
        ]
        if not found:
            raise SERVICE.error("ResourceNotFoundException", "Task does not exist.")
        move = decode_move(found[0].value)
        if move.status != RUNNING:
            raise SERVICE.error("UnsupportedOperation", "Only active tasks can be cancelled.")
        after = replace(move, status=CANCELLING)
        try:
            await ctx.state.store.commit(
                Transaction().put(found[0].key, after.encode(), expect=found[0].version)
            )
        except Conflict:
            continue
        return {"ApproximateNumberOfMessagesMoved": move.moved}
    raise contended()


@operation
async def list_message_move_tasks(ctx: Call[Sqs], *, source_arn: str, max_results: int | None = None) -> Wire:
    source = await _queue(ctx, source_arn, "SourceArn")
    limit = 1 if max_results is None else max_results
    number_between(
        "MaxResults", limit, 1, limits.MOVE_TASKS_SHOWN_MAX, "Must be between 1 and 10, if provided."
    )
    place = (source.queue.account, source.queue.region, source.queue.name)
    return {"Results": [_shown(decode_move(record.value)) for record in await _latest(ctx, place, limit)]}


async def _queue(ctx: Call[Sqs], arn: str, member: str) -> Found:
    place = place_of_arn(arn)
    if place is None:
        raise bad_parameter(member, arn, "It is not the ARN of a queue.")
    mine = may_reach(ctx, place[0])
    found = await ctx.state.directory.look(place) if mine and place[1] == ctx.region else None
    if found is None:
        raise no_resource(member)
    return found


async def _latest(ctx: Call[Sqs], place: tuple[str, str, str], limit: int) -> list[Record]:
    return await ctx.state.store.scan(keys.moves(*place), limit=limit, reverse=True)


async def _drop_old(ctx: Call[Sqs], transaction: Transaction, place: tuple[str, str, str]) -> None:
    """No more tasks are kept than can be listed."""
    for record in (await _latest(ctx, place, limits.MOVE_TASKS_SHOWN_MAX + 1))[
        limits.MOVE_TASKS_SHOWN_MAX - 1 :
    ]:
        transaction.delete(record.key)


def _shown(move: Move) -> Wire:
    shown: Wire = {
        "Status": move.status,
        "SourceArn": move.source_arn,
        "ApproximateNumberOfMessagesMoved": move.moved,
        "ApproximateNumberOfMessagesToMove": move.to_move,
        "StartedTimestamp": move.started_ms,
    }
    if move.status == RUNNING:
        shown["TaskHandle"] = _handle(move)
    if move.destination_arn is not None:
        shown["DestinationArn"] = move.destination_arn
    if move.rate is not None:
        shown["MaxNumberOfMessagesPerSecond"] = move.rate
    if move.reason is not None:
        shown["FailureReason"] = move.reason
    return shown


def _handle(move: Move) -> str:
    """Base64 of JSON, as AWS's handles are."""
    return base64.b64encode(orjson.dumps({"taskId": move.id, "sourceArn": move.source_arn})).decode()


def _open(handle: str) -> tuple[str, str]:
    try:
        opened = orjson.loads(base64.b64decode(handle, validate=True))
        return str(opened["taskId"]), str(opened["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise invalid_value(_BAD_HANDLE) from None
