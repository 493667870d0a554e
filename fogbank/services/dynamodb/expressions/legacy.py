"""The legacy parameters (Expected, AttributeUpdates, AttributesToGet, KeyConditions, QueryFilter, ScanFilter) as
expressions."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from fogbank.services.dynamodb.expressions.conditions import (
    ORDERED,
    SET_OF,
    CompiledCondition,
    compiled,
)
from fogbank.services.dynamodb.expressions.key_conditions import Constraint
from fogbank.services.dynamodb.expressions.nodes import (
    Action,
    And,
    Between,
    Call,
    Compare,
    Condition,
    In,
    Literal,
    Not,
    Or,
    Path,
)
from fogbank.services.dynamodb.expressions.projections import Projection, projection_of
from fogbank.services.dynamodb.expressions.updates import CompiledUpdate, compiled_update
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.values import Value, sortable, take

_COMPARES = {"EQ": "=", "NE": "<>", "LT": "<", "LE": "<=", "GT": ">", "GE": ">="}
_COUNTS = {"NULL": (0, 0), "NOT_NULL": (0, 0), "BETWEEN": (2, 2), "IN": (1, 100)}
_SCALARS_ONLY = frozenset({"LT", "LE", "GT", "GE", "BETWEEN", "IN"})
_KEY_OPERATORS = {
    "EQ": "=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}


def expected(conditions: dict[str, Any], operator: str | None) -> CompiledCondition | None:
    """`Expected` as a condition; None when it is empty."""
    nodes = [_expected(name, condition) for name, condition in sorted(conditions.items())]
    return _joined(nodes, operator, "Expected")


def filters(conditions: dict[str, Any], operator: str | None, kind: str) -> CompiledCondition | None:
    """`QueryFilter` or `ScanFilter` as a condition; None when it is empty."""
    nodes = [_comparison(name, condition) for name, condition in sorted(conditions.items())]
    return _joined(nodes, operator, kind)


def _joined(nodes: list[Condition], operator: str | None, kind: str) -> CompiledCondition | None:
    if operator is not None and not nodes:
        raise bad_value(f"ConditionalOperator cannot be used without Filter or {kind}")
    if operator is not None and len(nodes) == 1:
        raise bad_value(f"ConditionalOperator can only be used when {kind} has two or more elements")
    if not nodes:
        return None
    join: Callable[[Condition, Condition], Condition] = Or if operator == "OR" else And
    return compiled(reduce(join, nodes), kind)


def key_constraints(conditions: dict[str, Any]) -> dict[str, Constraint]:
    """`KeyConditions` by attribute."""
    found: dict[str, Constraint] = {}
    for name, condition in conditions.items():
        operator = condition["ComparisonOperator"]
        if operator not in _KEY_OPERATORS:
            raise invalid("Attempted conditional constraint is not an indexable operation")
        found[name] = Constraint(name, _KEY_OPERATORS[operator], _arguments(operator, condition))
    return found


def _expected(name: str, condition: dict[str, Any]) -> Condition:
    operator, exists = condition.get("ComparisonOperator"), condition.get("Exists")
    if operator is not None:
        if exists is not None:
            raise bad_value(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")
        if "Value" in condition and "AttributeValueList" in condition:
            raise bad_value(f"Value and AttributeValueList cannot be used together for Attribute: {name}")
        if "Value" in condition:
            condition = condition | {"AttributeValueList": [condition["Value"]]}
        elif "AttributeValueList" not in condition and operator not in ("NULL", "NOT_NULL"):
            raise bad_value(
                f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
            )
        return _comparison(name, condition)
    if "AttributeValueList" in condition:
        raise bad_value(
            f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}"
        )
    if exists is False:
        if "Value" in condition:
            raise bad_value(f"Value cannot be used when Exists is false for Attribute: {name}")
        return Call("attribute_not_exists", (Path((name,)),))
    if "Value" not in condition:
        shown = "null" if exists is None else "true"
        raise bad_value(f"Value must be provided when Exists is {shown} for Attribute: {name}")
    return Compare("=", Path((name,)), Literal(take(condition["Value"])[0]))


def _arguments(operator: str, condition: dict[str, Any]) -> tuple[Value, ...]:
    values = tuple(take(value)[0] for value in condition.get("AttributeValueList", ()))
    low, high = _COUNTS.get(operator, (1, 1))
    if not low <= len(values) <= high:
        raise bad_value(f"Invalid number of argument(s) for the {operator} ComparisonOperator")
    if any(value.keys() != values[0].keys() for value in values):
        raise bad_value("AttributeValues inside AttributeValueList must be of same type")
    for value in values:
        (kind,) = value
        if operator in _SCALARS_ONLY and kind not in ORDERED:
            raise bad_value(f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type")
        if operator == "BEGINS_WITH" and kind not in ("S", "B"):
            raise bad_value(f"ComparisonOperator BEGINS_WITH is not valid for {kind} AttributeValue type")
        if operator in ("CONTAINS", "NOT_CONTAINS") and kind in (*SET_OF, "L", "M"):
            raise bad_value(f"ComparisonOperator {operator} is not valid for {kind} AttributeValue type")
    if operator == "BETWEEN" and sortable(values[0]) > sortable(values[1]):
        raise invalid(
            "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
        )
    return values


def _comparison(name: str, condition: dict[str, Any]) -> Condition:
    operator = condition["ComparisonOperator"]
    path, arguments = Path((name,)), tuple(Literal(value) for value in _arguments(operator, condition))
    match operator:
        case "NULL":
            return Call("attribute_not_exists", (path,))
        case "NOT_NULL":
            return Call("attribute_exists", (path,))
        case "CONTAINS":
            return Call("contains", (path, *arguments))
        case "NOT_CONTAINS":
            return Not(Call("contains", (path, *arguments)))
        case "BEGINS_WITH":
            return Call("begins_with", (path, *arguments))
        case "IN":
            return In(path, arguments)
        case "BETWEEN":
            return Between(path, *arguments)
    return Compare(_COMPARES[operator], path, arguments[0])


def attribute_updates(updates: dict[str, Any]) -> CompiledUpdate:
    """`AttributeUpdates` as an update."""
    actions = [_update(name, update) for name, update in updates.items()]
    return compiled_update(actions, mismatch="Type mismatch for attribute to update")


def _update(name: str, update: dict[str, Any]) -> Action:
    verb = update.get("Action", "PUT")
    if "Value" not in update:
        if verb != "DELETE":
            raise bad_value("Only DELETE action is allowed when no attribute value is specified")
        return Action("REMOVE", (name,))
    value = take(update["Value"])[0]
    (kind,) = value
    if verb == "PUT":
        return Action("SET", (name,), Literal(value))
    if verb == "ADD" and kind not in ("N", "L", *SET_OF):
        raise bad_value(f"ADD action is not supported for the type {kind}")
    if verb == "DELETE" and kind not in SET_OF:
        raise bad_value(f"DELETE action with value is not supported for the type {kind}")
    return Action(verb, (name,), Literal(value))


def projection(attributes: list[str] | None) -> Projection | None:
    """`AttributesToGet` as a projection."""
    if attributes is None:
        return None
    if len(set(attributes)) != len(attributes):
        repeated = next(name for name in attributes if attributes.count(name) > 1)
        raise bad_value(f"Duplicate value in attribute name: {repeated}")
    return projection_of([(name,) for name in attributes])
