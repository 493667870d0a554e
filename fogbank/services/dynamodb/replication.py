"""How the regions of a global table come to the same items.

Every change that a client makes is put into the log of its table, with its stamp, in its own transaction. Each other region has
a cursor in that log. A lane for each such link takes over what lies behind the cursor: where the change's stamp is greater than
the item's, the item, its indexes, stream record and stamp are written together with the cursor. So `kill -9` at any moment
neither loses nor doubles a change. Changes of one item that wait together are taken over as one, the last, as on AWS.

A region that is cut off (`/_fogbank/dynamodb/replication`) goes on by itself; the logs wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, StoreClosed
from fogbank.core.lanes import Lanes, report
from fogbank.model.telemetry import Point, Telemetry
from fogbank.services.dynamodb import keys, stamps
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import LINKS_MAX, REPLICATION_BATCH, TRIM_STEP
from fogbank.services.dynamodb.logs import trim
from fogbank.services.dynamodb.stamps import NEVER, Arrived, Stamped
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.writes import NOTHING, Changes, Held, Write, Writer
from fogbank.store.api import ABSENT, Entry, Key, Record, Store, Transaction
from fogbank.store.keys import encode

log = logging.getLogger("fogbank.dynamodb")

RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Link:
    """The way from one replica's log to another region. `is_closing`: its source is gone, what is left is still delivered."""

    account: str
    name: str
    source_region: str
    source_id: str
    target_region: str
    target_id: str
    is_closing: bool = False

    @property
    def key(self) -> Key:
        return keys.link(self.source_id, self.target_region)

    @property
    def cursor(self) -> Key:
        return keys.cursor(self.source_id, self.target_region)

    @property
    def log(self) -> Key:
        return keys.replication(self.source_id)

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def unpack(cls, stored: bytes) -> Link:
        return cls(**orjson.loads(stored))


async def links(store: Store) -> list[Link]:
    return [Link.unpack(record.value) for record in await store.scan(keys.links(), limit=LINKS_MAX)]


def position(record: Record | None) -> int:
    return 0 if record is None else int(record.value)


def cursor_value(seq: int) -> bytes:
    return str(seq).encode()


class Applier:
    """Writes what arrives from other regions into a replica."""

    def __init__(self, store: Store, writer: Writer) -> None:
        self._store = store
        self._writer = writer

    async def apply(self, table: Table, changes: Mapping[Key, Arrived], also: Transaction) -> None:
        """Commit `also` with those of `changes`, by places below the table, that win. Raises Conflict."""
        arrived = {(*table.prefix, *place): change for place, change in changes.items()}
        turns: list[Key] = []
        try:
            for key in sorted(arrived, key=encode):
                await self._writer.turns.take(key)
                turns.append(key)
            await self._apply(table, arrived, also)
        finally:
            for key in turns:
                self._writer.turns.give_up(key)

    async def _apply(self, table: Table, arrived: Mapping[Key, Arrived], also: Transaction) -> None:
        records = await self._store.get_many(list(arrived))
        stamped = await stamps.read(self._store, [(table, key) for key in arrived])
        transaction = Transaction().check(table.key, table.version)
        done: list[tuple[Write, Changes]] = []
        for (key, change), record in zip(arrived.items(), records, strict=True):
            if _wins(change, stamped[key], record):
                done.append(self._add(transaction, table, key, change, record, stamped[key]))
        self._writer.add_records(transaction, [write for write, _ in done])
        transaction.operations += also.operations
        await self._store.commit(transaction)
        for write, counted in done:
            self._writer.count(table, write.before, write.after, counted)

    def _add(
        self,
        transaction: Transaction,
        table: Table,
        key: Key,
        change: Arrived,
        record: Record | None,
        there: Stamped,
    ) -> tuple[Write, Changes]:
        before = NOTHING if record is None else Held(record.value)
        after = NOTHING if change.stored is None else Held(change.stored)
        write = Write(table, key, lambda held: held)
        write.before, write.after = before, before if before.stored == after.stored else after
        version = ABSENT if record is None else record.version
        counted: Changes = []
        if write.before is write.after:
            transaction.check(key, version)
        else:
            counted = self._writer.add(transaction, table, key, before, after, version)
        if change.stamp != NEVER:
            stamps.put(transaction, table, key, change.stamp, change.stored is None, there)
        return write, counted


def _wins(change: Arrived, there: Stamped, record: Record | None) -> bool:
    if change.stamp == NEVER:  # an item from before the table was a global one
        return there.version == ABSENT and record is None
    return change.stamp > there.stamp


