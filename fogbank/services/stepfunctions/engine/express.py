"""Express executions: the same step, in memory, for five minutes at most. Nothing is stored."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from fogbank.asl.documents import Document
from fogbank.asl.effects import (
    Abort,
    Begin,
    CancelTask,
    Continue,
    Effect,
    Reported,
    RunTask,
    SlotFree,
    Stimulus,
    WaitForSlot,
)
from fogbank.asl.execution import Ending, Execution, Identity
from fogbank.asl.machine import Machine
from fogbank.asl.outcomes import Outcome
from fogbank.asl.step import step
from fogbank.core.arn import partition_of
from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine.api import (
    ExecutionView,
    HistoryEvent,
    Observer,
    StartRequest,
    Status,
    TaskCall,
)
from fogbank.services.stepfunctions.engine.errors import no_execution, too_many_executions
from fogbank.services.stepfunctions.engine.limits import EXPRESS_MS, EXPRESS_RUNNING_MAX
from fogbank.services.stepfunctions.engine.sources import PreparedSources
from fogbank.services.stepfunctions.engine.tasks import Tasks, call_of, takes_slot


class Run:
    """One Express execution."""

    def __init__(
        self, express: Express, execution: Execution, request: StartRequest, map_run_arn: str | None
    ) -> None:
        self._express = express
        self.execution = execution
        self.request = request
        self.map_run_arn = map_run_arn  # of a child of a Distributed Map
        self._inbox: deque[Stimulus] = deque([Begin()])
        self._news = asyncio.Event()
        self._tasks: dict[int, tuple[asyncio.Task[None], TaskCall]] = {}
        self._sleeper: asyncio.Task[None] | None = None

    def give(self, stimulus: Stimulus) -> None:
        self._inbox.append(stimulus)
        self._news.set()

    async def run(self) -> Ending:
        """To the end. An execution that waits for nothing ends without a turn of the loop."""
        express, execution = self._express, self.execution
        more = False
        try:
            while execution.ending is None:
                if not self._inbox and not more:
                    await self._wait()
                stimuli = list(self._inbox) or [Continue()]
                self._inbox.clear()
                made = step(
                    execution, stimuli, express.clock.now_ms(), express.ids, slots=max(0, express.tasks.slots)
                )
                self._perform(made.effects)
                express.observe(self, made.events)
                more = made.more
                if more:
                    await asyncio.sleep(0)
            return execution.ending
        finally:
            self._stop()

    async def _wait(self) -> None:
        self._news.clear()
        due_ms = self.execution.next_due_ms()
        if due_ms is not None and (self._sleeper is None or self._sleeper.done()):
            self._sleeper = self._express.lanes.spawn("states express wait", self._sleep(due_ms))
        await self._news.wait()
        if self._sleeper is not None:
            self._sleeper.cancel()
            self._sleeper = None

    async def _sleep(self, due_ms: int) -> None:
        await self._express.clock.sleep_until_ms(due_ms)
        self._news.set()

    def _perform(self, effects: list[Effect]) -> None:
        tasks = self._express.tasks
        for effect in effects:
            match effect:
                case RunTask():
                    tasks.slots -= takes_slot(effect)
                    self._run_task(effect)
                case WaitForSlot(path, number):
                    tasks.wait_for_slot(partial(self.give, SlotFree(path, number)))
                case CancelTask(number=number):
                    running = self._tasks.pop(number, None)
                    if running is not None:
                        running[0].cancel()
                        tasks.abandon(running[1])
                case _:
                    raise AssertionError(effect)  # Express machines have no Distributed Map

    def _run_task(self, effect: RunTask) -> None:
        call = call_of(effect, self.execution, self.request.machine, self.request.trace_header)

        async def done(outcome: Outcome) -> None:
            self._tasks.pop(effect.number, None)
            self.give(Reported(effect.path, effect.number, outcome))

        self._tasks[effect.number] = (self._express.tasks.run(call, done), call)

    def _stop(self) -> None:
        if self._sleeper is not None:
            self._sleeper.cancel()
        for task, _ in self._tasks.values():
            task.cancel()
        self._tasks.clear()


class Express:
    """All Express executions of this node."""

    def __init__(
        self,
        *,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        observer: Observer,
        sources: PreparedSources,
        tasks: Tasks,
    ) -> None:
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.tasks = tasks
        self._observer = observer
        self._sources = sources
        self._runs: dict[str, Run] = {}
        self._ended: dict[str, asyncio.Future[ExecutionView]] = {}

    def open(
        self, request: StartRequest, *, machine: Machine | None = None, map_run_arn: str | None = None
    ) -> Run:
        """A new execution, not yet run. ExecutionLimitExceeded."""
        if len(self._runs) >= EXPRESS_RUNNING_MAX:
            raise too_many_executions()
        source = request.machine
        now_ms = self.clock.now_ms()
        name = request.name or self.ids.uuid()
        execution = Execution(
            arn=(
                f"arn:{partition_of(source.region)}:states:{source.region}:{source.account}:express:"
                f"{source.name}:{name}:{self.ids.uuid()}"
            ),
            machine=machine or self._sources.of(source).machine,
            input=Document.parse(request.input),
            role_arn=source.role_arn,
            region=source.region,
            started_ms=now_ms,
            express=True,
            identity=Identity(name, source.arn, source.name),
        )
        execution.deadline_ms = now_ms + EXPRESS_MS
        run = Run(self, execution, request, map_run_arn)
        self._runs[execution.arn] = run
        return run

    async def finish(self, run: Run) -> Ending:
        """Run it to its end."""
        execution = run.execution
        try:
            self._status_changed(run)
            return await run.run()
        finally:
            del self._runs[execution.arn]
            waiting = self._ended.pop(execution.arn, None)
            if execution.ending is not None:
                self._status_changed(run)
                if waiting is not None and not waiting.done():
                    waiting.set_result(view_of(run))

    def _status_changed(self, run: Run) -> None:
        if run.map_run_arn is None:
            self._observer.status_changed(view_of(run))

    def start(self, run: Run) -> None:
        self.lanes.spawn("states express", self.finish(run))

    def observe(self, run: Run, events: list[HistoryEvent]) -> None:
        if events:
            self._observer.happened(view_of(run), events)

    def stop(self, arn: str) -> None:
        """ExecutionDoesNotExist."""
        self._run(arn).give(Abort(None, None))

    async def ended(self, arn: str) -> ExecutionView:
        """ExecutionDoesNotExist once it has ended: nobody remembers it."""
        self._run(arn)
        future = self._ended.get(arn)
        if future is None:
            future = self._ended[arn] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(future)

    def _run(self, arn: str) -> Run:
        run = self._runs.get(arn)
        if run is None:
            raise no_execution(arn)
        return run


def view_of(run: Run) -> ExecutionView:
    execution, source = run.execution, run.request.machine
    ending = execution.ending
    return ExecutionView(
        arn=execution.arn,
        name=execution.identity.name,
        machine=source,
        status=Status.RUNNING if ending is None else ending.status,
        start_ms=execution.started_ms,
        stop_ms=None if ending is None else ending.time_ms,
        input=execution.input.text,
        output=None if ending is None or ending.output is None else ending.output.text,
        error=None if ending is None else ending.error,
        cause=None if ending is None else ending.cause,
        map_run_arn=run.map_run_arn,
        trace_header=run.request.trace_header,
    )
