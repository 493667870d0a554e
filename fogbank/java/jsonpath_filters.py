"""Conditions of JsonPath filters as closures, with Jayway's rules of comparison.

A number and a text that spells it are equal; other types never are. What a path does not find equals nothing, so
`!=` holds for it. Only two numbers or two texts have an order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from fogbank.java.jsonpath_nodes import (
    All,
    Any_,
    Comparison,
    Condition,
    Exists,
    Literal,
    Not,
    Operand,
    PathNode,
    PathSyntaxError,
    Regex,
)
from fogbank.java.jsonpath_run import NOTHING, Find, Patterns, Run

Test: TypeAlias = Callable[[Any, Run], bool]
CompilePath: TypeAlias = Callable[[PathNode], Find]


def compile_condition(condition: Condition, compile_path: CompilePath, patterns: Patterns) -> Test:
    """(what `@` is, run) to whether it holds. Raises PathSyntaxError for a pattern that is none."""
    match condition:
        case Comparison(operator, left, right):
            return _comparison(operator, left, right, compile_path, patterns)
        case Exists(operand):
            find = _operand(operand, compile_path)
            return lambda current, run: find(current, run) is not NOTHING
        case Not(inner):
            holds = compile_condition(inner, compile_path, patterns)
            return lambda current, run: not holds(current, run)
        case All(parts):
            tests = [compile_condition(part, compile_path, patterns) for part in parts]
            return lambda current, run: all(test(current, run) for test in tests)
        case Any_(parts):
            tests = [compile_condition(part, compile_path, patterns) for part in parts]
            return lambda current, run: any(test(current, run) for test in tests)


def _operand(operand: Operand, compile_path: CompilePath) -> Find:
    match operand:
        case PathNode():
            return compile_path(operand)
        case Literal(value):
            return lambda current, run: value
        case Regex(pattern):
            return lambda current, run: pattern


def _comparison(
    operator: str, left: Operand, right: Operand, compile_path: CompilePath, patterns: Patterns
) -> Test:
    if operator == "=~":
        return _matches(left, right, compile_path, patterns)
    compare = _OPERATORS[operator]
    first = _operand(left, compile_path)
    second = _operand(right, compile_path)
    return lambda current, run: compare(first(current, run), second(current, run))


def _matches(left: Operand, right: Operand, compile_path: CompilePath, patterns: Patterns) -> Test:
    """`=~`: the expression may stand on either side, and must match the whole text."""
    if isinstance(left, Regex):
        left, right = right, left
    if not isinstance(right, Regex):
        raise PathSyntaxError("=~ needs a regular expression")
    matches = patterns(right.pattern, right.flags)
    find = _operand(left, compile_path)

    def test(current: Any, run: Run) -> bool:
        text = find(current, run)
        texts = text if isinstance(text, list) else [text]
        return any(isinstance(each, str) and matches(each, run) for each in texts)

    return test


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same to Jayway: 1 equals 1.0 and "1", but never true."""
    if left is NOTHING or right is NOTHING:
        return False
    kinds = (type(left), type(right))
    if kinds in ((str, int), (str, float)):
        return bool(_number(left) == right)
    if kinds in ((int, str), (float, str)):
        return bool(left == _number(right))
    return same(left, right)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal; a boolean is no number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(part, right[key]) for key, part in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _order(holds: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        numbers = type(left) in (int, float) and type(right) in (int, float)
        texts = type(left) is str and type(right) is str
        return (numbers or texts) and bool(holds(left, right))

    return compare


def _in(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(equal(left, item) for item in right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return _in(right, left)


def _size(left: Any, right: Any) -> bool:
    return isinstance(left, (str, list)) and type(right) in (int, float) and len(left) == right


def _empty(left: Any, right: Any) -> bool:
    return isinstance(left, (str, list, dict)) and isinstance(right, bool) and (not left) is right


def _lists(holds: Callable[[list[Any], list[Any]], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: isinstance(left, list) and isinstance(right, list) and holds(left, right)


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _order(lambda left, right: left < right),
    "<=": _order(lambda left, right: left <= right),
    ">": _order(lambda left, right: left > right),
    ">=": _order(lambda left, right: left >= right),
    "in": _in,
    "nin": lambda left, right: not _in(left, right),
    "contains": _contains,
    "size": _size,
    "empty": _empty,
    "all": _lists(lambda left, right: all(_in(item, left) for item in right)),
    "subsetof": _lists(lambda left, right: all(_in(item, right) for item in left)),
    "anyof": _lists(lambda left, right: any(_in(item, right) for item in left)),
    "noneof": _lists(lambda left, right: not any(_in(item, right) for item in left)),
}
