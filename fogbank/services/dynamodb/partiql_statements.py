"""ExecuteStatement, BatchExecuteStatement, ExecuteTransaction: PartiQL statements on the ways that other operations go.

A SELECT that fixes the partition key reads that partition, one that lists several reads each, any other scans, as on AWS.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, compiled, find
from fogbank.services.dynamodb.expressions.key_conditions import Constraint, KeyCondition
from fogbank.services.dynamodb.expressions.nodes import (
    And,
    Between,
    Compare,
    Condition,
    In,
    Literal,
    Path,
    Steps,
)
from fogbank.services.dynamodb.expressions.nodes import Call as Function
from fogbank.services.dynamodb.expressions.projections import clash_of, projection_of
from fogbank.services.dynamodb.expressions.request import NO_VALUES
from fogbank.services.dynamodb.expressions.updates import compiled_update
from fogbank.services.dynamodb.item_writes import Guard, Prepared, update_of
from fogbank.services.dynamodb.items import perform
from fogbank.services.dynamodb.limits import ITEM_BYTES_MAX, PAGE_BYTES_MAX
from fogbank.services.dynamodb.partiql.parser import NEEDS_KEY, parse
from fogbank.services.dynamodb.partiql.statements import Delete, Exists, Insert, Select, Statement, Update
from fogbank.services.dynamodb.queries import stretch_of
from fogbank.services.dynamodb.reads import (
    Page,
    Source,
    Stretch,
    read_page,
    source_of,
    spend,
    start_key,
    wanted_of,
)
from fogbank.services.dynamodb.scans import segment_of
from fogbank.services.dynamodb.service import SERVICE, invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import Item, Value, show, stored_size, unpack, wire_item
from fogbank.services.dynamodb.writes import NOTHING, Held, Write, prepared

_TOKEN = "dynamodb statement"
_RANGES = ("=", "<", "<=", ">", ">=")


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
        return await _select(ctx, parsed, consistent_read, next_token, return_consumed_capacity, limit)
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
            guard = Guard(_compiled(where), NO_VALUES, shows_item)
            update = compiled_update(actions)
            return update_of(table, _key(table, where), update, NO_VALUES, guard, creates=False)
        case Delete(name, where, _):
            table = await ctx.state.directory.find(ctx, name)
            return _delete(table, _key(table, where), Guard(_compiled(where), NO_VALUES, shows_item))
        case Exists(select) if select.where is not None:
            table = await ctx.state.directory.find(ctx, select.table)
            return _check(
                table, _key(table, select.where), Guard(_compiled(select.where), NO_VALUES, shows_item)
            )
    raise invalid(
        "The statement is not supported here: it neither writes nor is an EXISTS with a WHERE clause"
    )


def _compiled(where: Condition) -> CompiledCondition:
    """Raises ValidationException for values that do not suit their operators."""
    found = compiled(where, "")
    for check in found.checks:
        check(NO_VALUES)
    return found


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


def _key(table: Table, where: Condition) -> Item:
    """The primary key that a WHERE clause fixes. Raises ValidationException when it does not."""
    fixed = _fixed(where)
    if any(name not in fixed for name in table.key_names):
        raise invalid(NEEDS_KEY)
    return {name: fixed[name] for name in table.key_names}


def _fixed(where: Condition) -> dict[str, Value]:
    """Attributes that must be equal to a value."""
    return {
        constraint.attribute: constraint.values[0]
        for constraint in _constraints(where)
        if constraint.operator == "="
    }


def _conjuncts(node: Condition) -> Iterator[Condition]:
    if isinstance(node, And):
        yield from _conjuncts(node.left)
        yield from _conjuncts(node.right)
    else:
        yield node


def _constraints(where: Condition) -> Iterator[Constraint]:
    """What every item must fulfil, as far as it is about one attribute and values."""
    for node in _conjuncts(where):
        match node:
            case Compare(operator, Path((str() as name,)), Literal(value)) if operator in _RANGES:
                yield Constraint(name, operator, (value,))
            case Between(Path((str() as name,)), Literal(low), Literal(high)):
                yield Constraint(name, "BETWEEN", (low, high))
            case Function("begins_with", (Path((str() as name,)), Literal(value))):
                yield Constraint(name, "begins_with", (value,))
            case _:
                pass


# --- reads -----------------------------------------------------------------------------------------------------------


async def _select(
    ctx: Call[DynamoDB],
    select: Select,
    consistent: bool,
    next_token: str | None,
    capacity: str,
    limit: int | None,
) -> dict[str, Any]:
    table = await ctx.state.directory.find(ctx, select.table)
    source, fetches = _source(table, select, consistent=consistent)
    reverse = _is_reversed(select, source)
    stretches = _stretches(source, select.where)
    first, position = _unseal(select, source, next_token)
    if first >= len(stretches):
        raise invalid("Invalid NextToken")
    ctx.state.throttle.admit_read(table, source.entries)
    page, at = await _read(ctx, source, stretches, first, position, reverse, limit, fetches=fetches)
    ctx.state.throttle.read(table, page.size_bytes, consistent=consistent, entries=source.entries)
    condition = _compiled(select.where) if select.where is not None else None
    items = [_columns(select, item) for item in map(unpack, page.rows) if _passes(condition, item)]
    answer: dict[str, Any] = {"Items": show(items)}
    if page.is_cut and page.rows:
        last = source.position_of(page.rows[-1])
        answer["LastEvaluatedKey"] = show(last)
        answer["NextToken"] = page_tokens.seal(_TOKEN, [select.table, select.index, at, last])
    if capacity in WANTED:
        spent = Spent(table, table.record.name)
        spend(spent, source, page, consistent=consistent)
        answer["ConsumedCapacity"] = spent.shown(capacity)
    return answer


def _source(table: Table, select: Select, *, consistent: bool) -> tuple[Source, bool]:
    """What is read, and whether a local index lacks a column, so that the items themselves are. Words of PartiQL's own."""
    if select.index is None:
        return source_of(table, None, consistent=consistent), False
    entries = table.indexes.get(select.index)
    if entries is None:
        raise invalid("The table does not have the specified index")
    if entries.index.is_global and consistent:
        raise invalid("Strongly consistent read is not supported on Global Secondary Indexes")
    source = source_of(table, select.index, consistent=consistent)
    if select.columns is None or entries.projected is None:
        return source, False
    return source, wanted_of(source, None, projection_of(select.columns), "", "").fetches


