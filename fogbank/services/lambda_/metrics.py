"""Lambda's own metrics: tallied as plain counters on the invocation path, handed to the telemetry port in batches.

One tally for each (function, resource, executed version) an invocation came by; what is shown by function name alone
and for the whole account is added up from those at delivery.
"""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.core.clock import Clock
from fogbank.core.limits import DURATIONS_GATHERED_MAX
from fogbank.model.telemetry import Dimensions, Point, Telemetry
from fogbank.services.lambda_.concurrency import FunctionSlots

_NAMESPACE = "AWS/Lambda"
_COUNT = "Count"
_MILLISECONDS = "Milliseconds"

Counts = dict[float, int]


class Tally:
    """What happened since the last delivery, by one set of dimensions: invocations of `function` by way of `resource`
    (`name` or `name:qualifier`). `executed_version` only where the resource is an alias that shares its invocations.
    """

    __slots__ = (
        "_metrics",
        "account",
        "async_age_ms",
        "async_dropped",
        "async_received",
        "concurrency",
        "dead_letter_failures",
        "delivery_failures",
        "durations_ms",
        "errors",
        "executed_version",
        "function",
        "invocations",
        "iterator_age_ms",
        "loops_stopped",
        "pending",
        "region",
        "resource",
        "throttles",
        "unreserved",
    )

    def __init__(
        self,
        metrics: Metrics,
        account: str,
        region: str,
        function: str,
        resource: str,
        executed_version: str | None = None,
    ) -> None:
        self._metrics = metrics
        self.account = account
        self.region = region
        self.function = function
        self.resource = resource
        self.executed_version = executed_version
        self.clear()

    def clear(self) -> None:
        self.pending = False
        self.invocations = self.errors = self.throttles = 0
        self.async_received = self.async_dropped = self.delivery_failures = self.dead_letter_failures = 0
        self.loops_stopped = 0
        self.durations_ms: Counts = {}
        self.concurrency: Counts = {}
        self.unreserved: Counts = {}
        self.async_age_ms: Counts = {}
        self.iterator_age_ms: Counts = {}

    def invoked(self, duration_ms: float, failed: bool, slots: FunctionSlots) -> None:
        """An invocation ended and still counts in `slots`."""
        self.invocations += 1
        if failed:
            self.errors += 1
        duration_ms = round(duration_ms, 2)
        durations = self.durations_ms
        durations[duration_ms] = durations.get(duration_ms, 0) + 1
        self.concurrency[slots.in_use] = self.concurrency.get(slots.in_use, 0) + 1
        if slots.reserved is None:
            in_use = slots.account.in_use
            self.unreserved[in_use] = self.unreserved.get(in_use, 0) + 1
        if not self.pending:
            self._touch()
        elif len(durations) > DURATIONS_GATHERED_MAX:
            self._metrics.deliver()

    def throttled(self) -> None:
        self.throttles += 1
        self._touch()

    def received_event(self) -> None:
        self.async_received += 1
        self._touch()

    def started_event(self, age_ms: float) -> None:
        """An asynchronous event waited `age_ms` before its invocation."""
        self.async_age_ms[age_ms] = self.async_age_ms.get(age_ms, 0) + 1
        self._touch()

    def iterator_age(self, age_ms: float) -> None:
        """The last record of a stream's batch was so old when the function got it."""
        self.iterator_age_ms[age_ms] = self.iterator_age_ms.get(age_ms, 0) + 1
        self._touch()

    def dropped_event(self) -> None:
        self.async_dropped += 1
        self._touch()

    def failed_delivery(self) -> None:
        self.delivery_failures += 1
        self._touch()

    def stopped_loop(self) -> None:
        """An invocation was not run, for the function went round in a loop."""
        self.loops_stopped += 1
        self._touch()

    def failed_dead_letter(self) -> None:
        self.dead_letter_failures += 1
        self._touch()

    def _touch(self) -> None:
        if not self.pending:
            self.pending = True
            self._metrics.note(self)

    def add(self, other: Tally) -> None:
        """Add what another tally counted."""
        self.invocations += other.invocations
        self.errors += other.errors
        self.throttles += other.throttles
        self.async_received += other.async_received
        self.async_dropped += other.async_dropped
        self.delivery_failures += other.delivery_failures
        self.dead_letter_failures += other.dead_letter_failures
        self.loops_stopped += other.loops_stopped
        for mine, its in (
            (self.durations_ms, other.durations_ms),
            (self.concurrency, other.concurrency),
            (self.unreserved, other.unreserved),
            (self.async_age_ms, other.async_age_ms),
            (self.iterator_age_ms, other.iterator_age_ms),
        ):
            for value, count in its.items():
                mine[value] = mine.get(value, 0) + count

    def points(self, dimensions: Dimensions, time_ms: int) -> Iterator[Point]:
        """What was counted, as metric points."""

        def point(name: str, value: float, count: int, unit: str = _COUNT) -> Point:
            return Point(_NAMESPACE, name, dimensions, value, unit, time_ms, count)

        if self.invocations:
            yield point("Invocations", 1, self.invocations)
            yield point("Throttles", 0, self.invocations)
        if good := self.invocations - self.errors:
            yield point("Errors", 0, good)
        for name, number in (
            ("Errors", self.errors),
            ("Throttles", self.throttles),
            ("AsyncEventsReceived", self.async_received),
            ("AsyncEventsDropped", self.async_dropped),
            ("DestinationDeliveryFailures", self.delivery_failures),
            ("DeadLetterErrors", self.dead_letter_failures),
            ("RecursiveInvocationsDropped", self.loops_stopped),
        ):
            if number:
                yield point(name, 1, number)
        for value, count in self.durations_ms.items():
            yield point("Duration", value, count, _MILLISECONDS)
        for value, count in self.concurrency.items():
            yield point("ConcurrentExecutions", value, count)
        for value, count in self.async_age_ms.items():
            yield point("AsyncEventAge", value, count, _MILLISECONDS)
        for value, count in self.iterator_age_ms.items():
            yield point("IteratorAge", value, count, _MILLISECONDS)
        if not dimensions:
            for value, count in self.unreserved.items():
                yield point("UnreservedConcurrentExecutions", value, count)


