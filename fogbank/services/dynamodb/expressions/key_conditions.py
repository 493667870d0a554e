"""Key conditions: which partition, and which part of its sort keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, Values
from fogbank.services.dynamodb.expressions.nodes import (
    Between,
    Call,
    Compare,
    Condition,
    In,
    Literal,
    Not,
    Operand,
    Or,
    Path,
    Ref,
    conjuncts,
)
from fogbank.services.dynamodb.expressions.parser import top_level
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.values import Value

_MIRRORED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_KIND = "KeyConditionExpression"


@dataclass(frozen=True, slots=True)
class Constraint:
    """On one key attribute: operator (= < <= > >= BETWEEN begins_with) and its values."""

    attribute: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class KeyCondition:
    hash_value: Value
    on_range: Constraint | None


def key_condition(
    condition: CompiledCondition,
    values: Values,
    hash_name: str,
    range_name: str | None,
    types: Mapping[str, str],
) -> KeyCondition:
    """What a condition says of a table's or an index's keys. Raises ValidationException.

    These messages do not begin as those about an expression's text do.
    """
    found: dict[str, Constraint] = {}
    for node in conjuncts(condition.node):
        constraint = _constraint(node, values)
        if constraint.attribute in found:
            raise invalid("KeyConditionExpressions must only contain one condition per key")
        found[constraint.attribute] = constraint
    return joined(found, hash_name, range_name, types)


def joined(
    found: dict[str, Constraint], hash_name: str, range_name: str | None, types: Mapping[str, str]
) -> KeyCondition:
    """Constraints held against the key schema; the legacy KeyConditions come here too."""
    if len(found) not in (1, 2):
        raise invalid("Conditions can be of length 1 or 2 only")
    if range_name is None and len(found) > 1:
        raise invalid("Query key condition not supported")
    on_hash = found.get(hash_name)
    if on_hash is None:
        raise invalid(f"Query condition missed key schema element: {hash_name}")
    _check_values(on_hash, types)
    if on_hash.operator != "=":
        raise invalid("Query key condition not supported")
    if len(found) == 1 or range_name is None:
        return KeyCondition(on_hash.values[0], None)
    on_range = found.get(range_name)
    if on_range is None:
        raise invalid(f"Query condition missed key schema element: {range_name}")
    _check_values(on_range, types)
    return KeyCondition(on_hash.values[0], on_range)


def _check_values(constraint: Constraint, types: Mapping[str, str]) -> None:
    for value in constraint.values:
        _check_value(constraint, value, types[constraint.attribute])


def _check_value(constraint: Constraint, value: Value, wanted: str) -> None:
    if wanted not in value:
        raise bad_value("Condition parameter type does not match schema type")
    if value[wanted] == "":
        kind = "string" if wanted == "S" else "binary"
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
            f"{kind} value. Key: {constraint.attribute}"
        )


def _constraint(node: Condition, values: Values) -> Constraint:
    match node:
        case Compare("<>", _, _):
            raise _unsupported("<>")
        case Compare(operator, left, right):
            name, operand, mirrored = _sides(left, right)
            operator = _MIRRORED[operator] if mirrored else operator
            return Constraint(name, operator, (_value(operand, values),))
        case Between(operand, low, high):
            name = _first("BETWEEN", operand, low, high)
            return Constraint(name, "BETWEEN", (_value(low, values), _value(high, values)))
        case Call("begins_with", (operand, start)):
            name = _first("begins_with", operand, start)
            return Constraint(name, "begins_with", (_value(start, values),))
        case Or():
            raise _unsupported("OR")
        case Not():
            raise _unsupported("NOT")
        case In():
            raise _unsupported("IN")
        case Call(function, _):
            raise _unsupported(function)
    raise AssertionError(f"no condition: {node}")  # `conjuncts` has taken AND apart


def _sides(left: Operand, right: Operand) -> tuple[str, Operand, bool]:
    """(key attribute, other operand, whether the attribute is the second one)."""
    _no_function(left, right)
    if isinstance(left, Path) and isinstance(right, Path):
        raise _several()
    if isinstance(left, Path):
        return _key(left), right, False
    if isinstance(right, Path):
        return _key(right), left, True
    raise invalid(f"Invalid condition in {_KIND}: No key attribute specified")


def _first(operator: str, operand: Operand, *others: Operand) -> str:
    """The key attribute of a condition that must begin with it."""
    _no_function(operand, *others)
    if not isinstance(operand, Path):
        raise invalid(
            f"Invalid condition in {_KIND}: {operator} operator must have the key attribute as its first operand"
        )
    if any(isinstance(other, Path) for other in others):
        raise _several()
    return _key(operand)


def _no_function(*operands: Operand) -> None:
    if any(isinstance(operand, Call) for operand in operands):
        raise invalid("KeyConditionExpressions cannot contain nested operations")


def _key(path: Path) -> str:
    if len(path.steps) > 1:
        raise invalid("KeyConditionExpressions cannot have conditions on nested attributes")
    return top_level(path.steps)


def _several() -> AwsError:
    return invalid(f"Invalid condition in {_KIND}: Multiple attribute names used in one condition")


def _unsupported(operator: str) -> AwsError:
    return invalid(f"Invalid operator used in {_KIND}: {operator}")


def _value(operand: Operand, values: Values) -> Value:
    match operand:
        case Ref(name):
            return values[name]
        case Literal(value):
            return value
    raise AssertionError(f"no value: {operand}")  # paths and functions were refused
