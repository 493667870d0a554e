"""Events in time order out of chunks that overlap: for one stream, or interleaved over a group.

Each span class is walked on its own, oldest (or newest) chunk first. Events are given out as soon as no chunk still unread can
hold an earlier (or later) one. See `chunks.py` for the layout.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from fogbank.services.logs import keys
from fogbank.services.logs.chunks import (
    SPANS_MS,
    Event,
    Head,
    Position,
    unpack_events,
    unpack_head,
    unpack_index,
)
from fogbank.services.logs.keys import Place
from fogbank.store.api import Key, Record, Store

FIRST_BATCH = 4
BATCH_MAX = 32
FOREVER_MS = 1 << 60


@dataclass(frozen=True, slots=True)
class Window:
    """What to read: events with start_ms <= time < end_ms; behind (or before, in reverse) `position`, when given."""

    start_ms: int = 0
    end_ms: int = FOREVER_MS
    position: Position | None = None
    reverse: bool = False

    def holds(self, event: Event) -> bool:
        if not self.start_ms <= event.time_ms < self.end_ms:
            return False
        if self.position is None:
            return True
        return event.position < self.position if self.reverse else event.position > self.position

    def bounds(self) -> tuple[int, int]:
        """The times worth looking at: the position narrows them."""
        if self.position is None:
            return self.start_ms, self.end_ms
        if self.reverse:
            return self.start_ms, min(self.end_ms, self.position.time_ms + 1)
        return max(self.start_ms, self.position.time_ms), self.end_ms


class Source(Protocol):
    """Where chunks come from."""

    async def records(
        self, span: int, low: int, high: int, after: Key | None, limit: int, reverse: bool
    ) -> list[Record]:
        """Entries of one span class with low <= min_ms < high behind the key `after`; in reverse before it."""

    async def bodies(self, entries: list[Record], start_ms: int) -> list[Record]:
        """The chunks of entries that may hold events from `start_ms` on."""


async def _scan(
    store: Store, prefix: Key, low: int, high: int, after: Key | None, limit: int, reverse: bool
) -> list[Record]:
    first: Key = (*prefix, low)
    last: Key = (*prefix, high)
    if after is not None:
        first, last = (first, after) if reverse else (after, last)
    return await store.scan(prefix, after=first, before=last, limit=limit, reverse=reverse)


@dataclass(frozen=True, slots=True)
class StreamSource:
    """One stream, by its index."""

    store: Store
    place: Place
    group_id: str
    stream_id: str

    async def records(
        self, span: int, low: int, high: int, after: Key | None, limit: int, reverse: bool
    ) -> list[Record]:
        prefix = (*keys.index(self.place, self.stream_id), span)
        return await _scan(self.store, prefix, low, high, after, limit, reverse)

    async def bodies(self, entries: list[Record], start_ms: int) -> list[Record]:
        wanted = [entry.key[-3:] for entry in entries if unpack_index(entry.value).max_ms >= start_ms]
        prefix = keys.chunks(self.place, self.group_id)
        found = await self.store.get_many([(*prefix, *key) for key in wanted])
        return [record for record in found if record is not None]


@dataclass(frozen=True, slots=True)
class GroupSource:
    """A group's streams together. `wanted` decides on each chunk by its head, and so on its stream; chunks that were stored
    no later than the one with the number `newer_than` are left out."""

    store: Store
    place: Place
    group_id: str
    wanted: Callable[[Head], Awaitable[bool]]
    newer_than: int = 0

    async def records(
        self, span: int, low: int, high: int, after: Key | None, limit: int, reverse: bool
    ) -> list[Record]:
        prefix = (*keys.chunks(self.place, self.group_id), span)
        return await _scan(self.store, prefix, low, high, after, limit, reverse)

    async def bodies(self, entries: list[Record], start_ms: int) -> list[Record]:
        heads = [
            (entry, unpack_head(entry.value)) for entry in entries if int(entry.key[-1]) > self.newer_than
        ]
        return [entry for entry, head in heads if head.max_ms >= start_ms and await self.wanted(head)]


@dataclass(slots=True)
class _Run:
    """The walk along one span class."""

    source: Source
    span: int
    window: Window
    limit: int = FIRST_BATCH
    after: Key | None = None
    frontier_ms: int = 0  # no unread chunk begins before this; in reverse: behind it
    ended: bool = False
    ready: list[Record] = field(default_factory=list)

    async def fill(self) -> None:
        """Read the next chunks of this class."""
        low, high = self.window.bounds()
        low -= SPANS_MS[self.span] - 1  # a chunk that begins before may reach into the window
        reverse = self.window.reverse
        entries = await self.source.records(self.span, low, high, self.after, self.limit, reverse)
        if len(entries) < self.limit:
            self.ended = True
        if entries:
            self.after = entries[-1].key
            self.frontier_ms = int(self.after[-2])
            start_ms = self.window.bounds()[0]
            self.ready = await self.source.bodies(entries, start_ms)
        self.limit = min(BATCH_MAX, self.limit * 2)

    def safe_ms(self) -> int:
        """Forward: every unread event is at or behind this. Reverse: every unread event is before this."""
        if self.ended:
            return -FOREVER_MS if self.window.reverse else FOREVER_MS
        return self.frontier_ms + SPANS_MS[self.span] if self.window.reverse else self.frontier_ms


async def read(source: Source, window: Window) -> AsyncIterator[list[Event]]:
    """The window's events in order, in lists as they become certain. Stop asking when you have enough."""
    runs = [_Run(source, span, window) for span in range(len(SPANS_MS))]
    pending: list[Event] = []
    for run in runs:
        await run.fill()
        _take(run, window, pending)
    while True:
        certain, pending = _part(pending, runs, window.reverse)
        if certain:
            yield certain
        open_runs = [run for run in runs if not run.ended]
        if not open_runs:
            return
        slowest = (max if window.reverse else min)(open_runs, key=_Run.safe_ms)
        await slowest.fill()
        _take(slowest, window, pending)


def _take(run: _Run, window: Window, pending: list[Event]) -> None:
    for record in run.ready:
        unique = int(record.key[-1])
        pending += [event for event in unpack_events(unique, record.value) if window.holds(event)]
    run.ready = []


def _part(pending: list[Event], runs: list[_Run], reverse: bool) -> tuple[list[Event], list[Event]]:
    """What no unread chunk can come before, in order, and the rest."""
    if reverse:
        pending.sort(reverse=True)
        safe_ms = max(run.safe_ms() for run in runs)
        cut = bisect_right(pending, -safe_ms, key=lambda event: -event.time_ms)
    else:
        pending.sort()
        safe_ms = min(run.safe_ms() for run in runs)
        cut = bisect_left(pending, safe_ms, key=lambda event: event.time_ms)
    return pending[:cut], pending[cut:]
