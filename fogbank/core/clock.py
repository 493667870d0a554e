"""Time, injected. The only place in fogbank that reads a clock or sleeps.

`RealClock` serves; `VirtualClock` moves only when told to (`POST /_fogbank/clock`, tests, simulations), so that
a year's Wait or a two-minute retry is tested in a millisecond.
Wall time is Unix milliseconds (`now_ms`); durations are measured on `monotonic_s`.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of fogbank knows of time."""

    def now_ms(self) -> int:
        """Wall-clock time in Unix milliseconds."""

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps back; virtual clocks advance it together with the wall."""

    async def sleep_until_ms(self, when_ms: int) -> None:
        """Return when `now_ms() >= when_ms` (at once if it already is)."""

    async def sleep_s(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""


class RealClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep_until_ms(self, when_ms: int) -> None:
        # Re-read the wall clock in hourly steps, so a stepped clock does not stretch a year-long wait.
        while (left_ms := when_ms - self.now_ms()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left_ms / 1000, 3600.0))

    async def sleep_s(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class VirtualClock:
    """A clock that stands still until `advance_ms`; sleepers wake in the order of their deadlines."""

    def __init__(self, start_ms: int = 1_767_225_600_000) -> None:
        self._now_ms = start_ms
        self._start_ms = start_ms
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = 0

    def now_ms(self) -> int:
        return self._now_ms

    def monotonic_s(self) -> float:
        return (self._now_ms - self._start_ms) / 1000

    async def sleep_until_ms(self, when_ms: int) -> None:
        if when_ms <= self._now_ms:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (when_ms, self._order, future))
        await future

    async def sleep_s(self, seconds: float) -> None:
        await self.sleep_until_ms(self._now_ms + max(0, round(seconds * 1000)))

    async def advance_ms(self, duration_ms: int) -> None:
        """Move time forward, waking each sleeper at its own instant and letting it run before going on."""
        end_ms = self._now_ms + duration_ms
        while self._sleepers and self._sleepers[0][0] <= end_ms:
            when_ms, _, future = heapq.heappop(self._sleepers)
            self._now_ms = max(self._now_ms, when_ms)
            if not future.done():
                future.set_result(None)
            for _ in range(10):  # let what woke run up to its next wait
                await asyncio.sleep(0)
        self._now_ms = end_ms
        await asyncio.sleep(0)


class OffsetClock:
    """The machine's clock moved ahead: what a running server uses, so `/_fogbank/clock` can advance it."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._offset_ms = 0
        self._moved = asyncio.Event()

    def now_ms(self) -> int:
        return self._base.now_ms() + self._offset_ms

    def monotonic_s(self) -> float:
        return self._base.monotonic_s() + self._offset_ms / 1000

    @property
    def offset_ms(self) -> int:
        return self._offset_ms

    async def sleep_until_ms(self, when_ms: int) -> None:
        while (left_ms := when_ms - self.now_ms()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(min(left_ms / 1000, 3600.0)):
                    await moved.wait()
            except TimeoutError:
                continue

    async def sleep_s(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await self.sleep_until_ms(self.now_ms() + round(seconds * 1000))

    def advance_ms(self, duration_ms: int) -> None:
        """Move the wall ahead by `duration_ms` (never back) and wake every sleeper to look again."""
        self._offset_ms += max(0, duration_ms)
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


def iso8601(when_ms: int) -> str:
    """`2026-01-31T12:00:00.123+0000`, the form Lambda uses for LastModified."""
    moment = datetime.fromtimestamp(when_ms / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when_ms % 1000:03d}+0000"


def iso8601_z(when_ms: int) -> str:
    """`2026-01-31T12:00:00.123Z`."""
    return iso8601(when_ms)[:-5] + "Z"
