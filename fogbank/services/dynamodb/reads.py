"""Pages of a table or an index: what Query, Scan and PartiQL share.

A page is a stretch of store keys, read in steps until it holds enough: `limit` items, or 1 MB. It costs what it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank.core.encoded import Encoded
from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.capacity import WANTED, Spent
from fogbank.services.dynamodb.expressions.conditions import CompiledCondition
from fogbank.services.dynamodb.expressions.projections import Projection
from fogbank.services.dynamodb.expressions.request import Bound
from fogbank.services.dynamodb.limits import PAGE_BYTES_MAX, READ_AHEAD_ROWS
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.services.dynamodb.table import SCHEMA_MISMATCH, IndexEntries, Table, empty_key
from fogbank.services.dynamodb.throughput import Throttle
from fogbank.services.dynamodb.values import (
    Item,
    show,
    show_all_stored,
    stored_size,
    take_item,
    unpack,
)
from fogbank.store.api import Key, Store

_NO_SUCH_START = f"The provided starting key is invalid: {SCHEMA_MISMATCH}"
#: Whether an item passes a filter.
Passes = Callable[[Item], bool]


@dataclass(frozen=True, slots=True)
class Stretch:
    """low <= key < high."""

    low: Key
    high: Key


@dataclass(frozen=True, slots=True)
class Source:
    """What is read: a table, or one of its indexes."""

    table: Table
    entries: IndexEntries | None

    @property
    def prefix(self) -> Key:
        return self.table.prefix if self.entries is None else self.entries.prefix

    @property
    def hash(self) -> str:
        return self.table.hash if self.entries is None else self.entries.hash

    @property
    def range(self) -> str | None:
        return self.table.range if self.entries is None else self.entries.range

    @property
    def key_names(self) -> tuple[str, ...]:
        """The attributes of a position: LastEvaluatedKey."""
        return self.table.key_names if self.entries is None else self.entries.key_names

    def store_key(self, position: Item) -> Key:
        if self.entries is None:
            return self.table.store_key(position)
        key = self.entries.store_key(position)
        assert key is not None  # positions have every key attribute
        return key

    def position_of(self, stored: bytes) -> Item:
        item = unpack(stored)
        return {name: item[name] for name in self.key_names}


@dataclass(slots=True)
class Page:
    """Rows as stored, in order. `is_cut`: there may be more behind the last one."""

    rows: list[bytes]
    size_bytes: int
    is_cut: bool
    fetched_bytes: list[int]  # sizes of items read from the table for a local index


async def read_page(
    store: Store, source: Source, stretch: Stretch, *, limit: int | None, reverse: bool, fetches: bool = False
) -> Page:
    """`fetches`: a local index lacks attributes that are wanted; each row is replaced by the item itself."""
    page = Page([], 0, False, [])
    low, high = stretch.low, stretch.high
    total_bytes = 0
    step = READ_AHEAD_ROWS
    while True:
        left = step if limit is None else min(step, limit - len(page.rows))
        rows = await store.range_values(low, high, limit=left, reverse=reverse)
        whole = await _whole_items(store, source, rows) if fetches else rows
        for row, item in zip(rows, whole, strict=True):
            size = stored_size(row)
            item_bytes = stored_size(item) if fetches else 0
            if page.rows and total_bytes + size + item_bytes > PAGE_BYTES_MAX:
                page.is_cut = True
                return page
            page.rows.append(item)
            page.size_bytes += size
            total_bytes += size + item_bytes
            if fetches:
                page.fetched_bytes.append(item_bytes)
        if limit is not None and len(page.rows) >= limit:
            page.is_cut = True
            return page
        if len(rows) < left:
            return page
        last = source.store_key(source.position_of(rows[-1]))
        low, high = (low, last) if reverse else ((*last, ""), high)
        mean_bytes = max(1, total_bytes // len(page.rows))
        step = max(1, min(8 * READ_AHEAD_ROWS, (PAGE_BYTES_MAX - total_bytes) // mean_bytes + 1))


async def _whole_items(store: Store, source: Source, rows: list[bytes]) -> list[bytes]:
    found = await store.get_many([source.table.store_key(unpack(row)) for row in rows])
    # An item may have gone since its entry was read: what the index holds is then all there is.
    return [record.value if record is not None else row for record, row in zip(found, rows, strict=True)]


# --- what a request asks for --------------------------------------------------------------------------------------------


def source_of(table: Table, index_name: str | None, *, consistent: bool) -> Source:
    """Raises ValidationException for an index that is not there, or not ready."""
    if index_name is None:
        return Source(table, None)
    entries = table.indexes.get(index_name)
    if entries is None:
        raise invalid(f"The table does not have the specified index: {index_name}")
    if entries.index.is_global and consistent:
        raise invalid("Consistent reads are not supported on global secondary indexes")
    if entries.index.status == "CREATING":
        raise invalid(f"Cannot read from backfilling global secondary index: {index_name}")
    return Source(table, entries)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer shows of each item. `fetches` as in `read_page`."""

    projection: Projection | None
    counts_only: bool
    fetches: bool


