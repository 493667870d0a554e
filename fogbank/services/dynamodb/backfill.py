"""Adds to a new index, or to time to live, the items that were there before it.

From the moment the table's record names the index, every write keeps its entries up; the backfill goes over the older items
once, and each step holds only if none of its items has changed meanwhile. Begun anew after a crash, it does no harm.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.core.errors import Conflict
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import BACKFILL_BATCH
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import pack, stored_size, unpack
from fogbank.store.api import Key, Leased, Record, Store, Transaction

BACKFILL_QUEUE = "dynamodb.backfill"


def enqueue(transaction: Transaction, table: Table, number: int, now_ms: int) -> None:
    """Queue the backfill of the index, or of time to live, with that number."""
    record = table.record
    body = orjson.dumps([*table.place, record.name, record.id, number])
    transaction.enqueue(BACKFILL_QUEUE, f"{record.id}.{number}", body, due_ms=now_ms)


class Backfill:
    """The handler of the backfill queue."""

    def __init__(self, store: Store, directory: Directory, figures: Figures) -> None:
        self._store = store
        self._directory = directory
        self._figures = figures

    async def do(self, item: Leased) -> None:
        account, region, name, table_id, number = orjson.loads(item.body)
        place = Place(account, region)
        after: Key | None = None
        while True:
            table = await self._directory.load(place, name)
            if table is None or table.record.id != table_id or not _is_wanted(table, number):
                await self._store.commit(Transaction().ack(item))  # deleted meanwhile, and purged by that
                return
            records = await self._store.scan(table.prefix, after=after, limit=BACKFILL_BATCH)
            if not records:
                break
            if await self._step(table, number, records):
                after = records[-1].key
        await self._finish(item, table, number)

    async def _step(self, table: Table, number: int, records: list[Record]) -> bool:
        """Whether these items' entries are in; False when something changed under it: look again."""
        transaction = Transaction().check(table.key, table.version)
        added: list[int] = []
        for record in records:
            entry = _entry(table, number, record)
            if entry is not None:
                transaction.check(record.key, record.version)
                transaction.put(*entry)
                added.append(stored_size(entry[1]))
        try:
            await self._store.commit(transaction)
        except Conflict:
            return False
        self._figures.note(table.record.id, number, len(added), sum(added))
        return True

    async def _finish(self, item: Leased, table: Table, number: int) -> None:
        record = table.record
        indexes = tuple(
            replace(index, status="ACTIVE") if index.number == number else index for index in record.indexes
        )
        ttl = record.ttl
        if ttl is not None and ttl.number == number:
            ttl = replace(ttl, status="ENABLED")
        changed = replace(record, indexes=indexes, ttl=ttl)
        # A Conflict brings the item back; the second round finds the work done.
        await self._store.commit(Transaction().put(table.key, changed.pack(), expect=table.version).ack(item))
        self._directory.forget(table.place, record.name)


def _is_wanted(table: Table, number: int) -> bool:
    ttl = table.record.ttl
    return any(index.number == number for index in table.record.indexes) or (
        ttl is not None and ttl.number == number
    )


def _entry(table: Table, number: int, record: Record) -> tuple[Key, bytes] | None:
    """The entry of one item; None when it has none there."""
    item = unpack(record.value)
    for entries in table.entries:
        if entries.index.number == number:
            key = entries.store_key(item)
            return None if key is None else (key, entries.packed(item, record.value))
    key = table.ttl_key(item)
    return None if key is None else (key, pack(table.key_of(item), 0))
