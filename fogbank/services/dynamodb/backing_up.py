"""The work behind CreateBackup: copies the table as it was at the backup's instant, then lets go of its journal."""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.backup_records import fix_instant
from fogbank.services.dynamodb.copying import Copying, Instant
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.journal import let_go
from fogbank.services.dynamodb.keys import Place
from fogbank.store.api import Leased, Store, Transaction

BACKUP_QUEUE = "dynamodb.backups"


class BackingUp:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    async def do(self, item: Leased) -> None:
        account, region, name, backup_id = orjson.loads(item.body)
        place = Place(account, region)
        backup = await fix_instant(self._store, place, name, backup_id)
        if backup is None or backup.record.status == "AVAILABLE":
            await self._store.commit(Transaction().ack(item))
            return
        record = backup.record
        copying = Copying(self._store, record.source.id, record.uid)
        progress = await copying.run(Instant(record.source.id, record.seq))
        # A Conflict brings the item back; the second round finds the copying done.
        done = replace(record, status="AVAILABLE", size_bytes=progress.size_bytes)
        transaction = Transaction().put(backup.key, done.pack(), expect=backup.version)
        table = await self._directory.load(place, name)
        if table is not None and record.uid in table.record.holders:
            let_go(transaction, table, record.uid, self._clock.now_ms())
        await self._store.commit(transaction.delete(keys.copying(record.uid)).ack(item))
        self._directory.forget(place, name)
