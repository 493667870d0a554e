"""Takes away, in the background, the events of streams and groups that were deleted.

Deleting is one small transaction that removes the name and queues the rest; until it is purged, readers skip chunks whose
stream is gone. Each round removes a bounded number of records and puts the item back while there is more.
"""

from __future__ import annotations

import orjson

from fogbank.services.logs import keys
from fogbank.services.logs.chunks import unpack_head
from fogbank.services.logs.keys import Place
from fogbank.store.api import Leased, Store, Transaction

PURGE_QUEUE = "logs.purge"
RECORDS_IN_A_ROUND = 200


def enqueue_stream(tx: Transaction, place: Place, group_id: str, stream_id: str, now_ms: int) -> None:
    """Queue the purge of a stream that `tx` deletes."""
    tx.enqueue(PURGE_QUEUE, stream_id, orjson.dumps((*place, group_id, stream_id)), due_ms=now_ms)


def enqueue_group(tx: Transaction, place: Place, group_id: str, now_ms: int) -> None:
    tx.enqueue(PURGE_QUEUE, group_id, orjson.dumps((*place, group_id, "")), due_ms=now_ms)


class Purging:
    """The handler of the purge queue."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def do(self, item: Leased) -> None:
        account, region, group_id, stream_id = orjson.loads(item.body)
        place = Place(account, region)
        if stream_id:
            tx, more = await self._stream(place, group_id, stream_id)
        else:
            tx, more = await self._group(place, group_id)
        if more:
            tx.retry(item, due_ms=item.due_ms)
        else:
            tx.ack(item)
        await self._store.commit(tx)

    async def _stream(self, place: Place, group_id: str, stream_id: str) -> tuple[Transaction, bool]:
        tx = Transaction()
        entries = await self._store.scan(keys.index(place, stream_id), limit=RECORDS_IN_A_ROUND)
        for entry in entries:
            span, min_ms, unique = entry.key[-3:]
            tx.delete(keys.chunk(place, group_id, int(span), int(min_ms), int(unique)))
            tx.delete(entry.key)
        tx.delete(keys.figures(place, group_id, stream_id))
        return tx, len(entries) == RECORDS_IN_A_ROUND

    async def _group(self, place: Place, group_id: str) -> tuple[Transaction, bool]:
        tx = Transaction()
        chunks = await self._store.scan(keys.chunks(place, group_id), limit=RECORDS_IN_A_ROUND)
        for record in chunks:
            span, min_ms, unique = record.key[-3:]
            stream_id = unpack_head(record.value).stream_id
            tx.delete(keys.index_entry(place, stream_id, int(span), int(min_ms), int(unique)))
            tx.delete(record.key)
        if len(chunks) == RECORDS_IN_A_ROUND:
            return tx, True
        for prefix in (
            keys.all_figures(place, group_id),
            keys.streams(place, group_id),
            keys.recents(place, group_id),
            keys.metric_filters(place, group_id),
            keys.subscription_filters(place, group_id),
        ):
            tx.delete_prefix(prefix)
        tx.delete(keys.group_bytes(place, group_id))
        return tx, False
