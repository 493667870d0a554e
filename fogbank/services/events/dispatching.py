"""Works a queue with many items at once: one that waits for a slow target holds up no other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, StoreClosed
from fogbank.core.lanes import Lanes, report
from fogbank.store.api import Leased, Store

log = logging.getLogger("fogbank.events")

LEASE_MS = 120_000  # longer than any attempt may take: a target's five seconds, a token's twenty, twice


class Dispatcher:
    """The lane of one queue. `work` acknowledges its item or puts it back; what fails otherwise comes back with its lease."""

    def __init__(
        self,
        queue: str,
        work: Callable[[Leased], Awaitable[None]],
        *,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        owner: str,
        at_once: int,
    ) -> None:
        self._queue = queue
        self._work = work
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner
        self._at_once = at_once
        self._news = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.Task[None] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        self._unwatch = self._store.watch_queue(self._queue, self._news.set)
        self._loop = self._lanes.loop(self._queue, self._turn)

    async def close(self) -> None:
        """Take nothing new up. What runs is given up; its items come back to the next start."""
        if self._unwatch is not None:
            self._unwatch()
        tasks = [task for task in (self._loop, self._alarm, *self._running) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _turn(self) -> None:
        self._news.clear()
        free = self._at_once - len(self._running)
        if free > 0:
            taken = await self._store.lease(self._queue, owner=self._owner, limit=free, lease_ms=LEASE_MS)
            for item in taken:
                task = self._lanes.spawn(f"{self._queue} item", self._do(item))
                self._running.add(task)
                task.add_done_callback(self._done)
            if taken:
                return
            await self._set_alarm()
        await self._news.wait()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._news.set()

    async def _do(self, item: Leased) -> None:
        try:
            await self._work(item)
        except (Conflict, StoreClosed):
            pass  # in other hands, or the end
        except Exception as error:  # noqa: BLE001 - a boundary: the item comes back when its lease ends
            report(log, error, f"{self._queue}: an item failed; it comes back")

    async def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due_ms = await self._store.next_due_ms(self._queue)
        if due_ms is not None:
            self._alarm = self._lanes.spawn(f"{self._queue} alarm", self._ring(due_ms))

    async def _ring(self, due_ms: int) -> None:
        await self._clock.sleep_until_ms(due_ms)
        self._news.set()
