"""Takes away, in the background and in small steps, the data of tables and indexes that were deleted."""

from __future__ import annotations

import orjson

from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.limits import PURGE_BATCH
from fogbank.services.dynamodb.logs import trim
from fogbank.store.api import Key, Leased, Store, Transaction

PURGE_QUEUE = "dynamodb.purge"


def enqueue_table(transaction: Transaction, table_id: str, now_ms: int) -> None:
    """Queue the purge of a table that `transaction` deletes."""
    transaction.enqueue(PURGE_QUEUE, table_id, orjson.dumps([table_id]), due_ms=now_ms)


def enqueue_index(transaction: Transaction, table_id: str, number: int, now_ms: int) -> None:
    """Queue the purge of an index's, or time to live's, entries."""
    transaction.enqueue(PURGE_QUEUE, f"{table_id}.{number}", orjson.dumps([table_id, number]), due_ms=now_ms)


class Purging:
    """The handler of the purge queue."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def do(self, item: Leased) -> None:
        parts = orjson.loads(item.body)
        prefix: Key = (keys.ROOT, "data", *parts)
        while records := await self._store.scan(prefix, limit=PURGE_BATCH):
            transaction = Transaction()
            for record in records:
                transaction.delete(record.key)
            await self._store.commit(transaction)
        if len(parts) == 1:
            await self._drop(keys.journal(parts[0]))
            if not await self._store.scan(keys.cursors(parts[0]), limit=1):
                await self._drop(keys.replication(parts[0]))  # or else its last link will
        done = Transaction().ack(item).delete_prefix((*keys.figures(parts[0]), *parts[1:]))
        await self._store.commit(done)

    async def _drop(self, log: Key) -> None:
        await trim(self._store, log, await self._store.last_seq(log))
        await self._store.commit(Transaction().drop_log(log))
