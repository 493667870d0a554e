"""All shards of one stream, for one mapping: a child begins when its parent is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.lanes import Lanes, report
from fogbank.streams.api import ShardSource, SourceUnavailable
from fogbank.streams.checkpoints import Checkpoints
from fogbank.streams.waiting import Signal, Stop

log = logging.getLogger("fogbank.streams")

LOOK_S = 60  # how often a stream is looked at for new shards, beside when one is done
FAILED_MS = 1000  # a pause after something failed that is not the function
UNAVAILABLE_MS = 15_000  # and after the source was not there


class Runs(Protocol):
    """What runs one shard."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...

    async def close(self) -> None: ...


class StreamLoop:
    """Runs until it is stopped."""

    def __init__(
        self,
        source: ShardSource,
        make: Callable[[str], Runs],
        checkpoints: Checkpoints,
        clock: Clock,
        lanes: Lanes,
    ) -> None:
        self._source = source
        self._checkpoints = checkpoints
        self._known: set[str] = set()
        self._make = make
        self._clock = clock
        self._lanes = lanes
        self._signal = Signal(clock, lanes)
        self._stop = Stop(clock, lanes)
        self._running: dict[str, tuple[Runs, asyncio.Task[None]]] = {}
        self._done: set[str] = set()
        self._stopping = False

    async def run(self) -> None:
        """Return when it was stopped and what was under way is through."""
        try:
            while True:
                if not self._stopping:
                    await self._look()
                elif not self._running:
                    return
                await self._signal.wait(self._clock.now_ms() + LOOK_S * 1000)
        finally:
            await self._close()

    def stop(self) -> None:
        self._stopping = True
        self._stop.set()
        for runs, _ in self._running.values():
            runs.stop()
        self._signal.set()

    async def _look(self) -> None:
        """Begin the shards whose time has come."""
        try:
            shards = await self._source.shards()
        except SourceUnavailable as error:
            log.warning("a stream cannot be read: %s", error)
            return
        if self._stopping:
            return  # it was told so meanwhile: nobody would stop what began now
        known = {shard.id for shard in shards}
        self._done &= known
        if known != self._known:
            self._known = known
            await self._checkpoints.prune(known)
        for shard in shards:
            waits = shard.parent in known and shard.parent not in self._done
            if waits or shard.id in self._done or shard.id in self._running:
                continue
            runs = self._make(shard.id)
            task = self._lanes.spawn("event source shard", self._run_shard(shard.id, runs))
            self._running[shard.id] = runs, task

    async def _run_shard(self, id: str, runs: Runs) -> None:
        try:
            await runs.run()
            if not self._stopping:
                self._done.add(id)
        except SourceUnavailable as error:
            log.warning("shard %s cannot be read: %s", id, error)
            await runs.close()
            await self._stop.pause(UNAVAILABLE_MS)
        except Conflict:
            log.info("shard %s was taken over by another reader", id)
            await runs.close()
            await self._stop.pause(FAILED_MS)
        except Exception as error:  # noqa: BLE001 - a boundary: the shard is taken up again from its checkpoint
            report(log, error, f"the loop of shard {id} failed; it goes on")
            await runs.close()
            await self._stop.pause(FAILED_MS)
        finally:
            self._running.pop(id, None)
            self._signal.set()

    async def _close(self) -> None:
        self._stop.set()
        running = list(self._running.values())
        for _, task in running:
            task.cancel()
        await asyncio.gather(*(task for _, task in running), return_exceptions=True)
        for runs, _ in running:
            await runs.close()
