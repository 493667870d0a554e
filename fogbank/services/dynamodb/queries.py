"""Query: one partition of a table or an index, in the order of its sort keys."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, Values
from fogbank.services.dynamodb.expressions.key_conditions import KeyCondition, joined, key_condition
from fogbank.services.dynamodb.expressions.legacy import filters, key_constraints
from fogbank.services.dynamodb.expressions.legacy import projection as legacy_projection
from fogbank.services.dynamodb.expressions.request import Bound, check_parameters
from fogbank.services.dynamodb.reads import (
    Asked,
    Source,
    Stretch,
    answered,
    source_of,
    start_key,
    wanted_of,
)
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.values import Item, key_part
from fogbank.store.api import Key, Part


@SERVICE.operation
async def query(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    index_name: str | None = None,
    select: str | None = None,
    attributes_to_get: list[str] | None = None,
    limit: int | None = None,
    consistent_read: bool = False,
    key_conditions: dict[str, Any] | None = None,
    query_filter: dict[str, Any] | None = None,
    conditional_operator: str | None = None,
    scan_index_forward: bool = True,
    exclusive_start_key: dict[str, Any] | None = None,
    return_consumed_capacity: str = "NONE",
    projection_expression: str | None = None,
    filter_expression: str | None = None,
    key_condition_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
    expression_attribute_values: dict[str, Any] | None = None,
) -> dict[str, Any]:
    check_parameters(
        expression_attribute_names,
        expression_attribute_values,
        expressions={
            "ProjectionExpression": projection_expression,
            "FilterExpression": filter_expression,
            "KeyConditionExpression": key_condition_expression,
        },
        legacy={
            "AttributesToGet": attributes_to_get,
            "QueryFilter": query_filter,
            "ConditionalOperator": conditional_operator,
            # By itself it goes with a filter and a projection: it is older than its own expression.
            "KeyConditions": key_conditions if key_condition_expression is not None else None,
        },
        valued=("FilterExpression", "KeyConditionExpression"),
    )
    if key_condition_expression is None and key_conditions is None:
        raise invalid(
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request."
        )
    bound = Bound(ctx.state.expressions, expression_attribute_names, expression_attribute_values)
    on_keys = bound.condition(key_condition_expression, "KeyConditionExpression")
    filtered = bound.condition(filter_expression, "FilterExpression")
    projection = bound.projection(projection_expression)
    bound.finish()
    table = await ctx.state.directory.find(ctx, table_name)
    source = source_of(table, index_name, consistent=consistent_read)
    condition = _key_condition(source, on_keys, bound.values, key_conditions)
    if query_filter is not None or conditional_operator is not None:
        filtered = filters(query_filter or {}, conditional_operator, "QueryFilter")
    _check_filter(source, filtered, "Filter Expression" if query_filter is None else "QueryFilter")
    parameter = "ProjectionExpression" if projection is not None else "AttributesToGet"
    wanted = wanted_of(
        source, select, projection or legacy_projection(attributes_to_get), parameter, "Querying"
    )
    reverse = not scan_index_forward
    stretch = stretch_of(source, condition)
    if exclusive_start_key is not None:
        position = start_key(source, exclusive_start_key, of_query=True)
        stretch = continued(source, stretch, condition, position, reverse=reverse)
    asked = Asked(table_name, limit, reverse, consistent_read, return_consumed_capacity)
    return await answered(
        ctx.state.store, ctx.state.throttle, source, stretch, asked, wanted, filtered, bound
    )


def _key_condition(
    source: Source,
    on_keys: CompiledCondition | None,
    values: Values,
    legacy: dict[str, Any] | None,
) -> KeyCondition:
    types = source.table.record.types
    if on_keys is not None:
        return key_condition(on_keys, values, source.hash, source.range, types)
    return joined(key_constraints(legacy or {}), source.hash, source.range, types)


def _check_filter(source: Source, filtered: CompiledCondition | None, parameter: str) -> None:
    for name in (source.hash, source.range):
        if filtered is not None and name in filtered.attributes:
            raise invalid(
                f"{parameter} can only contain non-primary key attributes: Primary key attribute: {name}"
            )


def stretch_of(source: Source, condition: KeyCondition) -> Stretch:
    """The store keys of what a key condition asks for."""
    digest = keys.digest(condition.hash_value)
    within = (*source.prefix, digest)
    end: Key = (*source.prefix, digest + b"\0")
    constraint = condition.on_range
    if constraint is None:
        return Stretch(within, end)
    first = key_part(constraint.values[0])
    # The key with "" behind it lies above all that it begins: entries have bytes there.
    match constraint.operator:
        case "=":
            return Stretch((*within, first), (*within, first, ""))
        case "<":
            return Stretch(within, (*within, first))
        case "<=":
            return Stretch(within, (*within, first, ""))
        case ">":
            return Stretch((*within, first, ""), end)
        case ">=":
            return Stretch((*within, first), end)
        case "BETWEEN":
            return Stretch((*within, first), (*within, key_part(constraint.values[1]), ""))
    following = _behind_prefix(first)
    return Stretch((*within, first), end if following is None else (*within, following))


def _behind_prefix(prefix: Part) -> Part | None:
    """The least value above all that begin with `prefix`; None when there is none."""
    if isinstance(prefix, str):
        text = prefix.rstrip("\U0010ffff")
        return text[:-1] + chr(ord(text[-1]) + 1) if text else None
    assert isinstance(prefix, bytes)  # begins_with is for texts and binaries
    content = prefix.rstrip(b"\xff")
    return content[:-1] + bytes((content[-1] + 1,)) if content else None


def continued(
    source: Source, stretch: Stretch, condition: KeyCondition, position: Item, *, reverse: bool
) -> Stretch:
    """What is left of a stretch behind a position. Raises ValidationException when the position lies outside."""
    key = source.store_key(position)
    if condition.on_range is not None:
        within = (*source.prefix, keys.digest(condition.hash_value), *key[len(source.prefix) + 1 :])
        if not _holds(stretch, within):
            raise invalid("The provided starting key does not match the range key predicate")
    if position[source.hash] != condition.hash_value:
        raise invalid(
            "The provided starting key is outside query boundaries based on provided conditions"
            if condition.on_range is None
            else "The query can return at most one row and cannot be restarted"
        )
    return Stretch(stretch.low, key) if reverse else Stretch((*key, ""), stretch.high)


def _holds(stretch: Stretch, key: Key) -> bool:
    return _order(stretch.low) <= _order(key) < _order(stretch.high)


def _order(key: Key) -> tuple[tuple[int, Part], ...]:
    """Store keys as Python compares them: bytes before numbers before texts."""
    kinds = {bytes: 0, int: 1, str: 2}
    return tuple((kinds[type(part)], part) for part in key)
