"""Walks the tree of an expression. Operators follow AWS's table of which types go together."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from fogbank.services.cloudwatch.math import syntax
from fogbank.services.cloudwatch.math.context import Argument, Context
from fogbank.services.cloudwatch.math.functions import FUNCTIONS, UNSUPPORTED
from fogbank.services.cloudwatch.math.syntax import Binary, Call, MathError, Node
from fogbank.services.cloudwatch.math.values import Many, Series, Value

Operation = Callable[[float, float], float | None]


@dataclass(slots=True)
class Environment:
    """What an expression may refer to: other queries by id, the results of its SEARCH calls, and the query's grid."""

    context: Context
    queries: dict[str, Value] = field(default_factory=dict)
    metrics: dict[str, Series] = field(default_factory=dict)  # of METRICS(): the queries that are metrics
    searches: dict[Call, Many] = field(default_factory=dict)


def evaluate(node: Node, environment: Environment) -> Value:
    """The value of an expression. Raises MathError."""
    match node:
        case syntax.Number(value):
            return value
        case syntax.Name(id):
            if id not in environment.queries:
                raise MathError(f"Unknown id '{id}'")
            return environment.queries[id]
        case syntax.Array(items):
            return _array([evaluate(item, environment) for item in items])
        case syntax.Unary(operator, operand):
            return _unary(operator, evaluate(operand, environment))
        case syntax.Binary():
            return _chain(node, environment)
        case syntax.Call():
            return _call(node, environment)
        case syntax.Text():
            raise MathError("A string stands where a value is needed")
        case syntax.Word(value):
            raise MathError(f"Unknown word '{value}'")


def _chain(node: Binary, environment: Environment) -> Value:
    """`a + b - c …` leans to the left, as deep as it is long: walked in a loop."""
    spine: list[Binary] = []
    left: Node = node
    while isinstance(left, Binary):
        spine.append(left)
        left = left.left
    value = evaluate(left, environment)
    for part in reversed(spine):
        value = binary(part.operator, value, evaluate(part.right, environment))
    return value


def _array(values: list[Value]) -> Many:
    found: list[Series] = []
    for value in values:
        match value:
            case Series():
                found.append(value)
            case Many(series):
                found += series
            case _:
                raise MathError("An array holds time series only")
    return Many(tuple(found))


def _call(node: Call, environment: Environment) -> Value:
    if node.function == "SEARCH":
        return environment.searches[node]
    if node.function == "METRICS":
        return _metrics(node, environment)
    function = FUNCTIONS.get(node.function)
    if function is None:
        if node.function in UNSUPPORTED:
            raise MathError(f"fogbank does not support {node.function} yet")
        raise MathError(f"Unknown function '{node.function}'")
    arguments: list[Argument] = []
    for argument in node.arguments:
        match argument:
            case syntax.Word(value) | syntax.Text(value):
                arguments.append(value)
            case _:
                arguments.append(evaluate(argument, environment))
    return function(environment.context, arguments)


def _metrics(node: Call, environment: Environment) -> Many:
    """METRICS(), or METRICS("text") for those whose id holds the text."""
    match node.arguments:
        case ():
            return Many(tuple(environment.metrics.values()))
        case (syntax.Text(part),):
            return Many(tuple(series for id, series in environment.metrics.items() if part in id))
        case _:
            raise MathError("METRICS takes one string, or nothing")


def _unary(operator: str, value: Value) -> Value:
    if operator == "-":
        return binary("*", value, -1.0)
    return binary("==", value, 0.0)


def binary(operator: str, left: Value, right: Value) -> Value:
    """Apply an operator to values, arrays member by member. Raises MathError."""
    operation = OPERATORS[operator]
    match left, right:
        case Many(), Many():
            raise MathError(f"Operator '{operator}' does not take two arrays")
        case Many(series), _:
            return Many(tuple(_pair(operation, one, right) for one in series))
        case _, Many(series):
            return Many(tuple(_pair(operation, left, one) for one in series))
        case float(), float():
            value = operation(left, right)
            if value is None:
                raise MathError("Division by zero")
            return value
        case _:
            return _pair(operation, left, right)


def _pair(operation: Operation, left: Value, right: Value) -> Series:
    match left, right:
        case Series(), Series():
            label = left.label
            both = (
                (time_s, operation(value, right.points[time_s]))
                for time_s, value in left.points.items()
                if time_s in right.points
            )
            return Series({}, max(left.period_s, right.period_s), label, False).with_points(both)
        case Series(), float():
            return _made(left.map(lambda value: operation(value, right)))
        case float(), Series():
            return _made(right.map(lambda value: operation(left, value)))
        case _:
            raise MathError("An operator needs a time series or a number")


def _made(series: Series) -> Series:
    return Series(series.points, series.period_s, series.label, False)


def _divide(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(left: float, right: float) -> float | None:
    try:
        value = math.pow(left, right)
    except (ValueError, OverflowError):
        return None
    return value


OPERATORS: dict[str, Operation] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divide,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "&&": lambda a, b: float(bool(a) and bool(b)),
    "||": lambda a, b: float(bool(a) or bool(b)),
}
