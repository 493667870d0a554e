"""Reads the stored rows of a metric as periods of a query."""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.core.limits import METRIC_ROWS_READ_MAX
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.distribution import Distribution
from fogbank.services.cloudwatch.journal import unpack_row
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Metric
from fogbank.services.cloudwatch.retaining import DAY_S, KEPT_S
from fogbank.store.api import Key, Store

PAGE = 1000
SHORT_PERIODS_S = (1, 5, 10, 30)

#: By unit, by start of the period in Unix seconds.
ByUnit = dict[str, dict[int, Distribution]]


@dataclass(frozen=True, slots=True)
class Range:
    """A query's periods: from `start_s` on, each of `period_s`, up to but without `end_s`."""

    start_s: int
    end_s: int
    period_s: int

    @classmethod
    def of(cls, start_ms: int, end_ms: int, period_s: int, now_ms: int) -> Range:
        """As CloudWatch rounds: the further back, the coarser the start."""
        start_s, age_s = start_ms // 1000, (now_ms - start_ms) // 1000
        if period_s in SHORT_PERIODS_S[1:]:
            step_s = period_s
        elif age_s <= 15 * DAY_S:
            step_s = 60
        elif age_s <= 63 * DAY_S:
            step_s = 300
        else:
            step_s = 3600
        return cls(start_s - start_s % step_s, -(-end_ms // 1000), period_s)

    def period_of(self, time_s: int) -> int:
        """The start of the period that holds `time_s`."""
        return time_s - (time_s - self.start_s) % self.period_s

    @property
    def periods(self) -> int:
        return max(0, -(-(self.end_s - self.start_s) // self.period_s))

    @property
    def resolution_s(self) -> int:
        """The coarsest rows that its periods can be made of."""
        for resolution_s in (3600, 300, 60):
            if self.period_s % resolution_s == 0 and self.start_s % resolution_s == 0:
                return resolution_s
        return 1


async def read_series(
    store: Store, place: Place, metric: Metric, wanted: Range, now_ms: int, unit: str | None = None
) -> ByUnit:
    """The periods that have samples. With `unit`, only samples of that unit."""
    resolution_s = wanted.resolution_s
    oldest_s = now_ms // 1000 - KEPT_S[resolution_s]
    prefix = keys.rows(place, metric.id, resolution_s)
    after: Key = (*prefix, max(wanted.start_s, oldest_s))
    found: ByUnit = {}
    for _ in range(METRIC_ROWS_READ_MAX // PAGE):
        page = await store.scan(prefix, after=after, before=(*prefix, wanted.end_s), limit=PAGE)
        for record in page:
            start_s, row_unit, samples = unpack_row(record)
            if unit is not None and row_unit != unit:
                continue
            periods = found.setdefault(row_unit, {})
            period = wanted.period_of(start_s)
            if (known := periods.get(period)) is None:
                periods[period] = samples
            else:
                known.merge(samples)
        if len(page) < PAGE:
            break
        after = page[-1].key
    return found


def merge_units(found: ByUnit) -> dict[int, Distribution]:
    """All units together, for queries that do not name one."""
    if len(found) == 1:
        return next(iter(found.values()))
    merged: dict[int, Distribution] = {}
    for periods in found.values():
        for start_s, samples in periods.items():
            merged.setdefault(start_s, Distribution()).merge(samples)
    return merged


def valid_period(period_s: int) -> bool:
    return period_s in SHORT_PERIODS_S or (period_s > 0 and period_s % 60 == 0)
