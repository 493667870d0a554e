"""Functions at the end of a JsonPath: `length()`, `min()`, `sum()`, `keys()` and the rest of Jayway's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from fogbank.java.jsonpath_nodes import FunctionCall, Literal, Operand, PathNode
from fogbank.java.jsonpath_run import NOTHING, Find, Run

Before: TypeAlias = tuple[Callable[[Any, Run], list[Any]], bool, bool]
"""What stands before the function: (gather, whether it is definite, whether a scan found it)."""


def compile_call(call: FunctionCall, before: Before, compile_path: Callable[[PathNode], Find]) -> Find:
    """The function over what stands before it.

    After a scan it is applied once to the list of all; after another path that finds many, to each; else to the one.
    """
    gather, definite, scanned = before
    # The length of what a scan found is that of all its parts together.
    counts = scanned and call.name in ("length", "size")
    function = _count_parts if counts else _FUNCTIONS[call.name]
    arguments = [_argument(argument, compile_path) for argument in call.arguments]

    def find(current: Any, run: Run) -> Any:
        values = gather(current, run)
        given = [argument(current, run) for argument in arguments]
        if scanned:
            return function(values, given)
        if not definite:
            return [answer for value in values if (answer := function(value, given)) is not NOTHING]
        return function(values[0], given) if values else NOTHING

    return find


def _argument(operand: Operand, compile_path: Callable[[PathNode], Find]) -> Find:
    if isinstance(operand, PathNode):
        return compile_path(operand)
    value = operand.value if isinstance(operand, Literal) else operand.pattern
    return lambda current, run: value


def _numbers(value: Any, given: Sequence[Any]) -> list[float]:
    parts = [*(value if isinstance(value, list) else ()), *given]
    flat = [item for part in parts for item in (part if isinstance(part, list) else (part,))]
    return [float(part) for part in flat if type(part) in (int, float)]


def _aggregate(fold: Callable[[list[float]], float]) -> Callable[[Any, Sequence[Any]], Any]:
    """Over the numbers of an array; without any there is no answer."""

    def function(value: Any, given: Sequence[Any]) -> Any:
        numbers = _numbers(value, given)
        return fold(numbers) if numbers else NOTHING

    return function


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))


def _length(value: Any, given: Sequence[Any]) -> Any:
    if given and given[0] is not NOTHING:
        value = given[0]
    return len(value) if isinstance(value, (list, dict)) else None


def _count_parts(values: Any, given: Sequence[Any]) -> Any:
    return sum(len(value) for value in values if isinstance(value, (list, dict)))


def _keys(value: Any, given: Sequence[Any]) -> Any:
    return list(value) if isinstance(value, dict) else None


def _concat(value: Any, given: Sequence[Any]) -> Any:
    parts = [*(value if isinstance(value, list) else ()), *given]
    flat = [item for part in parts for item in (part if isinstance(part, list) else (part,))]
    return "".join(part for part in flat if isinstance(part, str))


def _append(value: Any, given: Sequence[Any]) -> Any:
    return [*value, *(part for part in given if part is not NOTHING)] if isinstance(value, list) else value


def _at(value: Any, index: Any) -> Any:
    if not isinstance(value, list) or type(index) is not int or not -len(value) <= index < len(value):
        return NOTHING
    return value[index]


_FUNCTIONS: dict[str, Callable[[Any, Sequence[Any]], Any]] = {
    "min": _aggregate(min),
    "max": _aggregate(max),
    "sum": _aggregate(math.fsum),
    "avg": _aggregate(_mean),
    "stddev": _aggregate(_deviation),
    "length": _length,
    "size": _length,
    "keys": _keys,
    "concat": _concat,
    "append": _append,
    "first": lambda value, given: _at(value, 0),
    "last": lambda value, given: _at(value, -1),
    "index": lambda value, given: _at(value, given[0] if given else None),
}
