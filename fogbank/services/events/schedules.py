"""Schedule expressions: `rate(5 minutes)` and `cron(0 12 ? * MON-FRI *)`, in UTC, and when each is due next. Pure."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fogbank.services.events.cron_fields import (
    DAYS,
    HOURS,
    MINUTES,
    MONTHS,
    YEARS,
    BadField,
    DayOfMonth,
    DayOfWeek,
    day_of_month,
    day_of_week,
    values_of,
)

_RATE = re.compile(r"rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)\Z")
_CRON = re.compile(r"cron\(([^()]*)\)\Z")
_UNIT_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


class BadSchedule(ValueError):
    """No schedule expression."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, from when it was set."""

    period_ms: int

    def after(self, when_ms: int) -> int | None:
        return when_ms + self.period_ms


@dataclass(frozen=True, slots=True)
class Cron:
    """At every minute that fits all its fields."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: DayOfMonth | None
    months: frozenset[int]
    week_days: DayOfWeek | None
    years: frozenset[int]

    def after(self, when_ms: int) -> int | None:
        """The first such minute after a time; None when there is none."""
        start = datetime.fromtimestamp(when_ms // 60_000 * 60, UTC) + timedelta(minutes=1)
        for year in sorted(year for year in self.years if year >= start.year):
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for day in self._days(year, month):
                    found = self._minute(datetime(year, month, day, tzinfo=UTC), start)
                    if found is not None:
                        return int(found.timestamp()) * 1000
        return None

    def _days(self, year: int, month: int) -> list[int]:
        last = monthrange(year, month)[1]
        fits = self.month_days or self.week_days
        assert fits is not None
        return [day for day in range(1, last + 1) if fits(year, month, day)]

    def _minute(self, day: datetime, start: datetime) -> datetime | None:
        if day.date() < start.date():
            return None
        for hour in self.hours:
            for minute in self.minutes:
                found = day.replace(hour=hour, minute=minute)
                if found >= start:
                    return found
        return None


Schedule = Rate | Cron


def parse_schedule(text: str) -> Schedule:
    """Raises BadSchedule."""
    rate = _RATE.match(text)
    if rate is not None:
        count, unit, plural = int(rate[1]), rate[2], bool(rate[3])
        if plural is (count == 1):
            raise BadSchedule("the unit is plural for all but 1")
        return Rate(count * _UNIT_MS[unit])
    cron = _CRON.match(text)
    if cron is None:
        raise BadSchedule("neither rate nor cron")
    fields = cron[1].split()
    if len(fields) != 6:
        raise BadSchedule("cron has six fields")
    minute, hour, month_day, month, week_day, year = fields
    if (month_day == "?") is (week_day == "?"):
        raise BadSchedule("exactly one of the days is ?")
    try:
        return Cron(
            tuple(sorted(values_of(minute, MINUTES))),
            tuple(sorted(values_of(hour, HOURS))),
            None if month_day == "?" else day_of_month(month_day),
            values_of(month, MONTHS),
            None if week_day == "?" else day_of_week(week_day, DAYS),
            values_of(year, YEARS),
        )
    except BadField as problem:
        raise BadSchedule(str(problem)) from None
