"""The engine: Standard and Express executions behind the contract of `api.py`."""

from __future__ import annotations

import asyncio

from fogbank.asl.execution import Status
from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import (
    ExecutionView,
    HistoryEvent,
    MapPort,
    Observer,
    Started,
    StartRequest,
    SyncResult,
    TaskPort,
)
from fogbank.services.stepfunctions.engine.control import Control
from fogbank.services.stepfunctions.engine.due import Due
from fogbank.services.stepfunctions.engine.errors import execution_exists, no_execution
from fogbank.services.stepfunctions.engine.express import Express
from fogbank.services.stepfunctions.engine.history import read_history
from fogbank.services.stepfunctions.engine.keys import Ref, parse_execution_arn
from fogbank.services.stepfunctions.engine.map_runs import MapRuns
from fogbank.services.stepfunctions.engine.nodes import Nodes
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.resuming import Resuming
from fogbank.services.stepfunctions.engine.retention import Retention
from fogbank.services.stepfunctions.engine.runner import Runner, map_run_arn
from fogbank.services.stepfunctions.engine.sources import PreparedSources
from fogbank.services.stepfunctions.engine.tasks import Tasks
from fogbank.store.api import Store

#: By what names nodes lease: executions that are due, and tasks of activities (`state.py`).
_DUE_OWNER = "states-due"
_WORKERS_OWNER = "states"
_MEMORY_STEP_MB = 64
_DURATION_STEP_MS = 100


class StatesEngine:
    """Implements `api.Engine`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        node: str,
        tasks: TaskPort,
        maps: MapPort,
        observer: Observer,
    ) -> None:
        self.store = store
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._sources = PreparedSources(store, tasks.problem)
        running = Tasks(tasks, lanes)
        self.runner = Runner(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            node=node,
            port=tasks,
            observer=observer,
            sources=self._sources,
            tasks=running,
        )
        self._resuming = Resuming(store, node, self.runner, running)
        self._control = Control(store, clock, lanes, ids, node, self.runner, self.describe)
        self.nodes = self.runner.nodes = Nodes(
            store,
            lanes,
            node,
            is_busy=self.runner.was_busy,
            take=self._resuming.take,
            leases=(_DUE_OWNER, _WORKERS_OWNER),
        )
        self.express = Express(
            clock=clock, ids=ids, lanes=lanes, observer=observer, sources=self._sources, tasks=running
        )
        self.maps = MapRuns(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            runner=self.runner,
            express=self.express,
            port=maps,
            control=self._control,
            nodes=self.nodes,
        )
        self._owner = f"{_DUE_OWNER}@{node}"
        self._due = Due(store, clock, lanes, self._control, self._owner)
        self.retention = Retention(store, clock, self._sources)

    async def open(self) -> None:
        """Take up what this node was busy with, then serve."""
        await self.nodes.open()
        await self.store.release(self._owner)
        await self._resuming.resume()
        self._due.start()
        self._control.mail.start()
        self.nodes.start()
        self._lanes.loop("states retention", self.retention.round)

    async def close(self) -> None:
        """Take nothing new up. What runs is resumed by the next `open`."""
        self._due.close()
        self._control.mail.close()
        self.nodes.close()

    # --- starting and ending -----------------------------------------------------------------------------------------

    async def start(self, request: StartRequest) -> Started:
        source = request.machine
        if source.express:
            run = self.express.open(request)
            self.express.start(run)
            return Started(run.execution.arn, run.execution.started_ms)
        name = request.name or self._ids.uuid()
        ref = Ref(source.account, source.region, source.name, name)
        prepared = self._sources.of(source)
        head = Head(
            prepared.digest, Status.RUNNING, self._clock.now_ms(), request.input, trace=request.trace_header
        )
        try:
            await self.runner.begin(ref, head, prepared)
        except Conflict:
            existing = await self.head(ref)
            if existing.status is Status.RUNNING and existing.input == request.input:
                return Started(ref.arn, existing.start_ms)
            raise execution_exists(ref.arn) from None
        return Started(ref.arn, head.start_ms)

    async def start_sync(self, request: StartRequest) -> SyncResult:
        run = self.express.open(request)
        ending = await self.express.finish(run)
        execution = run.execution
        duration_ms = max(1, ending.time_ms - execution.started_ms)
        return SyncResult(
            execution_arn=execution.arn,
            name=execution.identity.name,
            status=ending.status,
            start_ms=execution.started_ms,
            stop_ms=ending.time_ms,
            output=None if ending.output is None else ending.output.text,
            error=ending.error,
            cause=ending.cause,
            billed_duration_ms=-(-duration_ms // _DURATION_STEP_MS) * _DURATION_STEP_MS,
            billed_memory_mb=_MEMORY_STEP_MB,
        )

    async def stop(self, execution_arn: str, error: str | None, cause: str | None) -> int:
        ref = parse_execution_arn(execution_arn)
        if ref is None:
            self.express.stop(execution_arn)
            return self._clock.now_ms()
        return await self._control.abort(ref, error, cause)

    async def redrive(self, execution_arn: str, client_token: str | None) -> int:
        return await self._control.redrive(self._ref(execution_arn), client_token)

    # --- answers by token --------------------------------------------------------------------------------------------

    async def task_started(self, token: str, worker_name: str | None) -> bool:
        return await self._control.task_started(token, worker_name)

    async def task_succeeded(self, token: str, output: str) -> None:
        await self._control.task_succeeded(token, output)

    async def task_failed(self, token: str, error: str | None, cause: str | None) -> None:
        await self._control.task_failed(token, error, cause)

    async def task_heartbeat(self, token: str) -> None:
        await self._control.task_heartbeat(token)

    # --- reading -----------------------------------------------------------------------------------------------------

    async def head(self, ref: Ref) -> Head:
        """ExecutionDoesNotExist."""
        record = await self.store.get(keys.head(ref))
        if record is None:
            raise no_execution(ref.arn)
        return Head.decode(record.value)

    async def describe(self, execution_arn: str) -> ExecutionView:
        ref = self._ref(execution_arn)
        head = await self.head(ref)
        prepared = await self._sources.load(ref, head.source)
        run = None if head.map_run is None else map_run_arn(ref.account, ref.region, head.map_run)
        return head.view(ref.arn, ref.name, prepared.source, run)

    async def history(
        self, execution_arn: str, *, after_id: int = 0, limit: int = 1000, reverse: bool = False
    ) -> list[HistoryEvent]:
        ref = self._ref(execution_arn)
        await self.head(ref)
        return await read_history(self.store, ref, after_id=after_id, limit=limit, reverse=reverse)

    async def ended(self, execution_arn: str) -> ExecutionView:
        ref = parse_execution_arn(execution_arn)
        if ref is None:
            return await self.express.ended(execution_arn)
        news = asyncio.Event()
        end_watch = self.store.watch_records(keys.head(ref), news.set)
        try:
            while True:
                news.clear()
                view = await self.describe(execution_arn)
                if view.status is not Status.RUNNING:
                    return view
                await news.wait()
        finally:
            end_watch()

    async def running(self, state_machine_arn: str) -> bool:
        parts = state_machine_arn.split(":")
        prefix = keys.listing(parts[4], parts[3], parts[6], Status.RUNNING)
        return await self.store.count(prefix, limit=1) > 0

    def _ref(self, execution_arn: str) -> Ref:
        ref = parse_execution_arn(execution_arn)
        if ref is None:
            raise no_execution(execution_arn)
        return ref
