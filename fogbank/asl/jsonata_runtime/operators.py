"""What the binary operators do with two values. Nothing here knows of nodes or frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from fogbank.asl.jsonata_runtime.run import Run
from fogbank.asl.jsonata_runtime.text import text_of
from fogbank.asl.jsonata_runtime.values import UNDEFINED, equal, is_number, tidy
from fogbank.asl.jsonata_syntax.errors import JsonataError

Operator = Callable[[Any, Any], Any]

_RANGE_MAX: Final = 10**7  # the language's own bound; that on memory is lower, and answers below it


def finite(value: int | float) -> int | float:
    """`value`; raises D1001 if JSON has no such number."""
    if type(value) is float and not math.isfinite(value):
        raise JsonataError("D1001", value=value)
    return value


def _numeric(token: str, compute: Callable[[Any, Any], int | float]) -> Operator:
    def operate(left: Any, right: Any) -> Any:
        if type(left) is int and type(right) is int:
            return tidy(compute(left, right))
        if left is not UNDEFINED and not is_number(left):
            raise JsonataError("T2001", value=left, token=token)
        if right is not UNDEFINED and not is_number(right):
            raise JsonataError("T2002", value=right, token=token)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        try:
            return tidy(compute(finite(left), finite(right)))
        except OverflowError:
            return math.inf

    return operate


def _divide(left: int | float, right: int | float) -> int | float:
    if right == 0:
        if left == 0:
            return math.nan
        return math.inf if (left > 0) == (math.copysign(1, right) > 0) else -math.inf
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float:
    # JavaScript's: the sign of the dividend.
    return math.nan if right == 0 else math.fmod(left, right)


def _ordering(token: str, compute: Callable[[Any, Any], bool]) -> Operator:
    def operate(left: Any, right: Any) -> Any:
        for value in (left, right):
            if value is not UNDEFINED and type(value) is not str and not is_number(value):
                raise JsonataError("T2010", value=value, token=token)
        if left is UNDEFINED or right is UNDEFINED:
            return UNDEFINED
        if (type(left) is str) != (type(right) is str):
            raise JsonataError("T2009", value=left, value2=right, token=token)
        return compute(left, right)

    return operate


def _equals(left: Any, right: Any, run: Run) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and equal(left, right, run)


def _differs(left: Any, right: Any, run: Run) -> bool:
    return left is not UNDEFINED and right is not UNDEFINED and not equal(left, right, run)


def _within(left: Any, right: Any, run: Run) -> bool:
    if left is UNDEFINED or right is UNDEFINED:
        return False
    items = right if isinstance(right, list) else [right]
    run.spend(len(items))
    if isinstance(left, (list, dict)):
        return any(item is left for item in items)
    return any(equal(left, item, run) for item in items if not isinstance(item, (list, dict)))


def concatenate(left: Any, right: Any) -> str:
    """`left & right`."""
    return (left if type(left) is str else text_of(left)) + (right if type(right) is str else text_of(right))


def range_bounds(left: Any, right: Any) -> tuple[int, int]:
    """First and last of `left..right`; (1, 0) where there is nothing. Raises T2003, T2004, D2014."""
    for value, code in ((left, "T2003"), (right, "T2004")):
        if value is not UNDEFINED and not (is_number(value) and float(value).is_integer()):
            raise JsonataError(code, value=value)
    if left is UNDEFINED or right is UNDEFINED:
        return 1, 0
    if right - left >= _RANGE_MAX:
        raise JsonataError("D2014", value=int(right) - int(left) + 1)
    return int(left), int(right)


OPERATORS: Final[dict[str, Operator]] = {
    "+": _numeric("+", lambda left, right: left + right),
    "-": _numeric("-", lambda left, right: left - right),
    "*": _numeric("*", lambda left, right: left * right),
    "/": _numeric("/", _divide),
    "%": _numeric("%", _remainder),
    "<": _ordering("<", lambda left, right: left < right),
    "<=": _ordering("<=", lambda left, right: left <= right),
    ">": _ordering(">", lambda left, right: left > right),
    ">=": _ordering(">=", lambda left, right: left >= right),
}
COMPARISONS: Final[dict[str, Callable[[Any, Any, Run], bool]]] = {"=": _equals, "!=": _differs, "in": _within}
