"""Time to live: deletes items whose time has come, found by their entries in the order of expiry, never by scanning.

A table with time to live has one item in the queue, which comes back every half minute. AWS promises deletion within days.
"""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import TTL_AGE_S_MAX, TTL_BATCH, TTL_PAUSE_MS
from fogbank.services.dynamodb.table import Table, expiry_of
from fogbank.services.dynamodb.values import unpack
from fogbank.services.dynamodb.writes import NOTHING, Held, TableChanged, Write, Writer
from fogbank.store.api import Leased, Store, Transaction

TTL_QUEUE = "dynamodb.ttl"


def enqueue(transaction: Transaction, table: Table, now_ms: int) -> None:
    """Begin to look after the table's items."""
    body = orjson.dumps([*table.place, table.record.name, table.record.id])
    transaction.enqueue(TTL_QUEUE, table.record.id, body, due_ms=now_ms)


class Expiry:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory, writer: Writer) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._writer = writer

    async def do(self, item: Leased) -> None:
        account, region, name, table_id = orjson.loads(item.body)
        table = await self._directory.load(Place(account, region), name)
        if table is None or table.record.id != table_id or table.record.ttl is None:
            await self._store.commit(Transaction().ack(item))
            return
        while await self._delete_some(table):
            pass
        again = Transaction().retry(item, due_ms=self._clock.now_ms() + TTL_PAUSE_MS)
        await self._store.commit(again)

    async def _delete_some(self, table: Table) -> bool:
        """Whether there may be more."""
        ttl, prefix = table.record.ttl, table.ttl_prefix
        assert ttl is not None and prefix is not None
        now_s = self._clock.now_ms() // 1000
        low = (*prefix, now_s - TTL_AGE_S_MAX)
        entries = await self._store.range_values(low, (*prefix, now_s + 1), limit=TTL_BATCH)

        def decide(held: Held) -> Held:
            expiry_s = expiry_of(held.item, ttl.attribute) if held.item is not None else None
            # It may have been written anew since its entry was read.
            return NOTHING if expiry_s is not None and expiry_s <= now_s else held

        for entry in entries:
            key = table.store_key(unpack(entry))
            try:
                await self._writer.write(Write(table, key, decide, by_service=True))
            except TableChanged:
                return False  # what is left waits for the next round
        return len(entries) == TTL_BATCH
