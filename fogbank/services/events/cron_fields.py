"""The fields of cron expressions as AWS has them: lists, ranges, steps, names, and `L`, `W`, `#` of days. Pure."""

from __future__ import annotations

from calendar import monthrange, weekday
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: Whether a day of a month fits: (year, month, day).
Day = Callable[[int, int, int], bool]
DayOfMonth = Day
DayOfWeek = Day


class BadField(ValueError):
    """No value of the field."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a field, and their names."""

    first: int
    last: int
    names: Mapping[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        found = self.names.get(text.upper())
        if found is None:
            if not text.isascii() or not text.isdigit():
                raise BadField(f"{text} is no value")
            found = int(text)
        if not self.first <= found <= self.last:
            raise BadField(f"{text} is out of range")
        return found


MINUTES = Range(0, 59)
HOURS = Range(0, 23)
MONTH_DAYS = Range(1, 31)
MONTHS = Range(
    1,
    12,
    {
        name: number
        for number, name in enumerate("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)  # noqa: SIM905
    },
)
DAYS = Range(1, 7, {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7})
YEARS = Range(1970, 2199)


def values_of(text: str, allowed: Range) -> frozenset[int]:
    """A list of values, ranges and steps. Raises BadField."""
    return frozenset(value for part in text.split(",") for value in _part(part, allowed))


def _part(text: str, allowed: Range) -> range:
    base, slash, step_text = text.partition("/")
    step = 1
    if slash:
        if not step_text.isascii() or not step_text.isdigit() or int(step_text) == 0:
            raise BadField(f"{text}: no step")
        step = int(step_text)
    if base == "*":
        return range(allowed.first, allowed.last + 1, step)
    low, dash, high = base.partition("-")
    first = allowed.number(low)
    if not dash:
        return range(first, allowed.last + 1, step) if slash else range(first, first + 1)
    last = allowed.number(high)
    if last < first:
        raise BadField(f"{text}: a range ends before it begins")
    return range(first, last + 1, step)


def day_of_month(text: str) -> DayOfMonth:
    """`L` is the last day, `15W` the weekday nearest to the 15th of the same month. Raises BadField."""
    if text == "L":
        return lambda year, month, day: day == monthrange(year, month)[1]
    if text == "LW":
        return lambda year, month, day: day == _nearest(year, month, monthrange(year, month)[1])
    if text.endswith("W"):
        wanted = MONTH_DAYS.number(text[:-1])
        return lambda year, month, day: (
            wanted <= monthrange(year, month)[1] and day == _nearest(year, month, wanted)
        )
    days = values_of(text, MONTH_DAYS)
    return lambda year, month, day: day in days


def _nearest(year: int, month: int, day: int) -> int:
    """The weekday nearest to a day, within its month."""
    number = weekday(year, month, day)
    if number == 5:
        return day - 1 if day > 1 else day + 2
    if number == 6:
        return day + 1 if day < monthrange(year, month)[1] else day - 2
    return day


def day_of_week(text: str, allowed: Range) -> DayOfWeek:
    """`6L` is the last Friday, `3#2` the second Tuesday, `L` Saturday. Raises BadField."""
    if text == "L":
        text = str(allowed.last)
    if text.endswith("L"):
        wanted = allowed.number(text[:-1])
        return lambda year, month, day: (
            _number(year, month, day) == wanted and day + 7 > monthrange(year, month)[1]
        )
    name, sharp, ordinal = text.partition("#")
    if sharp:
        wanted = allowed.number(name)
        nth = Range(1, 5).number(ordinal)
        return lambda year, month, day: _number(year, month, day) == wanted and (day - 1) // 7 + 1 == nth
    days = values_of(text, allowed)
    return lambda year, month, day: _number(year, month, day) in days


def _number(year: int, month: int, day: int) -> int:
    """Sunday is 1."""
    return (weekday(year, month, day) + 1) % 7 + 1
