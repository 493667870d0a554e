"""Keeps the figures of streams (first and last event, bytes) behind the events themselves.

Writing them with every PutLogEvents would make calls on one stream wait for each other. So a write only marks its stream
as unsettled, once, in its own transaction; a lane adds up what came and settles it within a second: the figures, the order by
last event, the group's bytes. After a crash the marks tell whose figures must be counted again from the index.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.services.logs import keys
from fogbank.services.logs.chunks import UNIQUE_BITS, unpack_index
from fogbank.services.logs.keys import Place
from fogbank.services.logs.records import Figures
from fogbank.store.api import ABSENT, Record, Store, Transaction

SETTLE_INTERVAL_S = 1.0
STREAMS_IN_A_TRANSACTION = 100
INDEX_PAGE = 1000
NOTHING = Figures()


@dataclass(slots=True)
class _Pending:
    place: Place
    group_id: str
    stream_id: str
    stream: str
    added: Figures = NOTHING
    writing: int = 0
    marked: bool = False  # the mark lies in the store
    recount: bool = False


@dataclass(slots=True)
class Settling:
    """The unsettled streams of this node."""

    store: Store
    clock: Clock
    _pending: dict[str, _Pending] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, tx: Transaction, place: Place, group_id: str, stream_id: str, stream: str) -> None:
        """A transaction is about to add events to the stream; `end` must follow."""
        entry = self._pending.get(stream_id)
        if entry is None:
            entry = self._pending[stream_id] = _Pending(place, group_id, stream_id, stream)
        entry.writing += 1
        if not entry.marked:
            tx.put(keys.unsettled(place, group_id, stream_id, stream), b"")

    def end(self, stream_id: str, added: Figures | None) -> None:
        """The transaction is done and added this; None when it failed."""
        entry = self._pending[stream_id]
        entry.writing -= 1
        if added is not None:
            entry.marked = True
            entry.added = entry.added.plus(added)
            self._wake.set()
        elif entry.writing == 0 and not entry.marked:
            del self._pending[stream_id]

    async def run(self) -> None:
        """The lane's body: settle a second after the first news."""
        await self._wake.wait()
        await self.clock.sleep_s(SETTLE_INTERVAL_S)
        await self.flush()

    async def flush(self) -> None:
        """Settle everything now; returns when all figures up to here can be read."""
        if not self._pending:
            return
        async with self._lock:
            self._wake.clear()
            entries = [entry for entry in self._pending.values() if entry.added != NOTHING or entry.recount]
            for at in range(0, len(entries), STREAMS_IN_A_TRANSACTION):
                await self._settle(entries[at : at + STREAMS_IN_A_TRANSACTION])

    async def recover(self) -> None:
        """After a start: count what a crash left unsettled."""
        while page := await self.store.scan(keys.UNSETTLED, limit=STREAMS_IN_A_TRANSACTION):
            for record in page:
                account, region, group_id, stream_id, stream = map(str, record.key[len(keys.UNSETTLED) :])
                entry = _Pending(
                    Place(account, region), group_id, stream_id, stream, marked=True, recount=True
                )
                self._pending[stream_id] = entry
            await self.flush()  # takes the marks away

    async def _settle(self, entries: list[_Pending]) -> None:
        while True:
            counted = [await self._count(entry) if entry.recount else None for entry in entries]
            taken = [entry.added for entry in entries]
            tx = await self._transaction(entries, taken, counted)
            done = [entry for entry in entries if entry.writing == 0]
            for entry in done:
                tx.delete(keys.unsettled(entry.place, entry.group_id, entry.stream_id, entry.stream))
                entry.marked = False
            try:
                await self.store.commit(tx)
            except Conflict:
                for entry in done:
                    entry.marked = True
                continue
            break
        for entry, added in zip(entries, taken, strict=True):
            entry.added = _minus(entry.added, added)
            entry.recount = False
            if entry.writing == 0 and entry.added == NOTHING:
                self._pending.pop(entry.stream_id, None)
            else:
                self._wake.set()

    async def _transaction(
        self, entries: list[_Pending], taken: list[Figures], counted: list[Figures | None]
    ) -> Transaction:
        tx = Transaction()
        places = [keys.figures(entry.place, entry.group_id, entry.stream_id) for entry in entries]
        streams = [keys.stream(entry.place, entry.group_id, entry.stream) for entry in entries]
        stored = await self.store.get_many(places)
        alive = await self.store.get_many(streams)
        group_bytes: dict[tuple[Place, str], int] = {}
        for at, entry in enumerate(entries):
            if alive[at] is None:
                continue  # deleted meanwhile; its chunks are on their way out
            before = _figures(stored[at])
            recounted = counted[at]
            after = before.plus(taken[at]) if recounted is None else recounted
            _move(tx, entry, before, after, stored[at])
            key = (entry.place, entry.group_id)
            group_bytes[key] = group_bytes.get(key, 0) + after.stored_bytes - before.stored_bytes
        for (place, group_id), added in group_bytes.items():
            await add_group_bytes(self.store, tx, place, group_id, added)
        return tx

    async def _count(self, entry: _Pending) -> Figures:
        """The figures of a stream from its index."""
        return await count(self.store, entry.place, entry.stream_id)


async def count(store: Store, place: Place, stream_id: str) -> Figures:
    """A stream's figures, counted from its whole index."""
    total, after = Figures(), None
    while True:
        page = await store.scan(keys.index(place, stream_id), after=after, limit=INDEX_PAGE)
        for record in page:
            total = total.plus(_figures_of_entry(record))
        if len(page) < INDEX_PAGE:
            return total
        after = page[-1].key


async def add_group_bytes(store: Store, tx: Transaction, place: Place, group_id: str, added: int) -> None:
    """Let `tx` change what the group stores; the transaction then depends on what was read here."""
    if added == 0:
        return
    key = keys.group_bytes(place, group_id)
    record = await store.get(key)
    total = added + (int(record.value) if record else 0)
    tx.put(key, b"%d" % max(0, total), expect=record.version if record else ABSENT)


def _figures(record: Record | None) -> Figures:
    return Figures() if record is None else Figures.unpack(record.value)


def _figures_of_entry(record: Record) -> Figures:
    *_, min_ms, unique = record.key
    entry = unpack_index(record.value)
    return Figures(int(min_ms), entry.max_ms, int(unique) >> UNIQUE_BITS, entry.stored_bytes)


def _move(tx: Transaction, entry: _Pending, before: Figures, after: Figures, stored: Record | None) -> None:
    """Write the figures, and the stream's place in the order of last events."""
    key = keys.figures(entry.place, entry.group_id, entry.stream_id)
    tx.put(key, after.pack(), expect=stored.version if stored else ABSENT)
    if before.last_ms != after.last_ms:
        tx.delete(keys.recent(entry.place, entry.group_id, before.last_ms or 0, entry.stream))
        tx.put(keys.recent(entry.place, entry.group_id, after.last_ms or 0, entry.stream), b"")


def _minus(now: Figures, taken: Figures) -> Figures:
    """What came while `taken` was being settled. Times may stay: settling them twice changes nothing."""
    if now == taken:
        return NOTHING
    return Figures(now.first_ms, now.last_ms, now.ingested_ms, now.stored_bytes - taken.stored_bytes)
