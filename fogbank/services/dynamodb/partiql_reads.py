"""SELECT: which stretches of a table or an index it reads, and what it shows of them.

One that fixes the partition key reads that partition, one that lists several reads each, any other scans, as on AWS.
"""

from __future__ import annotations

from typing import Any

from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition, find
from fogbank.services.dynamodb.expressions.key_conditions import KeyCondition
from fogbank.services.dynamodb.expressions.nodes import (
    Condition,
    Steps,
)
from fogbank.services.dynamodb.expressions.projections import projection_of
from fogbank.services.dynamodb.expressions.request import NO_VALUES
from fogbank.services.dynamodb.limits import PAGE_BYTES_MAX
from fogbank.services.dynamodb.partiql.statements import Select
from fogbank.services.dynamodb.partiql_where import (
    compiled_where,
    constraints,
    fixed_by,
    hash_values,
)
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
from fogbank.services.dynamodb.service import invalid
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import Item, show, stored_size, unpack, wire_item

_TOKEN = "dynamodb statement"


async def run_select(
    ctx: Call[DynamoDB],
    select: Select,
    consistent: bool,
    next_token: str | None,
    capacity: str,
    limit: int | None,
) -> dict[str, Any]:
    table = await ctx.state.directory.find(ctx, select.table)
    source, fetches = _source(table, select, consistent=consistent)
    condition = compiled_where(select.where) if select.where is not None else None
    reverse = _is_reversed(select, source)
    stretches = _stretches(source, select.where)
    first, position = _unseal(select, source, next_token)
    if first >= len(stretches):
        raise invalid("Invalid NextToken")
    ctx.state.throttle.admit_read(table, source.entries)
    page, at = await _read(ctx, source, stretches, first, position, reverse, limit, fetches=fetches)
    ctx.state.throttle.read(table, page.size_bytes, consistent=consistent, entries=source.entries)
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
    values = [value for value in hash_values(source.hash, where) if value.get(hash_type)]
    if not values:
        return [segment_of(source, 0, 1)]
    on_range = None
    if source.range is not None:
        range_type = source.table.record.types[source.range]
        on_range = next(
            (
                constraint
                for constraint in constraints(where)
                if constraint.attribute == source.range
                and all(range_type in value for value in constraint.values)
            ),
            None,
        )
    return [stretch_of(source, KeyCondition(value, on_range)) for value in values]


def _is_reversed(select: Select, source: Source) -> bool:
    if not select.order:
        return False
    if select.where is None or not hash_values(source.hash, select.where):
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
    fixed = fixed_by(select.where) if select.where is not None and select.index is None else {}
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
    if not _passes(compiled_where(select.where), item):
        return table, None, size
    return table, _columns(select, item), size
