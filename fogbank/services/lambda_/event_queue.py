"""The events of one function: taken from its queue as far as its concurrency goes, and handed to whoever handles one.

Each function has a queue of its own, so one that is throttled, or slow, keeps only itself waiting. How many events run at
once begins small and doubles while those that run give nothing back, or while processors are idle: a function that computes
does not get more than the machine has, one that waits gets up to all of its concurrency, and what is accepted meanwhile goes first.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from fogbank.core.clock import Clock
from fogbank.core.errors import StoreClosed, StoreError
from fogbank.core.lanes import Lanes, report
from fogbank.core.limits import (
    ACCOUNT_CONCURRENCY,
    ASYNC_CONCURRENCY_MIN,
    ASYNC_LEASE_BATCH_MAX,
    ASYNC_LEASE_MS,
)
from fogbank.core.load import Processors
from fogbank.services.lambda_.concurrency import FunctionSlots
from fogbank.store.api import Leased, Store

log = logging.getLogger("fogbank.lambda")

_PAUSE_S = 1.0
_GROW_AFTER_S = 0.1  # all places are taken for so long
_IDLE_SHARE_MIN = 0.25  # of the processors, for more to be begun


class Turn:
    """One event's way: it waits for a slot, it runs, it is acknowledged. Whoever handles it says how far it is."""

    __slots__ = ("_queue", "leased")

    def __init__(self, queue: EventQueue, leased: Leased) -> None:
        self._queue = queue
        self.leased = leased

    def entered(self) -> None:
        """It has taken its slot."""
        self._queue.entering.discard(self.leased.id)

    def ran(self) -> None:
        """It runs no more: another may, while this one is acknowledged."""
        queue, id = self._queue, self.leased.id
        queue.entering.discard(id)
        if id in queue.running:
            queue.running.remove(id)
            queue.wake()


class EventQueue:
    """One queue and what of it is in this node's hands. It costs a task only while there is work.

    `handle` does all with one event, to its acknowledgement, and tells its turn how far it is."""

    def __init__(
        self,
        queue: str,
        slots: FunctionSlots,
        *,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        owner: str,
        handle: Callable[[Turn], Coroutine[Any, Any, None]],
    ) -> None:
        self._queue = queue
        self._slots = slots
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner
        self._handle = handle
        self._held: dict[str, Leased] = {}
        self.entering: set[str] = set()  # those that have not taken a slot yet
        self.running: set[str] = set()  # those and the ones that run
        self._limit = ASYNC_CONCURRENCY_MIN
        self._begun = 0
        self._growing = False
        self._processors = Processors()
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
            while await self._take_patiently():
                pass
        finally:
            self._task = None
        self._limit = ASYNC_CONCURRENCY_MIN
        if self._news.is_set():  # it came while this was ending
            self.wake()
        elif self._when_empty is not None:
            self._when_empty()

    async def _take_patiently(self) -> bool:
        """The same, through a store that is away for a while: nobody else would wake this one."""
        try:
            return await self._take()
        except StoreClosed:
            raise
        except StoreError as error:
            report(log, error, f"events wait {_PAUSE_S:g} s for the store")
            await self._clock.sleep_s(_PAUSE_S)
            return True

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
            self.entering.add(leased.id)
            self.running.add(leased.id)
            turn = Turn(self, leased)
            self._lanes.carry("lambda event", self._handle(turn), partial(self._handled, turn))
        self._begun += len(taken)
        if taken:
            return True
        due_ms = await self._store.next_due_ms(self._queue)
        if due_ms is not None:
            self._set_alarm(due_ms)
        elif not self._held:
            return self._news.is_set()
        await self._news.wait()
        return True

    def _handled(self, turn: Turn) -> None:
        turn.ran()
        self._held.pop(turn.leased.id, None)
        self._news.set()

    def _room(self) -> int:
        """How many more may run. Where there is none, arranges to be woken when there may be."""
        slots = self._slots
        if slots.reserved == 0:
            free = ASYNC_LEASE_BATCH_MAX  # they are not run: they are dropped
        elif (free := slots.free - len(self.entering)) <= 0:
            slots.when_freed(self._news.set)
            return 0
        left = self._limit - len(self.running)
        if left <= 0:
            if not self._growing:
                self._growing = True
                self._processors.idle_share()  # from now on
                asyncio.get_running_loop().call_later(_GROW_AFTER_S, self._grow, self._begun)
            return 0
        return min(free, left)

    def _grow(self, begun: int) -> None:
        """All places were taken a while ago: more of them, if those that run give nothing back or processors are idle."""
        self._growing = False
        idle_share = self._processors.idle_share()
        if begun != self._begun and (idle_share is None or idle_share < _IDLE_SHARE_MIN):
            return
        if len(self.running) * 2 > self._limit and not self._closed:
            self._limit = min(self._limit * 2, ACCOUNT_CONCURRENCY)
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
