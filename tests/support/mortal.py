"""Processes that end at any moment: one store, one virtual clock, and houses that live and die on them.

Every call of the store takes some turns of the loop (so that others come between) and a life may be ended before or after any
of those that have an effect: from then on nothing of it comes through. The next life finds what is stored.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Any

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import AwsError, StoreClosed, StoreError
from fogbank.core.lanes import Lanes
from fogbank.store.sqlite import SqliteStore
from tests.support.house import House

EFFECTS = frozenset(("commit", "lease", "extend", "release"))


class Killed(Exception):
    """The life ended before the call was answered."""


class MortalStore:
    """One process's way to the store. After `kill`, calls are never answered; after `bury`, they fail."""

    def __init__(self, world: Mortals) -> None:
        self._world = world
        self.killed = asyncio.Event()
        self.buried = False
        self.thawed = (
            asyncio.Event()
        )  # cleared: the process stands still, and goes on later as if nothing had been
        self.thawed.set()

    async def open(self) -> None:
        return None

    async def close(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._world.store, name)
        if name.startswith("watch_"):
            return found

        async def called(*args: Any, **kwargs: Any) -> Any:
            await self._world.dawdle()
            await self.thawed.wait()
            await self._alive(name)
            answer = await found(*args, **kwargs)
            await self._alive(name)
            await self._world.dawdle()
            if self.killed.is_set():
                await self._never()
            return answer

        return called

    async def _alive(self, name: str) -> None:
        if name in EFFECTS and not self.killed.is_set() and self._world.is_end():
            self.killed.set()
        if self.killed.is_set():
            await self._never()

    async def _never(self) -> None:
        if not self.buried:
            await asyncio.Future[None]()
        raise StoreClosed("this process is dead")


class Mortal(House):
    """One process. `__init__` of who makes it sets `mortal` and the store."""

    mortal: MortalStore

    async def end(self) -> None:
        """Take away what a killed process leaves in this one."""
        self.mortal.killed.set()
        self.mortal.thawed.set()
        self.mortal.buried = True
        closing = asyncio.ensure_future(self.lanes.close())
        for _ in range(2000):
            if closing.done():
                break
            await asyncio.sleep(0)
        await asyncio.wait_for(closing, 5)

    async def asked(
        self, service: str, operation: str, params: dict[str, Any], region: str = "us-east-1"
    ) -> dict[str, Any]:
        """A call from outside. Raises Killed when this life ends before the answer."""
        found: dict[str, Any] = await self.answer_to(self.call(service, operation, params, region=region))
        return found

    async def answered(self, work: Coroutine[Any, Any, Any]) -> bool:
        """Whether it was done before this life ended."""
        try:
            await self.answer_to(work)
        except Killed:
            return False
        return True

    async def answer_to(self, work: Coroutine[Any, Any, Any]) -> Any:
        call = asyncio.ensure_future(work)
        end = asyncio.ensure_future(self.mortal.killed.wait())
        try:
            await asyncio.wait((call, end), return_when=asyncio.FIRST_COMPLETED)
            if call.done() and not self.mortal.killed.is_set():
                return call.result()
            raise Killed
        finally:
            for each in (call, end):
                each.cancel()
            await asyncio.gather(call, end, return_exceptions=True)


class Mortals:
    """The processes of one store, by the names of their nodes."""

    def __init__(self, seed: int = 1, turns_max: int = 2) -> None:
        self.clock = VirtualClock()
        self.lanes = Lanes()
        self.store = SqliteStore(None, self.clock, self.lanes)
        self.random = random.Random(seed)
        self.turns_max = turns_max
        self.lives = 0
        self.boundaries = 0
        self.end_at: int | None = None
        self.nodes: dict[str, Any] = {}

    def make(self, number: int, node: str) -> Mortal:
        """The number-th life, on that node."""
        raise NotImplementedError

    def problems(self) -> list[str]:
        """What is not as it should be: for the message of who waits in vain."""
        return []

    # --- lives --------------------------------------------------------------------------------------------------------

    async def dawdle(self) -> None:
        for _ in range(self.random.randint(0, self.turns_max)):
            await asyncio.sleep(0)

    def is_end(self) -> bool:
        """Count one moment at which a process can die; whether it does now."""
        self.boundaries += 1
        if self.end_at is not None and self.boundaries >= self.end_at:
            self.end_at = None
            return True
        return False

    async def life(self, node: str = "a") -> Any:
        """The node's process, started when it does not run."""
        while True:
            found = self.nodes.get(node)
            if found is not None and not found.mortal.killed.is_set():
                return found
            if found is not None:
                await self._over(node, found)
            self.lives += 1
            made = self.nodes[node] = self.make(self.lives, node)
            starting = asyncio.ensure_future(made.__aenter__())
            end = asyncio.ensure_future(made.mortal.killed.wait())
            await asyncio.wait((starting, end), return_when=asyncio.FIRST_COMPLETED)
            end.cancel()
            if made.mortal.killed.is_set():
                starting.cancel()
            await asyncio.gather(starting, end, return_exceptions=True)

    async def _over(self, node: str, life: Mortal) -> None:
        await life.end()
        self.nodes.pop(node, None)

    async def kill(self, node: str = "a") -> None:
        if (life := self.nodes.get(node)) is not None:
            await self._over(node, life)

    async def ask(
        self,
        service: str,
        operation: str,
        params: dict[str, Any],
        node: str = "a",
        region: str = "us-east-1",
    ) -> Any:
        """Until it is answered, by this life or the next."""
        while True:
            try:
                return await (await self.life(node)).asked(service, operation, params, region)
            except (Killed, StoreError):
                continue
            except AwsError as error:
                if error.code == "ResourceInUseException" and operation.startswith("Update"):
                    await self.pass_ms(100)  # it is still on its way from one state to another
                elif error.code == "ResourceConflictException":
                    return None  # it was created before the life ended
                else:
                    raise

    async def close(self) -> None:
        for node, life in list(self.nodes.items()):
            await self._over(node, life)
        await self.lanes.close()
        await self.store.close()

    # --- time ---------------------------------------------------------------------------------------------------------

    async def until(self, check: Callable[[], Any], step_ms: int = 250, steps_max: int = 1200) -> None:
        """Let time pass, and lives begin anew, until it holds."""
        for _ in range(steps_max):
            for node in list(self.nodes) or ["a"]:
                await self.life(node)
            if await check():
                return
            await self.pass_ms(step_ms)
        raise AssertionError(f"it did not come true: {self.problems()}")

    async def pass_ms(self, duration_ms: int) -> None:
        await self.clock.advance_ms(duration_ms)
        for _ in range(20):
            await asyncio.sleep(0)
