"""What metric math computes with: numbers, time series, and arrays of time series."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Series:
    """A time series: values by Unix seconds, ascending. `label` is shown when no other is given."""

    points: dict[int, float]
    period_s: int
    label: str = ""
    metric: bool = field(default=True)  # False: made by an expression

    def map(self, change: Callable[[float], float | None]) -> Series:
        """Each value changed; None drops the point."""
        return self.with_points((time_s, change(value)) for time_s, value in self.points.items())

    def with_points(self, points: Iterable[tuple[int, float | None]]) -> Series:
        kept = {time_s: value for time_s, value in points if value is not None}
        return Series(kept, self.period_s, self.label, self.metric)


@dataclass(frozen=True, slots=True)
class Many:
    """An array of time series."""

    series: tuple[Series, ...]


Value = float | Series | Many
