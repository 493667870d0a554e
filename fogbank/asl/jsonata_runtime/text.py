"""Numbers and values as text, as JavaScript writes them: that is how JSONata's `$string` and `&` are defined."""

from __future__ import annotations

import json
import math
from typing import Any

from fogbank.asl.jsonata_runtime.values import UNDEFINED, Function
from fogbank.asl.jsonata_syntax.errors import JsonataError

_quote = json.encoder.encode_basestring


def number_text(number: int | float) -> str:
    """The shortest text that reads back as the same double: `100`, `0.1`, `1e+21`, `1e-7`."""
    if type(number) is int and -(10**15) < number < 10**15:
        return str(number)
    value = float(number)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent_text = f"{value!r}e0".partition("e")
    exponent = int(exponent_text.removesuffix("e0"))
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return "0"
    point = len(whole) + exponent - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1:+d}"


def rounded_text(number: int | float) -> str:
    """As `number_text`, of the number rounded to 15 significant digits, which hides what binary fractions add."""
    if type(number) is int and -(10**15) < number < 10**15:
        return str(number)
    return number_text(float(f"{number:.15g}"))


def text_of(value: Any, indent: bool = False) -> str:
    """What `$string` makes of any value. Raises D3001 for a number that JSON lacks."""
    kind = type(value)
    if kind is str:
        return str(value)
    if value is UNDEFINED or isinstance(value, Function):
        return ""
    if kind is float and not math.isfinite(value):
        raise JsonataError("D3001", value=number_text(value))
    parts: list[str] = []
    _write(value, parts, "\n" if indent else "")
    return "".join(parts)


def _write(value: Any, parts: list[str], newline: str) -> None:
    kind = type(value)
    if kind is str:
        parts.append(_quote(value))
    elif value is None:
        parts.append("null")
    elif kind is bool:
        parts.append("true" if value else "false")
    elif kind is int or kind is float:
        if kind is float and not math.isfinite(value):
            raise JsonataError("D1001", value=value)
        parts.append(rounded_text(value))
    elif isinstance(value, dict):
        _write_object(value, parts, newline)
    elif isinstance(value, list):
        _write_items(value, parts, newline)
    elif isinstance(value, Function):
        parts.append('""')
    else:
        parts.append("null")


def _write_items(items: list[Any], parts: list[str], newline: str) -> None:
    if not items:
        parts.append("[]")
        return
    inner = f"{newline}  " if newline else ""
    parts.append("[")
    for index, item in enumerate(items):
        parts.append("," + inner if index else inner)
        _write(item, parts, inner)
    parts.append(newline + "]")


def _write_object(members: dict[str, Any], parts: list[str], newline: str) -> None:
    if not members:
        parts.append("{}")
        return
    inner = f"{newline}  " if newline else ""
    colon = ": " if newline else ":"
    parts.append("{")
    separator = inner
    for key, value in members.items():
        if value is UNDEFINED:
            continue
        parts.append(separator + _quote(key) + colon)
        _write(value, parts, inner)
        separator = "," + inner
    parts.append(newline + "}")
