"""CreateTable, DescribeTable, DeleteTable, ListTables. UpdateTable is in `table_updates.py`.

A table is there, or gone, once the call is answered; the answer says CREATING or DELETING as AWS's does, and whoever waits
for ACTIVE finds it at the first look. Only a new index takes time (`backfill.py`).
"""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError, Conflict
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.directory import table_name as name_of
from fogbank.services.dynamodb.encryption import sse_of
from fogbank.services.dynamodb.global_tables import leave
from fogbank.services.dynamodb.index_checks import check_indexes, check_local, global_index, local_index
from fogbank.services.dynamodb.keys import place_of
from fogbank.services.dynamodb.limits import (
    ACCOUNT_CAPACITY_MAX,
    CONFLICT_RETRIES_MAX,
    LIST_TABLES_MAX,
    TABLE_CAPACITY_MAX,
    TABLES_MAX,
)
from fogbank.services.dynamodb.policy_documents import canonical
from fogbank.services.dynamodb.records import Index, ResourcePolicy, Stream, TableRecord
from fogbank.services.dynamodb.schema_checks import (
    attribute_types,
    check_all_used,
    check_is_defined,
    key_names,
)
from fogbank.services.dynamodb.service import SERVICE, bad_value, in_use, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.stream_changes import disable_stream, open_stream
from fogbank.services.dynamodb.streams import new_label
from fogbank.services.dynamodb.system_backups import part_with_items
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.table_checks import check_is_free, check_is_unprotected, stream_view
from fogbank.services.dynamodb.table_shapes import description, farewell
from fogbank.services.dynamodb.tags import tags_of
from fogbank.services.dynamodb.throughput_checks import maxima_of, table_throughput, warm_of, warmed
from fogbank.store.api import ABSENT, Transaction


@SERVICE.operation(
    refuses={
        "GlobalTableSourceArn",
        "GlobalTableSettingsReplicationMode",
        "VectorIndexes",
    }
)
async def create_table(
    ctx: Call[DynamoDB],
    *,
    table_name: str,
    attribute_definitions: list[dict[str, str]] | None = None,
    key_schema: list[dict[str, str]] | None = None,
    local_secondary_indexes: list[dict[str, Any]] | None = None,
    global_secondary_indexes: list[dict[str, Any]] | None = None,
    billing_mode: str = "PROVISIONED",
    provisioned_throughput: dict[str, int] | None = None,
    stream_specification: dict[str, Any] | None = None,
    sse_specification: dict[str, Any] | None = None,
    tags: list[dict[str, str]] | None = None,
    table_class: str | None = None,
    deletion_protection_enabled: bool = False,
    warm_throughput: dict[str, int] | None = None,
    on_demand_throughput: dict[str, int] | None = None,
    resource_policy: str | None = None,
) -> dict[str, Any]:
    state, place, now_ms = ctx.state, place_of(ctx), ctx.state.clock.now_ms()
    name = name_of(ctx, table_name)
    if attribute_definitions is None or key_schema is None:
        raise _missing(attributeDefinitions=attribute_definitions, keySchema=key_schema)
    view = stream_view(stream_specification, is_new=True) if stream_specification is not None else None
    throughput = table_throughput(provisioned_throughput, billing_mode, place.region)
    types = attribute_types(attribute_definitions)
    hash_name, range_name = _keys(key_schema, local_secondary_indexes, global_secondary_indexes, types)
    indexes = _indexes(
        local_secondary_indexes, global_secondary_indexes, hash_name, range_name, billing_mode, place.region
    )
    maxima = maxima_of(on_demand_throughput, None, billing_mode, place.region, is_new=True)
    current = warm_of(None, billing_mode, throughput)
    warm = warmed(warm_throughput or None, current, place.region, is_new=True)
    record = TableRecord(
        name=name,
        id=state.ids.uuid(),
        created_ms=now_ms,
        types=types,
        hash=hash_name,
        range=range_name,
        indexes=tuple(indexes),
        next_number=len(indexes) + 1,
        billing_mode=billing_mode,
        on_demand_since_ms=now_ms if billing_mode == "PAY_PER_REQUEST" else 0,
        throughput=throughput,
        on_demand=maxima,
        stream=Stream(new_label(now_ms), view) if view is not None else None,
        is_protected=deletion_protection_enabled,
        sse=sse_of(sse_specification, place),
        table_class=table_class,
        tags=tags_of(tags or []),
        warm=warm,
        policies=_policies(resource_policy, now_ms),
    )
    table = await _made(ctx, Table(place, record, 0), now_ms)
    return {"TableDescription": await description(table, state.figures, "CREATING")}


def _policies(given: str | None, now_ms: int) -> dict[str, ResourcePolicy]:
    if given is None:
        return {}
    document, is_dated = canonical(given)
    return {"": ResourcePolicy(document, now_ms, is_dated)}