async def _read(
    ctx: Call[DynamoDB],
    source: Source,
    stretches: list[Stretch],
    first: int,
    position: Item | None,
    reverse: bool,
    limit: int | None,
    *,
    fetches: bool,
) -> tuple[Page, int]:
    """A page over the stretches from the one numbered `first` on, and the number of that in which it ends."""
    whole = Page([], 0, False, [])
    at = first
    for at in range(first, len(stretches)):
        stretch = stretches[at]
        if position is not None:
            key = source.store_key(position)
            stretch = Stretch(stretch.low, key) if reverse else Stretch((*key, ""), stretch.high)
            position = None
        left = None if limit is None else limit - len(whole.rows)
        page = await read_page(ctx.state.store, source, stretch, limit=left, reverse=reverse, fetches=fetches)
        whole.rows += page.rows
        whole.fetched_bytes += page.fetched_bytes
        whole.size_bytes += page.size_bytes
        whole.is_cut = page.is_cut
        if page.rows and whole.size_bytes >= PAGE_BYTES_MAX and at + 1 < len(stretches):
            whole.is_cut = True
        if whole.is_cut:
            break
    return whole, at


def _stretches(source: Source, where: Condition | None) -> list[Stretch]:
    """One stretch for each partition that the condition names; the whole source when it names none."""
    if where is None:
        return [segment_of(source, 0, 1)]
    hash_type = source.table.record.types[source.hash]
    values = [value for value in _hash_values(source.hash, where) if value.get(hash_type)]
    if not values:
        return [segment_of(source, 0, 1)]
    on_range = None
    if source.range is not None:
        range_type = source.table.record.types[source.range]
        on_range = next(
            (
                constraint
                for constraint in _constraints(where)
                if constraint.attribute == source.range
                and all(range_type in value for value in constraint.values)
            ),
            None,
        )
    return [stretch_of(source, KeyCondition(value, on_range)) for value in values]


def _hash_values(name: str, where: Condition) -> list[Value]:
    if (fixed := _fixed(where).get(name)) is not None:
        return [fixed]
    for node in _conjuncts(where):
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


def _is_reversed(select: Select, source: Source) -> bool:
    if not select.order:
        return False
    if select.where is None or not _hash_values(source.hash, select.where):
        raise invalid(
            "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause."
        )
    for name, _ in select.order:
        if name not in (source.hash, source.range):
            raise invalid(f"Variable reference {name} in ORDER BY clause must be part of the primary key")
    return any(is_descending for name, is_descending in select.order if name == source.range)


def _passes(condition: CompiledCondition | None, item: Item) -> bool:
    return condition is None or condition.test(item, NO_VALUES)


def _columns(select: Select, item: Item) -> Item:
    if select.columns is None:
        return item
    found: Item = {}
    for steps in select.columns:
        value = find(item, steps)
        if value is not None:
            found[_column_name(steps)] = value
    return found


def _column_name(steps: Steps) -> str:
    """A column is called by the last name of its path, with the indexes behind it."""
    at = max(i for i, step in enumerate(steps) if isinstance(step, str))
    return str(steps[at]) + "".join(f"[{step}]" for step in steps[at + 1 :])


def _unseal(select: Select, source: Source, token: str | None) -> tuple[int, Item | None]:
    if token is None:
        return 0, None
    try:
        table, index, at, position = page_tokens.unseal(_TOKEN, token)
    except page_tokens.ForeignToken:
        raise invalid("Invalid NextToken") from None
    if (table, index) != (select.table, select.index):
        raise invalid("Invalid NextToken")
    return at, start_key(source, wire_item(position))


async def read_one(
    ctx: Call[DynamoDB], select: Select, operation: str, *, consistent: bool = True
) -> tuple[Table, Item | None, int]:
    """(table, item, size in bytes) of a SELECT that fixes the primary key, of `operation`."""
    table = await ctx.state.directory.find(ctx, select.table)
    fixed = _fixed(select.where) if select.where is not None and select.index is None else {}
    if select.where is None or any(name not in fixed for name in table.key_names):
        raise invalid(
            f"Select statements within {operation} must specify the primary key in the where clause."
        )
    key = {name: fixed[name] for name in table.key_names}
    table.check_key(key)
    ctx.state.throttle.admit_read(table)
    record = await ctx.state.store.get(table.store_key(key))
    if record is None:
        ctx.state.throttle.read(table, 0, consistent=consistent)
        return table, None, 0
    size = stored_size(record.value)
    ctx.state.throttle.read(table, size, consistent=consistent)
    item = unpack(record.value)
    if not _passes(_compiled(select.where), item):
        return table, None, size
    return table, _columns(select, item), size


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
