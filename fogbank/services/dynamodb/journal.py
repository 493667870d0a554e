"""The journal of a table: each item as it was before each change, for backups and point-in-time recovery.

It is written in the transaction of the change, from the commit on that made the table's record ask for it. Whoever goes
through it backwards undoes the changes: that makes of a copy, taken while writes went on, the table at one instant. What
nobody needs any more is trimmed here.
"""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import DAY_MS, JOURNAL_PAUSE_MS, JOURNAL_SLACK_MS, TRIM_STEP
from fogbank.services.dynamodb.records import TableRecord
from fogbank.store.api import Key, Leased, Store, Transaction

JOURNAL_QUEUE = "dynamodb.journal"


def enqueue(transaction: Transaction, place: Place, record: TableRecord, now_ms: int) -> None:
    """Look after the table's journal from now on."""
    body = orjson.dumps([*place, record.name, record.id])
    transaction.enqueue(JOURNAL_QUEUE, record.id, body, due_ms=now_ms)


async def seq_at(store: Store, table_id: str, time_ms: int) -> int:
    """The number of the last change that had been made at that time."""
    later = await store.read_log(keys.journal(table_id), from_ms=time_ms + 1, limit=1)
    return later[0].seq - 1 if later else await store.last_seq(keys.journal(table_id))


async def trim(store: Store, log: Key, through: int) -> None:
    """Drop a log's front in small steps, so that writers need not wait."""
    while entries := await store.read_log(log, before_seq=through + 1, limit=1):
        step = min(through, entries[0].seq + TRIM_STEP)
        await store.commit(Transaction().trim_log(log, step))


class JournalUpkeep:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    async def do(self, item: Leased) -> None:
        account, region, name, table_id = orjson.loads(item.body)
        log = keys.journal(table_id)
        # Before the look at the table: whoever asks for the journal after that look needs nothing up to here.
        last = await self._store.last_seq(log)
        table = await self._directory.load(Place(account, region), name)
        if table is None or table.record.id != table_id:
            await self._store.commit(Transaction().ack(item))
            return
        now_ms, recovery = self._clock.now_ms(), table.record.recovery
        if not table.record.holders:
            if recovery is not None:
                kept_ms = recovery.days * DAY_MS + JOURNAL_SLACK_MS
                last = await seq_at(self._store, table_id, now_ms - kept_ms)
            await trim(self._store, log, last)
        if table.journal_key is None:
            await self._store.commit(Transaction().ack(item))
        else:
            await self._store.commit(Transaction().retry(item, due_ms=now_ms + JOURNAL_PAUSE_MS))