def _missing(**members: object) -> AwsError:
    """What the model does not require, as a replica of another account's table brings it along."""
    found = [name for name, given in members.items() if given is None]
    causes = [
        f"Value null at '{name}' failed to satisfy constraint: Member must not be null" for name in found
    ]
    plural = "s" if len(found) > 1 else ""
    return invalid(f"{len(found)} validation error{plural} detected: {'; '.join(causes)}")


async def _made(ctx: Call[DynamoDB], table: Table, now_ms: int) -> Table:
    """Raises ResourceInUseException, LimitExceededException."""
    state, place = ctx.state, table.place
    if await state.store.count(keys.tables(place), limit=TABLES_MAX) >= TABLES_MAX:
        raise SERVICE.error(
            "LimitExceededException",
            f"Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber",
        )
    transaction = Transaction().put(table.key, table.record.pack(), expect=ABSENT)
    if table.record.stream is not None:
        open_stream(state.ids, transaction, table, now_ms)
    try:
        await state.store.commit(transaction)
    except Conflict:
        raise in_use(f"Table already exists: {table.record.name}") from None
    state.directory.forget(place, table.record.name)
    return table


Given = list[dict[str, Any]] | None


def _keys(
    schema: list[dict[str, str]], local: Given, global_: Given, types: dict[str, str]
) -> tuple[str, str | None]:
    """The table's keys; those of all indexes are defined, and nothing else is."""
    check_is_defined(schema, types)
    hash_name, range_name = key_names(schema)
    for given, what in ((local, "LocalSecondaryIndexes"), (global_, "GlobalSecondaryIndexes")):
        if given is not None and not given:
            raise bad_value(f"List of {what} is empty")
    schemas = [schema, *(index["KeySchema"] for index in (*(local or ()), *(global_ or ())))]
    for each in schemas[1:]:
        check_is_defined(each, types)
    used = {element["AttributeName"] for each in schemas for element in each}
    check_all_used(types, used, has_indexes=len(schemas) > 1)
    return hash_name, range_name


def _indexes(
    local: Given, global_: Given, hash_name: str, range_name: str | None, billing_mode: str, region: str
) -> list[Index]:
    indexes: list[Index] = []
    if local is not None:
        check_local(local, range_name)
        indexes = [local_index(given, hash_name, number) for number, given in enumerate(local, 1)]
    for given in global_ or ():
        indexes.append(global_index(given, len(indexes) + 1, billing_mode, region))
    check_indexes(indexes, is_new=True)
    return indexes


@SERVICE.operation
async def describe_table(ctx: Call[DynamoDB], *, table_name: str) -> dict[str, Any]:
    table = await ctx.state.directory.described(ctx, table_name)
    return {"Table": await description(table, ctx.state.figures)}


@SERVICE.operation
async def delete_table(ctx: Call[DynamoDB], *, table_name: str) -> dict[str, Any]:
    state, now_ms = ctx.state, ctx.state.clock.now_ms()
    for _ in range(CONFLICT_RETRIES_MAX):
        table = await state.directory.described(ctx, table_name)
        check_is_unprotected(table)
        check_is_free(table)
        transaction = Transaction().delete(table.key, expect=table.version)
        await disable_stream(state.store, transaction, table, now_ms)
        await part_with_items(transaction, table, state.figures, state.ids, now_ms)
        try:
            await leave(state.store, transaction, table)
            await state.store.commit(transaction)
        except Conflict:
            continue
        shown = await farewell(table, state.figures)
        state.directory.forget(table.place, table.record.name)
        state.figures.forget(table.record.id)
        return {"TableDescription": shown}
    raise in_use(f"Attempt to change a resource which is still in use: Table is being updated: {table_name}")


@SERVICE.operation
async def list_tables(
    ctx: Call[DynamoDB], *, exclusive_start_table_name: str | None = None, limit: int = LIST_TABLES_MAX
) -> dict[str, Any]:
    place = place_of(ctx)
    after = keys.table(place, exclusive_start_table_name) if exclusive_start_table_name else None
    records = await ctx.state.store.scan(keys.tables(place), after=after, limit=limit + 1)
    names = [record.key[-1] for record in records[:limit]]
    answer: dict[str, Any] = {"TableNames": names}
    if len(records) > limit:
        answer["LastEvaluatedTableName"] = names[-1]
    return answer


@SERVICE.operation
async def describe_limits(ctx: Call[DynamoDB]) -> dict[str, Any]:
    return {
        "AccountMaxReadCapacityUnits": ACCOUNT_CAPACITY_MAX,
        "AccountMaxWriteCapacityUnits": ACCOUNT_CAPACITY_MAX,
        "TableMaxReadCapacityUnits": TABLE_CAPACITY_MAX,
        "TableMaxWriteCapacityUnits": TABLE_CAPACITY_MAX,
    }


@SERVICE.operation
async def describe_endpoints(ctx: Call[DynamoDB]) -> dict[str, Any]:
    address = ctx.caller.host or f"dynamodb.{ctx.region}.amazonaws.com"
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}
