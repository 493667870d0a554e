"""The nodes that run executions on one store: which there are, which of them works at an execution, and who goes on with
what a dead one left.

A node that has work under way at an execution (a task, a map run) has a busy record of it, written in the commit that began
the work. It is the execution's owner: others send to it by `mail.py`. An execution at rest has none, and any node takes it up.
An owner renews its own record while it is busy. One that did not for `SILENT_ROUNDS` looks of another node, by that node's own
time, is taken for dead: its busy records change hands one by one, each with a new version of the execution's spine. One that
was only slow finds the version changed at its next commit, which fails, and lets the execution go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fogbank.core.errors import Conflict
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import NODES_MAX, TAKEN_OVER_AT_ONCE_MAX
from fogbank.store.api import Record, Store, Transaction

log = logging.getLogger("fogbank.stepfunctions")

#: The machine's time, not fogbank's: whoever moves fogbank's clock ahead kills no node.
ROUND_S = 2.0
SILENT_ROUNDS = 5
_IDLE_BEAT_ROUNDS = 900  # half an hour
_FORGOTTEN_ROUNDS = 43_200  # a day


class Elsewhere(Exception):
    """Another node works at the execution."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node


@dataclass(slots=True)
class _Seen:
    version: int
    busy: bool
    rounds: int = 0  # since it changed


class Nodes:
    """This node among the others. `is_busy` says whether it has to renew its record; `take` goes on with an execution; `leases`
    are the prefixes of the names by which nodes lease items of queues."""

    def __init__(
        self,
        store: Store,
        lanes: Lanes,
        node: str,
        *,
        is_busy: Callable[[], bool],
        take: Callable[[Ref], Awaitable[None]],
        leases: Sequence[str],
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._node = node
        self._is_busy = is_busy
        self._take = take
        self._leases = leases
        self._seen: dict[str, _Seen] = {}
        self._idle_rounds = 0
        self._news = asyncio.Event()
        self._unwatch: Callable[[], None] = lambda: None
        self.others: list[str] = []

    async def open(self) -> None:
        await self._store.commit(Transaction().put(keys.node(self._node), b""))
        self._unwatch = self._store.watch_records(keys.nodes(), self._news.set)
        await self._find_others()

    def start(self) -> None:
        self._lanes.loop("states nodes", self._listen)
        self._lanes.loop("states beat", self._beat)

    def close(self) -> None:
        self._unwatch()

    async def owner(self, ref: Ref) -> str | None:
        """The other node that works at it; None where this one does, or nobody."""
        if not self.others:
            return None
        names = [self._node, *self.others]
        found = await self._store.get_many([keys.busy_at(name, ref) for name in names])
        if found[0] is not None:
            return None
        return next((name for name, record in zip(names, found, strict=True) if record is not None), None)

    # --- who is there ------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        await self._news.wait()
        self._news.clear()
        await self._find_others()

    async def _find_others(self) -> None:
        records = await self._store.scan(keys.nodes(), limit=NODES_MAX)
        self.others = [str(record.key[-1]) for record in records if record.key[-1] != self._node]

    async def _beat(self) -> None:
        await asyncio.sleep(ROUND_S)
        await self.round()

    async def round(self) -> None:
        """Say that this node lives, if anybody may ask; look whether the others do."""
        self._idle_rounds += 1
        if self._is_busy() or self._idle_rounds >= _IDLE_BEAT_ROUNDS:
            self._idle_rounds = 0
            await self._store.commit(Transaction().put(keys.node(self._node), b""))
        records = await self._store.scan(keys.nodes(), limit=NODES_MAX)
        present = {str(record.key[-1]): record for record in records}
        present.pop(self._node, None)
        self._seen = {name: seen for name, seen in self._seen.items() if name in present}
        for name, record in present.items():
            await self._look_at(name, record)

    async def _look_at(self, name: str, record: Record) -> None:
        busy = await self._store.count(keys.busy(name), limit=1) > 0
        seen = self._seen.get(name)
        if seen is None or seen.version != record.version or seen.busy != busy:
            self._seen[name] = _Seen(record.version, busy)
            return
        seen.rounds += 1
        if busy and seen.rounds >= SILENT_ROUNDS:
            await self._take_over(name, record)
        elif not busy and seen.rounds >= _FORGOTTEN_ROUNDS:
            try:
                await self._store.commit(Transaction().delete(record.key, expect=record.version))
            except Conflict:
                return  # it lives

    # --- what a dead one left ----------------------------------------------------------------------------------------

    async def _take_over(self, name: str, record: Record) -> None:
        log.warning("node %s is silent: its executions are taken over", name)
        while page := await self._store.scan(keys.busy(name), limit=TAKEN_OVER_AT_ONCE_MAX):
            claimed = await asyncio.gather(*(self._claim(record, each) for each in page))
            if not any(claimed):
                return  # it came back, or another node is at it
        for prefix in self._leases:
            await self._store.release(f"{prefix}@{name}")

    async def _claim(self, node: Record, busy: Record) -> bool:
        """Take one of its executions, unless it was heard of meanwhile."""
        ref = keys.ref_of(busy.key[-1])
        spine = await self._store.get(keys.spine(ref))
        transaction = Transaction().check(node.key, node.version).delete(busy.key, expect=busy.version)
        if spine is not None:
            transaction.put(spine.key, spine.value, expect=spine.version)
            transaction.put(keys.busy_at(self._node, ref), b"")
        try:
            await self._store.commit(transaction)
        except Conflict:
            return False
        if spine is not None:
            await self._take(ref)
        return True
