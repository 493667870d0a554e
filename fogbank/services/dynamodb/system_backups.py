"""What becomes of a deleted table's items: a table with point-in-time recovery leaves a backup for 35 days, others are purged.

The backup takes the items as they lie: nothing is copied.
"""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.services.dynamodb import keys, purging
from fogbank.services.dynamodb.backup_records import BackupRecord, load_backup, new_backup_id
from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import DAY_MS, JOURNAL_PAUSE_MS, SYSTEM_BACKUP_DAYS
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import ABSENT, Leased, Store, Transaction

EXPIRY_QUEUE = "dynamodb.backup_expiry"
SUFFIX = "$DeletedTableBackup"


async def part_with_items(
    transaction: Transaction, table: Table, figures: Figures, ids: Ids, now_ms: int
) -> None:
    """Keep or purge the data of a table that `transaction` deletes."""
    source = table.record
    if source.recovery is None:
        purging.enqueue_table(transaction, source.id, now_ms)
        return
    items, size_bytes = await figures.of(source.id, 0)
    expires_ms = now_ms + SYSTEM_BACKUP_DAYS * DAY_MS
    record = BackupRecord(
        source.name + SUFFIX,
        new_backup_id(now_ms, "0" * 8),
        source.id,
        now_ms,
        source,
        items,
        size_bytes,
        status="AVAILABLE",
        seq=0,
        size_bytes=size_bytes,
        type="SYSTEM",
        expires_ms=expires_ms,
    )
    transaction.put(keys.backup(table.place, source.name, record.id), record.pack(), expect=ABSENT)
    body = orjson.dumps([*table.place, source.name, record.id])
    transaction.enqueue(EXPIRY_QUEUE, source.id, body, due_ms=expires_ms)
    numbers = [index.number for index in source.indexes] + [keys.STAMPS, keys.GRAVES]
    for number in [*numbers, source.ttl.number] if source.ttl is not None else numbers:
        purging.enqueue_index(transaction, source.id, number, now_ms)


class BackupExpiry:
    """The handler of the queue: deletes a system backup whose time is over."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def do(self, item: Leased) -> None:
        account, region, table, backup_id = orjson.loads(item.body)
        now_ms = self._clock.now_ms()
        backup = await load_backup(self._store, Place(account, region), table, backup_id)
        if backup is None:
            await self._store.commit(Transaction().ack(item))
            return
        if backup.record.restores:
            await self._store.commit(Transaction().retry(item, due_ms=now_ms + JOURNAL_PAUSE_MS))
            return
        transaction = Transaction().delete(backup.key, expect=backup.version)
        purging.enqueue_table(transaction, backup.record.uid, now_ms)
        await self._store.commit(transaction.ack(item))
