"""An engine of Step Functions on a virtual clock over a store that outlives it: killed anywhere, started again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from fogbank.core.clock import VirtualClock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine.api import (
    ChildResult,
    ExecutionView,
    Failed,
    HistoryEvent,
    MachineSource,
    MapCall,
    MapItem,
    Outcome,
    Queued,
    StartRequest,
    Submitted,
    Succeeded,
    TaskCall,
    TaskKind,
    TaskResource,
)
from fogbank.services.stepfunctions.engine.engine import StatesEngine
from fogbank.store.api import Committed, Transaction
from fogbank.store.sqlite import SqliteStore

ACCOUNT, REGION = "123456789012", "us-east-1"
Act = Callable[[TaskCall], Any]


def machine(name: str, definition: dict[str, Any], *, express: bool = False, **more: Any) -> MachineSource:
    return MachineSource(
        arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}",
        name=name,
        definition=json.dumps(definition),
        express=express,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/r",
        account=ACCOUNT,
        region=REGION,
        revision_id="",
        update_date_ms=0,
        **more,
    )


def function(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


class Port:
    """Tasks by what the resource's last part is named. Everything they did is remembered across kills."""

    def __init__(self) -> None:
        self.acts: dict[str, Act] = {}
        self.began: Counter[str] = Counter()
        self.calls: list[TaskCall] = []
        self.abandoned: list[TaskCall] = []
        self.queued: dict[str, TaskCall] = {}
        self.on_effect: Callable[[], None] = lambda: None

    async def run(self, call: TaskCall) -> Outcome:
        if call.resource.kind is TaskKind.ACTIVITY:
            self.queued[call.id] = call
            return Queued()
        if call.submitted is None:
            self.began[call.id] += 1
            self.calls.append(call)
            self.on_effect()
        act = self.acts.get(call.resource.arn.rpartition(":")[2], lambda call: call.parameters)
        made = act(call)
        if asyncio.iscoroutine(made):
            made = await made
        if isinstance(made, Succeeded | Failed | Submitted | Queued):
            return made
        return Succeeded(json.dumps(made))

    async def abandon(self, call: TaskCall) -> None:
        self.abandoned.append(call)
        self.queued.pop(call.id, None)

    def problem(self, resource: TaskResource, parameters: Any) -> str | None:
        return None

    def repeatable(self, call: TaskCall) -> bool:
        return call.resource.kind is TaskKind.ACTIVITY

    def lost(self, call: TaskCall) -> Failed:
        return Failed("Lambda.SdkClientException", "The result was lost.")


class Maps:
    """Items from memory, results to memory."""

    def __init__(self) -> None:
        self.stored: list[Any] = []
        self.written: list[ChildResult] = []

    async def items(self, call: MapCall, *, skip: int) -> AsyncIterator[MapItem]:
        for item in self.stored[skip:]:
            yield MapItem(item, "s3://bucket/key")

    async def write(self, call: MapCall, results: AsyncIterator[ChildResult]) -> dict[str, Any]:
        self.written = [result async for result in results]
        return {"MapRunArn": call.map_run_arn, "ResultWriterDetails": {"Bucket": "b", "Key": "k"}}


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.statuses: list[tuple[str, str]] = []
        self.events: dict[str, list[HistoryEvent]] = {}

    def status_changed(self, execution: ExecutionView) -> None:
        self.statuses.append((execution.name, execution.status.value))

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        self.events.setdefault(execution.name, []).extend(events)


class Dying:
    """The store as one node sees it: at its `dies_at`th commit, before or after it, the node hangs for ever."""

    def __init__(self, store: SqliteStore, dies_at: int | None = None, *, after: bool = False) -> None:
        self._store = store
        self.dies_at = dies_at
        self.after = after
        self.commits = 0
        self.dead = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, transaction: Transaction) -> Committed:
        if self.dead.is_set():
            await asyncio.Event().wait()
        self.commits += 1
        if self.commits == self.dies_at:
            if self.after:
                await self._store.commit(transaction)
            self.die()
            await asyncio.Event().wait()
        return await self._store.commit(transaction)

    def die(self) -> None:
        self.dead.set()


class World:
    """A store, a clock, and one engine at a time."""

    def __init__(self, seed: int = 1) -> None:
        self.clock = VirtualClock()
        self.ids = Ids(seed)
        self.store_lanes = Lanes()
        self.store = SqliteStore(None, self.clock, self.store_lanes)
        self.port = Port()
        self.maps = Maps()
        self.watcher = Watcher()

    async def __aenter__(self) -> World:
        await self.store.open()
        await self.boot()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.halt()
        await self.store_lanes.close()
        await self.store.close()

    async def boot(self, dies_at: int | None = None, *, after: bool = False, node: str = "n1") -> None:
        """A new process over the same store."""
        self.lanes = Lanes()
        self.node_store = Dying(self.store, dies_at, after=after)
        self.engine = StatesEngine(
            store=self.node_store,  # type: ignore[arg-type]
            clock=self.clock,
            ids=self.ids,
            lanes=self.lanes,
            node=node,
            tasks=self.port,
            maps=self.maps,  # type: ignore[arg-type]
            observer=self.watcher,
        )
        opening = asyncio.ensure_future(self.engine.open())
        dead = asyncio.ensure_future(self.node_store.dead.wait())
        await asyncio.wait([opening, dead], return_when=asyncio.FIRST_COMPLETED)
        for each in (opening, dead):
            each.cancel()

    async def halt(self) -> None:
        """As `kill -9` does it: nothing is finished, nothing is handed back."""
        self.node_store.die()
        await self.engine.close()
        await self.lanes.close()

    async def start(self, source: MachineSource, input: Any = None, name: str | None = None) -> str:
        request = StartRequest(source, name, json.dumps({} if input is None else input))
        return (await self.engine.start(request)).execution_arn

    async def settle(self) -> None:
        """Let everything run that needs no time to pass."""
        for _ in range(30):
            await asyncio.sleep(0)

    async def ended(self, arn: str, turns: int = 2_000) -> ExecutionView:
        """Move the clock from one thing that waits to the next, until the execution has ended."""
        ending = asyncio.ensure_future(self.engine.ended(arn))
        try:
            for _ in range(turns):
                for _ in range(4):
                    await self.settle()
                    if ending.done():
                        return ending.result()
                await self.tick()
            raise TimeoutError(arn)
        finally:
            ending.cancel()

    async def tick(self) -> None:
        """Move the clock to whatever waits for it next."""
        when_ms = min((sleeper[0] for sleeper in self.clock._sleepers if not sleeper[2].done()), default=0)
        await self.clock.advance_ms(max(1, when_ms - self.clock.now_ms()))

    async def types(self, arn: str) -> list[str]:
        return [event.type for event in await self.engine.history(arn)]
