"""Executions whose time has come: Waits, Retry's pauses, timeouts, heartbeats. One queue item for each execution."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, Conflict, StoreClosed
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine.control import Control
from fogbank.services.stepfunctions.engine.keys import DUE_QUEUE, ref_of
from fogbank.services.stepfunctions.engine.limits import DUE_AT_ONCE_MAX, DUE_LEASE_MS
from fogbank.store.api import Leased, Store, Transaction

_ELSEWHERE_MS = 2_000

log = logging.getLogger("fogbank.stepfunctions")


class Due:
    """The lane that wakes executions."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes, control: Control, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._control = control
        self._owner = owner
        self._news = asyncio.Event()
        self._end_watch: Callable[[], None] = lambda: None
        self._sleeper: asyncio.Task[None] | None = None
        self._sleeps_until_ms = 0

    def start(self) -> None:
        self._end_watch = self._store.watch_queue(DUE_QUEUE, self._news.set)
        self._lanes.loop("states due", self._round)

    def close(self) -> None:
        self._end_watch()

    async def _round(self) -> None:
        """Look when the next one is due: a read. Only what is due now costs a lease, which is a commit."""
        self._news.clear()
        due_ms = await self._store.next_due_ms(DUE_QUEUE)
        if due_ms is None or due_ms > self._clock.now_ms():
            if due_ms is not None:
                self._sleep_until(due_ms)
            await self._news.wait()
            return
        leased = await self._store.lease(
            DUE_QUEUE, owner=self._owner, limit=DUE_AT_ONCE_MAX, lease_ms=DUE_LEASE_MS
        )
        await asyncio.gather(*(self._wake(item) for item in leased))

    def _sleep_until(self, due_ms: int) -> None:
        if self._sleeper is not None and not self._sleeper.done():
            if self._sleeps_until_ms <= due_ms:
                return
            self._sleeper.cancel()
        self._sleeps_until_ms = due_ms
        self._sleeper = self._lanes.spawn("states due sleeper", self._sleep(due_ms))

    async def _sleep(self, due_ms: int) -> None:
        await self._clock.sleep_until_ms(due_ms)
        self._news.set()

    async def _wake(self, item: Leased) -> None:
        try:
            if not await self._control.wake(ref_of(item.id)):
                # Its owner moves the item or cancels it. If it does not, by its own time or since it died: then again.
                await self._store.commit(
                    Transaction().retry(item, due_ms=self._clock.now_ms() + _ELSEWHERE_MS)
                )
        except Conflict:
            return  # the owner was faster
        except StoreClosed:
            raise
        except AwsError:
            # Its execution was removed: nothing to wake.
            await self._store.commit(Transaction().cancel(DUE_QUEUE, item.id))
        except Exception:  # one execution that cannot be woken must not keep the others asleep
            log.exception("execution %s could not be woken", item.id.replace("\n", "/"))
