"""The telemetry port: log lines, metric points and trace segments from hot paths, delivered in batches.

Nothing on a request path waits for it. `TelemetryBatcher` gathers what the services hand over and gives it, some times a
second, to the `deliver` internals of the logs, cloudwatch and xray services. It is bounded: past
`TELEMETRY_BUFFER_BYTES_MAX` new lines are dropped and counted, and the count is logged — a flood of output must not
take the platform down.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.core.limits import TELEMETRY_BUFFER_BYTES_MAX
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal, PrincipalType

log = logging.getLogger("fogbank.telemetry")

FLUSH_INTERVAL_S = 0.1
TRACES = "xray"  # who takes segments, once it is there
SEGMENT_BYTES = 512  # about what one takes
LINE_OVERHEAD_BYTES = 64  # what a queued line costs beside its text

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LogTarget:
    """A log stream; it and its group are made when they are not there."""

    account: str
    region: str
    group: str
    stream: str


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one metric, seen `count` times: those who meet a value often gather it before they emit it."""

    namespace: str
    name: str
    dimensions: Dimensions
    value: float
    unit: str
    time_ms: int
    count: int = 1


class Telemetry(Protocol):
    """What services emit into."""

    def lines(self, target: LogTarget, lines: list[tuple[int, str]]) -> None:
        """Log events as (time_ms, text), in order."""

    def points(self, account: str, region: str, points: list[Point]) -> None:
        """Metric values of the platform itself (`AWS/Lambda` and the like)."""

    @property
    def traces(self) -> bool:
        """Whether anybody takes segments: without X-Ray none need be made."""

    def segments(self, account: str, region: str, documents: list[dict[str, Any]]) -> None:
        """X-Ray segments and subsegments that ended, as documents of X-Ray's own schema, whole."""

    def gather(self, source: Callable[[], None]) -> Callable[[], None]:
        """Call `source` before each delivery, so that it hands over what it kept back to add up.

        Returns the function that says that there is something: a delivery follows soon."""

    async def flush(self) -> None:
        """Return when everything handed over so far can be read."""


class TelemetryBatcher:
    """The batching lane behind the port."""

    def __init__(self, calls: Calls, clock: Clock, ids: Ids, lanes: Lanes) -> None:
        self._calls = calls
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._lines: dict[LogTarget, list[tuple[int, str]]] = {}
        self._points: dict[tuple[str, str], list[Point]] = {}
        self._segments: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self._bytes = 0
        self._dropped = 0
        self._sources: list[Callable[[], None]] = []
        self._wake = asyncio.Event()
        self._delivering = asyncio.Lock()

    def start(self) -> None:
        self._lanes.loop("telemetry", self._run)

    def lines(self, target: LogTarget, lines: list[tuple[int, str]]) -> None:
        size = sum(len(text) for _, text in lines) + LINE_OVERHEAD_BYTES * len(lines)
        if self._bytes + size > TELEMETRY_BUFFER_BYTES_MAX:
            self._dropped += len(lines)
            return
        self._bytes += size
        queued = self._lines.get(target)
        if queued is None:
            self._lines[target] = lines.copy()
        else:
            queued.extend(lines)
        self._wake.set()

    def points(self, account: str, region: str, points: list[Point]) -> None:
        size = LINE_OVERHEAD_BYTES * len(points)
        if self._bytes + size > TELEMETRY_BUFFER_BYTES_MAX:
            self._dropped += len(points)
            return
        self._bytes += size
        self._points.setdefault((account, region), []).extend(points)
        self._wake.set()

    @property
    def traces(self) -> bool:
        return TRACES in self._calls.services

    def segments(self, account: str, region: str, documents: list[dict[str, Any]]) -> None:
        size = SEGMENT_BYTES * len(documents)
        if self._bytes + size > TELEMETRY_BUFFER_BYTES_MAX:
            self._dropped += len(documents)
            return
        self._bytes += size
        self._segments.setdefault((account, region), []).extend(documents)
        self._wake.set()

    def gather(self, source: Callable[[], None]) -> Callable[[], None]:
        self._sources.append(source)
        return self._wake.set

    async def flush(self) -> None:
        async with self._delivering:
            await self._deliver()

    async def _run(self) -> None:
        await self._wake.wait()
        await asyncio.sleep(FLUSH_INTERVAL_S)
        await self.flush()

    async def _deliver(self) -> None:
        for source in self._sources:
            source()
        lines, self._lines = self._lines, {}
        points, self._points = self._points, {}
        segments, self._segments = self._segments, {}
        self._bytes = 0
        self._wake.clear()
        if dropped := self._dropped:
            self._dropped = 0
            log.warning(
                "dropped %d log lines, metric points or segments: the telemetry buffer was full", dropped
            )
        places: dict[tuple[str, str], dict[tuple[str, str], list[tuple[int, str]]]] = {}
        for target, events in lines.items():
            places.setdefault((target.account, target.region), {})[target.group, target.stream] = events
        work = [
            self._calls.internal("logs", "deliver", self._caller(*place), streams=streams)
            for place, streams in places.items()
        ]
        work += [
            self._calls.internal("cloudwatch", "deliver", self._caller(*place), points=values)
            for place, values in points.items()
        ]
        work += [
            self._calls.internal(TRACES, "deliver", self._caller(*place), documents=documents)
            for place, documents in segments.items()
        ]
        for failure in await asyncio.gather(*work, return_exceptions=True):
            if isinstance(failure, BaseException):
                log.error("telemetry was not delivered", exc_info=failure)

    def _caller(self, account: str, region: str) -> Caller:
        principal = Principal(PrincipalType.SERVICE, account, "fogbank", "fogbank")
        return Caller(account, region, principal, self._ids.uuid())
