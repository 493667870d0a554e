"""Parts of a moment as date and time pictures name them: `Y` the year, `M` the month, `W` the week…"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

DAYS: Final = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment(millis: float) -> datetime | None:
    """UTC time at `millis`; None outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(milliseconds=millis)
    except OverflowError:
        return None


def millis_of(at: datetime) -> int:
    """Unix milliseconds."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def part_of(at: datetime, component: str) -> int | str:
    """One component of a moment. Weeks are ISO's: they start on Monday and belong where their Thursday is."""
    thursday = at + timedelta(days=4 - at.isoweekday()) if 5 < at.toordinal() < 3_652_050 else at
    match component:
        case "Y":
            return at.year
        case "M":
            return at.month
        case "D":
            return at.day
        case "d":
            return at.timetuple().tm_yday
        case "F":
            return at.isoweekday()
        case "W":
            return at.isocalendar().week
        case "w":
            return (thursday.day - 1) // 7 + 1
        case "X":
            return at.isocalendar().year
        case "x":
            return thursday.month
        case "H":
            return at.hour
        case "h":
            return at.hour % 12 or 12
        case "P":
            return "am" if at.hour < 12 else "pm"
        case "m":
            return at.minute
        case "s":
            return at.second
        case "f":
            return at.microsecond // 1000
        case _:  # the calendar and the era
            return "ISO"
