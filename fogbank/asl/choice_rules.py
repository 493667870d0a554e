"""The rules of a Choice state as closures: comparisons, And, Or, Not; in JSONata a Condition.

A value of another type than the operator compares makes it false. A path that finds nothing is an error, except to
IsPresent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fogbank.asl.errors import runtime_error
from fogbank.asl.jsonpath import NotFound, Path, PathSyntaxError, compile_path
from fogbank.asl.limits import CHOICE_RULE_DEPTH_MAX
from fogbank.asl.scope import Scope
from fogbank.asl.templates_jsonata import Expected
from fogbank.asl.templates_jsonata import compile_template as compile_jsonata
from fogbank.asl.timestamps import parse_timestamp

Test: TypeAlias = Callable[[Scope], bool]
Compare: TypeAlias = Callable[[Any, Any], bool]
"""(the variable's value, the operand) to whether it holds. Both may be of any type."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule. `variables` are the names (without `$`) that it reads. `holds` raises StatesError."""

    holds: Test
    variables: tuple[str, ...]


def compile_rule(rule: Mapping[str, Any], index: int = 0) -> Rule:
    """Entry `index` of Choices. Raises PathSyntaxError."""
    if "Condition" in rule:
        return _condition(rule["Condition"], index)
    variables: list[str] = []
    return Rule(_rule(rule, variables, 1), tuple(dict.fromkeys(variables)))


def _condition(condition: Any, index: int) -> Rule:
    template = compile_jsonata(condition, f"Choices[{index}]/Condition", (Expected.BOOLEAN,))
    evaluate = template.evaluate
    return Rule(lambda scope: evaluate(scope.bindings(), scope.budget) is True, template.variables)


def _rule(rule: Mapping[str, Any], variables: list[str], depth: int) -> Test:
    if depth > CHOICE_RULE_DEPTH_MAX:
        raise PathSyntaxError("the choice rule is nested too deeply")
    if "And" in rule:
        tests = [_rule(part, variables, depth + 1) for part in rule["And"]]
        return lambda scope: all(test(scope) for test in tests)
    if "Or" in rule:
        tests = [_rule(part, variables, depth + 1) for part in rule["Or"]]
        return lambda scope: any(test(scope) for test in tests)
    if "Not" in rule:
        test = _rule(rule["Not"], variables, depth + 1)
        return lambda scope: not test(scope)
    operator = next(key for key in rule if key in OPERATORS)
    return _comparison(rule["Variable"], operator, rule[operator], variables)


def _comparison(variable: str, operator: str, operand: Any, variables: list[str]) -> Test:
    path = compile_path(variable)
    variables.extend(path.variables)
    if operator == "IsPresent":
        return lambda scope: _is_present(path, scope) is operand
    compare = _COMPARISONS[operator.removesuffix("Path")]
    if operator.endswith("Path"):
        other = compile_path(operand)
        variables.extend(other.variables)
        return lambda scope: compare(_value(path, scope), _value(other, scope))
    return lambda scope: compare(_value(path, scope), operand)


def _value(path: Path, scope: Scope) -> Any:
    try:
        return path.find(scope)
    except NotFound:
        raise runtime_error(
            f"Invalid path '{path.text}': The choice state's condition path references an invalid value."
        ) from None


def _is_present(path: Path, scope: Scope) -> bool:
    try:
        path.find(scope)
    except NotFound:
        return False
    return True


# --- comparisons -----------------------------------------------------------------------------------------------------


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_timestamp(value: Any) -> bool:
    return isinstance(value, str) and parse_timestamp(value) is not None


def _numbers(holds: Callable[[Any, Any], bool]) -> Compare:
    return lambda left, right: _is_number(left) and _is_number(right) and holds(left, right)


def _texts(holds: Callable[[Any, Any], bool]) -> Compare:
    return lambda left, right: type(left) is str and type(right) is str and holds(_units(left), _units(right))


def _units(text: str) -> str | bytes:
    """What Java compares: UTF-16 code units, whose order is that of the characters unless some are beyond U+FFFF."""
    return text if text.isascii() else text.encode("utf-16-be", "surrogatepass")


def _same_kind(left: str | bytes, right: str | bytes) -> tuple[bytes, bytes]:
    return (
        left if isinstance(left, bytes) else left.encode("utf-16-be"),
        right if isinstance(right, bytes) else right.encode("utf-16-be"),
    )


def _ordered(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: str | bytes, right: str | bytes) -> bool:
        if type(left) is not type(right):
            left, right = _same_kind(left, right)
        return holds(left, right)

    return compare


def _moments(holds: Callable[[Any, Any], bool]) -> Compare:
    def compare(left: Any, right: Any) -> bool:
        if type(left) is not str or type(right) is not str:
            return False
        first, second = parse_timestamp(left), parse_timestamp(right)
        return first is not None and second is not None and holds(first, second)

    return compare


def _booleans_equal(left: Any, right: Any) -> bool:
    return isinstance(left, bool) and left is right


def _matches(left: Any, right: Any) -> bool:
    return type(left) is str and type(right) is str and matches_pattern(left, right)


_PIECE = re.compile(r"\\(.)|(\*)|([^\\*]+|\\)", re.DOTALL)


def matches_pattern(text: str, pattern: str) -> bool:
    """StringMatches: `*` stands for any characters, `\\*` and `\\\\` for themselves."""
    pieces = [""]
    for found in _PIECE.finditer(pattern):
        if found[2]:
            pieces.append("")
        else:
            pieces[-1] += found[1] or found[3]
    first, *rest = pieces
    if not rest:
        return text == first
    last = rest.pop()
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in rest:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _type_test(is_of: Callable[[Any], bool]) -> Compare:
    return lambda value, wanted: is_of(value) is wanted


_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "Equals": lambda left, right: bool(left == right),
    "LessThan": lambda left, right: bool(left < right),
    "GreaterThan": lambda left, right: bool(left > right),
    "LessThanEquals": lambda left, right: bool(left <= right),
    "GreaterThanEquals": lambda left, right: bool(left >= right),
}
_COMPARISONS: Final[dict[str, Compare]] = {
    **{f"String{name}": _texts(_ordered(holds)) for name, holds in _ORDERS.items()},
    **{f"Numeric{name}": _numbers(holds) for name, holds in _ORDERS.items()},
    **{f"Timestamp{name}": _moments(holds) for name, holds in _ORDERS.items()},
    "BooleanEquals": _booleans_equal,
    "StringMatches": _matches,
    "IsNull": _type_test(lambda value: value is None),
    "IsString": _type_test(lambda value: type(value) is str),
    "IsNumeric": _type_test(_is_number),
    "IsBoolean": _type_test(lambda value: isinstance(value, bool)),
    "IsTimestamp": _type_test(_is_timestamp),
}


def _operand_kinds() -> dict[str, str]:
    kinds = {"StringMatches": "string", "IsPresent": "boolean"}
    for name in _COMPARISONS:
        if name.startswith("Is"):
            kinds[name] = "boolean"
        elif name != "StringMatches":
            kinds[name] = next(
                kind
                for prefix, kind in (
                    ("String", "string"),
                    ("Numeric", "number"),
                    ("Boolean", "boolean"),
                    ("Timestamp", "timestamp"),
                )
                if name.startswith(prefix)
            )
            kinds[f"{name}Path"] = "path"
    return kinds


OPERATORS: Final[Mapping[str, str]] = _operand_kinds()
"""Every comparison operator, to what its operand is: string, number, boolean, timestamp or path."""
