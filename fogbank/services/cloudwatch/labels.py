"""Dynamic labels: `${PROP('Dim.FunctionName')} max ${MAX}`. Pure."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Metric

_FIELD = re.compile(r"\$\{\s*([A-Z_]+)\s*(?:\(\s*'([^']*)'\s*\))?\s*\}")

_NUMBERS: dict[str, Callable[[list[float]], float]] = {
    "AVG": statistics.fmean,
    "DATAPOINT_COUNT": lambda values: float(len(values)),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a label may speak of."""

    place: Place
    points: dict[int, float]
    metric: Metric | None = None
    stat: str = ""
    period_s: int = 0


def render(label: str, subject: Subject) -> str:
    """The label with its fields filled in; fields that say nothing here stay as they are."""
    return _FIELD.sub(lambda found: _value(found, subject), label)


def _value(found: re.Match[str], subject: Subject) -> str:
    name, argument = found[1], found[2]
    if name == "PROP" and argument:
        return _property(argument, subject) or found[0]
    times = list(subject.points)
    values = list(subject.points.values())
    if name in _NUMBERS:
        return f"{_NUMBERS[name](values):g}" if values else "--"
    if name in ("FIRST_TIME", "LAST_TIME", "MAX_TIME", "MIN_TIME"):
        return _moment(name, times, values)
    return found[0]


def _moment(name: str, times: list[int], values: list[float]) -> str:
    if not times:
        return "--"
    match name:
        case "FIRST_TIME":
            time_s = times[0]
        case "LAST_TIME":
            time_s = times[-1]
        case "MAX_TIME":
            time_s = times[values.index(max(values))]
        case _:
            time_s = times[values.index(min(values))]
    return datetime.fromtimestamp(time_s, UTC).strftime("%H:%M")


def _property(name: str, subject: Subject) -> str:
    metric = subject.metric
    match name.split(".", 1):
        case ["AccountId"]:
            return subject.place.account
        case ["Region"]:
            return subject.place.region
        case ["Period"]:
            return str(subject.period_s)
        case ["Stat"]:
            return subject.stat
        case ["MetricName"] if metric is not None:
            return metric.name
        case ["Namespace"] if metric is not None:
            return metric.namespace
        case ["Dim", dimension] if metric is not None:
            return dict(metric.dimensions).get(dimension, "")
        case _:
            return ""
