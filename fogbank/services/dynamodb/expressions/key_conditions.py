"""Key conditions: which partition, and which part of its sort keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, Values
from fogbank.services.dynamodb.expressions.nodes import (
    And,
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
    """What a condition says of a table's or an index's keys. Raises ValidationException."""
    found: dict[str, Constraint] = {}
    for node in _conjuncts(condition.node):
        constraint = _constraint(node, values)
        if constraint.attribute in found:
            raise invalid(f"Invalid {_KIND}: KeyConditionExpressions must only contain one condition per key")
        found[constraint.attribute] = constraint
    return joined(found, hash_name, range_name, types)


def joined(
    found: dict[str, Constraint], hash_name: str, range_name: str | None, types: Mapping[str, str]
) -> KeyCondition:
    """Constraints held against the key schema; the legacy KeyConditions come here too."""
    if len(found) not in (1, 2):
        raise invalid("Conditions can be of length 1 or 2 only")
    on_hash = found.pop(hash_name, None)
    on_range = found.pop(range_name, None) if range_name is not None else None
    if on_hash is None:
        raise invalid(f"Query condition missed key schema element: {hash_name}")
    if found:
        if range_name is not None and on_range is None:
            raise invalid(f"Query condition missed key schema element: {range_name}")
        raise invalid("Query key condition not supported")
    if on_hash.operator != "=":
        raise invalid("Query key condition not supported")
    for constraint in filter(None, (on_hash, on_range)):
        for value in constraint.values:
            _check_value(constraint, value, types[constraint.attribute])
    return KeyCondition(on_hash.values[0], on_range)


def _check_value(constraint: Constraint, value: Value, wanted: str) -> None:
    if wanted not in value:
        raise bad_value("Condition parameter type does not match schema type")
    if value[wanted] == "" and constraint.operator == "=":
        kind = "string" if wanted == "S" else "binary"
        raise invalid(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "
            f"{kind} value. Key: {constraint.attribute}"
        )


def _conjuncts(node: Condition) -> Iterator[Condition]:
    if isinstance(node, And):
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _constraint(node: Condition, values: Values) -> Constraint:
    match node:
        case Compare("<>", _, _):
            raise _unsupported("<>")
        case Compare(operator, Path(steps), operand) if len(steps) == 1:
            return Constraint(top_level(steps), operator, (_value(operand, values),))
        case Compare(operator, operand, Path(steps)) if len(steps) == 1:
            return Constraint(top_level(steps), _MIRRORED[operator], (_value(operand, values),))
        case Between(Path(steps), low, high) if len(steps) == 1:
            return Constraint(top_level(steps), "BETWEEN", (_value(low, values), _value(high, values)))
        case Call("begins_with", (Path(steps), operand)) if len(steps) == 1:
            return Constraint(top_level(steps), "begins_with", (_value(operand, values),))
        case Or():
            raise _unsupported("OR")
        case Not():
            raise _unsupported("NOT")
        case In():
            raise _unsupported("IN")
        case Call(function, _):
            raise _unsupported(function)
    raise invalid(f"Invalid {_KIND}: KeyConditionExpressions cannot have conditions on nested attributes")


def _unsupported(operator: str) -> AwsError:
    return invalid(f"Invalid operator used in {_KIND}: {operator}")


def _value(operand: Operand, values: Values) -> Value:
    match operand:
        case Ref(name):
            return values[name]
        case Literal(value):
            return value
    raise invalid(f"Invalid {_KIND}: Incorrect operand type for operator or function")
