"""Takes away the stamps of deleted items when no older change of them can arrive any more."""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.services.dynamodb import keys, stamps
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import PURGE_BATCH, TOMBSTONE_KEPT_MS, TOMBSTONE_PAUSE_MS
from fogbank.services.dynamodb.replication import links, position
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Key, Leased, Record, Store, Transaction

TOMBSTONE_QUEUE = "dynamodb.tombstones"


def enqueue(transaction: Transaction, table: Table, now_ms: int) -> None:
    body = orjson.dumps([*table.place, table.record.name, table.record.id])
    transaction.enqueue(TOMBSTONE_QUEUE, table.record.id, body, due_ms=now_ms + TOMBSTONE_PAUSE_MS)


class Tombstones:
    """The handler of the queue: one item for each replica."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    async def do(self, item: Leased) -> None:
        account, region, name, table_id = orjson.loads(item.body)
        table = await self._directory.load(Place(account, region), name)
        if table is None or table.record.id != table_id or table.stamps_prefix is None:
            await self._store.commit(Transaction().ack(item))
            return
        now_ms = self._clock.now_ms()
        prefix = keys.data(table_id, keys.GRAVES)
        before: Key = (*prefix, await self._horizon_ms(table_id, now_ms))
        after: Key | None = None
        while graves := await self._store.scan(prefix, after=after, before=before, limit=PURGE_BATCH):
            await self._remove(table, graves)
            after = graves[-1].key
        await self._store.commit(Transaction().retry(item, due_ms=now_ms + TOMBSTONE_PAUSE_MS))

    async def _horizon_ms(self, table_id: str, now_ms: int) -> int:
        """No change from before this time is on its way here: not even from a region that is cut off."""
        horizon_ms = now_ms - TOMBSTONE_KEPT_MS
        for link in await links(self._store):
            if link.target_id != table_id:
                continue
            cursor = await self._store.get(link.cursor)
            waiting = await self._store.read_log(link.log, after_seq=position(cursor), limit=1)
            if waiting:
                horizon_ms = min(horizon_ms, waiting[0].time_ms)
        return horizon_ms

    async def _remove(self, table: Table, graves: list[Record]) -> None:
        start = keys.HEAD_PARTS + 1  # behind the time
        assert table.stamps_prefix is not None
        stamp_keys = [(*table.stamps_prefix, *grave.key[start:]) for grave in graves]
        for grave, key, record in zip(
            graves, stamp_keys, await self._store.get_many(stamp_keys), strict=True
        ):
            transaction, found = Transaction().delete(grave.key), stamps.stamped(record)
            if found.is_deleted and found.stamp.time_ms == grave.key[keys.HEAD_PARTS]:
                transaction.delete(key, expect=found.version)
            try:
                await self._store.commit(transaction)
            except Conflict:
                continue  # the item is back