class Replicator:
    """The lanes of one node, one for each link. Another node may do the same: the cursors' versions see to it."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        directory: Directory,
        writer: Writer,
        telemetry: Telemetry | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._directory = directory
        self._applier = Applier(store, writer)
        self._telemetry = telemetry
        self._changed = asyncio.Event()
        self._tasks: dict[Link, asyncio.Task[None]] = {}
        self._unwatch: list[Callable[[], None]] = []
        self._trimmed: dict[str, int] = {}

    def start(self) -> None:
        self._changed.set()
        self._unwatch.append(self._store.watch_records(keys.links(), self._changed.set))
        self._lanes.loop("dynamodb replication", self._follow_links)

    async def close(self) -> None:
        for unwatch in self._unwatch:
            unwatch()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _follow_links(self) -> None:
        """The lane's body: a lane for every link that there is."""
        await self._changed.wait()
        self._changed.clear()
        found = set(await links(self._store))
        for link in [link for link, task in self._tasks.items() if task.done() or link not in found]:
            self._tasks.pop(link).cancel()
        for link in found - self._tasks.keys():
            name = f"dynamodb replication of {link.name} to {link.target_region}"
            self._tasks[link] = self._lanes.spawn(name, self._follow(link))

    async def _follow(self, link: Link) -> None:
        news = asyncio.Event()
        unwatch = [
            self._store.watch_log(link.log, news.set),
            self._store.watch_records(keys.cuts(), news.set),
            self._store.watch_records(link.key, news.set),
        ]
        try:
            while True:
                news.clear()
                try:
                    while await self._deliver(link):
                        pass
                    if await self._is_over(link):
                        return
                except (StoreClosed, asyncio.CancelledError):
                    raise
                except Exception as error:  # noqa: BLE001 - a boundary: one link's trouble is not the others'
                    what = f"replication of {link.name} to {link.target_region} failed; it goes on"
                    report(log, error, what)
                    await self._clock.sleep_s(RETRY_S)
                    continue
                await news.wait()
        finally:
            for each in unwatch:
                each()

    async def _deliver(self, link: Link) -> bool:
        """Take over some changes; whether there may be more."""
        ends = [keys.cut(link.source_region), keys.cut(link.target_region)]
        *cuts, cursor = await self._store.get_many([*ends, link.cursor])
        if cursor is None or any(cut is not None for cut in cuts):
            return False
        entries = await self._store.read_log(link.log, after_seq=position(cursor), limit=REPLICATION_BATCH)
        if not entries:
            return False
        table = await self._directory.load(Place(link.account, link.target_region), link.name)
        if table is None or table.record.id != link.target_id:
            return False
        changes = dict(stamps.arrived(entry, link.source_region) for entry in entries)
        last = entries[-1].seq
        also = Transaction().check(ends[0], ABSENT).check(ends[1], ABSENT)
        also.put(link.cursor, cursor_value(last), expect=cursor.version)
        try:
            await self._applier.apply(table, changes, also)
        except Conflict:
            return True  # a write, a cut or another node came in between: look again
        self._measure(link, entries)
        if last - self._trimmed.get(link.source_id, 0) >= TRIM_STEP:
            await self._trim(link)
        return True

    async def _is_over(self, link: Link) -> bool:
        """Whether the link has ended; one whose source is gone ends here when all is delivered."""
        stored, cursor = await self._store.get_many([link.key, link.cursor])
        if stored is None or cursor is None:
            return True
        table = await self._directory.load(Place(link.account, link.target_region), link.name)
        is_lost = table is None or table.record.id != link.target_id
        left = await self._store.read_log(link.log, after_seq=position(cursor), limit=1)
        if not (Link.unpack(stored.value).is_closing and (is_lost or not left)):
            return False
        ending = Transaction().delete(link.key, expect=stored.version).delete(link.cursor)
        try:
            await self._store.commit(ending)
        except Conflict:
            return False
        if not await self._store.scan(keys.cursors(link.source_id), limit=1):
            await trim(self._store, link.log, await self._store.last_seq(link.log))
            await self._store.commit(Transaction().drop_log(link.log))
            self._trimmed.pop(link.source_id, None)
        return True

    async def _trim(self, link: Link) -> None:
        """Drop what all regions have."""
        cursors = await self._store.scan(keys.cursors(link.source_id), limit=LINKS_MAX)
        if cursors:
            through = min(position(cursor) for cursor in cursors)
            await trim(self._store, link.log, through)
            self._trimmed[link.source_id] = through

    def _measure(self, link: Link, entries: list[Entry]) -> None:
        """ReplicationLatency in the source's region, as AWS has it."""
        if self._telemetry is None:
            return
        now_ms = self._clock.now_ms()
        dimensions = (("TableName", link.name), ("ReceivingRegion", link.target_region))
        counts: dict[int, int] = {}
        for entry in entries:
            latency_ms = max(0, now_ms - entry.time_ms)
            counts[latency_ms] = counts.get(latency_ms, 0) + 1
        points = [
            Point(
                "AWS/DynamoDB",
                "ReplicationLatency",
                dimensions,
                float(value),
                "Milliseconds",
                now_ms,
                count,
            )
            for value, count in counts.items()
        ]
        self._telemetry.points(link.account, link.source_region, points)
