"""Fills a backup or a restored table with the items of another table as they were at one instant.

Copying goes in small transactions while writes go on, so it sees items of different moments. Afterwards the changes that came
after the instant are undone, from the last one back, by what the journal says of each item before its change. An item that no
change touched was copied as it was. Nothing waits: writers only append to the journal, memory holds one step.

How far it came is committed with each step, so that after `kill -9` it goes on there. That is right in the middle of
copying, too: whatever was changed since the first step is in the journal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import orjson

from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.journal_entries import unpack_entry
from fogbank.services.dynamodb.limits import COPY_BATCH
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import stored_size, unpack
from fogbank.store.api import ABSENT, Key, Store, Transaction
from fogbank.store.keys import decode, encode


@dataclass(frozen=True, slots=True)
class Instant:
    """A table after the change `seq` of its journal and before the next."""

    table_id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`phase`: copying, undoing, indexing, done. `at`: the place behind which to go on, in hex; `seq`: the change undone last."""

    phase: str = "copying"
    at: str = ""
    seq: int = 0
    items: int = 0
    size_bytes: int = 0
    indexed: dict[str, tuple[int, int]] = field(
        default_factory=dict
    )  # entries and their bytes by index number


class Copying:
    """One copy into what lies under `target_id`."""

    def __init__(self, store: Store, source_id: str, target_id: str) -> None:
        self._store = store
        self._source = keys.data(source_id, 0)
        self._target = keys.data(target_id, 0)
        self._key = keys.copying(target_id)
        self._version = ABSENT
        self.progress = Progress()

    async def run(self, instant: Instant | None, table: Table | None = None) -> Progress:
        """Copy; undo what came after `instant`, if the source changes; fill the indexes of `table`, the target.

        Raises Conflict when another node does the same."""
        record = await self._store.get(self._key)
        if record is not None:
            self.progress, self._version = Progress(**orjson.loads(record.value)), record.version
        while self.progress.phase != "done":
            match self.progress.phase:
                case "copying":
                    await self._copy(instant)
                case "undoing":
                    assert instant is not None
                    await self._undo(instant)
                case _:
                    await self._index(table)
        return self.progress

    async def _step(self, transaction: Transaction, progress: Progress) -> None:
        transaction.put(self._key, orjson.dumps(progress), expect=self._version)
        committed = await self._store.commit(transaction)
        self.progress, self._version = progress, committed.versions[-1]

    async def _copy(self, instant: Instant | None) -> None:
        progress = self.progress
        records = await self._store.scan(self._source, after=self._after(self._source), limit=COPY_BATCH)
        if not records:
            if instant is None:
                await self._step(Transaction(), replace(progress, phase="indexing", at=""))
                return
            # The copy holds no change beyond this one.
            last = await self._store.last_seq(keys.journal(instant.table_id))
            await self._step(Transaction(), replace(progress, phase="undoing", seq=last + 1))
            return
        transaction = Transaction()
        for record in records:
            transaction.put((*self._target, *record.key[keys.HEAD_PARTS :]), record.value)
        size_bytes = sum(stored_size(record.value) for record in records)
        await self._step(
            transaction,
            replace(
                progress,
                at=encode(records[-1].key[keys.HEAD_PARTS :]).hex(),
                items=progress.items + len(records),
                size_bytes=progress.size_bytes + size_bytes,
            ),
        )

    async def _undo(self, instant: Instant) -> None:
        progress = self.progress
        entries = await self._store.read_log(
            keys.journal(instant.table_id),
            after_seq=instant.seq,
            before_seq=progress.seq,
            limit=COPY_BATCH,
            reverse=True,
        )
        if not entries:
            await self._step(Transaction(), replace(progress, phase="indexing", at=""))
            return
        wanted: dict[Key, bytes | None] = {}
        for entry in entries:  # the earliest change of an item is the last one here, and stays
            place, before = unpack_entry(entry.body)
            wanted[(*self._target, *place)] = before
        there = await self._store.get_many(list(wanted))
        transaction, items, size_bytes = Transaction(), progress.items, progress.size_bytes
        for (key, before), record in zip(wanted.items(), there, strict=True):
            if record is not None:
                items, size_bytes = items - 1, size_bytes - stored_size(record.value)
            if before is not None:
                items, size_bytes = items + 1, size_bytes + stored_size(before)
                transaction.put(key, before)
            else:
                transaction.delete(key)
        await self._step(
            transaction, replace(progress, seq=entries[-1].seq, items=items, size_bytes=size_bytes)
        )

    async def _index(self, table: Table | None) -> None:
        progress = self.progress
        records = []
        if table is not None and table.entries:
            after = self._after(self._target)
            records = await self._store.scan(self._target, after=after, limit=COPY_BATCH)
        if not records or table is None:
            await self._step(Transaction(), replace(progress, phase="done"))
            return
        transaction, indexed = Transaction(), dict(progress.indexed)
        for record in records:
            for key, value in table.shared_entries(unpack(record.value), record.value).items():
                transaction.put(key, value)
                entries, size_bytes = indexed.get(str(key[keys.HEAD_PARTS - 1]), (0, 0))
                indexed[str(key[keys.HEAD_PARTS - 1])] = (entries + 1, size_bytes + stored_size(value))
        at = encode(records[-1].key[keys.HEAD_PARTS :]).hex()
        await self._step(transaction, replace(progress, at=at, indexed=indexed))

    def _after(self, prefix: Key) -> Key | None:
        at = self.progress.at
        return (*prefix, *decode(bytes.fromhex(at))) if at else None
