"""FilterLogEvents: matching events of a group's streams, interleaved by time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fogbank.core.limits import LOG_PAGE_BYTES_MAX, LOG_PAGE_EVENTS_MAX, LOG_SCAN_EVENTS_MAX
from fogbank.model.call import Call
from fogbank.services.logs import tokens
from fogbank.services.logs.chunks import EVENT_OVERHEAD_BYTES, Event, Position
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.lookup import both_given, group_of, name_from, stream_of
from fogbank.services.logs.pattern import Pattern, PatternError, parse_pattern
from fogbank.services.logs.reading import FOREVER_MS, GroupSource, Source, StreamSource, Window, read
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.selecting import stream_filter
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs

NEWEST_FIRST_SINCE_MS = 1_704_067_200_000  # 2024-01-01: AWS reads newest first only from here on


@SERVICE.operation
async def filter_log_events(
    ctx: Call[Logs],
    *,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    log_stream_names: list[str] | None = None,
    log_stream_name_prefix: str | None = None,
    start_time: int | None = None,
    end_time: int | None = None,
    filter_pattern: str = "",
    next_token: str | None = None,
    limit: int = LOG_PAGE_EVENTS_MAX,
    start_from_head: bool = True,
    interleaved: bool = True,
    unmask: bool = False,
) -> dict[str, Any]:
    del interleaved, unmask  # AWS ignores the first since 2019; nothing is masked here
    name = name_from(log_group_name, log_group_identifier, both=both_given())
    if log_stream_names is not None and log_stream_name_prefix is not None:
        raise invalid("Cannot specify both logStreamNames and logStreamNamePrefix.")
    if not start_from_head and (start_time or 0) < NEWEST_FIRST_SINCE_MS:
        raise invalid("startFromHead can be false only when startTime is on or after 2024-01-01T00:00:00Z.")
    pattern = compiled(filter_pattern)
    group = (await group_of(ctx, name)).record
    position = None
    if next_token is not None:
        time_ms, unique, offset, start_from_head = tokens.unseal("FilterLogEvents", next_token)
        position = Position(time_ms, unique, offset)
    start_ms = max(start_time or 0, group.cutoff_ms(ctx.state.clock.now_ms()))
    end_ms = FOREVER_MS if end_time is None else end_time + 1  # events at endTime are returned
    window = Window(start_ms, end_ms, position, not start_from_head)
    source = await _source(ctx, group, log_stream_names, log_stream_name_prefix)
    page = await _search(source, window, pattern, limit)
    output: dict[str, Any] = {"events": [_shown(event) for event in page.events], "searchedLogStreams": []}
    if page.position is not None:
        output["nextToken"] = tokens.seal("FilterLogEvents", *page.position, start_from_head)
    return output


def compiled(text: str) -> Pattern:
    """A filter pattern; InvalidParameterException for one that is not well-formed."""
    try:
        return parse_pattern(text)
    except PatternError as error:
        raise invalid(str(error)) from None


async def _source(ctx: Call[Logs], group: LogGroup, names: list[str] | None, prefix: str | None) -> Source:
    place, store = place_of(ctx), ctx.state.store
    found = await ctx.state.directory.group(place, group.name)
    if names is not None and found is not None:
        streams = [await stream_of(ctx, found, name) for name in names]
        if len(streams) == 1:
            return StreamSource(store, place, group.id, streams[0].record.id)
    prefixes = None if prefix is None else (prefix,)
    wanted = stream_filter(store, place, group.id, names=names, prefixes=prefixes)
    return GroupSource(store, place, group.id, wanted)


@dataclass(slots=True)
class _Page:
    events: list[Event] = field(default_factory=list)
    position: Position | None = None  # where the next page goes on; None: everything was searched


async def _search(source: Source, window: Window, pattern: Pattern, limit: int) -> _Page:
    """Matching events until a page is full or enough was looked at."""
    page = _Page()
    size_bytes = scanned = 0
    async for events in read(source, window):
        for event in events:
            scanned += 1
            if len(page.events) >= limit or scanned > LOG_SCAN_EVENTS_MAX:
                return page
            if pattern.matches(event.message):
                size_bytes += len(event.message.encode()) + EVENT_OVERHEAD_BYTES
                if page.events and size_bytes > LOG_PAGE_BYTES_MAX:
                    return page
                page.events.append(event)
            page.position = event.position
    page.position = None
    return page


def _shown(event: Event) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "timestamp": event.time_ms,
        "message": event.message,
        "ingestionTime": event.ingested_ms,
        "eventId": event.position.event_id(),
    }
