"""A signal that one loop waits on, with a time limit, on the injected clock."""

from __future__ import annotations

import asyncio

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes


class Signal:
    """Set by whoever has news, also before the wait begins."""

    __slots__ = ("_clock", "_event", "_lanes")

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, until_ms: int | None = None) -> None:
        """Return when it is set, and clear it; at the latest at `until_ms`."""
        if until_ms is None or self._event.is_set():
            await self._event.wait()
            self._event.clear()
            return
        alarm = self._lanes.spawn("event source alarm", self._ring(until_ms))
        try:
            await self._event.wait()
        finally:
            alarm.cancel()
        self._event.clear()

    async def _ring(self, until_ms: int) -> None:
        await self._clock.sleep_until_ms(until_ms)
        self._event.set()


class Stop:
    """Tells everything of one loop that it is to end, also what pauses."""

    __slots__ = ("_clock", "_event", "_lanes")

    def __init__(self, clock: Clock, lanes: Lanes) -> None:
        self._clock = clock
        self._lanes = lanes
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    @property
    def is_set(self) -> bool:
        return self._event.is_set()

    def now_ms(self) -> int:
        return self._clock.now_ms()

    async def pause(self, duration_ms: int) -> None:
        """Return after `duration_ms`, or when it is to end."""
        if self._event.is_set():
            return
        sleep = self._lanes.spawn("event source pause", self._clock.sleep_s(duration_ms / 1000))
        stop = self._lanes.spawn("event source stop", self._wait())
        try:
            await asyncio.wait((sleep, stop), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            stop.cancel()

    async def _wait(self) -> None:
        await self._event.wait()
