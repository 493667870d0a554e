"""Rolls shards over, trims records after a day, drops streams a day after they were disabled. One queue item for each."""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import SHARD_SPAN_MS
from fogbank.services.dynamodb.streams import find_stream, first_kept, is_over, kept_up
from fogbank.store.api import Leased, Store, Transaction

STREAM_QUEUE = "dynamodb.streams"
PAUSE_MS = SHARD_SPAN_MS // 4


def enqueue(transaction: Transaction, place: Place, table: str, label: str, now_ms: int) -> None:
    body = orjson.dumps([*place, table, label])
    transaction.enqueue(STREAM_QUEUE, "/".join((*place, table, label)), body, due_ms=now_ms + PAUSE_MS)


class StreamUpkeep:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def do(self, item: Leased) -> None:
        account, region, table, label = orjson.loads(item.body)
        now_ms = self._clock.now_ms()
        found = await find_stream(self._store, Place(account, region), table, label)
        if found is None:
            await self._store.commit(Transaction().ack(item))
            return
        if is_over(found.record, now_ms):
            await self._store.commit(Transaction().delete(found.key).drop_log(found.key).ack(item))
            return
        await kept_up(self._store, found, now_ms)
        first = await first_kept(self._store, found.key, now_ms)
        again = Transaction().retry(item, due_ms=now_ms + PAUSE_MS)
        if first > 1:
            again.trim_log(found.key, first - 1)
        await self._store.commit(again)