def wanted_of(
    source: Source, select: str | None, projection: Projection | None, parameter: str, operation: str
) -> Wanted:
    """Select, and the projection that `parameter` gave. Raises ValidationException for what does not go together."""
    entries = source.entries
    source.table.check_whole(projection)
    if projection is not None and select not in (None, "SPECIFIC_ATTRIBUTES"):
        what = "only the Count" if select == "COUNT" else select
        raise invalid(f"Cannot specify the {parameter} when choosing to get {what}")
    if select == "SPECIFIC_ATTRIBUTES" and projection is None:
        raise invalid(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
        )
    if select == "ALL_PROJECTED_ATTRIBUTES" and entries is None:
        raise invalid(f"ALL_PROJECTED_ATTRIBUTES can be used only when {operation} using an IndexName")
    if entries is None or entries.projected is None:
        return Wanted(projection, select == "COUNT", False)
    if select == "ALL_ATTRIBUTES" and entries.index.is_global:
        raise bad_value(
            f"Select type ALL_ATTRIBUTES is not supported for global secondary index {entries.index.name} because its "
            "projection type is not ALL"
        )
    missing = sorted(projection.attributes - entries.projected) if projection is not None else []
    if missing and entries.index.is_global:
        raise bad_value(
            f"Global secondary index {entries.index.name} does not project [{', '.join(missing)}]"
        )
    return Wanted(projection, select == "COUNT", bool(missing) or select == "ALL_ATTRIBUTES")


def start_key(source: Source, raw: dict[str, Any], *, of_query: bool = False) -> Item:
    """ExclusiveStartKey as a position. Raises ValidationException; a Query says less about it."""
    try:
        position, _ = take_item(raw)
    except AwsError as error:
        raise invalid(f"The provided starting key is invalid: {error.message}") from None
    names, types = source.key_names, source.table.record.types
    of_index = source.entries is not None
    if len(position) != len(names) or any(name not in position for name in names):
        raise invalid("The provided starting key is invalid" if of_index or of_query else _NO_SUCH_START)
    for name in names:
        value = position[name]
        if types[name] not in value:
            is_read = name in (source.hash, source.range)
            raise invalid(SCHEMA_MISMATCH if (of_index or of_query) and is_read else _NO_SUCH_START)
        if not value[types[name]]:
            message = empty_key(name, types[name]).message
            raise invalid(f"The provided starting key is invalid: {message}")
    return position


@dataclass(frozen=True, slots=True)
class Asked:
    """How a Query or a Scan reads. `name` is the table's, as the request has it."""

    name: str
    limit: int | None
    reverse: bool
    consistent: bool
    capacity: str


async def answered(
    store: Store,
    throttle: Throttle,
    source: Source,
    stretch: Stretch,
    asked: Asked,
    wanted: Wanted,
    filtered: CompiledCondition | None,
    bound: Bound,
) -> dict[str, Any]:
    """The answer of a Query or a Scan. Raises ProvisionedThroughputExceededException."""
    source.table.check_whole(filtered)
    throttle.admit_read(source.table, source.entries)
    page = await read_page(
        store, source, stretch, limit=asked.limit, reverse=asked.reverse, fetches=wanted.fetches
    )
    throttle.read(source.table, page.size_bytes, consistent=asked.consistent, entries=source.entries)
    passes = None
    if filtered is not None:
        test, values = filtered.test, bound.values
        passes = lambda item: test(item, values)  # noqa: E731
    answer = answer_of(source, page, wanted, passes)
    if asked.capacity in WANTED:
        spent = Spent(source.table, asked.name)
        spend(spent, source, page, consistent=asked.consistent)
        answer["ConsumedCapacity"] = spent.shown(asked.capacity)
    return answer


def answer_of(source: Source, page: Page, wanted: Wanted, passes: Passes | None) -> dict[str, Any]:
    """What a page shows."""
    answer: dict[str, Any] = {"ScannedCount": len(page.rows)}
    items: Encoded | None = None
    if passes is None and wanted.projection is None:
        answer["Count"] = len(page.rows)
        if not wanted.counts_only:
            items = show_all_stored(page.rows)
    else:
        found = [unpack(row) for row in page.rows]
        if passes is not None:
            found = [item for item in found if passes(item)]
        answer["Count"] = len(found)
        if not wanted.counts_only:
            projection = wanted.projection
            items = show(found if projection is None else [projection.of(item) for item in found])
    if items is not None:
        answer["Items"] = items
    if page.is_cut and page.rows:
        answer["LastEvaluatedKey"] = show(source.position_of(page.rows[-1]))
    return answer


def spend(spent: Spent, source: Source, page: Page, *, consistent: bool) -> None:
    """What a page cost: its rows together, and each item that was read for a local index by itself."""
    index = source.entries.index.name if source.entries is not None else None
    spent.read(page.size_bytes, consistent=consistent, index=index)
    for size_bytes in page.fetched_bytes:
        spent.read(size_bytes, consistent=consistent)
