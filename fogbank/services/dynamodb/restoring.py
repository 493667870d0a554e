"""The work behind the restoring operations: fills the new table, then makes it ACTIVE and lets go of its source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.backup_records import load_backup
from fogbank.services.dynamodb.copying import Copying, Instant
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.figures import add_counted
from fogbank.services.dynamodb.journal import let_go
from fogbank.services.dynamodb.keys import Place
from fogbank.store.api import Leased, Store, Transaction

RESTORE_QUEUE = "dynamodb.restores"


class Restoring:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory

    async def do(self, item: Leased) -> None:
        body = orjson.loads(item.body)
        place, source = Place(*body["place"]), body["source"]
        table = await self._directory.load(place, body["name"])
        if table is None or table.record.id != body["id"] or table.record.status == "ACTIVE":
            await self._store.commit(Transaction().ack(item))
            return
        instant = Instant(source["data"], source["seq"]) if "seq" in source else None
        progress = await Copying(self._store, source["data"], table.record.id).run(instant, table)
        record = replace(table.record, status="ACTIVE")
        transaction = Transaction().put(table.key, record.pack(), expect=table.version)
        await self._let_go(transaction, place, source, record.id)
        counted = progress.indexed | {"0": (progress.items, progress.size_bytes)}
        for number, count in counted.items():
            add_counted(transaction, record.id, int(number), *count)
        # A Conflict brings the item back; the second round finds the copying done.
        await self._store.commit(transaction.delete(keys.copying(record.id)).ack(item))
        self._directory.forget(place, record.name)

    async def _let_go(
        self, transaction: Transaction, place: Place, source: dict[str, Any], table_id: str
    ) -> None:
        if "backup" in source:
            backup = await load_backup(self._store, place, *source["backup"])
            if backup is not None:
                restores = tuple(each for each in backup.record.restores if each != table_id)
                freed = replace(backup.record, restores=restores)
                transaction.put(backup.key, freed.pack(), expect=backup.version)
            return
        table = await self._directory.load(place, source["table"])
        if table is not None and table_id in table.record.holders:
            let_go(transaction, table, table_id, self._clock.now_ms())
            self._directory.forget(place, table.record.name)
