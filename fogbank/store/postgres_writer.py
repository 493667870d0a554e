"""Group commit on PostgreSQL: transactions that arrive while a batch is on its way share the next one.

A batch is one call of `fogbank_apply`: one round trip, one server transaction. When the connection is lost under it,
its outcome is looked up by its number on a new connection, and it is sent again only if it was not committed; so a
batch is applied exactly once, and nobody is told of a failure that was none (see postgres_sql.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import psycopg
from psycopg.types.numeric import Int4, Int8

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, StoreClosed, StoreError
from fogbank.core.lanes import Lanes
from fogbank.core.limits import STORE_NOTIFY_BYTES_MAX
from fogbank.store import news, postgres_sql
from fogbank.store.admission import Admission, Job, touched_by
from fogbank.store.api import Committed, Transaction
from fogbank.store.postgres_batch import Batch
from fogbank.store.postgres_link import (
    Connection,
    Health,
    Patience,
    as_store_error,
    connect,
    lost,
    may_repeat,
    rows,
)
from fogbank.store.watches import Touched
from fogbank.store.weight import Weight

log = logging.getLogger("fogbank.store")

_SHARDS = 16
Answer = tuple[list[int | None], list[int | None]]


class PostgresWriter:
    """Commits transactions in order of arrival; one batch at a time is on its way."""

    def __init__(self, url: str, health: Health, clock: Clock, announce: Callable[[Touched], None]) -> None:
        self._url = url
        self._health = health
        self._clock = clock
        self._announce = announce
        self._admission = Admission()
        self._arrived = asyncio.Event()
        self._closing = False
        self._connection: Connection | None = None
        self._lane: asyncio.Task[None] | None = None
        self._number = 0
        self._in_doubt = False
        self.node = 0

    async def open(self, lanes: Lanes) -> None:
        """Connect, get this store's number, begin to write."""
        self._connection = await connect(self._url)
        await self._register(self._connection)
        self._lane = lanes.spawn("store writer", self._write())

    async def close(self) -> None:
        """Finish what was accepted, sign off, disconnect."""
        self._closing = True
        self._admission.close()
        self._arrived.set()
        if self._lane is not None:
            await asyncio.wait([self._lane])
        if self._connection is not None:
            try:
                await rows(self._connection, postgres_sql.UNREGISTER, (Int8(self.node),))
            except psycopg.Error as error:
                log.debug("node %d could not sign off: %r", self.node, error)
            await self._connection.close()

    async def submit(self, transaction: Transaction, weight: Weight) -> Committed:
        """Commit it with the next batch. Raises Conflict, StoreFull, StoreClosed, StoreError."""
        future: asyncio.Future[Committed] = asyncio.get_running_loop().create_future()
        job = Job(lambda _: transaction, weight, lambda touched, _: touched.add(transaction), future)
        await self._admission.enter(job)
        self._arrived.set()
        return await future

    async def _write(self) -> None:
        try:
            while not (self._closing and not len(self._admission)):
                await self._arrived.wait()
                self._arrived.clear()
                while jobs := self._admission.take_batch():
                    await self._commit(jobs)
                    self._announce(touched_by(jobs))
                    for job in jobs:
                        job.resolve()
                    await asyncio.sleep(0)  # let the answered send their next: they join the next batch
        finally:
            self._admission.close()
            while jobs := self._admission.take_batch():
                _fail(jobs, StoreClosed("the store was closed before this was written"))

    async def _commit(self, jobs: list[Job]) -> None:
        """Give each job its result or error. A batch that the server refuses is taken apart: what can goes in."""
        try:
            batch = Batch([job.run(None) for job in jobs])
            answer = await self._send(batch, news.pack(touched_by(jobs), STORE_NOTIFY_BYTES_MAX))
            for job, outcome in zip(jobs, batch.outcomes(*answer), strict=True):
                if isinstance(outcome, Conflict):
                    job.error = outcome
                else:
                    job.result = outcome
        except asyncio.CancelledError:
            _fail(jobs, StoreError("the store was stopped; whether this was committed is not known"))
            raise
        except StoreError as error:
            for job in jobs:
                job.error = error
        except Exception as error:  # noqa: BLE001 - a batch's boundary: each job is tried and answered by itself
            if len(jobs) == 1:
                jobs[0].error = as_store_error(error)
                return
            log.debug("a batch of %d is taken apart: %r", len(jobs), error)
            for job in jobs:
                await self._commit([job])

    async def _send(self, batch: Batch, packed: bytes) -> Answer:
        """Apply the batch exactly once, through lost connections and deadlocks."""
        self._health.refuse()
        patience = Patience()
        mine = False  # whether what is in doubt is this batch, not one that was given up before
        while True:
            try:
                connection = await self._connected()
                if self._in_doubt:
                    answer = await self._look_up(connection)
                    if mine and answer is not None:
                        return answer
                    mine = False
                return await self._apply(connection, batch, packed)
            except psycopg.Error as error:
                cause = error
                mine = mine or self._in_doubt
                if error.sqlstate == postgres_sql.SUPERSEDED:
                    # Nothing is in doubt, so the row was swept away while this node slept: make it anew.
                    await self._register(await self._connected())
                elif not (self._in_doubt or self._connection is None or may_repeat(error)):
                    raise
            if not await patience.pause():
                doubt = "; whether this was committed is not known" if mine else ""
                raise StoreError(f"the PostgreSQL server does not answer{doubt}") from cause

    async def _apply(self, connection: Connection, batch: Batch, packed: bytes) -> Answer:
        number = self._number + 1
        told = f"{self.node} {packed.decode()}" if packed else ""
        head = (Int8(self.node), Int8(number), Int4(self.node % _SHARDS), Int8(self._clock.now_ms()), told)
        try:
            answered = await rows(connection, postgres_sql.APPLY, (*head, *batch.columns.arguments()))
        except psycopg.Error as error:
            self._in_doubt = lost(error, connection)
            raise
        self._number = number
        results, conflicts = answered[0]
        return results, conflicts

    async def _look_up(self, connection: Connection) -> Answer | None:
        """What became of the batch in doubt: its answer, or None, and then it never will be anything."""
        number = self._number + 1
        async with connection.transaction():
            found = await rows(connection, postgres_sql.LAST_BATCH, (Int8(self.node),))
            answer = (found[0][1], found[0][2]) if found and found[0][0] == number and found[0][2] else None
            if found and answer is None:
                await rows(connection, postgres_sql.FENCE, (Int8(number), Int8(self.node)))
        self._in_doubt = False
        self._number = number
        return answer

    async def _register(self, connection: Connection) -> None:
        self.node = (await rows(connection, postgres_sql.REGISTER))[0][0]
        self._number = 0

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.broken or self._connection.closed:
            if self._connection is not None:
                await self._connection.close()
            self._connection = None
            self._connection = await self._health.connect(self._url)
        return self._connection


def _fail(jobs: list[Job], error: StoreError) -> None:
    for job in jobs:
        job.error = error
        job.resolve()
