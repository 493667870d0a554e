"""Date and time pictures such as `[Y0001]-[M01]-[D01] [FNn]`: their analysis, and writing moments by them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fogbank.asl.jsonata_library.integers import IntegerPicture, Style, analyse, write
from fogbank.asl.jsonata_library.moments import DAYS, MONTHS, part_of
from fogbank.asl.jsonata_syntax.errors import JsonataError

_DEFAULTS: Final = {
    "Y": "1", "M": "1", "D": "1", "d": "1", "F": "n", "W": "1", "w": "1", "X": "1", "x": "1", "H": "1", "h": "1",
    "P": "n", "m": "01", "s": "01", "f": "1", "Z": "01:01", "z": "01:01", "C": "n", "E": "n",
}  # fmt: skip


@dataclass(slots=True)
class Marker:
    """`[Y0001,4]`. `names` is the case of a written name: N upper, n lower, Nn title."""

    component: str
    modifier: str
    names: str | None
    integer: IntegerPicture | None
    width_min: int | None
    width_max: int | None
    year_digits: int | None


def read_picture(picture: str) -> list[str | Marker]:
    """Literal text and markers in order. Raises D3132 to D3135."""
    parts: list[str | Marker] = []
    literal = ""
    at = 0
    while at < len(picture):
        char = picture[at]
        if char == "[" and picture[at + 1 : at + 2] != "[":
            if literal:
                parts.append(literal)
                literal = ""
            end = picture.find("]", at)
            if end < 0:
                raise JsonataError("D3135")
            parts.append(_marker(re.sub(r"\s+", "", picture[at + 1 : end])))
            at = end + 1
            continue
        literal += char
        # `[[` and `]]` stand for one bracket.
        at += 2 if picture[at : at + 2] in ("[[", "]]") else 1
    if literal:
        parts.append(literal)
    return parts


def _marker(text: str) -> Marker:
    component = text[:1]
    presentation, comma, width = text[1:].rpartition(",")
    if not comma:
        presentation, width = text[1:], ""
    if component not in _DEFAULTS:
        raise JsonataError("D3132", value=component)
    width_min, width_max = _widths(width)
    modifier = ""
    if len(presentation) > 1 and presentation[-1] in "atco":
        presentation, modifier = presentation[:-1], presentation[-1]
    presentation = presentation or _DEFAULTS[component]
    names = None
    integer = None
    if presentation[0] in "Nn":
        names = presentation[:2] if presentation[:2] == "Nn" else presentation[0]
    elif component in "YMDdFWwXxHhmsfZz":
        integer = analyse(presentation + (";o" if modifier == "o" else ""))
        if component == "f" and integer.digits_min == 1 and width_min is not None:
            integer.digits_min = max(width_min, 1)
        elif width_min is not None and integer.digits_min < width_min:
            integer.digits_min = width_min
    marker = Marker(component, modifier, names, integer, width_min, width_max, None)
    if component == "Y":
        marker.year_digits = _year_digits(marker)
    return marker


def _widths(text: str) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    low, dash, high = text.partition("-")
    least = int(low) if low.isdigit() else None
    most = int(high) if dash and high.isdigit() else None
    return least, most


def _year_digits(marker: Marker) -> int | None:
    """How many last digits of the year are shown; None for all."""
    if marker.width_max is not None:
        return marker.width_max
    if marker.integer is None or marker.integer.style is not Style.DECIMAL:
        return None
    digits = marker.integer.digits_min + marker.integer.digits_optional
    return digits if digits >= 2 else None


def write_moment(at: datetime, offset_minutes: int, picture: list[str | Marker]) -> str:
    """`at` (UTC) as seen `offset_minutes` east of Greenwich. Raises D3133, D3134."""
    local = at + timedelta(minutes=offset_minutes)
    return "".join(
        part if isinstance(part, str) else _written(local, offset_minutes, part) for part in picture
    )


def _written(local: datetime, offset_minutes: int, marker: Marker) -> str:
    if marker.component in "Zz":
        return _zone(offset_minutes, marker)
    value = part_of(local, marker.component)
    if marker.integer is not None and isinstance(value, int):
        if marker.year_digits is not None:
            value %= 10**marker.year_digits
            if marker.integer.digits_min < marker.year_digits and marker.width_max is not None:
                marker.integer.digits_min = min(marker.year_digits, 4)
        return write(value, marker.integer)
    if isinstance(value, int):
        value = _name(value, marker)
    match marker.names:
        case "N":
            value = value.upper()
        case "Nn":
            value = value[:1].upper() + value[1:]
        case _:
            value = value.lower() if marker.component not in "CE" else value
    if marker.width_max is not None and marker.component in "MxF":
        value = value[: marker.width_max]
    return value


def _name(value: int, marker: Marker) -> str:
    match marker.component:
        case "M" | "x":
            return MONTHS[value - 1]
        case "F":
            return DAYS[value]
        case component:
            raise JsonataError("D3133", value=component)


def _zone(offset_minutes: int, marker: Marker) -> str:
    integer = marker.integer
    assert integer is not None  # the default of Z and z is a picture of digits
    sign = "-" if offset_minutes < 0 else "+"
    hours, minutes = divmod(abs(offset_minutes), 60)
    if integer.separators:
        text = write(hours * 100 + minutes, integer)
    elif integer.digits_min <= 2:
        text = write(hours, integer) + (f":{minutes:02d}" if minutes else "")
    elif integer.digits_min <= 4:
        text = write(hours * 100 + minutes, integer)
    else:
        raise JsonataError("D3134", value=integer.digits_min)
    if marker.modifier == "t" and offset_minutes == 0:
        return "Z"
    return ("GMT" if marker.component == "z" else "") + sign + text
