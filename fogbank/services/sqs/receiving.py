"""ReceiveMessage: short and long polls, and what a received message looks like."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.sqs import fifo_receiving, keys, limits, quotas, standard
from fogbank.services.sqs.channels import Channel
from fogbank.services.sqs.checks import check_id, check_key, number_between
from fogbank.services.sqs.digests import md5_of_attributes
from fogbank.services.sqs.directory import Found
from fogbank.services.sqs.handles import handle_of
from fogbank.services.sqs.names import Place, place_of_url
from fogbank.services.sqs.records import Message
from fogbank.services.sqs.service import SERVICE, contended, operation, unknown_attribute
from fogbank.services.sqs.state import Sqs

Wire = dict[str, Any]

_TOO_MANY = (
    "Too many messages have been received without being deleted. Please delete your received messages or let them "
    "timeout before receiving more."
)

_SYSTEM_NAMES = frozenset(
    {
        "All",
        "SenderId",
        "SentTimestamp",
        "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp",
        "SequenceNumber",
        "MessageDeduplicationId",
        "MessageGroupId",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
    }
)


@operation
async def receive_message(
    ctx: Call[Sqs],
    *,
    queue_url: str,
    attribute_names: list[str] | None = None,
    message_system_attribute_names: list[str] | None = None,
    message_attribute_names: list[str] | None = None,
    max_number_of_messages: int | None = None,
    visibility_timeout: int | None = None,
    wait_time_seconds: int | None = None,
    receive_request_attempt_id: str | None = None,
) -> Wire:
    place = place_of_url(ctx, queue_url)
    directory = ctx.state.directory
    found = directory.at_hand(place) or await directory.find(place)
    queue = found.queue
    limit = 1 if max_number_of_messages is None else max_number_of_messages
    number_between(
        "MaxNumberOfMessages", limit, 1, limits.RECEIVED_MAX, "Must be between 1 and 10, if provided."
    )
    if visibility_timeout is not None:
        reason = "Must be >= 0 and <= 43200, if provided."
        number_between("VisibilityTimeout", visibility_timeout, 0, limits.VISIBILITY_S_MAX, reason)
    wait_s = queue.wait_s if wait_time_seconds is None else wait_time_seconds
    number_between("WaitTimeSeconds", wait_s, 0, limits.WAIT_S_MAX, "Must be >= 0 and <= 20, if provided.")
    if (
        receive_request_attempt_id is not None and queue.fifo
    ):  # standard queues take it, and do nothing with it
        check_id("ReceiveRequestAttemptId", receive_request_attempt_id)
    if queue.kms_key is not None:
        check_key(queue.kms_key)
    system = {*(attribute_names or ()), *(message_system_attribute_names or ())}
    if unknown := system - _SYSTEM_NAMES:
        raise unknown_attribute(sorted(unknown)[0])
    if queue.fifo:
        ctx.state.quotas.admit(queue, quotas.RECEIVE)
    poll = _Poll(ctx, place, limit, visibility_timeout, wait_s, receive_request_attempt_id)
    messages = await poll.run(found)
    if not messages:
        return {}
    names = message_attribute_names or ()
    return {"Messages": [await _shown(ctx.state, found.queue.uid, m, system, names) for m in messages]}


class _Poll:
    """One ReceiveMessage on its way."""

    def __init__(
        self,
        ctx: Call[Sqs],
        place: Place,
        limit: int,
        visibility_s: int | None,
        wait_s: int,
        attempt: str | None,
    ) -> None:
        self._state = ctx.state
        self._caller = ctx.caller
        self._place = place
        self._limit = limit
        self._visibility_s = visibility_s
        self._wait_s = wait_s
        self._attempt = attempt

    async def run(self, found: Found) -> list[Message]:
        """Messages, as soon as there are some; none when the time is over."""
        state = self._state
        uid = found.queue.uid
        channel = state.channels.at_hand(uid) or await state.channels.of(uid)
        if not self._wait_s:
            messages = await self._take(found, channel)
        else:
            messages = await self._wait(found, channel)
        state.metrics.of(found.queue).received(len(messages))
        return messages

    async def _wait(self, found: Found, channel: Channel) -> list[Message]:
        state = self._state
        end_ms = state.clock.now_ms() + self._wait_s * 1000
        hang_ups = state.channels.hang_ups
        channel.listen()
        try:
            while True:
                seen = channel.news
                messages = await self._take(found, channel)
                now_ms = state.clock.now_ms()
                if messages or now_ms >= end_ms or state.channels.hang_ups != hang_ups:
                    if messages and (channel.shelf or channel.fairness or found.queue.fifo):
                        channel.wake()  # there may be something for the next one as well
                    return messages
                next_ms = await self._next_due_ms(channel, now_ms)
                await channel.wait(min(end_ms, next_ms or end_ms), seen)
                if self._caller.is_gone:
                    channel.wake()  # somebody who still waits is to have what came
                    return []
                again = await state.directory.find(self._place)  # the queue may be gone, or another one
                if again.queue.uid != found.queue.uid:
                    return []
                found = again
        finally:
            channel.unlisten()

    async def _take(self, found: Found, channel: Channel) -> list[Message]:
        state = self._state
        for _ in range(limits.RETRIES_MAX):
            now_ms = state.clock.now_ms()
            room = limits.IN_FLIGHT_MAX - channel.flying.count(now_ms) - len(channel.claimed)
            if room <= 0:
                if not found.queue.fifo and not self._wait_s:
                    raise SERVICE.error("OverLimit", _TOO_MANY)
                return []
            visibility_s = found.queue.visibility_s if self._visibility_s is None else self._visibility_s
            limit, visibility_ms = min(self._limit, room), visibility_s * 1000
            try:
                if found.queue.fifo:
                    return await fifo_receiving.receive(
                        state.store,
                        found,
                        channel,
                        state.dead_letters,
                        limit=limit,
                        visibility_ms=visibility_ms,
                        now_ms=now_ms,
                        attempt=self._attempt,
                    )
                return await standard.receive(
                    state.store,
                    found,
                    channel,
                    state.dead_letters,
                    limit=limit,
                    visibility_ms=visibility_ms,
                    now_ms=now_ms,
                )
            except Conflict:
                await state.directory.look(self._place)
                found = await state.directory.find(self._place)
                if found.queue.uid != channel.uid:
                    return []
        raise contended()

    async def _next_due_ms(self, channel: Channel, now_ms: int) -> int | None:
        """When the next hidden message comes up."""
        after = keys.due_until(channel.uid, now_ms)
        records = await self._state.store.scan(keys.dues(channel.uid), after=after, limit=1)
        if not records:
            return None
        due_ms = records[0].key[3]
        assert isinstance(due_ms, int)
        return due_ms


async def _shown(state: Sqs, uid: str, message: Message, system: set[str], names: Iterable[str]) -> Wire:
    """A message on the wire."""
    body = await state.dead_letters.body(uid, message)
    shown: Wire = {
        "MessageId": message.id,
        "ReceiptHandle": handle_of(uid, message.seq, message.count),
        "MD5OfBody": message.md5,
        "Body": body.decode(),
    }
    if system and (attributes := _system_attributes(message, system)):
        shown["Attributes"] = attributes
    if message.attributes and names and (chosen := _chosen(message.attributes, names)):
        shown["MD5OfMessageAttributes"] = (
            message.md5_attributes if len(chosen) == len(message.attributes) else md5_of_attributes(chosen)
        )
        shown["MessageAttributes"] = chosen
    return shown


def _system_attributes(message: Message, wanted: set[str]) -> dict[str, str]:
    found = {
        "SenderId": message.sender,
        "ApproximateFirstReceiveTimestamp": str(message.first_ms),
        "ApproximateReceiveCount": str(message.count),
        "SentTimestamp": str(message.sent_ms),
    }
    if message.group is not None:
        found["MessageGroupId"] = message.group
    if message.deduplication is not None:
        found["MessageDeduplicationId"] = message.deduplication
        found["SequenceNumber"] = message.sequence
    if message.trace is not None:
        found["AWSTraceHeader"] = message.trace
    if message.source_arn is not None:
        found["DeadLetterQueueSourceArn"] = message.source_arn
    if "All" in wanted:
        return found
    return {name: value for name, value in found.items() if name in wanted}


def _chosen(attributes: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Those that `names` ask for: by name, by prefix (`foo.*`), or all (`All`, `.*`)."""
    names = set(names)
    everything = bool(names & {"All", ".*", "*"})
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: _wire_value(value)
        for name, value in attributes.items()
        if everything or name in names or name.startswith(prefixes or ("\0",))
    }


def _wire_value(attribute: dict[str, Any]) -> dict[str, Any]:
    if "BinaryValue" in attribute:
        return attribute | {"BinaryValue": base64.b64decode(attribute["BinaryValue"])}
    return attribute
