"""The events of one function: taken from its queue as far as its concurrency goes, and handed to whoever handles one.

Each function has a queue of its own, so one that is throttled, or slow, keeps only itself waiting. How many events run at
once begins small and doubles while those that run give nothing back: a function that computes does not get more than the
machine has, and one that waits gets up to all of its concurrency.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.core.limits import (
    ACCOUNT_CONCURRENCY,
    ASYNC_CONCURRENCY_MIN,
    ASYNC_LEASE_BATCH_MAX,
    ASYNC_LEASE_MS,
)
from fogbank.services.lambda_.concurrency import FunctionSlots
from fogbank.store.api import Leased, Store

_GROW_AFTER_S = 0.1  # no event ended for so long, while all places are taken


class EventQueue:
    """One queue and what of it is in this node's hands. It costs a task only while there is work.

    `handle` does all with one event, to its acknowledgement; it calls back when the event has taken its slot."""

    def __init__(
        self,
        queue: str,
        slots: FunctionSlots,
        *,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        owner: str,
        handle: Callable[[Leased, Callable[[], object]], Awaitable[None]],
    ) -> None:
        self._queue = queue
        self._slots = slots
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner
        self._handle = handle
        self._held: dict[str, Leased] = {}
        self._entering: set[str] = set()  # those that have not taken a slot yet
        self._limit = ASYNC_CONCURRENCY_MIN
        self._ended = 0
        self._growing = False
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_ms = 0
        self._closed = False
        self._when_empty: Callable[[], None] | None = None
        self._end_watch = store.watch_queue(queue, self.wake)

    def wake(self) -> None:
        """There may be something to do."""
        self._news.set()
        if self._task is None and not self._closed:
            self._task = self._lanes.spawn("lambda events", self._run())

    def drain(self, when_empty: Callable[[], None]) -> None:
        """Nothing more comes: call back when the last event is through."""
        self._when_empty = when_empty
        self.wake()

    def close(self) -> None:
        """Take nothing more. What runs goes on to its end."""
        self._closed = True
        self._end_watch()
        for task in (self._task, self._alarm):
            if task is not None:
                task.cancel()

    async def extend(self) -> None:
        """Keep what is held from running out."""
        soon_ms = self._clock.now_ms() + ASYNC_LEASE_MS // 2
        for id, leased in list(self._held.items()):
            if leased.lease_until_ms < soon_ms:
                extended = await self._store.extend(leased, lease_ms=ASYNC_LEASE_MS)
                if extended is not None and id in self._held:
                    self._held[id] = extended

    async def _run(self) -> None:
        try:
            while await self._take():
                pass
        finally:
            self._task = None
        self._limit = ASYNC_CONCURRENCY_MIN
        if self._news.is_set():  # it came while this was ending
            self.wake()
        elif self._when_empty is not None:
            self._when_empty()

    async def _take(self) -> bool:
        """Take what there is room for, or wait for room or work; False when there is nothing to wait for."""
        self._news.clear()
        room = self._room()
        if not room:
            await self._news.wait()
            return True
        limit = min(room, ASYNC_LEASE_BATCH_MAX)
        taken = await self._store.lease(self._queue, owner=self._owner, limit=limit, lease_ms=ASYNC_LEASE_MS)
        for leased in taken:
            self._held[leased.id] = leased
            self._entering.add(leased.id)
            self._lanes.spawn("lambda event", self._process(leased))
        if taken:
            return True
        due_ms = await self._store.next_due_ms(self._queue)
        if due_ms is not None:
            self._set_alarm(due_ms)
        elif not self._held:
            return self._news.is_set()
        await self._news.wait()
        return True

    async def _process(self, leased: Leased) -> None:
        try:
            await self._handle(leased, partial(self._entering.discard, leased.id))
        finally:
            self._entering.discard(leased.id)
            self._held.pop(leased.id, None)
            self._ended += 1
            self._news.set()

    def _room(self) -> int:
        """How many more may run. Where there is none, arranges to be woken when there may be."""
        slots = self._slots
        if slots.reserved == 0:
            free = ASYNC_LEASE_BATCH_MAX  # they are not run: they are dropped
        elif (free := slots.free - len(self._entering)) <= 0:
            slots.when_freed(self._news.set)
            return 0
        left = self._limit - len(self._held)
        if left <= 0:
            if not self._growing:
                self._growing = True
                asyncio.get_running_loop().call_later(_GROW_AFTER_S, self._grow, self._ended)
            return 0
        return min(free, left)

    def _grow(self, ended: int) -> None:
        self._growing = False
        if ended == self._ended and len(self._held) >= self._limit and not self._closed:
            self._limit = min(self._limit * 2, ACCOUNT_CONCURRENCY)
        if len(self._held) >= ASYNC_CONCURRENCY_MIN:
            self._news.set()

    def _set_alarm(self, due_ms: int) -> None:
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_ms <= due_ms:
                return
            self._alarm.cancel()
        self._alarm_ms = due_ms
        self._alarm = self._lanes.spawn("lambda events alarm", self._sleep(due_ms))

    async def _sleep(self, due_ms: int) -> None:
        await self._clock.sleep_until_ms(due_ms)
        self._news.set()
