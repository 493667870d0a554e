"""PutLogEvents and GetLogEvents."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.errors import Conflict
from fogbank.core.limits import (
    LOG_BATCH_BYTES_MAX,
    LOG_BATCH_EVENTS_MAX,
    LOG_BATCH_SPAN_MS_MAX,
    LOG_EVENT_AGE_MS_MAX,
    LOG_EVENT_FUTURE_MS_MAX,
    LOG_PAGE_BYTES_MAX,
    LOG_PAGE_EVENTS_MAX,
)
from fogbank.model.call import Call
from fogbank.services.logs import ingest
from fogbank.services.logs.chunks import EVENT_OVERHEAD_BYTES, Event, Position
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.log_streams import sequence_token
from fogbank.services.logs.lookup import both_given, check, group_of, name_from, stream_of
from fogbank.services.logs.reading import FOREVER_MS, StreamSource, Window, read
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.service import SERVICE, aborted, invalid, no_group, no_stream
from fogbank.services.logs.state import Logs

ATTEMPTS_MAX = 10
TOKEN = re.compile(r"([fb])/(\d{56})/s")


@SERVICE.operation(refuses={"entity"}, hot=True)
async def put_log_events(
    ctx: Call[Logs],
    *,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
    sequence_token: str | None = None,
) -> dict[str, Any]:
    del sequence_token  # AWS too takes any since 2023
    try:
        times = [event["timestamp"] for event in log_events]
        messages = [event["message"] for event in log_events]
        well_formed = bool(times) and len(times) <= LOG_BATCH_EVENTS_MAX and all(messages) and min(times) >= 0
    except (KeyError, TypeError):
        well_formed = False
    if not well_formed or not log_group_name or not log_stream_name:
        names = {"logGroupName": log_group_name, "logStreamName": log_stream_name}
        check("PutLogEvents", {**names, "logEvents": log_events})
        raise invalid(
            "Log events must have a timestamp and a message."
        )  # a type that the model does not check
    sizes = _sizes(messages)
    total_bytes = (sum(map(len, messages)) if sizes is None else sum(sizes)) + EVENT_OVERHEAD_BYTES * len(
        times
    )
    if total_bytes > LOG_BATCH_BYTES_MAX:
        raise invalid(f"Upload too large: {total_bytes} bytes exceeds limit of {LOG_BATCH_BYTES_MAX}")
    if sorted(times) != times:
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    return await _put(ctx, log_group_name, log_stream_name, times, messages, sizes)


def _sizes(messages: list[str]) -> list[int] | None:
    """The messages' bytes in UTF-8; None when they are their lengths."""
    if all(map(str.isascii, messages)):
        return None
    return [len(message.encode("utf-8", "surrogatepass")) for message in messages]


async def _put(
    ctx: Call[Logs],
    group_name: str,
    stream_name: str,
    times: list[int],
    messages: list[str],
    sizes: list[int] | None,
) -> dict[str, Any]:
    place, directory, now_ms = place_of(ctx), ctx.state.directory, ctx.state.clock.now_ms()
    for _ in range(ATTEMPTS_MAX):
        group = await directory.cached_group(place, group_name)
        if group is None:
            raise no_group()
        stream = await directory.cached_stream(place, group.record.id, stream_name)
        if stream is None:
            raise no_stream()
        first, end, rejected = _accepted(times, group.record, now_ms)
        if end > first:
            if times[end - 1] - times[first] > LOG_BATCH_SPAN_MS_MAX:
                raise invalid(
                    "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
                )
            kept = slice(first, end)
            batch = ingest.Batch(
                group, stream, times[kept], messages[kept], None if sizes is None else sizes[kept]
            )
            try:
                await ingest.write(ctx, [batch])
            except Conflict:
                directory.forget(place, group_name, stream_name)
                continue
        output: dict[str, Any] = {"nextSequenceToken": sequence_token(stream.record.id, now_ms)}
        return output | ({"rejectedLogEventsInfo": rejected} if rejected else {})
    raise aborted()


