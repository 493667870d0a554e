"""Work that must be done after a commit, whatever is killed in between: a durable queue beside the direct way.

What can be done at once is done at once by whoever committed; the queued item is the promise that somebody does it
otherwise, and is cancelled with the commit that fulfils it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.lanes import Lanes
from fogbank.store.api import Leased, Store, Transaction

QUEUE = "lambda-chores"
_LEASE_MS = 60_000
_BATCH = 16
_RETRY_MS = 5_000

Handler = Callable[[dict[str, Any]], Awaitable[None]]


class Chores:
    """The queue and the lane that works it off. Handlers are idempotent."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner
        self._handlers: dict[str, Handler] = {}
        self._news = asyncio.Event()
        self._end_watch: Callable[[], None] = lambda: None

    def handle(self, kind: str, handler: Handler) -> None:
        """Have chores of `kind` done by `handler`. Before `start`."""
        self._handlers[kind] = handler

    async def start(self) -> None:
        self._end_watch = self._store.watch_queue(QUEUE, self._news.set)
        self._lanes.loop("lambda chores", self._work)

    async def close(self) -> None:
        self._end_watch()

    def add(self, transaction: Transaction, kind: str, subject: dict[str, Any], *, due_ms: int) -> str:
        """Promise it with the transaction; gives the id to `fulfil` it by."""
        body = orjson.dumps([kind, subject], option=orjson.OPT_SORT_KEYS)
        id = body.decode()
        transaction.enqueue(QUEUE, id, body, due_ms=due_ms)
        return id

    def fulfil(self, transaction: Transaction, kind: str, subject: dict[str, Any]) -> None:
        """It is done with this transaction."""
        body = orjson.dumps([kind, subject], option=orjson.OPT_SORT_KEYS)
        transaction.cancel(QUEUE, body.decode())

    async def _work(self) -> None:
        self._news.clear()
        for leased in await self._store.lease(QUEUE, owner=self._owner, limit=_BATCH, lease_ms=_LEASE_MS):
            await self._do(leased)
        due_ms = await self._store.next_due_ms(QUEUE)
        if due_ms is None:
            await self._news.wait()
        elif due_ms > self._clock.now_ms():
            await self._sleep(due_ms)

    async def _do(self, leased: Leased) -> None:
        kind, subject = orjson.loads(leased.body)
        transaction = Transaction()
        try:
            await self._handlers[kind](subject)
            transaction.ack(leased)
        except Conflict:
            transaction.retry(leased, due_ms=self._clock.now_ms() + _RETRY_MS)
        try:
            await self._store.commit(transaction)
        except Conflict:
            return  # fulfilled meanwhile, or in other hands

    async def _sleep(self, due_ms: int) -> None:
        """Until it is due, or something else is in the queue."""
        sleeping = self._lanes.spawn("lambda chores sleep", self._clock.sleep_until_ms(due_ms))
        waiting = self._lanes.spawn("lambda chores wait", self._wait())
        try:
            await asyncio.wait((sleeping, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waiting.cancel()

    async def _wait(self) -> None:
        await self._news.wait()
