"""Functions over numbers."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any, Final

from fogbank.asl.jsonata_runtime.operators import finite
from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.values import UNDEFINED, tidy, whole
from fogbank.asl.jsonata_syntax.errors import JsonataError

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?([Ee][-+]?[0-9]+)?")
_PREFIXED = re.compile(r"0[xX][0-9A-Fa-f]+|0[oO][0-7]+|0[bB][01]+")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def sum_of(run: Run, numbers: Any) -> Any:
    if numbers is UNDEFINED:
        return UNDEFINED
    run.spend(len(numbers) >> 3)
    return tidy(sum(numbers))


def max_of(run: Run, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else max(numbers)


def min_of(run: Run, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else min(numbers)


def average(run: Run, numbers: Any) -> Any:
    return UNDEFINED if numbers is UNDEFINED or not numbers else tidy(sum(numbers) / len(numbers))


def number(run: Run, value: Any) -> Any:
    """`$number`: text in decimal, hex, octal or binary, and booleans. Raises D3030."""
    if value is UNDEFINED:
        return UNDEFINED
    if type(value) is bool:
        return int(value)
    if type(value) is str:
        if _DECIMAL.fullmatch(value):
            try:
                return tidy(int(value))
            except ValueError:
                if math.isfinite(converted := float(value)):
                    return tidy(converted)
        elif _PREFIXED.fullmatch(value):
            return tidy(int(value, 0))
        raise JsonataError("D3030", value=value)
    return value


def floor(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else tidy(math.floor(finite(value)))


def ceil(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else tidy(math.ceil(finite(value)))


def absolute(run: Run, value: Any) -> Any:
    return UNDEFINED if value is UNDEFINED else abs(value)


def round_half_even(run: Run, value: Any, precision: Any) -> Any:
    """`$round`: to `precision` decimal places, ties to even; a negative precision rounds to tens, hundreds…"""
    if value is UNDEFINED or (type(value) is float and not math.isfinite(value)):
        return value
    return rounded(value, 0 if precision is UNDEFINED else whole(precision))


def rounded(value: int | float, places: int) -> int | float:
    """`value` rounded to `places`, ties to even, in decimal as it is written."""
    if abs(places) > 400:
        return value if places > 0 else 0
    # Shifting the text of the number, not the number, is what makes 4.515 a tie.
    shifted = round(Decimal(repr(value)).scaleb(places))
    return tidy(float(Decimal(shifted).scaleb(-places)))


def square_root(run: Run, value: Any) -> Any:
    if value is UNDEFINED:
        return UNDEFINED
    if value < 0:
        raise JsonataError("D3060", value=value)
    return tidy(math.sqrt(value))


def power(run: Run, base: Any, exponent: Any) -> Any:
    if base is UNDEFINED:
        return UNDEFINED
    try:
        result = math.pow(base, exponent)
    except (OverflowError, ValueError):
        result = math.inf
    if not math.isfinite(result):
        raise JsonataError("D3061", value=base, exp=exponent)
    return tidy(result)


def format_base(run: Run, value: Any, radix: Any) -> Any:
    """`$formatBase`: the nearest integer in base `radix`. Raises D3100."""
    if value is UNDEFINED:
        return UNDEFINED
    left = int(rounded(finite(value), 0))
    base = 10 if radix is UNDEFINED else int(rounded(finite(radix), 0))
    if not 2 <= base <= 36:
        raise JsonataError("D3100", value=base)
    digits = ""
    negative, left = left < 0, abs(left)
    while left or not digits:
        left, digit = divmod(left, base)
        digits = _DIGITS[digit] + digits
    return "-" + digits if negative else digits