def _accepted(times: list[int], group: LogGroup, now_ms: int) -> tuple[int, int, dict[str, int]]:
    """Which part of a batch is neither too old, expired nor too new, and what AWS says of the rest."""
    first, end, rejected = 0, len(times), {}
    too_old_ms, expired_ms = now_ms - LOG_EVENT_AGE_MS_MAX, group.cutoff_ms(now_ms)
    too_new_ms = now_ms + LOG_EVENT_FUTURE_MS_MAX
    if times[0] < too_old_ms:
        first = sum(time_ms < too_old_ms for time_ms in times)
        rejected["tooOldLogEventEndIndex"] = first
    if times[0] < expired_ms:
        expired = sum(time_ms < expired_ms for time_ms in times)
        if expired > first:
            rejected["expiredLogEventEndIndex"] = first = expired
    if times[-1] > too_new_ms:
        end = sum(time_ms <= too_new_ms for time_ms in times)
        rejected["tooNewLogEventStartIndex"] = end
    return first, end, rejected


@SERVICE.operation
async def get_log_events(
    ctx: Call[Logs],
    *,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    log_stream_name: str,
    start_time: int | None = None,
    end_time: int | None = None,
    next_token: str | None = None,
    limit: int = LOG_PAGE_EVENTS_MAX,
    start_from_head: bool = False,
    unmask: bool = False,
) -> dict[str, Any]:
    del unmask  # data protection policies are not supported: nothing is masked
    name = name_from(log_group_name, log_group_identifier, both=both_given())
    token = _parse_token(next_token)
    group = await group_of(ctx, name)
    stream = await stream_of(ctx, group, log_stream_name)
    start_ms = max(start_time or 0, group.record.cutoff_ms(ctx.state.clock.now_ms()))
    end_ms = FOREVER_MS if end_time is None else end_time
    reverse, position = (not start_from_head, None) if token is None else token
    window = Window(start_ms, end_ms, position, reverse)
    source = StreamSource(ctx.state.store, place_of(ctx), group.record.id, stream.record.id)
    events = await _page(source, window, limit)
    first, last = _edges(events, window)
    return {
        "events": [
            {"timestamp": event.time_ms, "message": event.message, "ingestionTime": event.ingested_ms}
            for event in events
        ],
        "nextForwardToken": f"f/{last.event_id()}/s",
        "nextBackwardToken": f"b/{first.event_id()}/s",
    }


def _parse_token(token: str | None) -> tuple[bool, Position] | None:
    """(backwards, position) of a token; None without one."""
    if token is None:
        return None
    found = TOKEN.fullmatch(token)
    if found is None:
        raise invalid("The specified nextToken is invalid.")
    return found[1] == "b", Position.of_event_id(found[2])


def _edges(events: list[Event], window: Window) -> tuple[Position, Position]:
    """What the next pages go on from, backward and forward. A page without events gives back the token it was asked with."""
    if events:
        return events[0].position, events[-1].position
    if window.position is None:
        start = Position(window.start_ms, 0, 0)  # events may still come behind it
        return start, start
    if window.reverse:
        return window.position, window.position.before()
    return window.position.behind(), window.position


async def _page(source: StreamSource, window: Window, limit: int) -> list[Event]:
    """One page in ascending order, within the limits of events and bytes."""
    found: list[Event] = []
    size_bytes = 0
    async for events in read(source, window):
        for event in events:
            size_bytes += len(event.message.encode()) + EVENT_OVERHEAD_BYTES
            if found and size_bytes > LOG_PAGE_BYTES_MAX:
                return _ascending(found, window)
            found.append(event)
            if len(found) == limit:
                return _ascending(found, window)
    return _ascending(found, window)


def _ascending(events: list[Event], window: Window) -> list[Event]:
    return events[::-1] if window.reverse else events
