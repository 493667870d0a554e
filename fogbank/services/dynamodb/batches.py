"""BatchGetItem and BatchWriteItem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.item_reads import sent_projection
from fogbank.services.dynamodb.item_writes import Prepared, prepare_delete, prepare_put
from fogbank.services.dynamodb.items import collection_metrics
from fogbank.services.dynamodb.limits import (
    BATCH_BYTES_MAX,
    BATCH_GET_BYTES_MAX,
    BATCH_GET_KEYS_MAX,
    BATCH_WRITE_REQUESTS_MAX,
)
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.together import Busy, write_together
from fogbank.services.dynamodb.values import (
    Item,
    show,
    show_all_stored,
    stored_size,
    take_item,
    unpack,
)
from fogbank.services.dynamodb.writes import prepared
from fogbank.store.api import Key


@SERVICE.operation
async def batch_get_item(
    ctx: Call[DynamoDB], *, request_items: dict[str, Any], return_consumed_capacity: str = "NONE"
) -> dict[str, Any]:
    if not request_items:
        raise invalid("The requestItems parameter is required for BatchGetItem")
    if sum(len(request["Keys"]) for request in request_items.values()) > BATCH_GET_KEYS_MAX:
        raise invalid("Too many items requested for the BatchGetItem call")
    sent = {member for request in request_items.values() for member in request}
    if sent >= {"ProjectionExpression", "AttributesToGet"}:  # be it of different tables
        raise invalid(
            "Can not use both expression and non-expression parameters in the same request: "
            "Non-expression parameters: {AttributesToGet} Expression parameters: {ProjectionExpression}"
        )
    responses: dict[str, Any] = {}
    unprocessed: dict[str, Any] = {}
    capacities: list[dict[str, Any]] = []
    left_bytes = BATCH_GET_BYTES_MAX
    throttled, refusal = 0, None
    for name, request in request_items.items():
        table = await ctx.state.directory.sought(ctx, name)
        projection = sent_projection(
            ctx.state.expressions,
            table,
            request.get("ProjectionExpression"),
            request.get("ExpressionAttributeNames"),
            request.get("AttributesToGet"),
        )
        keys = _store_keys(table, request["Keys"])
        spent = Spent(table, name)
        found: list[bytes] = []
        for at, key in enumerate(keys):
            refusal = _refusal(ctx.state.throttle.admit_read, table)
            if refusal is not None:
                unprocessed[name] = request | {"Keys": request["Keys"][at:]}
                throttled += len(keys) - at
                break
            record = await ctx.state.store.get(key)
            size = stored_size(record.value) if record is not None else 0
            if size > left_bytes:
                unprocessed[name] = request | {"Keys": request["Keys"][at:]}
                break
            left_bytes -= size
            spent.read(size, consistent=request.get("ConsistentRead", False))
            ctx.state.throttle.read(table, size, consistent=request.get("ConsistentRead", False))
            if record is not None:
                found.append(record.value)
        if projection is None:
            responses[name] = show_all_stored(found)
        else:
            responses[name] = show([projection.of(unpack(stored)) for stored in found])
        if return_consumed_capacity in WANTED:
            capacities.append(spent.shown(return_consumed_capacity))
    if refusal is not None and throttled == sum(len(request["Keys"]) for request in request_items.values()):
        raise refusal
    answer: dict[str, Any] = {"Responses": responses, "UnprocessedKeys": unprocessed}
    if return_consumed_capacity in WANTED:
        answer["ConsumedCapacity"] = capacities
    return answer


def _refusal(admit: Callable[[Table], None], table: Table) -> AwsError | None:
    try:
        admit(table)
    except AwsError as error:
        return error
    return None


def _store_keys(table: Table, raw: list[dict[str, Any]]) -> list[Key]:
    found: list[Key] = []
    for each in raw:
        key, _ = take_item(each)
        table.check_key(key)
        found.append(table.store_key(key))
    if len(set(found)) != len(found):
        raise invalid("Provided list of item keys contains duplicates")
    return found


@SERVICE.operation
async def batch_write_item(
    ctx: Call[DynamoDB],
    *,
    request_items: dict[str, Any],
    return_consumed_capacity: str = "NONE",
    return_item_collection_metrics: str = "NONE",
) -> dict[str, Any]:
    if not request_items:
        raise invalid("The requestItems parameter is required for BatchWriteItem")
    if sum(map(len, request_items.values())) > BATCH_WRITE_REQUESTS_MAX:
        raise invalid("Too many items requested for the BatchWriteItem call")

    async def attempt() -> dict[str, Any]:
        names: list[str] = []
        given: list[dict[str, Any]] = []
        requests: list[Prepared] = []
        sizes = 0
        refused: dict[str, AwsError] = {}  # tables whose throughput is used up
        for name, writes in request_items.items():
            table = await ctx.state.directory.find(ctx, name)
            if (refusal := _refusal(ctx.state.throttle.admit_write, table)) is not None:
                refused[name] = refusal
            for write in writes:
                request, size = _prepare(ctx, table, write)
                requests.append(request)
                names.append(name)
                given.append(
                    write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]
                )
                sizes += size
        if len({request.key for request in requests}) != len(requests):
            raise invalid("Provided list of item keys contains duplicates")
        if sizes > BATCH_BYTES_MAX:
            raise invalid("The batch request exceeds the maximum size of 16 MB")
        if len(refused) == len(request_items):
            raise refused[name]
        if refused:
            kept = [each for each in zip(names, given, requests, strict=True) if each[0] not in refused]
            names, given, requests = (list(each) for each in zip(*kept, strict=True))
        try:
            done = await write_together(ctx.state.store, ctx.state.writer, requests)
        except Busy:
            return {"UnprocessedItems": request_items}
        for write in done:
            if write.error is not None:
                raise write.error
        answer: dict[str, Any] = {"UnprocessedItems": {name: request_items[name] for name in refused}}
        spent: dict[str, Spent] = {}
        metrics: dict[str, list[dict[str, Any]]] = {}
        for name, key, write in zip(names, given, done, strict=True):
            ctx.state.throttle.wrote(write.table, write.before, write.after)
            if return_consumed_capacity in WANTED:
                spent.setdefault(name, Spent(write.table, name)).wrote(write.before, write.after)
            if return_item_collection_metrics == "SIZE" and write.table.has_local:
                metrics.setdefault(name, []).append(collection_metrics(write.table, key))
        if return_consumed_capacity in WANTED:
            answer["ConsumedCapacity"] = [each.shown(return_consumed_capacity) for each in spent.values()]
        if metrics:
            answer["ItemCollectionMetrics"] = metrics
        return answer

    return await prepared(attempt)


def _prepare(ctx: Call[DynamoDB], table: Table, write: dict[str, Any]) -> tuple[Prepared, int]:
    if ("PutRequest" in write) == ("DeleteRequest" in write):
        raise invalid(  # of the request itself, also when it is empty
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        )
    if "PutRequest" in write:
        item: Item = write["PutRequest"]["Item"]
        # Where PutItem says what is wrong with a key, a batch does not.
        if any(table.record.types[name] not in item.get(name, {}) for name in table.key_names):
            raise invalid("The provided key element does not match the schema")
        request = prepare_put(ctx.state.expressions, table, item)
        return request, request.size
    return prepare_delete(ctx.state.expressions, table, write["DeleteRequest"]["Key"]), 0
