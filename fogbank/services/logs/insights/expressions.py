"""Insights expressions as closures over rows."""

from __future__ import annotations

import math
from collections.abc import Callable

from fogbank.core.errors import NotSupported
from fogbank.services.logs.insights.nodes import Constant, Expression, Field, Operation, Regex
from fogbank.services.logs.insights.rows import Moment, Row, Value
from fogbank.services.logs.insights.syntax import QueryError
from fogbank.services.logs.pattern.automaton import compile_any
from fogbank.services.logs.pattern.base import PatternError

Compute = Callable[[Row], Value]

TRUE, FALSE = 1.0, 0.0


def compile_expression(expression: Expression) -> Compute:
    """A closure that computes the expression of a row. Raises NotSupported, QueryError."""
    match expression:
        case Constant(value):
            return lambda row: value
        case Field(name):
            return lambda row: row.get(name)
        case Regex():
            raise QueryError("a regular expression stands only behind like", 0, 1)
        case Operation("like", (left, right)):
            return _like(compile_expression(left), right)
        case Operation(name, operands):
            return _operation(name, [compile_expression(operand) for operand in operands])


def condition(expression: Expression) -> Callable[[Row], bool]:
    compute = compile_expression(expression)
    return lambda row: truth(compute(row))


def truth(value: Value) -> bool:
    return bool(value) and value != "0"


def number(value: Value) -> float | None:
    """The number that a value is or reads as."""
    if isinstance(value, float) or value is None:
        return value
    try:
        found = float(value)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _like(left: Compute, right: Expression) -> Compute:
    match right:
        case Regex(text, ignore_case):
            if "(" in text.replace("\\(", ""):
                raise NotSupported("Insights regular expressions with groups")
            try:
                search = compile_any(text, ignore_case=ignore_case)
            except PatternError:
                raise QueryError("the regular expression is not well-formed", 0, 1) from None
            return lambda row: _flag((value := left(row)) is not None and search(str(value)))
        case _:
            other = compile_expression(right)
            return lambda row: _flag((value := left(row)) is not None and str(other(row)) in str(value))


def _flag(value: bool) -> float:
    return TRUE if value else FALSE


def _operation(name: str, operands: list[Compute]) -> Compute:
    if name in _NUMERIC and len(operands) == 2:
        return _arithmetic(_NUMERIC[name], *operands)
    if name in _COMPARE:
        return _comparison(name, *operands)
    match name, operands:
        case "and", [left, right]:
            return lambda row: _flag(truth(left(row)) and truth(right(row)))
        case "or", [left, right]:
            return lambda row: _flag(truth(left(row)) or truth(right(row)))
        case "not", [operand]:
            return lambda row: _flag(not truth(operand(row)))
        case "in", [left, *items]:
            return lambda row: _flag(any(equal(left(row), item(row)) for item in items))
    if name in FUNCTIONS:
        function = FUNCTIONS[name]
        return lambda row: function([operand(row) for operand in operands])
    raise NotSupported(f"the Insights function {name.rstrip('()')}")


def _power(base: float, exponent: float) -> float | None:
    try:
        return math.pow(base, exponent)
    except (OverflowError, ValueError):
        return None


_NUMERIC: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else None,
    "%": lambda a, b: math.fmod(a, b) if b else None,
    "^": _power,
}
_COMPARE = frozenset({"=", "!=", "<", "<=", ">", ">="})


def _arithmetic(combine: Callable[[float, float], float | None], left: Compute, right: Compute) -> Compute:
    def compute(row: Row) -> Value:
        one, other = number(left(row)), number(right(row))
        return None if one is None or other is None else combine(one, other)

    return compute


def equal(one: Value, other: Value) -> bool:
    if one is None or other is None:
        return False
    if isinstance(one, float) or isinstance(other, float):
        return number(one) == number(other)
    return one == other


def _comparison(operator: str, left: Compute, right: Compute) -> Compute:
    def compute(row: Row) -> Value:
        one, other = left(row), right(row)
        if operator == "=":
            return _flag(equal(one, other))
        if operator == "!=":
            return _flag(not equal(one, other))
        return _flag(_ordered(operator, one, other))

    return compute


def _ordered(operator: str, one: Value, other: Value) -> bool:
    if one is None or other is None:
        return False
    first, second = number(one), number(other)
    sign: float
    if first is None or second is None:
        sign = (str(one) > str(other)) - (str(one) < str(other))
    else:
        sign = first - second
    match operator:
        case "<":
            return sign < 0
        case "<=":
            return sign <= 0
        case ">":
            return sign > 0
        case _:
            return sign >= 0


def _numeric(change: Callable[[float], float]) -> Callable[[list[Value]], Value]:
    def function(values: list[Value]) -> Value:
        found = number(values[0]) if values else None
        try:
            return None if found is None else float(change(found))
        except (OverflowError, ValueError):
            return None

    return function


def _textual(change: Callable[[str], Value]) -> Callable[[list[Value]], Value]:
    return lambda values: None if not values or values[0] is None else change(str(values[0]))


def _bin(values: list[Value]) -> Value:
    """bin(time, period in seconds): `stages` puts @timestamp in front."""
    time_ms, period_s = number(values[0]), number(values[1])
    if time_ms is None or not period_s:
        return None
    step_ms = period_s * 1000
    return Moment(math.floor(time_ms / step_ms) * step_ms)


def _substr(values: list[Value]) -> Value:
    start = int(number(values[1]) or 0)
    length = number(values[2]) if len(values) > 2 else None
    text = str(values[0] or "")
    return text[start:] if length is None else text[start : start + int(length)]


def _replace(values: list[Value]) -> Value:
    text, old, new = (str(value or "") for value in values)
    return text.replace(old, new) if old else text


FUNCTIONS: dict[str, Callable[[list[Value]], Value]] = {
    "abs()": _numeric(abs),
    "ceil()": _numeric(math.ceil),
    "floor()": _numeric(math.floor),
    "sqrt()": _numeric(math.sqrt),
    "log()": _numeric(math.log),
    "strlen()": _textual(lambda text: float(len(text))),
    "trim()": _textual(str.strip),
    "ltrim()": _textual(str.lstrip),
    "rtrim()": _textual(str.rstrip),
    "toupper()": _textual(str.upper),
    "tolower()": _textual(str.lower),
    "concat()": lambda values: "".join("" if value is None else str(value) for value in values),
    "strcontains()": lambda values: _flag(str(values[1]) in str(values[0])),
    "substr()": _substr,
    "replace()": _replace,
    "ispresent()": lambda values: _flag(values[0] is not None),
    "isempty()": lambda values: _flag(values[0] in (None, "")),
    "isblank()": lambda values: _flag(not str(values[0] or "").strip()),
    "coalesce()": lambda values: next((value for value in values if value is not None), None),
    "greatest()": lambda values: max((n for n in map(number, values) if n is not None), default=None),
    "least()": lambda values: min((n for n in map(number, values) if n is not None), default=None),
    "bin()": _bin,
}
