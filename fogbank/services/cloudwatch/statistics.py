"""The statistics of CloudWatch over a distribution: `Sum`, `p99.9`, `tm(10%:90%)`, `PR(:300)`, … Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from fogbank.services.cloudwatch.distribution import Detail, Distribution

#: A statistic of a distribution; None when it cannot be told, as a percentile of statistic sets.
Statistic = Callable[[Distribution], float | None]

SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda d: d.count,
    "Sum": lambda d: d.total,
    "Average": lambda d: d.total / d.count if d.count else None,
    "Minimum": lambda d: d.low,
    "Maximum": lambda d: d.high,
}
_PERCENTILE = re.compile(r"p(\d{1,2}(\.\d{1,10})?|100)$")
_SHORT = re.compile(r"(tm|tc|ts|wm)(\d{1,2}(\.\d{1,10})?|100)$")
_RANGED = re.compile(r"(TM|TC|TS|WM)\((\d*\.?\d*)(%?):(\d*\.?\d*)(%?)\)$", re.IGNORECASE)
_RANK = re.compile(r"PR\((-?\d*\.?\d*):(-?\d*\.?\d*)\)$", re.IGNORECASE)


def parse_statistic(text: str) -> Statistic | None:
    """The statistic of that name; None when there is none."""
    if text in SIMPLE:
        return SIMPLE[text]
    if text == "IQM":
        return _trimmed("TM", 0.25, 0.75, True)
    if found := _PERCENTILE.match(text):
        return _percentile(float(found[1]) / 100)
    if found := _SHORT.match(text):
        return _trimmed(found[1].upper(), 0.0, float(found[2]) / 100, True)
    if found := _RANGED.match(text):
        return _ranged(found)
    if (found := _RANK.match(text)) and (found[1] or found[2]):
        return _rank(_bound(found[1], -math.inf), _bound(found[2], math.inf))
    return None


def _bound(text: str, default: float) -> float:
    return float(text) if text else default


def _ranged(found: re.Match[str]) -> Statistic | None:
    relative = bool(found[3] or found[5])
    if not (found[2] or found[4]) or "." in (found[2], found[4]):
        return None
    if relative:
        return _trimmed(found[1].upper(), _bound(found[2], 0.0) / 100, _bound(found[4], 100.0) / 100, True)
    return _trimmed(found[1].upper(), _bound(found[2], -math.inf), _bound(found[4], math.inf), False)


def _percentile(share: float) -> Statistic:
    def statistic(distribution: Distribution) -> float | None:
        return value_at(distribution, share)

    return statistic


def value_at(distribution: Distribution, share: float) -> float | None:
    """The least value that at least `share` of the samples do not exceed."""
    if distribution.detail is Detail.NONE:
        return None
    wanted, seen = share * distribution.count, 0.0
    value = None
    for value, count in distribution.samples():
        seen += count
        if seen >= wanted - 1e-9:
            return value
    return value


def _trimmed(kind: str, low: float, high: float, relative: bool) -> Statistic:
    """Mean, count or sum of what lies between two shares of the samples, or two values; WM winsorises instead."""

    def statistic(distribution: Distribution) -> float | None:
        if distribution.detail is Detail.NONE:
            return None
        part = _shares(distribution, low, high) if relative else _values(distribution, low, high)
        count = sum(n for _, n in part)
        total = sum(value * n for value, n in part)
        match kind:
            case "TC":
                return count
            case "TS":
                return total
            case "TM":
                return total / count if count else None
            case _:
                return _winsorized(distribution, part)

    return statistic


def _shares(distribution: Distribution, low: float, high: float) -> list[tuple[float, float]]:
    """The samples between two shares of all; a value on the border counts in part."""
    part, seen = [], 0.0
    first, last = low * distribution.count, high * distribution.count
    for value, count in distribution.samples():
        inside = min(seen + count, last) - max(seen, first)
        if inside > 0:
            part.append((value, inside))
        seen += count
    return part


def _values(distribution: Distribution, low: float, high: float) -> list[tuple[float, float]]:
    return [(value, count) for value, count in distribution.samples() if low < value <= high]


def _winsorized(distribution: Distribution, part: list[tuple[float, float]]) -> float | None:
    if not part:
        return None
    floor, ceiling = part[0][0], part[-1][0]
    total = sum(min(ceiling, max(floor, value)) * count for value, count in distribution.samples())
    return total / distribution.count


def _rank(low: float, high: float) -> Statistic:
    """How many per cent of the samples lie in (low, high]."""

    def statistic(distribution: Distribution) -> float | None:
        if distribution.detail is Detail.NONE or not distribution.count:
            return None
        inside = sum(count for _, count in _values(distribution, low, high))
        return 100.0 * inside / distribution.count

    return statistic
