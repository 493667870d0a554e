"""BatchExecuteStatement and ExecuteTransaction."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.items import perform
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.partiql.parser import parse
from fogbank.services.dynamodb.partiql.statements import Delete, Exists, Select, Statement, Update
from fogbank.services.dynamodb.partiql_reads import read_one
from fogbank.services.dynamodb.partiql_statements import (
    prepare_statement,
    refuse_exists,
    refuse_mixture,
    returned,
)
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.tokens import token_of
from fogbank.services.dynamodb.transactions import (
    answer_again,
    answered,
    cancelled,
    digest_of,
    is_of_request,
    reason_of,
    run_transaction,
)
from fogbank.services.dynamodb.values import show
from fogbank.services.dynamodb.writes import Write, prepared

_CODES = {
    "ConditionalCheckFailedException": "ConditionalCheckFailed",
    "ItemCollectionSizeLimitExceededException": "ItemCollectionSizeLimitExceeded",
    "ProvisionedThroughputExceededException": "ProvisionedThroughputExceeded",
    "ValidationException": "ValidationError",
    "ResourceNotFoundException": "ResourceNotFound",
    "DuplicateItemException": "DuplicateItem",
    "TransactionConflictException": "TransactionConflict",
    "AccessDeniedException": "AccessDenied",
}


class _Capacities:
    """What statements spent, by table."""

    def __init__(self, wanted: str, *, transactional: bool) -> None:
        self._wanted = wanted
        self._is_transactional = transactional
        self._spent: dict[str, Spent] = {}

    def of(self, table: Table) -> Spent:
        name = table.record.name
        return self._spent.setdefault(name, Spent(table, name, transactional=self._is_transactional))

    def add_to(self, answer: dict[str, Any]) -> dict[str, Any]:
        if self._wanted in WANTED:
            answer["ConsumedCapacity"] = [spent.shown(self._wanted) for spent in self._spent.values()]
        return answer


@SERVICE.operation
async def batch_execute_statement(
    ctx: Call[DynamoDB], *, statements: list[dict[str, Any]], return_consumed_capacity: str = "NONE"
) -> dict[str, Any]:
    """Each statement by itself; what one fails of is in its response."""
    parsed: list[Statement | AwsError] = []
    for each in statements:
        try:
            parsed.append(parse(each["Statement"], each.get("Parameters", ())))
        except AwsError as error:
            parsed.append(error)
    refuse_mixture([each for each in parsed if not isinstance(each, AwsError)])
    capacities = _Capacities(return_consumed_capacity, transactional=False)
    responses = []
    for statement, request in zip(parsed, statements, strict=True):
        response: dict[str, Any] = {}
        if not isinstance(statement, AwsError):
            response["TableName"] = _table_name(statement)
        try:
            if isinstance(statement, AwsError):
                raise statement
            response |= await _one_of_batch(ctx, statement, request, capacities)
        except AwsError as error:
            response["Error"] = {"Code": _CODES.get(error.code, error.code), "Message": error.message}
            response["Error"] |= error.fields
        responses.append(response)
    return capacities.add_to({"Responses": responses})


async def _one_of_batch(
    ctx: Call[DynamoDB], statement: Statement, request: dict[str, Any], capacities: _Capacities
) -> dict[str, Any]:
    if isinstance(statement, Select):
        consistent = request.get("ConsistentRead", False)
        table, item, size = await read_one(ctx, statement, "BatchExecuteStatement", consistent=consistent)
        capacities.of(table).read(size, consistent=consistent)
        return {} if item is None else {"Item": show(item)}
    refuse_exists(statement)
    shows_item = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"

    async def attempt() -> Write:
        return await perform(ctx, await prepare_statement(ctx, statement, shows_item=shows_item))

    write = await prepared(attempt)
    capacities.of(write.table).wrote(write.before, write.after)
    shown = returned(statement, write)
    return {"Item": show(shown)} if shown else {}


def _table_name(statement: Statement) -> str:
    return statement.select.table if isinstance(statement, Exists) else statement.table


@SERVICE.operation
async def execute_transaction(
    ctx: Call[DynamoDB],
    *,
    transact_statements: list[dict[str, Any]],
    client_request_token: str | None = None,
    return_consumed_capacity: str = "NONE",
) -> dict[str, Any]:
    parsed = [parse(each["Statement"], each.get("Parameters", ())) for each in transact_statements]
    for statement in parsed:
        if isinstance(statement, Update | Delete) and statement.returning is not None:
            raise invalid("RETURNING clause is not supported in transactions")  # the wording is a guess
    capacities = _Capacities(return_consumed_capacity, transactional=True)
    if refuse_mixture(parsed):
        return await _read_all(ctx, parsed, capacities)
    shows = [each.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" for each in transact_statements]
    digest = digest_of(transact_statements)

    async def attempt() -> dict[str, Any]:
        requests = []
        reasons: list[dict[str, Any]] = []
        for statement, shows_item in zip(parsed, shows, strict=True):
            try:
                requests.append(await prepare_statement(ctx, statement, shows_item=shows_item))
                reasons.append({"Code": "None"})
            except AwsError as error:
                if is_of_request(error):
                    raise
                reasons.append(reason_of(error))
        if len(requests) != len(parsed):
            raise cancelled(reasons)
        answer: dict[str, Any] = {"Responses": [{} for _ in parsed]}
        token = None
        if client_request_token is not None:
            # AWS keeps the tokens of the two kinds of transactions apart; those of TransactWriteItems have no spaces.
            token = await token_of(ctx, f"statements {client_request_token}", digest)
            if token.also is None:
                names = [request.table.record.name for request in requests]
                return answer | answer_again(requests, names, token.sizes, return_consumed_capacity)
        for write in await run_transaction(ctx, requests, token):
            capacities.of(write.table).wrote(write.before, write.after)
        return capacities.add_to(answer)

    return await answered(attempt)


async def _read_all(
    ctx: Call[DynamoDB], statements: list[Statement], capacities: _Capacities
) -> dict[str, Any]:
    """All items as of one moment: read twice, until nothing has changed in between."""
    before: list[Any] = []
    for _ in range(CONFLICT_RETRIES_MAX):
        found = [
            await read_one(ctx, each, "ExecuteTransaction") for each in statements if isinstance(each, Select)
        ]
        items = [item for _, item, _ in found]
        if items == before:
            for table, _, size in found:
                capacities.of(table).read(size, consistent=True)
            responses = [{} if item is None else {"Item": show(item)} for item in items]
            return capacities.add_to({"Responses": responses})
        before = items
    raise cancelled([{"Code": "TransactionConflict"} for _ in statements])
