"""PutItem, GetItem, UpdateItem, DeleteItem. What they decide is in `item_writes.py`, which transactions share."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.item_reads import sent_projection
from fogbank.services.dynamodb.item_writes import Prepared, prepare_delete, prepare_put, prepare_update
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import show, show_stored, stored_size, take_item, unpack
from fogbank.services.dynamodb.writes import Write, prepared


@SERVICE.operation
async def put_item(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    item: dict[str, Any],
    expected: dict[str, Any] | None = None,
    return_values: str = "NONE",
    return_consumed_capacity: str = "NONE",
    return_item_collection_metrics: str = "NONE",
    conditional_operator: str | None = None,
    condition_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
    expression_attribute_values: dict[str, Any] | None = None,
    return_values_on_condition_check_failure: str = "NONE",
) -> dict[str, Any]:
    if return_values not in ("NONE", "ALL_OLD"):
        raise invalid("ReturnValues can only be ALL_OLD or NONE")

    async def attempt() -> dict[str, Any]:
        table = await ctx.state.directory.sought(ctx, table_name)
        request = prepare_put(
            ctx.state.expressions,
            table,
            item,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            expected,
            conditional_operator,
            shows_item=return_values_on_condition_check_failure == "ALL_OLD",
        )
        write = await perform(ctx, request)
        return _answer(
            write, item, table_name, return_values, return_consumed_capacity, return_item_collection_metrics
        )

    return await prepared(attempt)


@SERVICE.operation
async def delete_item(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    key: dict[str, Any],
    expected: dict[str, Any] | None = None,
    conditional_operator: str | None = None,
    return_values: str = "NONE",
    return_consumed_capacity: str = "NONE",
    return_item_collection_metrics: str = "NONE",
    condition_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
    expression_attribute_values: dict[str, Any] | None = None,
    return_values_on_condition_check_failure: str = "NONE",
) -> dict[str, Any]:
    if return_values not in ("NONE", "ALL_OLD"):
        raise invalid("ReturnValues can only be ALL_OLD or NONE")

    async def attempt() -> dict[str, Any]:
        table = await ctx.state.directory.sought(ctx, table_name)
        request = prepare_delete(
            ctx.state.expressions,
            table,
            key,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            expected,
            conditional_operator,
            shows_item=return_values_on_condition_check_failure == "ALL_OLD",
        )
        write = await perform(ctx, request)
        return _answer(
            write, key, table_name, return_values, return_consumed_capacity, return_item_collection_metrics
        )

    return await prepared(attempt)


@SERVICE.operation
async def update_item(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    key: dict[str, Any],
    attribute_updates: dict[str, Any] | None = None,
    expected: dict[str, Any] | None = None,
    conditional_operator: str | None = None,
    return_values: str = "NONE",
    return_consumed_capacity: str = "NONE",
    return_item_collection_metrics: str = "NONE",
    update_expression: str | None = None,
    condition_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
    expression_attribute_values: dict[str, Any] | None = None,
    return_values_on_condition_check_failure: str = "NONE",
) -> dict[str, Any]:
    async def attempt() -> dict[str, Any]:
        table = await ctx.state.directory.sought(ctx, table_name)
        request = prepare_update(
            ctx.state.expressions,
            table,
            key,
            update_expression,
            condition_expression,
            expression_attribute_names,
            expression_attribute_values,
            attribute_updates,
            expected,
            conditional_operator,
            shows_item=return_values_on_condition_check_failure == "ALL_OLD",
        )
        write = await perform(ctx, request)
        answer = _answer(
            write, key, table_name, return_values, return_consumed_capacity, return_item_collection_metrics
        )
        if return_values not in ("NONE", "ALL_OLD") and (shown := _updated(request, write, return_values)):
            answer["Attributes"] = show(shown)
        return answer

    return await prepared(attempt)


def _updated(request: Prepared, write: Write, wanted: str) -> dict[str, Any]:
    """The attributes that ReturnValues asks for, but for ALL_OLD."""
    held = write.before if wanted.endswith("_OLD") else write.after
    item = held.item
    if item is None or wanted.startswith("ALL_"):
        return item or {}
    return request.touched.of(item) if request.touched is not None else {}


async def perform(ctx: Call[DynamoDB], request: Prepared) -> Write:
    """Do one prepared write. Raises AwsError, TableChanged."""
    throttle = ctx.state.throttle
    throttle.admit_write(request.table)
    write = Write(request.table, request.key, request.decide)
    await ctx.state.writer.write(write)
    throttle.wrote(write.table, write.before, write.after)
    return write


def _answer(
    write: Write, key: dict[str, Any], name: str, returned: str, capacity: str, metrics: str
) -> dict[str, Any]:
    """What a write answers. Of ReturnValues only ALL_OLD, which all kinds of writes have."""
    answer: dict[str, Any] = {}
    if capacity in WANTED:
        spent = Spent(write.table, name)
        spent.wrote(write.before, write.after)
        answer["ConsumedCapacity"] = spent.shown(capacity)
    if metrics == "SIZE" and write.table.has_local:
        answer["ItemCollectionMetrics"] = collection_metrics(write.table, key)
    if returned == "ALL_OLD" and not write.before.is_absent:
        answer["Attributes"] = show_stored(write.before.stored or b"")
    return answer


def collection_metrics(table: Table, key: dict[str, Any]) -> dict[str, Any]:
    """The estimate that AWS gives for a collection of less than a gigabyte; fogbank does not measure larger ones. `key` is a
    request's Key or Item."""
    shown, _ = take_item({table.hash: key[table.hash]})
    return {"ItemCollectionKey": show(shown), "SizeEstimateRangeGB": [0.0, 1.0]}


@SERVICE.operation
async def get_item(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    key: dict[str, Any],
    attributes_to_get: list[str] | None = None,
    consistent_read: bool = False,
    return_consumed_capacity: str = "NONE",
    projection_expression: str | None = None,
    expression_attribute_names: dict[str, str] | None = None,
) -> dict[str, Any]:
    table = await ctx.state.directory.sought(ctx, table_name)
    projection = sent_projection(
        ctx.state.expressions, table, projection_expression, expression_attribute_names, attributes_to_get
    )
    taken, _ = take_item(key)
    table.check_key(taken)
    ctx.state.throttle.admit_read(table)
    record = await ctx.state.store.get(table.store_key(taken))
    size_bytes = stored_size(record.value) if record is not None else 0
    ctx.state.throttle.read(table, size_bytes, consistent=consistent_read)
    answer: dict[str, Any] = {}
    if record is not None:
        if projection is None:
            answer["Item"] = show_stored(record.value)
        else:
            answer["Item"] = show(projection.of(unpack(record.value)))
    if return_consumed_capacity in WANTED:
        spent = Spent(table, table_name)
        spent.read(size_bytes, consistent=consistent_read)
        answer["ConsumedCapacity"] = spent.shown(return_consumed_capacity)
    return answer