class Metrics:
    """The tallies of one node that have something to deliver."""

    def __init__(self, telemetry: Telemetry, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._pending: list[Tally] = []
        self._nudge = telemetry.gather(self.deliver)

    def tally(
        self, account: str, region: str, function: str, resource: str, executed_version: str | None = None
    ) -> Tally:
        """A tally to count in; there may be several of the same dimensions."""
        return Tally(self, account, region, function, resource, executed_version)

    def count(self, account: str, region: str, dimensions: Dimensions, name: str, number: int) -> None:
        """So many of what has dimensions of its own: the events of a mapping."""
        point = Point(_NAMESPACE, name, dimensions, number, _COUNT, self._clock.now_ms())
        self._telemetry.points(account, region, [point])

    def note(self, tally: Tally) -> None:
        """It counted something."""
        self._pending.append(tally)
        self._nudge()

    def deliver(self) -> None:
        """Hand over what was counted."""
        pending, self._pending = self._pending, []
        now_ms = self._clock.now_ms()
        sums: dict[tuple[str, str, Dimensions], Tally] = {}
        for tally in pending:
            for dimensions in _dimensions_of(tally):
                key = (tally.account, tally.region, dimensions)
                if (total := sums.get(key)) is None:
                    total = sums[key] = Tally(self, tally.account, tally.region, "", "")
                total.add(tally)
            tally.clear()
        points: dict[tuple[str, str], list[Point]] = {}
        for (account, region, dimensions), total in sums.items():
            points.setdefault((account, region), []).extend(total.points(dimensions, now_ms))
        for (account, region), of_place in points.items():
            self._telemetry.points(account, region, of_place)


def _dimensions_of(tally: Tally) -> Iterator[Dimensions]:
    function = ("FunctionName", tally.function)
    resource = ("Resource", tally.resource)
    yield ()
    yield (function,)
    yield (function, resource)
    if tally.executed_version is not None:
        yield (function, resource, ("ExecutedVersion", tally.executed_version))
