"""Replication stamps: when and where an item of a global table was last changed. The greater stamp wins, in every region.

A stamp is a record of its own beside the item and outlives it (a tombstone), so that an older change that arrives late does
not bring the item back. Stamps of one item rise even when the clock stands or goes back: a change that saw another one wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import orjson

from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.journal_entries import pack_entry, unpack_entry
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import ABSENT, Entry, Key, Record, Store, Transaction

if TYPE_CHECKING:
    from fogbank.services.dynamodb.writes import Held

_TIME_BYTES = 8


class Stamp(NamedTuple):
    """Compares as changes win: the later one, in the same millisecond the one of the greater region name."""

    time_ms: int
    region: str


NEVER = Stamp(0, "")


class Stamped(NamedTuple):
    """What the store holds of an item's stamp, and the version of that record."""

    stamp: Stamp
    is_deleted: bool
    version: int


class Arrived(NamedTuple):
    """A change from another region; `stored` None: a deletion."""

    stamp: Stamp
    stored: bytes | None
    time_ms: int


def key_of(table: Table, item_key: Key) -> Key:
    assert table.stamps_prefix is not None
    return (*table.stamps_prefix, *item_key[keys.HEAD_PARTS :])


def _grave(table: Table, stamp: Stamp, item_key: Key) -> Key:
    return (*keys.data(table.record.id, keys.GRAVES), stamp.time_ms, *item_key[keys.HEAD_PARTS :])


def stamped(record: Record | None) -> Stamped:
    if record is None:
        return Stamped(NEVER, False, ABSENT)
    time_ms, region, is_deleted = orjson.loads(record.value)
    return Stamped(Stamp(time_ms, region), is_deleted, record.version)


async def read(store: Store, items: Sequence[tuple[Table, Key]]) -> dict[Key, Stamped]:
    """The stamps of those items whose tables have them, by item key."""
    wanted = [(table, key) for table, key in items if table.stamps_prefix is not None]
    if not wanted:
        return {}
    records = await store.get_many([key_of(table, key) for table, key in wanted])
    return {key: stamped(record) for (_, key), record in zip(wanted, records, strict=True)}


def put(
    transaction: Transaction, table: Table, item_key: Key, stamp: Stamp, is_deleted: bool, before: Stamped
) -> None:
    """Give an item the stamp, provided that it still has the one from before."""
    value = orjson.dumps([stamp.time_ms, stamp.region, is_deleted])
    transaction.put(key_of(table, item_key), value, expect=before.version)
    if before.is_deleted:
        transaction.delete(_grave(table, before.stamp, item_key))
    if is_deleted:
        transaction.put(_grave(table, stamp, item_key), b"")


def add_change(
    transaction: Transaction, table: Table, item_key: Key, after: Held, before: Stamped, now_ms: int
) -> None:
    """Stamp a change that a client made here, and put it into the log for the other regions."""
    stamp = Stamp(max(now_ms, before.stamp.time_ms + 1), table.place.region)
    put(transaction, table, item_key, stamp, after.is_absent, before)
    if table.replication_key is not None:
        entry = pack_entry(item_key[keys.HEAD_PARTS :], after.stored)
        transaction.append(
            table.replication_key, [(now_ms, stamp.time_ms.to_bytes(_TIME_BYTES, "little") + entry)]
        )


def arrived(entry: Entry, region: str) -> tuple[Key, Arrived]:
    """A log's entry: where the item lies below its table, and what became of it in `region`."""
    place, stored = unpack_entry(entry.body[_TIME_BYTES:])
    time_ms = int.from_bytes(entry.body[:_TIME_BYTES], "little")
    return place, Arrived(Stamp(time_ms, region), stored, entry.time_ms)
