"""Fills a new replica of a global table from the one it was made of, then makes it ACTIVE in all regions.

Items are copied with their stamps, and so are the stamps of deleted ones, while all logs already go to the new replica: whichever comes
first, the greater stamp wins. A stamp is read before its item, so that no item ever comes with a stamp greater than its own.
"""

from __future__ import annotations

from dataclasses import replace

import orjson

from fogbank.core.clock import Clock
from fogbank.services.dynamodb import keys, stamps
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.global_tables import members
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import COPY_BATCH
from fogbank.services.dynamodb.replication import Applier
from fogbank.services.dynamodb.stamps import Arrived
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.writes import Writer
from fogbank.store.api import ABSENT, Key, Leased, Store, Transaction
from fogbank.store.keys import decode, encode

JOIN_QUEUE = "dynamodb.replicas"
CUT_PAUSE_MS = 1000  # before another look at a region that is cut off


def enqueue(transaction: Transaction, new: Table, source: Table, now_ms: int) -> None:
    body = orjson.dumps([*new.place, new.record.name, new.record.id, source.place.region])
    transaction.enqueue(JOIN_QUEUE, new.record.id, body, due_ms=now_ms)


class Joining:
    """The handler of the queue."""

    def __init__(self, store: Store, clock: Clock, directory: Directory, writer: Writer) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._applier = Applier(store, writer)

    async def do(self, item: Leased) -> None:
        account, region, name, table_id, source_region = orjson.loads(item.body)
        while True:
            new = await self._directory.load(Place(account, region), name)
            source = await self._directory.load(Place(account, source_region), name)
            if new is None or source is None or new.record.id != table_id or new.record.status == "ACTIVE":
                await self._store.commit(Transaction().ack(item))
                return
            ends = [keys.cut(source.place.region), keys.cut(new.place.region)]
            if any(cut is not None for cut in await self._store.get_many(ends)):
                later_ms = self._clock.now_ms() + CUT_PAUSE_MS
                await self._store.commit(Transaction().retry(item, due_ms=later_ms))
                return
            joined = Transaction().check(ends[0], ABSENT).check(ends[1], ABSENT)
            if not await self._copy_some(new, source, joined):
                await self._finish(new, item)
                return

    async def _copy_some(self, new: Table, source: Table, also: Transaction) -> bool:
        """False when all is copied. `also` holds with what is copied. How far it came is committed with what was copied. Raises Conflict."""
        key = keys.copying(new.record.id)
        record = await self._store.get(key)
        part, at = ("items", "") if record is None else orjson.loads(record.value)
        if part == "done":
            return False
        prefix = source.prefix if part == "items" else keys.data(source.record.id, keys.GRAVES)
        after = (*prefix, *decode(bytes.fromhex(at))) if at else None
        found = [each.key for each in await self._store.scan(prefix, after=after, limit=COPY_BATCH)]
        if found:
            progress = [part, encode(found[-1][keys.HEAD_PARTS :]).hex()]
            changes = await (self._items(source, found) if part == "items" else self._graves(source, found))
        else:
            progress, changes = ["graves" if part == "items" else "done", ""], {}
        version = ABSENT if record is None else record.version
        also.put(key, orjson.dumps(progress), expect=version)
        await self._applier.apply(new, changes, also)
        return True

    async def _items(self, source: Table, found: list[Key]) -> dict[Key, Arrived]:
        stamped = await stamps.read(self._store, [(source, key) for key in found])
        changes: dict[Key, Arrived] = {}
        for key, record in zip(found, await self._store.get_many(found), strict=True):
            if record is not None:
                stamp = stamped[key].stamp
                changes[key[keys.HEAD_PARTS :]] = Arrived(stamp, record.value, stamp.time_ms)
        return changes

    async def _graves(self, source: Table, found: list[Key]) -> dict[Key, Arrived]:
        assert source.stamps_prefix is not None
        places = [key[keys.HEAD_PARTS + 1 :] for key in found]  # behind the time
        records = await self._store.get_many([(*source.stamps_prefix, *place) for place in places])
        changes: dict[Key, Arrived] = {}
        for place, record in zip(places, records, strict=True):
            there = stamps.stamped(record)
            if there.is_deleted:
                changes[place] = Arrived(there.stamp, None, there.stamp.time_ms)
        return changes

    async def _finish(self, new: Table, item: Leased) -> None:
        transaction = Transaction().put(
            new.key, replace(new.record, status="ACTIVE").pack(), expect=new.version
        )
        for member in await members(self._store, new):
            replicas = tuple(
                replace(each, status="ACTIVE") if each.region == new.place.region else each
                for each in member.record.replicas
            )
            record = replace(member.record, replicas=replicas)
            transaction.put(member.key, record.pack(), expect=member.version)
            self._directory.forget(member.place, record.name)
        await self._store.commit(transaction.delete(keys.copying(new.record.id)).ack(item))
        self._directory.forget(new.place, new.record.name)
