"""Decides an alarm's state from its datapoints, and says why in AWS's words. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fogbank.services.cloudwatch.alarm import State, moment

#: Periods looked at beyond the evaluation periods: late data may stand in for missing ones.
EXTRA_PERIODS = 2

_COMPARE: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (lambda value, threshold: value > threshold, "greater than"),
    "GreaterThanOrEqualToThreshold": (
        lambda value, threshold: value >= threshold,
        "greater than or equal to",
    ),
    "LessThanThreshold": (lambda value, threshold: value < threshold, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, threshold: value <= threshold, "less than or equal to"),
}
COMPARISONS = frozenset(_COMPARE)


@dataclass(frozen=True, slots=True)
class Rule:
    """What an alarm checks."""

    comparison: str
    threshold: float
    periods: int  # N
    to_alarm: int | None  # M, when it was given
    missing: str  # TreatMissingData

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Rule:
        return cls(
            settings["ComparisonOperator"],
            settings["Threshold"],
            settings["EvaluationPeriods"],
            settings.get("DatapointsToAlarm"),
            settings.get("TreatMissingData", "missing"),
        )

    @property
    def needed(self) -> int:
        return self.periods if self.to_alarm is None else self.to_alarm

    def breaches(self, value: float) -> bool:
        return _COMPARE[self.comparison][0](value, self.threshold)


@dataclass(frozen=True, slots=True)
class Decision:
    """The state an alarm should have, why, and the datapoints that decided (Unix seconds, value), oldest first."""

    state: State
    reason: str
    points: tuple[tuple[int, float], ...]


def decide(rule: Rule, times_s: list[int], values: dict[int, float], current: State) -> Decision:
    """`times_s` are the starts of the evaluation range's periods, ascending; `values` holds those that have data."""
    real = [(time_s, values[time_s]) for time_s in times_s if time_s in values][-rule.periods :]
    absent = rule.periods - len(real)
    if not real:
        return _without_data(rule, current)
    breaching = [point for point in real if rule.breaches(point[1])]
    filled = len(breaching) + (absent if rule.missing == "breaching" else 0)
    if filled >= rule.needed:
        return Decision(State.ALARM, _crossed(rule, real, breaching, absent, True), tuple(real))
    fine = len(real) - len(breaching) + (absent if rule.missing == "notBreaching" else 0)
    if fine > rule.periods - rule.needed or rule.missing in ("breaching", "notBreaching"):
        return Decision(State.OK, _crossed(rule, real, breaching, absent, False), tuple(real))
    if rule.missing == "ignore":
        return Decision(current, "", tuple(real))
    if len(breaching) == len(real):  # what is known breaches: AWS does not wait for what is missing
        return Decision(State.ALARM, _crossed(rule, real, breaching, 0, True), tuple(real))
    return Decision(State.OK, _crossed(rule, real, breaching, 0, False), tuple(real))


def _without_data(rule: Rule, current: State) -> Decision:
    periods = _count(rule.periods, "period")
    treated = _count(rule.periods, "missing datapoint")
    were = "was" if rule.periods == 1 else "were"
    received = f"Threshold Crossed: no datapoints were received for {periods} and {treated} {were} treated as"
    match rule.missing:
        case "breaching":
            return Decision(State.ALARM, f"{received} [Breaching].", ())
        case "notBreaching":
            return Decision(State.OK, f"{received} [NonBreaching].", ())
        case "ignore":
            return Decision(current, "", ())
        case _:
            unknown = f"Insufficient Data: {_count(rule.periods, 'datapoint')} {were} unknown."
            return Decision(State.INSUFFICIENT_DATA, unknown, ())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _crossed(
    rule: Rule,
    real: list[tuple[int, float]],
    breaching: list[tuple[int, float]],
    absent: int,
    alarm: bool,
) -> str:
    """`Threshold Crossed: 1 datapoint [1.0 (03/01/24 11:58:00)] was greater than the threshold (0.0).`"""
    told = breaching if alarm and breaching else real
    listed = ", ".join(f"{value} ({_date(time_s)})" for time_s, value in reversed(told))
    phrase = _COMPARE[rule.comparison][1]
    verb = ("was" if len(told) == 1 else "were") + ("" if alarm else " not")
    threshold = f"{phrase} the threshold ({rule.threshold})"
    filled = ""
    if absent and rule.missing in ("breaching", "notBreaching"):
        kind = "Breaching" if rule.missing == "breaching" else "NonBreaching"
        treated = "was" if absent == 1 else "were"
        filled = f" and {_count(absent, 'missing datapoint')} {treated} treated as [{kind}]"
    if rule.to_alarm is None:
        return f"Threshold Crossed: {_count(len(told), 'datapoint')} [{listed}] {verb} {threshold}{filled}."
    minimum = rule.needed if alarm else rule.periods - rule.needed + 1
    change = "OK -> ALARM" if alarm else "ALARM -> OK"
    return (
        f"Threshold Crossed: {len(told)} out of the last {_count(rule.periods, 'datapoint')} [{listed}] {verb} "
        f"{threshold}{filled} (minimum {_count(minimum, 'datapoint')} for {change} transition)."
    )


def _date(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, UTC).strftime("%d/%m/%y %H:%M:%S")


def reason_data(
    settings: dict[str, Any], decision: Decision, counts: dict[int, float], now_ms: int, period_s: int
) -> dict[str, Any]:
    """What StateReasonData holds. `counts` are the samples of each period, for alarms on one metric."""
    data: dict[str, Any] = {"version": "1.0", "queryDate": moment(now_ms)}
    if decision.points:
        data["startDate"] = moment(decision.points[0][0] * 1000)
    if "Unit" in settings:
        data["unit"] = settings["Unit"]
    statistic = settings.get("Statistic") or settings.get("ExtendedStatistic")
    if statistic:
        data["statistic"] = statistic
    data |= {
        "period": period_s,
        "recentDatapoints": [value for _, value in decision.points],
        "threshold": settings["Threshold"],
    }
    evaluated = []
    for time_s, value in reversed(decision.points):
        point: dict[str, Any] = {"timestamp": moment(time_s * 1000), "value": value}
        if time_s in counts:
            point["sampleCount"] = counts[time_s]
        evaluated.append(point)
    if evaluated:
        data["evaluatedDatapoints"] = evaluated
    return data
