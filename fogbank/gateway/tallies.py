"""Metrics of a gateway: plain counters on the request path, handed to the telemetry port in batches."""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.core.clock import Clock
from fogbank.model.telemetry import Dimensions, Point, Telemetry

VALUES_GATHERED_MAX = 4096  # ours: distinct latencies of one tally between two deliveries


class Tally:
    """What happened since the last delivery, for one set of dimension sets."""

    __slots__ = (
        "_tallies",
        "account",
        "client_errors",
        "count",
        "data_bytes",
        "dimensions",
        "hits",
        "integration_ms",
        "latency_ms",
        "misses",
        "pending",
        "region",
        "server_errors",
    )

    def __init__(
        self, tallies: Tallies, account: str, region: str, dimensions: tuple[Dimensions, ...]
    ) -> None:
        self._tallies = tallies
        self.account = account
        self.region = region
        self.dimensions = dimensions
        self.clear()

    def clear(self) -> None:
        self.pending = False
        self.count = self.client_errors = self.server_errors = self.hits = self.misses = 0
        self.latency_ms: dict[int, int] = {}
        self.integration_ms: dict[int, int] = {}
        self.data_bytes: dict[int, int] = {}

    def served(
        self, status: int, latency_ms: int, integration_ms: int | None, data_bytes: int | None = None
    ) -> None:
        """A request was answered. `data_bytes` where they are a metric: bodies in and out."""
        self.count += 1
        if status >= 400:
            if status >= 500:
                self.server_errors += 1
            else:
                self.client_errors += 1
        latencies = self.latency_ms
        latencies[latency_ms] = latencies.get(latency_ms, 0) + 1
        if integration_ms is not None:
            self.integration_ms[integration_ms] = self.integration_ms.get(integration_ms, 0) + 1
        if data_bytes is not None:
            self.data_bytes[data_bytes] = self.data_bytes.get(data_bytes, 0) + 1
        if not self.pending:
            self.pending = True
            self._tallies.note(self)
        elif len(latencies) > VALUES_GATHERED_MAX or len(self.data_bytes) > VALUES_GATHERED_MAX:
            self._tallies.deliver()

    def points(self, namespace: str, time_ms: int) -> Iterator[Point]:
        """What was counted, as metric points."""
        errors4, errors5 = self.client_errors, self.server_errors
        for dimensions in self.dimensions:

            def point(
                name: str, value: float, count: int, unit: str = "Count", at: Dimensions = dimensions
            ) -> Point:
                return Point(namespace, name, at, value, unit, time_ms, count)

            yield point("Count", 1, self.count)
            for name, number in zip(self._tallies.error_names, (errors4, errors5), strict=True):
                if number:
                    yield point(name, 1, number)
                if good := self.count - number:
                    yield point(name, 0, good)
            for value, count in self.latency_ms.items():
                yield point("Latency", value, count, "Milliseconds")
            for value, count in self.integration_ms.items():
                yield point("IntegrationLatency", value, count, "Milliseconds")
            for value, count in self.data_bytes.items():
                yield point("DataProcessed", value, count, "Bytes")
            if self.hits or self.misses:
                if self.hits:
                    yield point("CacheHitCount", 1, self.hits)
                if self.misses:
                    yield point("CacheMissCount", 1, self.misses)


class Tallies:
    """The tallies of one node that have something to deliver."""

    def __init__(
        self,
        telemetry: Telemetry,
        clock: Clock,
        namespace: str,
        error_names: tuple[str, str] = ("4XXError", "5XXError"),
    ) -> None:
        self.error_names = error_names
        self._telemetry = telemetry
        self._clock = clock
        self._namespace = namespace
        self._pending: list[Tally] = []
        self._nudge = telemetry.gather(self.deliver)

    def tally(self, account: str, region: str, dimensions: tuple[Dimensions, ...]) -> Tally:
        return Tally(self, account, region, dimensions)

    def note(self, tally: Tally) -> None:
        self._pending.append(tally)
        self._nudge()

    def deliver(self) -> None:
        """Hand over what was counted."""
        pending, self._pending = self._pending, []
        now_ms = self._clock.now_ms()
        points: dict[tuple[str, str], list[Point]] = {}
        for tally in pending:
            points.setdefault((tally.account, tally.region), []).extend(tally.points(self._namespace, now_ms))
            tally.clear()
        for (account, region), of_place in points.items():
            self._telemetry.points(account, region, of_place)
