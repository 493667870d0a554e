"""Which store houses are built on: memory, or PostgreSQL for tests marked `every_store`; FOGBANK_TEST_STORE=postgres: for all.

A virtual clock cannot know that a server is thinking. `SettlingClock` waits, after each thing that it woke, until no call of
the store is under way, so that a test sees the same on both.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import AbstractContextManager
from typing import Any, cast

from fogbank.core.clock import VirtualClock
from fogbank.core.lanes import Lanes
from fogbank.store.api import Store
from fogbank.store.open import open_store
from fogbank.store.sqlite import SqliteStore
from tests.store.backends import schema

QUIET_TURNS = 10


class Chosen:
    """The server that houses are built on; None: memory."""

    url: str | None = None


class Counting:
    """A store that knows how many of its calls are under way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not inspect.iscoroutinefunction(found):
            return found

        async def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            try:
                return await found(*args, **kwargs)
            finally:
                self.calls -= 1

        return counted


class SettlingClock(VirtualClock):
    """See the module."""

    counting: Counting | None = None

    async def advance_ms(self, duration_ms: int) -> None:
        end_ms = self._now_ms + duration_ms
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end_ms:
            await super().advance_ms(max(0, self._sleepers[0][0] - self._now_ms))
            await self._settle()
        await super().advance_ms(end_ms - self._now_ms)
        await self._settle()

    async def _settle(self) -> None:
        quiet = 0
        while self.counting is not None and quiet < QUIET_TURNS:
            busy = self.counting.calls > 0
            quiet = 0 if busy else quiet + 1
            await asyncio.sleep(0.0002 if busy else 0)


class HouseStore:
    """A house's store and clock, and the schema that goes with them."""

    def __init__(self, clock: Any, lanes: Lanes) -> None:
        self._schema: AbstractContextManager[str] | None = None
        if Chosen.url is None:
            self.clock = clock or VirtualClock()
            self.store: Store = SqliteStore(None, self.clock, lanes)
            return
        self._schema = schema(Chosen.url)
        self.clock = clock or SettlingClock()
        counting = Counting(open_store(self._schema.__enter__(), self.clock, lanes))
        self.store = cast(Store, counting)
        if isinstance(self.clock, SettlingClock):
            self.clock.counting = counting

    async def close(self) -> None:
        await self.store.close()
        if self._schema is not None:
            self._schema.__exit__(None, None, None)
