"""`$now`, `$millis`, `$fromMillis` and `$toMillis`. The clock is the budget's: it stands still during an evaluation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fogbank.asl.jsonata_library.date_pictures import Marker, read_picture, write_moment
from fogbank.asl.jsonata_library.integers import Style, pattern_of, read
from fogbank.asl.jsonata_library.moments import DAYS, MONTHS, millis_of, moment, part_of
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED
from fogbank.asl.jsonata_syntax.errors import JsonataError

_DEFAULT_PICTURE: Final = "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01t]"
_ISO = re.compile(
    r"(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d):([0-5]\d)(?:\.(\d+))?)?(Z|[+-][0-2]\d:?[0-5]\d)?"
)


def now(run: Run, picture: Any, zone: Any) -> Any:
    return from_millis(run, run.budget.now_ms, picture, zone)


def millis(run: Run) -> Any:
    return run.budget.now_ms


def from_millis(run: Run, value: Any, picture: Any, zone: Any) -> Any:
    """Raises D3110 for a moment outside the years 1 to 9999, and as pictures do."""
    if value is UNDEFINED:
        return UNDEFINED
    at = moment(value)
    if at is None:
        raise JsonataError("D3110", value=value)
    offset_minutes = 0 if zone is UNDEFINED else _offset_minutes(zone)
    text = _DEFAULT_PICTURE if picture is UNDEFINED else picture
    run.hold_text(len(text))
    try:
        return write_moment(at, offset_minutes, read_picture(text))
    except OverflowError:
        raise JsonataError("D3110", value=value) from None


def _offset_minutes(zone: str) -> int:
    match = re.match(r"\s*([+-]?)(\d{1,4})", zone)
    if match is None:
        return 0
    hours, minutes = divmod(int(match[2]), 100)
    size = hours * 60 + minutes
    return -size if match[1] == "-" else size


def to_millis(run: Run, text: Any, picture: Any) -> Any:
    """Raises D3110, D3136; UNDEFINED if `text` does not follow `picture`."""
    if text is UNDEFINED:
        return UNDEFINED
    run.hold_text(len(text))
    if picture is UNDEFINED:
        return _from_iso(text)
    return _from_picture(run, text, read_picture(picture))


def _from_iso(text: str) -> int:
    match = _ISO.fullmatch(text)
    if match is None:
        raise JsonataError("D3110", value=text)
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        at = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
    except ValueError:
        raise JsonataError("D3110", value=text) from None
    offset_minutes = 0
    if zone not in (None, "Z"):
        size = int(zone[1:3]) * 60 + int(zone[-2:])
        offset_minutes = -size if zone[0] == "-" else size
    return millis_of(at) - offset_minutes * 60_000 + int((fraction or "0").ljust(3, "0")[:3])


# --- by picture -------------------------------------------------------------------------------------------------------
def _from_picture(run: Run, text: str, picture: list[str | Marker]) -> Any:
    markers = [part for part in picture if isinstance(part, Marker)]
    _fix_widths(picture)
    pattern = "".join(re.escape(part) if isinstance(part, str) else f"({_pattern(part)})" for part in picture)
    # Words and digits next to each other could be split in many ways; a long text is refused before that costs.
    if len(text) > 1000:
        return UNDEFINED
    match = re.fullmatch(pattern, text, re.IGNORECASE)
    if match is None:
        return UNDEFINED
    found = {
        marker.component: _value(captured, marker)
        for marker, captured in zip(markers, match.groups(), strict=True)
    }
    return _assembled(run, found) if found else UNDEFINED


def _fix_widths(picture: list[str | Marker]) -> None:
    """Digits that follow digits with nothing between are told apart by their width."""
    for first, second in zip(picture, [*picture[1:], ""], strict=True):
        if (
            isinstance(first, Marker)
            and first.integer is not None
            and first.integer.style is Style.DECIMAL
            and isinstance(second, Marker)
            and second.integer is not None
        ):
            first.integer.width = first.integer.digits_min


def _pattern(marker: Marker) -> str:
    if marker.component in "Zz":
        separated = marker.integer is not None and marker.integer.separators
        return ("GMT" if marker.component == "z" else "") + (
            r"[-+][0-9]+:[0-9]+" if separated else r"[-+][0-9]+(?::[0-9]+)?"
        ) + ("|Z" if marker.modifier == "t" else "")  # fmt: skip
    if marker.integer is not None:
        return pattern_of(marker.integer)
    return "[a-zA-Z]+"


def _value(text: str, marker: Marker) -> int | float:
    component = marker.component
    if component in "Zz":
        return _zone_minutes(text, marker)
    if component == "P":
        return 1 if text.lower() == "pm" else 0
    if marker.integer is not None:
        value = read(text, marker.integer)
        if component == "Y" and marker.integer.style is Style.DECIMAL and marker.year_digits == 2:
            return value + 2000 if value < 70 else value + 1900
        return value
    names = {"M": MONTHS, "x": MONTHS, "F": DAYS[1:]}.get(component)
    if names is None:
        raise JsonataError("D3133", value=component)
    width = marker.width_max
    for index, name in enumerate(names):
        if name[:width].lower() == text.lower():
            return index + 1
    return -1


def _zone_minutes(text: str, marker: Marker) -> int:
    if text in ("Z", "z"):
        return 0
    digits = text.removeprefix("GMT")
    sign = -1 if digits[0] == "-" else 1
    hours, colon, minutes = digits[1:].partition(":")
    if colon:
        return sign * (int(hours) * 60 + int(minutes))
    if len(hours) <= 2:
        return sign * int(hours) * 60
    return sign * (int(hours[:-2]) * 60 + int(hours[-2:]))


def _assembled(run: Run, found: dict[str, int | float]) -> Any:
    """The moment of what was found: larger units that are missing are today's, smaller ones the first."""
    if any(component in found for component in "XxWw") and not {"M", "D", "d"} & found.keys():
        # A week date names no day that JSONata would compute.
        raise JsonataError("D3136")
    by_day = "d" in found and "M" not in found and "D" not in found
    twelve = "P" in found and "h" in found
    today = moment(run.budget.now_ms)
    assert today is not None  # the clock stands within the years that Python knows
    started = ended = False
    values: dict[str, int] = {}
    for component in ("Yd" if by_day else "YMD") + ("Phmsf" if twelve else "Hmsf"):
        if component in found:
            if ended:
                raise JsonataError("D3136")
            started = True
            values[component] = int(found[component])
        elif started:
            values[component] = 1 if component in "MDd" else 0
            ended = True
        else:
            current = part_of(today, component)
            values[component] = current if isinstance(current, int) else int(current == "pm")
    hour = values["h"] % 12 + 12 * values["P"] if twelve else values["H"]
    offset_minutes = int(found.get("Z", found.get("z", 0)))
    try:
        start = datetime(values["Y"], 1, 1, tzinfo=UTC)
        if by_day:
            start += timedelta(days=values["d"] - 1)
        else:
            start = _month_start(start, values["M"]) + timedelta(days=values["D"] - 1)
        start += timedelta(
            hours=hour, minutes=values["m"] - offset_minutes, seconds=values["s"], milliseconds=values["f"]
        )
    except (ValueError, OverflowError):
        return UNDEFINED
    return millis_of(start)


def _month_start(january: datetime, month: int) -> datetime:
    years, index = divmod(month - 1, 12)
    return january.replace(year=january.year + years, month=index + 1)
