"""Deletes events that are older than their group's retention: hourly for each group that has one.

Readers leave expired events out at once; this lane gives their room back. A chunk goes when its newest event has expired.
"""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.services.logs import keys
from fogbank.services.logs.chunks import SPANS_MS, unpack_head, unpack_index
from fogbank.services.logs.keys import Place
from fogbank.services.logs.records import Figures, LogGroup
from fogbank.services.logs.settling import add_group_bytes
from fogbank.store.api import Leased, Record, Store, Transaction

RETENTION_QUEUE = "logs.retention"
RETENTION_INTERVAL_MS = 3_600_000
CHUNKS_IN_A_ROUND = 100


def enqueue(tx: Transaction, place: Place, group: LogGroup, now_ms: int) -> None:
    """Watch over a group from now on; the id makes it one item however often retention is set."""
    tx.enqueue(RETENTION_QUEUE, group.id, orjson.dumps((*place, group.name, group.id)), due_ms=now_ms)


class Retaining:
    """The handler of the retention queue."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def do(self, item: Leased) -> None:
        account, region, name, group_id = orjson.loads(item.body)
        place = Place(account, region)
        record = await self._store.get(keys.group(place, name))
        group = LogGroup.unpack(record.value) if record else None
        if group is None or group.id != group_id or group.retention_days is None:
            await self._store.commit(Transaction().ack(item))
            return
        now_ms = self._clock.now_ms()
        expired = await self._expired(place, group_id, group.cutoff_ms(now_ms))
        tx = await self._removal(place, group_id, expired)
        more = len(expired) == CHUNKS_IN_A_ROUND
        tx.retry(item, due_ms=now_ms if more else now_ms + RETENTION_INTERVAL_MS)
        await self._store.commit(tx)

    async def _expired(self, place: Place, group_id: str, cutoff_ms: int) -> list[Record]:
        """Some chunks whose events have all expired, the oldest of each span class first."""
        found: list[Record] = []
        for span in range(len(SPANS_MS)):
            prefix = (*keys.chunks(place, group_id), span)
            rest = CHUNKS_IN_A_ROUND - len(found)
            records = await self._store.scan(prefix, before=(*prefix, cutoff_ms), limit=rest)
            found += [record for record in records if unpack_head(record.value).max_ms < cutoff_ms]
            if len(found) == CHUNKS_IN_A_ROUND:
                break
        return found

    async def _removal(self, place: Place, group_id: str, expired: list[Record]) -> Transaction:
        tx = Transaction()
        freed: dict[str, int] = {}
        for record in expired:
            span, min_ms, unique = (int(part) for part in record.key[-3:])
            stream_id = unpack_head(record.value).stream_id
            index_key = keys.index_entry(place, stream_id, span, min_ms, unique)
            entry = await self._store.get(index_key)
            freed[stream_id] = freed.get(stream_id, 0) + (
                unpack_index(entry.value).stored_bytes if entry else 0
            )
            tx.delete(record.key).delete(index_key)
        for stream_id, freed_bytes in freed.items():
            await self._refigure(tx, place, group_id, stream_id, freed_bytes)
        await add_group_bytes(self._store, tx, place, group_id, -sum(freed.values()))
        return tx

    async def _refigure(
        self, tx: Transaction, place: Place, group_id: str, stream_id: str, freed_bytes: int
    ) -> None:
        key = keys.figures(place, group_id, stream_id)
        record = await self._store.get(key)
        if record is None:
            return
        before = Figures.unpack(record.value)
        after = Figures(
            before.first_ms, before.last_ms, before.ingested_ms, max(0, before.stored_bytes - freed_bytes)
        )
        tx.put(key, after.pack(), expect=record.version)
