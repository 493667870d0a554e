"""The PostgreSQL engine: one store for several machines.

Writes go through `PostgresWriter` (group commit, exactly once); reads, leases and extensions are single statements on
a small pool of connections; news of other nodes comes by LISTEN. Every SQL statement stands in `postgres_sql.py`.
Needs PostgreSQL 12 or newer, and nothing but an empty schema of it. Due times and leases are compared with the clock
of the node that asks, so the nodes' clocks must agree to well within a lease.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from psycopg.types.numeric import Int8

from fogbank.core.clock import Clock
from fogbank.core.errors import StoreClosed
from fogbank.core.lanes import Lanes
from fogbank.core.limits import STORE_NOTIFY_BYTES_MAX
from fogbank.store import keys, news, postgres_logs, postgres_sql
from fogbank.store.api import Committed, Entry, Key, Leased, Record, Transaction
from fogbank.store.postgres_arrays import Byteas
from fogbank.store.postgres_batch import name, text, token
from fogbank.store.postgres_link import Connection, Health, Pool, prepare_schema, rows
from fogbank.store.postgres_news import Listener
from fogbank.store.postgres_writer import PostgresWriter
from fogbank.store.watches import Touched, Watches
from fogbank.store.weight import weigh


class PostgresStore:
    """`Store` over a PostgreSQL database, in the schema that its connections find first."""

    def __init__(self, url: str, clock: Clock, lanes: Lanes) -> None:
        self._url = url
        self._clock = clock
        self._lanes = lanes
        self._watches = Watches()
        self._pool: Pool | None = None
        self._writer: PostgresWriter | None = None
        self._listener: Listener | None = None
        self._listening: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Raises ConfigError when no server answers, or a newer fogbank made the tables."""
        await prepare_schema(self._url)
        health = Health()
        writer = PostgresWriter(self._url, health, self._clock, self._watches.tell)
        self._listener = Listener(self._url, health, self._watches, lambda: writer.node)
        await self._listener.open()
        await writer.open(self._lanes)
        self._listening = self._lanes.loop("store news", self._listener.run)
        self._pool = Pool(self._url, health)
        self._writer = writer

    async def close(self) -> None:
        if self._writer is None or self._pool is None:
            return
        writer, self._writer = self._writer, None
        await writer.close()
        await self._pool.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        if self._listener is not None:
            await self._listener.close()

    async def clear(self) -> None:
        async def work(connection: Connection) -> None:
            async with connection.transaction():
                await rows(connection, postgres_sql.LOCK_OUT)
                await rows(connection, postgres_sql.CLEAR)
                await _tell(connection, Touched(everything=True))

        await self._pooled().use(work)

    async def commit(self, transaction: Transaction) -> Committed:
        writer = self._writer
        if writer is None:
            raise StoreClosed("the store is closed")
        weight = weigh(transaction)
        if not transaction.operations:
            return Committed((), ())
        return await writer.submit(transaction, weight)

    # --- records ------------------------------------------------------------------------------------------------------

    async def get(self, key: Key) -> Record | None:
        found = await self._read(postgres_sql.GET, (keys.encode(key),))
        return Record(key, *found[0]) if found else None

    async def get_many(self, keys_: Sequence[Key]) -> list[Record | None]:
        encoded = [keys.encode(key) for key in keys_]
        rows = await self._read(postgres_sql.GET_MANY, (Byteas(encoded),))
        found = {key: (value, version) for key, value, version in rows}
        return [
            Record(key, *found[sought]) if sought in found else None
            for key, sought in zip(keys_, encoded, strict=True)
        ]

    async def scan(
        self,
        prefix: Key,
        *,
        after: Key | None = None,
        before: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Record]:
        low, high = keys.bounds(prefix)
        if after is not None:
            low = max(low, keys.after(after))
        if before is not None:
            high = min(high, keys.encode(before))
        statement = postgres_sql.SCAN_REVERSE if reverse else postgres_sql.SCAN_FORWARD
        found = await self._read(statement, (low, high, Int8(max(0, limit))))
        return [Record(keys.decode(key), value, version) for key, value, version in found]

    async def range_values(self, low: Key, high: Key, *, limit: int, reverse: bool = False) -> list[bytes]:
        statement = postgres_sql.SCAN_REVERSE if reverse else postgres_sql.SCAN_FORWARD
        found = await self._read(statement, (keys.encode(low), keys.encode(high), Int8(max(0, limit))))
        return [value for _, value, _ in found]

    async def count(self, prefix: Key, *, limit: int) -> int:
        found = await self._read(postgres_sql.COUNT, (*keys.bounds(prefix), Int8(max(0, limit))))
        counted: int = found[0][0]
        return counted

    # --- logs ---------------------------------------------------------------------------------------------------------

    async def read_log(
        self,
        log: Key,
        *,
        after_seq: int = 0,
        before_seq: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Entry]:
        asked = postgres_logs.Asked(log, after_seq, before_seq, from_ms, to_ms, limit, reverse)
        return await self._pooled().use(lambda connection: postgres_logs.read(connection, asked))

    async def last_seq(self, log: Key) -> int:
        found = await self._read(postgres_sql.LAST_SEQ, (keys.encode(log),))
        return found[0][0] if found else 0

    # --- queues -------------------------------------------------------------------------------------------------------

    async def lease(self, queue: str, *, owner: str, limit: int, lease_ms: int) -> list[Leased]:
        now_ms = self._clock.now_ms()
        arguments = {
            "queue": name(queue),
            "owner": name(owner),
            "limit": Int8(limit),
            "now_ms": Int8(now_ms),
            "until_ms": Int8(now_ms + lease_ms),
        }
        taken = await self._read(postgres_sql.LEASE, arguments)
        taken.sort(key=lambda row: row[:2])  # UPDATE … RETURNING gives no order
        return [
            Leased(
                queue,
                text(id),
                body,
                None if group is None else text(group),
                due_ms,
                enqueued_ms,
                attempt,
                f"{seq}.{number}",
                now_ms + lease_ms,
            )
            for _, seq, id, body, group, due_ms, enqueued_ms, attempt, number in taken
        ]

    async def extend(self, leased: Leased, *, lease_ms: int) -> Leased | None:
        until_ms = self._clock.now_ms() + lease_ms
        seq, number = token(leased)
        arguments = {"until_ms": Int8(until_ms), "seq": Int8(seq), "lease": Int8(number)}
        extended = await self._read(postgres_sql.EXTEND, arguments)
        return replace(leased, lease_until_ms=until_ms) if extended else None

    async def release(self, owner: str) -> int:
        async def work(connection: Connection) -> list[str]:
            async with connection.transaction():
                released = await rows(connection, postgres_sql.RELEASE, (name(owner),))
                queues = [text(queue) for (queue,) in released]
                if queues:
                    await _tell(connection, Touched(queues=set(queues)))
            return queues

        return len(await self._pooled().use(work))

    async def next_due_ms(self, queue: str) -> int | None:
        found = await self._read(postgres_sql.NEXT_DUE, (name(queue),))
        return found[0][0] if found else None

    async def depth(self, queue: str) -> tuple[int, int]:
        arguments = {"queue": name(queue), "now_ms": Int8(self._clock.now_ms())}
        items, leased = (await self._read(postgres_sql.DEPTH, arguments))[0]
        return items - leased, leased

    # --- news ---------------------------------------------------------------------------------------------------------

    def watch_records(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.records(prefix, callback)

    def watch_log(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.logs(prefix, callback)

    def watch_queue(self, queue: str, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.queue(queue, callback)

    # --- within -------------------------------------------------------------------------------------------------------

    def _pooled(self) -> Pool:
        if self._writer is None or self._pool is None:
            raise StoreClosed("the store is closed")
        return self._pool

    async def _read(self, statement: str, arguments: Any) -> list[tuple[Any, ...]]:
        return await self._pooled().use(lambda connection: rows(connection, statement, arguments))


async def _tell(connection: Connection, touched: Touched) -> None:
    """Give news with the transaction under way, from node 0, which is nobody: this node too hears it as the others."""
    packed = news.pack(touched, STORE_NOTIFY_BYTES_MAX)
    await rows(connection, postgres_sql.NOTIFY, (f"0 {packed.decode()}",))
