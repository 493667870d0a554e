"""Whose turn it is with an item, on this node: writes to one item follow each other instead of racing and failing.

Writes that wait for the same item are handed over together, so that they share a commit: an item that everybody counts up
costs no more than many items. A transaction takes turns with all its items, in the order of their keys. Other nodes are
not asked; the versions in the store see to them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from fogbank.core.errors import StoreError
from fogbank.services.dynamodb.limits import WRITES_JOINED_MAX
from fogbank.store.api import Key

W = TypeVar("W")


class _Turn(Generic[W]):
    """A place in the queue. The future is answered True when it is this one's turn, False when its work was done."""

    __slots__ = ("future", "work")

    def __init__(self, work: W | None) -> None:
        self.work = work
        self.future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()


class Turns(Generic[W]):
    """Queues by key; a key that nobody holds has none."""

    def __init__(self) -> None:
        self._queues: dict[Key, deque[_Turn[W]]] = {}

    async def join(self, key: Key, work: W, run: Callable[[Sequence[W]], Awaitable[None]]) -> None:
        """Have `work` done by `run`, alone or with others that wait for the key; `run` leaves the outcome in each."""
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque()
        else:
            turn = _Turn(work)
            queue.append(turn)
            if not await self._wait(key, turn):
                return
        others = self._take_others(key)
        problem: Exception | None = StoreError("the write was interrupted; whether it was done is not known")
        try:
            await run([work, *[each.work for each in others if each.work is not None]])
            problem = None
        except Exception as error:
            problem = error
            raise
        finally:
            # Whoever was joined shares the outcome: nobody may take a write for done that was not committed.
            for each in others:
                if not each.future.done() and problem is not None:
                    each.future.set_exception(problem)
                elif not each.future.done():
                    each.future.set_result(False)
            self.give_up(key)

    async def take(self, key: Key) -> None:
        """Hold the key alone until `give_up`."""
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque()
            return
        turn: _Turn[W] = _Turn(None)
        queue.append(turn)
        await self._wait(key, turn)

    def give_up(self, key: Key) -> None:
        """Hand the key to who is next."""
        queue = self._queues[key]
        while queue:
            turn = queue.popleft()
            if not turn.future.done():
                turn.future.set_result(True)
                return
        del self._queues[key]

    async def _wait(self, key: Key, turn: _Turn[W]) -> bool:
        try:
            return await turn.future
        except asyncio.CancelledError:
            is_answered = turn.future.done() and not turn.future.cancelled()
            if is_answered and turn.future.exception() is None and turn.future.result():
                self.give_up(key)  # it was given to one who left
            raise

    def _take_others(self, key: Key) -> list[_Turn[W]]:
        queue = self._queues[key]
        taken: list[_Turn[W]] = []
        while queue and queue[0].work is not None and len(taken) < WRITES_JOINED_MAX:
            turn = queue.popleft()
            if not turn.future.done():
                taken.append(turn)
        return taken
