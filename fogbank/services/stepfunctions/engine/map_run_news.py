"""A map run and the other nodes: children that end there, changes that are asked for there, and counts that are read there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fogbank.asl.documents import dumps
from fogbank.asl.execution import Status
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.limits import SCAN_MAX
from fogbank.services.stepfunctions.engine.map_run import MapRun
from fogbank.services.stepfunctions.engine.map_run_records import BOUNDS, MapRunRecord
from fogbank.services.stepfunctions.engine.nodes import Nodes
from fogbank.store.api import Store, Transaction

_COUNTS_S = 1.0


class Follower:
    """For the life of a map run at this node."""

    def __init__(self, store: Store, lanes: Lanes, run: MapRun, nodes: Nodes) -> None:
        record = run.record
        where = (record.ref.account, record.ref.region, record.owner)
        self._record_key = keys.map_run(*where)
        self._counts_key = keys.map_counts(*where)
        self._ended = keys.map_ended(*where)
        self._store = store
        self._lanes = lanes
        self._run = run
        self._nodes = nodes
        self._children, self._changes = asyncio.Event(), asyncio.Event()
        self._unwatch: list[Callable[[], None]] = []
        self._shown = b""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._unwatch = [
            self._store.watch_records(self._ended, self._children.set),
            self._store.watch_records(self._record_key, self._changes.set),
        ]
        for name, body in (
            ("states map run children", self._take_children),
            ("states map run changes", self._take_changes),
            ("states map run counts", self._show_counts),
        ):
            self._tasks.append(self._lanes.loop(name, body))

    def close(self) -> None:
        for unwatch in self._unwatch:
            unwatch()
        for task in self._tasks:
            task.cancel()

    async def _take_children(self) -> None:
        await self._children.wait()
        self._children.clear()
        while page := await self._store.scan(self._ended, limit=SCAN_MAX):
            taken = Transaction()
            for record in page:
                self._run.ended(int(record.key[-1]), Status(record.value.decode()))
                taken.delete(record.key)
            await self._store.commit(taken)

    async def _take_changes(self) -> None:
        """UpdateMapRun, perhaps at another node."""
        await self._changes.wait()
        self._changes.clear()
        stored = await self._store.get(self._record_key)
        if stored is not None:
            plan = MapRunRecord.decode(stored.value).plan
            self._run.record.plan.update({name: plan[name] for name in BOUNDS if name in plan})
            self._run.changed()

    async def _show_counts(self) -> None:
        await asyncio.sleep(_COUNTS_S)
        counts = dumps(self._run.record.counts).encode()
        if self._nodes.others and counts != self._shown:
            self._shown = counts
            await self._store.commit(Transaction().put(self._counts_key, counts))
