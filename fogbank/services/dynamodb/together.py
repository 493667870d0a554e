"""Writing several items in one commit: transactions, and the requests of a batch.

Their turns are taken in the order of their keys, so that no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fogbank.core.errors import AwsError, Conflict
from fogbank.services.dynamodb import stamps
from fogbank.services.dynamodb.item_writes import Prepared
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.writes import NOTHING, Changes, Held, TableChanged, Write, Writer
from fogbank.store.api import ABSENT, Key, Record, Store, Transaction
from fogbank.store.keys import encode


class Busy(Exception):
    """Other nodes were faster, again and again."""


@dataclass(slots=True)
class Also:
    """A further record that holds with the items: a transaction's token. `value` is made of what the writes came to."""

    key: Key
    value: Callable[[Sequence[Write]], bytes]
    expect: int


class AlsoConflict(Exception):
    """The further record was there already."""


@dataclass(slots=True)
class Attempt:
    """One look at the items and what it comes to. `changes` by position of the write."""

    transaction: Transaction = field(default_factory=Transaction)
    changes: list[tuple[Write, Changes]] = field(default_factory=list)


async def write_together(
    store: Store, writer: Writer, prepared: Sequence[Prepared], also: Also | None = None
) -> list[Write]:
    """Each write with its outcome: `before` and `after`. When any of them has an `error`, nothing was written.

    Raises TableChanged, Busy, AlsoConflict. No two of `prepared` may be about one item.
    """
    order = sorted({each.key for each in prepared}, key=encode)
    held: list[Key] = []
    try:
        for key in order:
            await writer.turns.take(key)
            held.append(key)
        for _ in range(CONFLICT_RETRIES_MAX):
            records = await store.get_many([each.key for each in prepared])
            stamped = await stamps.read(store, [(each.table, each.key) for each in prepared])
            writes = [_decide(each, record) for each, record in zip(prepared, records, strict=True)]
            if any(write.error is not None for write in writes):
                return writes
            attempt = _attempt(writer, prepared, writes, records, also)
            for write, _ in attempt.changes:
                if (found := stamped.get(write.key)) is not None:
                    stamps.add_change(
                        attempt.transaction, write.table, write.key, write.after, found, writer.now_ms()
                    )
            try:
                await store.commit(attempt.transaction)
            except Conflict as conflict:
                _sort_out(conflict, writer, prepared, also)
                continue
            for write, changes in attempt.changes:
                writer.count(write.table, write.before, write.after, changes)
            return writes
    finally:
        for key in held:
            writer.turns.give_up(key)
    raise Busy


def _decide(each: Prepared, record: Record | None) -> Write:
    write = Write(each.table, each.key, each.decide)
    write.before = write.after = NOTHING if record is None else Held(record.value)
    try:
        write.after = each.decide(write.before)
    except AwsError as error:
        write.error = error
    return write


def _attempt(
    writer: Writer,
    prepared: Sequence[Prepared],
    writes: Sequence[Write],
    records: Sequence[Record | None],
    also: Also | None,
) -> Attempt:
    attempt = Attempt()
    transaction = attempt.transaction
    tables: dict[Key, Table] = {each.table.key: each.table for each in prepared}
    for table in tables.values():
        transaction.check(table.key, table.version)
    if also is not None:
        transaction.put(also.key, also.value(writes), expect=also.expect)
    for write, record in zip(writes, records, strict=True):
        version = ABSENT if record is None else record.version
        if write.before is write.after:
            transaction.check(write.key, version)
        else:
            changes = writer.add(transaction, write.table, write.key, write.before, write.after, version)
            attempt.changes.append((write, changes))
    writer.add_records(transaction, writes)
    return attempt


def _sort_out(conflict: Conflict, writer: Writer, prepared: Sequence[Prepared], also: Also | None) -> None:
    """Whether another try with the same requests makes sense."""
    if also is not None and conflict.key == also.key:
        raise AlsoConflict
    for each in prepared:
        if conflict.key == each.table.key:
            writer.forget(each.table)
            raise TableChanged
