"""What a WHERE clause says of keys. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, compiled
from fogbank.services.dynamodb.expressions.key_conditions import Constraint
from fogbank.services.dynamodb.expressions.nodes import (
    Between,
    Compare,
    Condition,
    In,
    Literal,
    Path,
    conjuncts,
)
from fogbank.services.dynamodb.expressions.nodes import Call as Function
from fogbank.services.dynamodb.expressions.request import NO_VALUES
from fogbank.services.dynamodb.partiql.parser import NEEDS_KEY
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import Item, Value

_RANGES = ("=", "<", "<=", ">", ">=")


def compiled_where(where: Condition) -> CompiledCondition:
    """Raises ValidationException for values that do not suit their operators."""
    found = compiled(where, "")
    for check in found.checks:
        check(NO_VALUES)
    return found


def key_of(table: Table, where: Condition) -> Item:
    """The primary key that a WHERE clause fixes. Raises ValidationException when it does not."""
    fixed = fixed_by(where)
    if any(name not in fixed for name in table.key_names):
        raise invalid(NEEDS_KEY)
    return {name: fixed[name] for name in table.key_names}


def fixed_by(where: Condition) -> dict[str, Value]:
    """Attributes that must be equal to a value."""
    return {
        constraint.attribute: constraint.values[0]
        for constraint in constraints(where)
        if constraint.operator == "="
    }


def constraints(where: Condition) -> Iterator[Constraint]:
    """What every item must fulfil, as far as it is about one attribute and values."""
    for node in conjuncts(where):
        match node:
            case Compare(operator, Path((str() as name,)), Literal(value)) if operator in _RANGES:
                yield Constraint(name, operator, (value,))
            case Between(Path((str() as name,)), Literal(low), Literal(high)):
                yield Constraint(name, "BETWEEN", (low, high))
            case Function("begins_with", (Path((str() as name,)), Literal(value))):
                yield Constraint(name, "begins_with", (value,))
            case _:
                pass


def hash_values(name: str, where: Condition) -> list[Value]:
    if (fixed := fixed_by(where).get(name)) is not None:
        return [fixed]
    for node in conjuncts(where):
        match node:
            case In(Path((str() as found,)), choices) if found == name and all(
                isinstance(choice, Literal) for choice in choices
            ):
                values: list[Value] = []
                for choice in choices:
                    if isinstance(choice, Literal) and choice.value not in values:
                        values.append(choice.value)
                return values
            case _:
                pass
    return []
