"""The functions that a JsonPath may end in."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fogbank.java.jsonpath_nodes import PathError
from fogbank.java.text import text_of


def _numbers(value: Any) -> list[float]:
    items = value if isinstance(value, list) else []
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if not numbers:
        raise PathError("Aggregation function attempted to calculate value using empty array")
    return [float(item) for item in numbers]


def _length(value: Any, arguments: list[Any]) -> Any:
    return len(value) if isinstance(value, list | dict | str) else None


def _average(value: Any, arguments: list[Any]) -> Any:
    numbers = _numbers(value)
    return sum(numbers) / len(numbers)


def _deviation(value: Any, arguments: list[Any]) -> Any:
    numbers = _numbers(value)
    mean = sum(numbers) / len(numbers)
    return math.sqrt(sum((number - mean) ** 2 for number in numbers) / len(numbers))


def _at(value: Any, arguments: list[Any]) -> Any:
    index = arguments[0] if arguments else 0
    if isinstance(value, list) and isinstance(index, int) and -len(value) <= index < len(value):
        return value[index]
    raise PathError("index out of range")


FUNCTIONS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "length": _length,
    "size": _length,
    "min": lambda value, _: min(_numbers(value)),
    "max": lambda value, _: max(_numbers(value)),
    "sum": lambda value, _: sum(_numbers(value)),
    "avg": _average,
    "stddev": _deviation,
    "keys": lambda value, _: list(value) if isinstance(value, dict) else None,
    "first": lambda value, _: _at(value, [0]),
    "last": lambda value, _: _at(value, [-1]),
    "index": _at,
    "concat": lambda value, arguments: "".join(
        text_of(item) for item in [*(value if isinstance(value, list) else [value]), *arguments]
    ),
    "append": lambda value, arguments: [*value, *arguments] if isinstance(value, list) else value,
}
