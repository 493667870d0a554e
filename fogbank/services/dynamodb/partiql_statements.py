"""ExecuteStatement, and statements that write as writes to one item. Several statements at once are in `partiql_batches.py`."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.expressions.projections import clash_of, projection_of
from fogbank.services.dynamodb.expressions.request import NO_VALUES
from fogbank.services.dynamodb.expressions.updates import compiled_update
from fogbank.services.dynamodb.item_writes import Guard, Prepared, update_of
from fogbank.services.dynamodb.items import perform
from fogbank.services.dynamodb.limits import ITEM_BYTES_MAX
from fogbank.services.dynamodb.partiql.parser import parse
from fogbank.services.dynamodb.partiql.statements import Delete, Exists, Insert, Select, Statement, Update
from fogbank.services.dynamodb.partiql_reads import run_select
from fogbank.services.dynamodb.partiql_where import (
    compiled_where,
    key_of,
)
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import Item, show
from fogbank.services.dynamodb.writes import NOTHING, Held, Write, prepared


@SERVICE.operation
async def execute_statement(
    ctx: Call[DynamoDB],
    *,
    statement: str,
    parameters: list[dict[str, Any]] | None = None,
    consistent_read: bool = False,
    next_token: str | None = None,
    return_consumed_capacity: str = "NONE",
    limit: int | None = None,
    return_values_on_condition_check_failure: str = "NONE",
) -> dict[str, Any]:
    parsed = parse(statement, parameters or [])
    if isinstance(parsed, Select):
        return await run_select(ctx, parsed, consistent_read, next_token, return_consumed_capacity, limit)
    if next_token is not None:
        raise invalid("NextToken is not valid for this statement")
    refuse_exists(parsed)
    shows_item = return_values_on_condition_check_failure == "ALL_OLD"

    async def attempt() -> dict[str, Any]:
        write = await perform(ctx, await prepare_statement(ctx, parsed, shows_item=shows_item))
        shown = returned(parsed, write)
        answer: dict[str, Any] = {"Items": show([shown] if shown else [])}
        if return_consumed_capacity in WANTED:
            spent = Spent(write.table, write.table.record.name)
            spent.wrote(write.before, write.after)
            answer["ConsumedCapacity"] = spent.shown(return_consumed_capacity)
        return answer

    return await prepared(attempt)


# --- writes ----------------------------------------------------------------------------------------------------------


async def prepare_statement(
    ctx: Call[DynamoDB], statement: Statement, *, shows_item: bool = False
) -> Prepared:
    """A statement that writes, or EXISTS, as a write to one item."""
    match statement:
        case Insert(name, item, size):
            return _insert(await ctx.state.directory.find(ctx, name), item, size)
        case Update(name, actions, where, _):
            table = await ctx.state.directory.find(ctx, name)
            if (clash := clash_of([action.path for action in actions])) is not None:
                raise invalid(f"Invalid UpdateExpression: {clash[1]}")
            guard = Guard(compiled_where(where), NO_VALUES, shows_item)
            update = compiled_update(actions)
            return update_of(table, key_of(table, where), update, NO_VALUES, guard, creates=False)
        case Delete(name, where, _):
            table = await ctx.state.directory.find(ctx, name)
            return _delete(table, key_of(table, where), Guard(compiled_where(where), NO_VALUES, shows_item))
        case Exists(select) if select.where is not None:
            table = await ctx.state.directory.find(ctx, select.table)
            return _check(
                table, key_of(table, select.where), Guard(compiled_where(select.where), NO_VALUES, shows_item)
            )
    raise invalid(
        "The statement is not supported here: it neither writes nor is an EXISTS with a WHERE clause"
    )


def _insert(table: Table, item: Item, size: int) -> Prepared:
    table.check_item(item)
    if size > ITEM_BYTES_MAX:
        raise invalid("Item size has exceeded the maximum allowed size")
    after = Held(None, item, size)

    def decide(before: Held) -> Held:
        if not before.is_absent:
            raise SERVICE.error("DuplicateItemException", "Duplicate primary key exists in table")
        return after

    return Prepared(table, table.store_key(item), decide, size=size)


def _delete(table: Table, key: Item, guard: Guard) -> Prepared:
    table.check_key(key)

    def decide(before: Held) -> Held:
        if before.is_absent:
            return before  # success, with nothing deleted
        guard.check(before)
        return NOTHING

    return Prepared(table, table.store_key(key), decide)


def _check(table: Table, key: Item, guard: Guard) -> Prepared:
    table.check_key(key)

    def decide(before: Held) -> Held:
        guard.check(before)
        return before

    return Prepared(table, table.store_key(key), decide)


def returned(statement: Statement, write: Write) -> Item | None:
    """What RETURNING asks for."""
    if not isinstance(statement, Update | Delete) or statement.returning is None:
        return None
    what, when = statement.returning
    item = (write.before if when == "OLD" else write.after).item
    if item is None or what == "ALL" or not isinstance(statement, Update):
        return item
    return projection_of([action.path for action in statement.actions]).of(item)


def refuse_exists(statement: Statement) -> None:
    """The wording is a guess."""
    if isinstance(statement, Exists):
        raise invalid("EXISTS is only supported in transactions")


def refuse_mixture(statements: list[Statement]) -> bool:
    """Whether they read. Raises ValidationException when some read and some write."""
    reads = [isinstance(statement, Select) for statement in statements]
    if any(reads) and not all(reads):
        raise invalid("Read and write statements can not be mixed in one request")
    return all(reads)
