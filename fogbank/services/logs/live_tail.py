"""StartLiveTail: the events of some groups as they come, in a stream of updates."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from fogbank.core.limits import LOG_TAIL_EVENTS_MAX, LOG_TAIL_S_MAX
from fogbank.model.call import Call
from fogbank.services.logs.chunks import UNIQUE_BITS, Event
from fogbank.services.logs.filtering import compiled
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.lookup import group_of, name_of_identifier
from fogbank.services.logs.pattern import Pattern
from fogbank.services.logs.reading import FOREVER_MS, GroupSource, Window, read
from fogbank.services.logs.records import LogGroup
from fogbank.services.logs.selecting import stream_filter
from fogbank.services.logs.service import SERVICE, invalid
from fogbank.services.logs.state import Logs

GROUPS_MAX = 10
UPDATE_INTERVAL_S = 1.0
LOOKBACK_MS = 60_000  # events that are older when they come are not shown
SCANNED_MAX = 20_000  # events looked at for one update


@SERVICE.operation
async def start_live_tail(
    ctx: Call[Logs],
    *,
    log_group_identifiers: list[str],
    log_stream_names: list[str] | None = None,
    log_stream_name_prefixes: list[str] | None = None,
    log_event_filter_pattern: str = "",
) -> dict[str, Any]:
    _check(log_group_identifiers, log_stream_names, log_stream_name_prefixes)
    pattern = compiled(log_event_filter_pattern)
    groups = [(await group_of(ctx, name_of_identifier(one))).record for one in log_group_identifiers]
    for group in groups:
        if group.log_class != "STANDARD":
            raise invalid(f"Live Tail is not supported for log groups of class {group.log_class}.")
    start: dict[str, Any] = {
        "requestId": ctx.request_id,
        "sessionId": ctx.state.ids.uuid(),
        "logGroupIdentifiers": log_group_identifiers,
        "logStreamNames": log_stream_names or [],
        "logStreamNamePrefixes": log_stream_name_prefixes or [],
        "logEventFilterPattern": log_event_filter_pattern,
    }
    begun = ctx.state.next_unique(ctx.state.clock.now_ms())
    tails = [_Tail(group, log_stream_names, log_stream_name_prefixes, begun) for group in groups]
    return {"responseStream": _session(ctx, start, tails, pattern)}


def _check(groups: list[str], names: list[str] | None, prefixes: list[str] | None) -> None:
    if len(groups) > GROUPS_MAX:
        raise invalid(f"No more than {GROUPS_MAX} log groups can be specified.")
    if any(group.endswith("*") for group in groups):
        raise invalid("The log group ARN must not end with an asterisk.")
    if names and prefixes:
        raise invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if (names or prefixes) and len(groups) > 1:
        raise invalid("Log streams can be specified only together with exactly one log group.")


@dataclass(slots=True)
class _Tail:
    """One group, and the number of the newest chunk that was shown."""

    group: LogGroup
    names: list[str] | None
    prefixes: list[str] | None
    newest: int

    async def take(self, ctx: Call[Logs], pattern: Pattern) -> list[Event]:
        """What came since the last time and matches, oldest first; the newest of it when it is too much."""
        place, store, now_ms = place_of(ctx), ctx.state.store, ctx.state.clock.now_ms()
        wanted = stream_filter(store, place, self.group.id, names=self.names, prefixes=self.prefixes)
        source = GroupSource(store, place, self.group.id, wanted, self.newest)
        window = Window(now_ms - LOOKBACK_MS, FOREVER_MS, None, True)
        found: list[Event] = []
        scanned, newest = 0, self.newest
        async for events in read(source, window):
            scanned += len(events)
            newest = max(newest, *(event.unique for event in events))
            found += [event for event in events if pattern.matches(event.message)]
            if len(found) > LOG_TAIL_EVENTS_MAX or scanned > SCANNED_MAX:
                break
        self.newest = newest
        return found[::-1]


async def _session(
    ctx: Call[Logs], start: dict[str, Any], tails: list[_Tail], pattern: Pattern
) -> AsyncIterator[dict[str, Any]]:
    clock = ctx.state.clock
    end_ms = clock.now_ms() + LOG_TAIL_S_MAX * 1000
    yield {"sessionStart": start}
    while clock.now_ms() < end_ms:
        await clock.sleep_s(UPDATE_INTERVAL_S)
        shown: list[tuple[Event, LogGroup]] = []
        for tail in tails:
            shown += [(event, tail.group) for event in await tail.take(ctx, pattern)]
        shown.sort(key=lambda one: one[0])
        sampled = len(shown) > LOG_TAIL_EVENTS_MAX
        results = [_result(ctx, event, group) for event, group in shown[-LOG_TAIL_EVENTS_MAX:]]
        yield {"sessionUpdate": {"sessionMetadata": {"sampled": sampled}, "sessionResults": results}}
    yield {"SessionTimeoutException": {"message": "The Live Tail session has timed out after three hours."}}


def _result(ctx: Call[Logs], event: Event, group: LogGroup) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "logGroupIdentifier": group.arn(ctx.partition, place_of(ctx)),
        "message": event.message,
        "timestamp": event.time_ms,
        "ingestionTime": event.unique >> UNIQUE_BITS,
    }
