"""Tasks of executions on this node: how many run at one time, and what becomes of each."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from fogbank.asl.effects import RunTask
from fogbank.asl.execution import Execution
from fogbank.asl.outcomes import Failed, Outcome
from fogbank.asl.tokens import token_of
from fogbank.core.arn import partition_of
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine.api import MachineSource, TaskCall, TaskPort
from fogbank.services.stepfunctions.engine.limits import TASKS_RUNNING_MAX
from fogbank.services.stepfunctions.engine.tracing import handed_on

log = logging.getLogger("fogbank.stepfunctions")


def call_of(effect: RunTask, execution: Execution, source: MachineSource, trace: str | None) -> TaskCall:
    """The effect with everything that running it needs."""
    arn = execution.arn
    if trace is not None and source.tracing is not None and source.tracing["enabled"]:
        trace = handed_on(trace, arn, execution.redrives)
    return TaskCall(
        id=f"{arn}:{execution.redrives}:{effect.number}",
        resource=effect.resource,
        parameters=effect.parameters,
        token=token_of(arn, effect.path, effect.number, effect.secret) if effect.secret else "",
        timeout_s=effect.timeout_s,
        heartbeat_s=effect.heartbeat_s,
        credentials_role_arn=effect.role,
        execution_arn=arn,
        execution_name=execution.identity.name,
        state_machine_arn=source.arn,
        state_name=effect.state_name,
        role_arn=execution.role_arn,
        account=source.account,
        region=source.region,
        partition=partition_of(source.region),
        trace_header=trace,
        submitted=effect.submitted,
    )


def takes_slot(task: TaskCall | RunTask) -> bool:
    return task.submitted is None


class Tasks:
    """Runs tasks by the port. `slots` are how many more may begin.

    What only watches a submitted job takes none: it may last for months, and the job may need slots itself.
    """

    def __init__(self, port: TaskPort, lanes: Lanes, slots: int = TASKS_RUNNING_MAX) -> None:
        self.port = port
        self._lanes = lanes
        self.slots = slots
        self._waiting: deque[Callable[[], None]] = deque()

    def wait_for_slot(self, tell: Callable[[], None]) -> None:
        """Have `tell` called when one is free, which may be now."""
        if self.slots > 0:
            tell()
        else:
            self._waiting.append(tell)

    def free(self, slots: int = 1) -> None:
        """Slots that were reserved are not used any more; tell as many that wait."""
        self.slots += slots
        for _ in range(min(slots, len(self._waiting))):
            self._waiting.popleft()()

    def run(self, call: TaskCall, done: Callable[[Outcome], Awaitable[None]]) -> asyncio.Task[None]:
        """Run it, in a slot reserved before unless it only watches. `done` goes on with the outcome, unless the task is cancelled before."""
        return self._lanes.spawn("states task", self._run(call, done))

    async def _run(self, call: TaskCall, done: Callable[[Outcome], Awaitable[None]]) -> None:
        try:
            outcome = await self.port.run(call)
        except Exception:  # a boundary: whatever a task does, its execution must hear of it
            log.exception("task %s of %s failed unexpectedly", call.resource.arn, call.execution_arn)
            outcome = Failed("States.TaskFailed", "Internal error.")
        finally:
            if takes_slot(call):
                self.free()
        await done(outcome)

    def abandon(self, call: TaskCall) -> None:
        self._lanes.spawn("states abandon", self._abandon(call))

    async def _abandon(self, call: TaskCall) -> None:
        try:
            await self.port.abandon(call)
        except Exception:  # as above; nobody waits for this one
            log.exception("task %s of %s could not be abandoned", call.resource.arn, call.execution_arn)
