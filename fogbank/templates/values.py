"""What operators do with values: truth, equality, order, arithmetic, as Velocity 1.7 has them over Java's types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.java.text import text_of
from fogbank.templates.errors import TemplateError
from fogbank.templates.limits import FOREACH_ITERATIONS_MAX, INTEGER_BITS_MAX, STRING_CHARS_MAX


def truth(value: Any) -> bool:
    """Only null and false are false; an empty string and zero are not."""
    return value is not None and value is not False


def equal(left: Any, right: Any) -> bool:
    """`==`. What has no value equals the empty string (AWS recordings); values of different types, if their texts do."""
    if left is None or right is None:
        return (left is None or left == "") and (right is None or right == "")
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right or (type(left) is not type(right) and text_of(left) == text_of(right))
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is type(right):
        return bool(left == right)
    return text_of(left) == text_of(right)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers_only(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: is_number(left) and is_number(right) and compare(left, right)


def add(left: Any, right: Any) -> Any:
    """A sum, or with a string the two texts joined."""
    if isinstance(left, str) or isinstance(right, str):
        return bounded(text_of(left) + text_of(right))
    return _arithmetic(left, right, lambda a, b: a + b)


def subtract(left: Any, right: Any) -> Any:
    return _arithmetic(left, right, lambda a, b: a - b)


def multiply(left: Any, right: Any) -> Any:
    return _arithmetic(left, right, lambda a, b: a * b)


def divide(left: Any, right: Any) -> Any:
    """Integers divide towards zero; by zero gives null."""
    if not is_number(right) or right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return _arithmetic(left, right, lambda a, b: a / b)


def remainder(left: Any, right: Any) -> Any:
    """With the sign of the dividend."""
    if not is_number(left) or not is_number(right) or right == 0:
        return None
    rest = abs(left) % abs(right)
    return rest if left >= 0 else -rest


def negate(value: Any) -> Any:
    return -value if is_number(value) else None


def _arithmetic(left: Any, right: Any, operation: Callable[[Any, Any], Any]) -> Any:
    if not is_number(left) or not is_number(right):
        return None
    try:
        result = operation(left, right)
    except OverflowError:
        return None
    if type(result) is int and result.bit_length() > INTEGER_BITS_MAX:
        raise TemplateError("a number is too large")
    return result


def bounded(text: str) -> str:
    if len(text) > STRING_CHARS_MAX:
        raise TemplateError("a string is too long")
    return text


def range_of(first: Any, last: Any) -> list[int] | None:
    """`[a..b]`, downwards too; no longer than what a loop runs through."""
    if not isinstance(first, int) or not isinstance(last, int):
        return None
    step = 1 if last >= first else -1
    count = min(abs(last - first) + 1, FOREACH_ITERATIONS_MAX * 10)
    return [first + step * index for index in range(count)]


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _numbers_only(lambda a, b: a < b),
    "<=": _numbers_only(lambda a, b: a <= b),
    ">": _numbers_only(lambda a, b: a > b),
    ">=": _numbers_only(lambda a, b: a >= b),
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": remainder,
}
