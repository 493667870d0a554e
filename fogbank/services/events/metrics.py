"""AWS/Events metrics, handed to the telemetry port as they happen."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.model.telemetry import Dimensions, Point, Telemetry
from fogbank.services.events.bus_records import DEFAULT_BUS, Rule

_NAMESPACE = "AWS/Events"


class Metrics:
    """Counts by rule; rules of other buses than `default` by bus and rule."""

    def __init__(self, telemetry: Telemetry, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock

    def put(self, account: str, region: str, entries: int, failed: int) -> None:
        counts = {
            "PutEventsApproximateCallCount": 1,
            "PutEventsEntriesCount": entries,
            "PutEventsFailedEntriesCount": failed,
        }
        self._points(account, region, (), counts)

    def matched(self, rule: Rule) -> None:
        """An event matched the rule's pattern."""
        self._of(rule.account, rule.region, rule.bus, rule.name, {"MatchedEvents": 1, "TriggeredRules": 1})

    def triggered(self, rule: Rule, times: int) -> None:
        """The rule fired by its schedule."""
        self._of(rule.account, rule.region, rule.bus, rule.name, {"TriggeredRules": times})

    def count(self, account: str, region: str, bus: str, rule: str, **counts: int) -> None:
        self._of(account, region, bus, rule, counts)

    def _of(self, account: str, region: str, bus: str, rule: str, counts: dict[str, int]) -> None:
        by_bus: Dimensions = () if bus == DEFAULT_BUS else (("EventBusName", bus),)
        self._points(account, region, (*by_bus, ("RuleName", rule)), counts)

    def _points(self, account: str, region: str, dimensions: Dimensions, counts: dict[str, int]) -> None:
        now_ms = self._clock.now_ms()
        points = [
            Point(_NAMESPACE, name, dimensions, float(count), "Count", now_ms)
            for name, count in counts.items()
            if count
        ]
        if points:
            self._telemetry.points(account, region, points)
