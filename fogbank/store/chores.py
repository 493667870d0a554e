"""Work that must be done even if this process ends first: items of the store's queues, each kind with its handler.

Purging what was deleted, retention, deliveries and backfills are such work. One lane for each kind leases
due items; a handler's transaction acknowledges its item together with what it did, or the item comes back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, NotSupported, StoreClosed
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes, report
from fogbank.store.api import Leased, Store, Transaction

log = logging.getLogger("fogbank.chores")

LEASE_MS = 60_000
ITEMS_AT_ONCE = 10
RETRY_MS = 30_000
CONFLICT_PAUSE_MS = 100

#: Does one item. It acknowledges, retries or cancels the item in a transaction of its own.
Handler = Callable[[Leased], Awaitable[None]]


class Chores:
    """The lanes that work the queues of one service."""

    def __init__(
        self, store: Store, clock: Clock, ids: Ids, lanes: Lanes, *, owner: str | None = None
    ) -> None:
        """`owner` holds the leases: a name that is the same after a restart lets `take_up` do its work."""
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner or ids.uuid()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._unwatch: list[Callable[[], None]] = []

    async def take_up(self) -> None:
        """Put back what this owner held when its process was killed, instead of waiting until the leases run out."""
        await self._store.release(self._owner)

    def start(self, queue: str, handler: Handler) -> None:
        news = asyncio.Event()
        self._unwatch.append(self._store.watch_queue(queue, news.set))
        # A store that is away for a while must not end the lane: it begins again.
        self._tasks[queue] = self._lanes.loop(queue, partial(self._work, queue, handler, news))

    async def close(self) -> None:
        for unwatch in self._unwatch:
            unwatch()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _work(self, queue: str, handler: Handler, news: asyncio.Event) -> None:
        while True:
            news.clear()
            items = await self._store.lease(queue, owner=self._owner, limit=ITEMS_AT_ONCE, lease_ms=LEASE_MS)
            for item in items:
                await self._do(handler, item)
            if not items:
                await self._pause(queue, news)

    async def _do(self, handler: Handler, item: Leased) -> None:
        keeper = self._lanes.spawn(f"{item.queue} lease", self._keep(item))
        try:
            await handler(item)
        except Conflict:
            await self._retry(item, CONFLICT_PAUSE_MS)  # the state moved on: look at it again
        except (StoreClosed, asyncio.CancelledError):
            raise
        except NotSupported as refused:
            log.error("%s cannot be done and is dropped: %s", item.queue, refused.message)
            await self._store.commit(Transaction().ack(item))
        except Exception as error:  # noqa: BLE001 - a boundary: the item comes back
            report(log, error, f"{item.queue} failed; it comes back in {RETRY_MS // 1000} s")
            await self._retry(item, RETRY_MS)
        finally:
            keeper.cancel()

    async def _keep(self, item: Leased) -> None:
        """Hold the lease while the handler works."""
        while True:
            await self._clock.sleep_s(LEASE_MS / 2000)
            if await self._store.extend(item, lease_ms=LEASE_MS) is None:
                return

    async def _retry(self, item: Leased, pause_ms: int) -> None:
        try:
            await self._store.commit(Transaction().retry(item, due_ms=self._clock.now_ms() + pause_ms))
        except Conflict:
            pass  # someone else has it

    async def _pause(self, queue: str, news: asyncio.Event) -> None:
        """Until the next item is due, or news comes."""
        due_ms = await self._store.next_due_ms(queue)
        if due_ms is None:
            await news.wait()
            return
        timer = self._lanes.spawn(f"{queue} timer", self._ring(due_ms, news))
        try:
            await news.wait()
        finally:
            timer.cancel()

    async def _ring(self, due_ms: int, news: asyncio.Event) -> None:
        await self._clock.sleep_until_ms(due_ms)
        news.set()
