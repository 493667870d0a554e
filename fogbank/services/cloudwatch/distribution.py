"""The values of one metric in one period, mergeable. Pure.

Count, sum, minimum and maximum are exact. For percentiles and trimmed statistics the values themselves are kept while few are
distinct; beyond METRIC_EXACT_VALUES_MAX they fall into bins whose width grows by GROWTH, so an answer is within 1%. A
statistic set tells nothing of its values: what it is merged into has no percentiles, as on AWS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from fogbank.core.limits import METRIC_EXACT_VALUES_MAX

GROWTH = 1.02
_LOG_GROWTH = math.log(GROWTH)
_SHIFT = 40_000  # above the bin number of any float, so that bins of negative values sort below zero


class Detail(IntEnum):
    """What is known of the single values."""

    EXACT = 0  # bins are the values
    BINNED = 1
    NONE = 2


@dataclass(slots=True)
class Distribution:
    """Samples; `bins` maps a value or bin number to how many there are."""

    count: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    detail: Detail = Detail.EXACT
    bins: dict[float, float] = field(default_factory=dict)

    def add(self, value: float, count: float = 1.0) -> None:
        """`count` samples of one value."""
        self.count += count
        self.total += value * count
        if value < self.low:  # comparisons: this runs for every sample
            self.low = value
        if value > self.high:
            self.high = value
        if self.detail is Detail.EXACT:
            self.bins[value] = self.bins.get(value, 0.0) + count
            if len(self.bins) > METRIC_EXACT_VALUES_MAX:
                self._coarsen()
        elif self.detail is Detail.BINNED:
            number = bin_of(value)
            self.bins[number] = self.bins.get(number, 0.0) + count

    def add_set(self, count: float, total: float, low: float, high: float) -> None:
        """A statistic set. One of a single value is as good as the value."""
        if low == high:
            self.add(low, count)
            return
        self.merge(Distribution(count, total, low, high, Detail.NONE))

    def merge(self, other: Distribution) -> None:
        self.count += other.count
        self.total += other.total
        self.low = min(self.low, other.low)
        self.high = max(self.high, other.high)
        detail = max(self.detail, other.detail)
        if detail is Detail.NONE:
            self.detail, self.bins = detail, {}
            return
        if detail is Detail.BINNED and self.detail is Detail.EXACT:
            self._coarsen()
        for key, count in other.bins.items():
            at = bin_of(key) if detail > other.detail else key
            self.bins[at] = self.bins.get(at, 0.0) + count
        if detail is Detail.EXACT and len(self.bins) > METRIC_EXACT_VALUES_MAX:
            self._coarsen()

    def _coarsen(self) -> None:
        exact, self.bins, self.detail = self.bins, {}, Detail.BINNED
        for value, count in exact.items():
            number = bin_of(value)
            self.bins[number] = self.bins.get(number, 0.0) + count

    def samples(self) -> Iterator[tuple[float, float]]:
        """(value, count) by ascending value; nothing when the values are not known."""
        for key in sorted(self.bins):
            value = key if self.detail is Detail.EXACT else min(self.high, max(self.low, middle_of(int(key))))
            yield value, self.bins[key]

    def pack(self) -> list[Any]:
        """As JSON values; a single value, the common case, as itself and its count."""
        if self.low == self.high and self.detail is Detail.EXACT:
            return [self.low, self.count]
        return [
            self.count,
            self.total,
            self.low,
            self.high,
            self.detail,
            list(self.bins),
            list(self.bins.values()),
        ]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Distribution:
        if len(packed) == 2:
            value, count = packed
            return cls(count, value * count, value, value, Detail.EXACT, {value: count})
        count, total, low, high, detail, keys, counts = packed
        return cls(count, total, low, high, Detail(detail), dict(zip(keys, counts, strict=True)))

    def merge_packed(self, packed: list[Any]) -> None:
        """As `merge(unpack(packed))`."""
        if len(packed) == 2:
            self.add(*packed)
        else:
            self.merge(Distribution.unpack(packed))


def bin_of(value: float) -> int:
    """The number of the bin that `value` falls into; numbers sort as values do."""
    if value == 0.0:
        return 0
    number = math.ceil(math.log(abs(value)) / _LOG_GROWTH) + _SHIFT
    return number if value > 0 else -number


def middle_of(number: int) -> float:
    """A value within 1% of every value of the bin."""
    if number == 0:
        return 0.0
    size = 2.0 * math.exp((abs(number) - _SHIFT) * _LOG_GROWTH) / (GROWTH + 1.0)
    return size if number > 0 else -size
