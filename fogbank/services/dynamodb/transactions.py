"""TransactWriteItems and TransactGetItems."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import TRANSACTION_FACTOR, WANTED, Spent
from fogbank.services.dynamodb.item_reads import sent_projection
from fogbank.services.dynamodb.item_writes import (
    Prepared,
    prepare_check,
    prepare_delete,
    prepare_put,
    prepare_update,
)
from fogbank.services.dynamodb.items import collection_metrics
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX, TRANSACTION_BYTES_MAX
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.together import AlsoConflict, Busy, write_together
from fogbank.services.dynamodb.tokens import Token, token_of
from fogbank.services.dynamodb.values import show, show_stored, stored_size, take_item, unpack
from fogbank.services.dynamodb.writes import Write, prepared
from fogbank.store.api import Key, Record

_KINDS = ("ConditionCheck", "Put", "Delete", "Update")
# Refusals of a request as such; any other of one item's is that item's reason for cancelling. An empty key is the former, a
# key of the wrong type or none the latter.
_WHOLE = (
    "Invalid ",
    "ExpressionAttribute",
    "Value provided in",
    "1 validation error",
    "One or more parameter values are not valid.",
    "Item size has exceeded",
)
_CONFLICT = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}


@SERVICE.operation
async def transact_write_items(
    ctx: Call[DynamoDB],
    *,
    transact_items: list[dict[str, Any]],
    return_consumed_capacity: str = "NONE",
    return_item_collection_metrics: str = "NONE",
    client_request_token: str | None = None,
) -> dict[str, Any]:
    for item in transact_items:
        if len(item) != 1:
            raise invalid("TransactItems can only contain one of Check, Put, Update or Delete")

    async def attempt() -> dict[str, Any]:
        requests, names = await _prepare_all(ctx, transact_items)
        token = None
        if client_request_token is not None:
            token = await token_of(ctx, client_request_token, digest_of(transact_items))
        if token is not None and token.also is None:
            return answer_again(requests, names, token.sizes, return_consumed_capacity)
        writes = await run_transaction(ctx, requests, token)
        answer = _answer(writes, names, return_consumed_capacity)
        if return_item_collection_metrics == "SIZE" and (shown := _metrics(writes, names, transact_items)):
            answer["ItemCollectionMetrics"] = shown
        return answer

    return await answered(attempt)


async def answered(attempt: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """What a transaction comes to. Raises TransactionInProgressException."""
    for _ in range(CONFLICT_RETRIES_MAX):
        try:
            return await prepared(attempt)
        except AlsoConflict:
            continue  # the same token was used meanwhile: look at it again
    raise SERVICE.error("TransactionInProgressException", "Transaction is already in progress")


async def run_transaction(
    ctx: Call[DynamoDB], requests: Sequence[Prepared], token: Token | None
) -> list[Write]:
    """Commit all or nothing. Raises TransactionCanceledException, TableChanged, AlsoConflict."""
    if len({request.key for request in requests}) != len(requests):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if sum(request.size for request in requests) > TRANSACTION_BYTES_MAX:
        raise invalid("Transaction request size exceeds the limit of 4 MB")
    _admit(ctx, [request.table for request in requests])
    also = token.also if token is not None else None
    try:
        writes = await write_together(ctx.state.store, ctx.state.writer, requests, also)
    except Busy:
        raise cancelled([_CONFLICT for _ in requests]) from None
    if any(write.error is not None for write in writes):
        raise cancelled([reason_of(write.error) for write in writes])
    for write in writes:
        ctx.state.throttle.wrote(write.table, write.before, write.after, factor=TRANSACTION_FACTOR)
    return writes


def _admit(ctx: Call[DynamoDB], tables: Sequence[Table], *, reads: bool = False) -> None:
    """Raises TransactionCanceledException for the tables whose throughput is used up."""
    reasons: list[dict[str, Any]] = []
    for table in tables:
        try:
            if reads:
                ctx.state.throttle.admit_read(table)
            else:
                ctx.state.throttle.admit_write(table)
            reasons.append({"Code": "None"})
        except AwsError as error:
            code = (
                "ThrottlingError" if error.code == "ThrottlingException" else "ProvisionedThroughputExceeded"
            )
            reasons.append({"Code": code, "Message": error.message})
    if any(reason["Code"] != "None" for reason in reasons):
        raise cancelled(reasons)


def cancelled(reasons: list[dict[str, Any]]) -> AwsError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    fields = {"CancellationReasons": reasons, "Message": message}
    return SERVICE.error("TransactionCanceledException", message, **fields)


def reason_of(error: Exception | None) -> dict[str, Any]:
    """A CancellationReason."""
    if not isinstance(error, AwsError):
        return {"Code": "None"}
    code = {
        "ConditionalCheckFailedException": "ConditionalCheckFailed",
        "ValidationException": "ValidationError",
        "DuplicateItemException": "DuplicateItem",
    }.get(error.code, error.code)
    return {"Code": code, "Message": error.message} | error.fields


def is_of_request(error: AwsError) -> bool:
    """Whether it refuses the whole request rather than cancel the transaction."""
    return error.code != "ValidationException" or error.message.startswith(_WHOLE)


async def _prepare_all(ctx: Call[DynamoDB], items: list[dict[str, Any]]) -> tuple[list[Prepared], list[str]]:
    requests: list[Prepared] = []
    names: list[str] = []
    reasons: list[dict[str, Any]] = []
    for item in items:
        ((kind, request),) = item.items()
        table = await ctx.state.directory.sought(ctx, request["TableName"])
        names.append(request["TableName"])
        try:
            requests.append(_prepare(ctx, table, kind, request))
            reasons.append({"Code": "None"})
        except AwsError as error:
            if is_of_request(error):
                raise
            take_item(request.get("Item", request.get("Key")))  # raises what is wrong with a value as such
            reasons.append(reason_of(error))
    if len(requests) != len(items):
        raise cancelled(reasons)
    return requests, names


def _prepare(ctx: Call[DynamoDB], table: Table, kind: str, request: dict[str, Any]) -> Prepared:
    expressions = ctx.state.expressions
    shows = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    condition = request.get("ConditionExpression")
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    match kind:
        case "Put":
            return prepare_put(
                expressions, table, request["Item"], condition, names, values, shows_item=shows
            )
        case "Delete":
            return prepare_delete(
                expressions, table, request["Key"], condition, names, values, shows_item=shows
            )
        case "ConditionCheck":
            return prepare_check(
                expressions,
                table,
                request["Key"],
                request["ConditionExpression"],
                names,
                values,
                shows_item=shows,
            )
    return prepare_update(
        expressions,
        table,
        request["Key"],
        request["UpdateExpression"],
        condition,
        names,
        values,
        shows_item=shows,
    )


def _answer(writes: list[Write], names: list[str], capacity: str) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if capacity in WANTED:
        spent: dict[str, Spent] = {}
        for name, write in zip(names, writes, strict=True):
            spent.setdefault(name, Spent(write.table, name, transactional=True)).wrote(
                write.before, write.after
            )
        answer["ConsumedCapacity"] = [each.shown(capacity) for each in spent.values()]
    return answer


def _metrics(writes: list[Write], names: list[str], items: list[dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, list[dict[str, Any]]] = {}
    for name, write, item in zip(names, writes, items, strict=True):
        if write.table.has_local:
            (request,) = item.values()
            key = request.get("Item", request.get("Key"))
            shown.setdefault(name, []).append(collection_metrics(write.table, key))
    return shown


def answer_again(
    requests: list[Prepared], names: list[str], sizes: Sequence[int], capacity: str
) -> dict[str, Any]:
    """A transaction that was done before costs what reading its items costs, as large as they were then."""
    if capacity not in WANTED:
        return {}
    spent: dict[str, Spent] = {}
    for name, request, size in zip(names, requests, sizes or [0] * len(names), strict=True):
        spent.setdefault(name, Spent(request.table, name, transactional=True)).read(size, consistent=True)
    return {"ConsumedCapacity": [each.shown(capacity) for each in spent.values()]}


def digest_of(items: list[dict[str, Any]]) -> str:
    """What two requests with one token must have in common."""
    text = orjson.dumps(items, _plain_json, orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _plain_json(value: Any) -> str:
    """Binaries of a request, for digests of it."""
    return base64.b64encode(value).decode()


@SERVICE.operation
async def transact_get_items(
    ctx: Call[DynamoDB], *, transact_items: list[dict[str, Any]], return_consumed_capacity: str = "NONE"
) -> dict[str, Any]:
    keys: list[Key] = []
    projections = []
    spent: dict[str, Spent] = {}
    names: list[str] = []
    tables: list[Table] = []
    reasons: list[dict[str, Any]] = []
    for item in transact_items:
        request = item["Get"]
        names.append(request["TableName"])
        table = await ctx.state.directory.sought(ctx, request["TableName"])
        tables.append(table)
        text, given = request.get("ProjectionExpression"), request.get("ExpressionAttributeNames")
        projections.append(sent_projection(ctx.state.expressions, table, text, given))
        key, _ = take_item(request["Key"])
        spent.setdefault(request["TableName"], Spent(table, request["TableName"], transactional=True))
        try:
            table.check_key(key)
        except AwsError as error:
            if is_of_request(error):
                raise
            reasons.append(reason_of(error))
        else:
            keys.append(table.store_key(key))
            reasons.append({"Code": "None"})
    if len(keys) != len(reasons):
        raise cancelled(reasons)
    if len(set(keys)) != len(keys):
        raise invalid("Transaction request cannot include multiple operations on one item")
    _admit(ctx, tables, reads=True)
    records = await _read_together(ctx, keys)
    responses: list[dict[str, Any]] = []
    for name, table, projection, record in zip(names, tables, projections, records, strict=True):
        size_bytes = stored_size(record.value) if record is not None else 0
        spent[name].read(size_bytes, consistent=True)
        for _ in range(TRANSACTION_FACTOR):
            ctx.state.throttle.read(table, size_bytes, consistent=True)
        if record is None:
            responses.append({})
        elif projection is None:
            responses.append({"Item": show_stored(record.value)})
        else:
            responses.append({"Item": show(projection.of(unpack(record.value)))})
    answer: dict[str, Any] = {"Responses": responses}
    if return_consumed_capacity in WANTED:
        answer["ConsumedCapacity"] = [each.shown(return_consumed_capacity) for each in spent.values()]
    return answer


async def _read_together(ctx: Call[DynamoDB], keys: list[Key]) -> list[Record | None]:
    """The items as they were at one moment: read twice, until nothing has changed in between."""
    before = await ctx.state.store.get_many(keys)
    for _ in range(CONFLICT_RETRIES_MAX):
        after = await ctx.state.store.get_many(keys)
        if _versions(before) == _versions(after):
            return after
        before = after
    raise cancelled([_CONFLICT for _ in keys])


def _versions(records: list[Record | None]) -> list[int]:
    return [0 if record is None else record.version for record in records]
