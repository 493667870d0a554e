"""The journal of a table: each item as it was before each change, for backups and point-in-time recovery.

It is written in the transaction of the change, from the commit on that made the table's record ask for it. Whoever goes
through it backwards undoes the changes: that makes of a copy, taken while writes went on, the table at one instant. What
nobody needs any more is trimmed here.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import (
    CONTROLS_AT_ONCE_MAX,
    DAY_MS,
    JOURNAL_PAUSE_MS,
    JOURNAL_SLACK_MS,
)
from fogbank.services.dynamodb.logs import trim
from fogbank.services.dynamodb.records import TableRecord
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import Leased, Store, Transaction

JOURNAL_QUEUE = "dynamodb.journal"


def enqueue(transaction: Transaction, place: Place, record: TableRecord, now_ms: int) -> None:
    """Look after the table's journal from now on."""
    body = orjson.dumps([*place, record.name, record.id])
    transaction.enqueue(JOURNAL_QUEUE, record.id, body, due_ms=now_ms)


async def seq_at(store: Store, table_id: str, time_ms: int) -> int:
    """The number of the last change that had been made at that time."""
    later = await store.read_log(keys.journal(table_id), from_ms=time_ms + 1, limit=1)
    return later[0].seq - 1 if later else await store.last_seq(keys.journal(table_id))


def held(table: Table, holder: str) -> bytes:
    """The table's record, stored anew, with one more who needs the journal. LimitExceededException."""
    holders = table.record.holders
    if len(holders) >= CONTROLS_AT_ONCE_MAX:
        raise SERVICE.error(
            "LimitExceededException",
            f"Too many backups and restores of the table are under way: {CONTROLS_AT_ONCE_MAX}",
        )
    return replace(table.record, holders=(*holders, holder)).pack()


def let_go(transaction: Transaction, table: Table, holder: str, now_ms: int) -> None:
    """One who needed the journal is done."""
    record = replace(table.record, holders=tuple(each for each in table.record.holders if each != holder))
    transaction.put(table.key, record.pack(), expect=table.version)
    enqueue(transaction, table.place, record, now_ms)


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
