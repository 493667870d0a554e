"""AWS/States: counts and durations of executions, functions, activities and service integrations.

Counted in memory and handed to the telemetry port in batches. A task is followed from its beginning: one that a restart came
between is not counted to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fogbank.core.clock import Clock
from fogbank.model.telemetry import Dimensions, Point, Telemetry
from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent, MachineSource, Status
from fogbank.services.stepfunctions.limits import METRIC_EXECUTIONS_MAX

NAMESPACE = "AWS/States"
ENDED = {
    Status.SUCCEEDED: "ExecutionsSucceeded",
    Status.FAILED: "ExecutionsFailed",
    Status.ABORTED: "ExecutionsAborted",
    Status.TIMED_OUT: "ExecutionsTimedOut",
}


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of task: the prefix of its event types, of its metrics, and its dimension."""

    events: str
    plural: str
    singular: str
    dimension: str
    run_time: str
    schedule_time: str


LAMBDA = Family(
    "LambdaFunction",
    "LambdaFunctions",
    "LambdaFunction",
    "LambdaFunctionArn",
    "LambdaFunctionRunTime",
    "LambdaFunctionScheduleTime",
)
ACTIVITY = Family(
    "Activity", "Activities", "Activity", "ActivityArn", "ActivityRunTime", "ActivityScheduleTime"
)
SERVICE = Family(
    "Task",
    "ServiceIntegrations",
    "ServiceIntegration",
    "ServiceIntegrationResourceArn",
    "ServiceIntegrationRunTime",
    "ServiceIntegrationScheduleTime",
)
FAMILIES = {
    f"{family.events}{step}": (family, step)
    for family in (LAMBDA, ACTIVITY, SERVICE)
    for step in ("Scheduled", "Started", "Succeeded", "Failed", "TimedOut", "Submitted")
    if (family.events, step) not in (("LambdaFunction", "Submitted"), ("Activity", "Submitted"))
}


@dataclass(slots=True)
class _Task:
    resource: str
    scheduled_ms: int
    started_ms: int | None = None


class Metrics:
    """What a node has counted since the last delivery; an `engine.api.Observer`."""

    def __init__(self, telemetry: Telemetry, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._counts: dict[tuple[str, str, Dimensions, str, str], dict[float, int]] = {}
        self._open: dict[str, dict[int, _Task]] = {}
        self._nudge = telemetry.gather(self.deliver)

    def status_changed(self, execution: ExecutionView) -> None:
        machine = execution.machine
        if execution.status is Status.RUNNING:
            self._count_execution(
                machine, "ExecutionsRedriven" if execution.redrive_count else "ExecutionsStarted"
            )
            return
        self._open.pop(execution.arn, None)
        if (name := ENDED.get(execution.status)) is None:
            return
        self._count_execution(machine, name)
        if execution.redrive_count:
            self._count_execution(machine, f"Redriven{name}")
        if execution.stop_ms is not None:
            self._count_execution(
                machine, "ExecutionTime", execution.stop_ms - execution.start_ms, "Milliseconds"
            )

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        for event in events:
            found = FAMILIES.get(event.type)
            if found is not None:
                self._task(execution, event, *found)

    def _task(self, execution: ExecutionView, event: HistoryEvent, family: Family, step: str) -> None:
        tasks = self._open.get(execution.arn)
        if step == "Scheduled":
            if tasks is None:
                if len(self._open) >= METRIC_EXECUTIONS_MAX:
                    del self._open[next(iter(self._open))]
                tasks = self._open[execution.arn] = {}
            task = tasks[event.id] = _Task(_resource(execution, event, family), event.time_ms)
            self._count_task(execution.machine, family, task.resource, f"{family.plural}Scheduled")
            return
        task_found = None if tasks is None else tasks.pop(event.previous_id, None)
        if task_found is None or tasks is None:
            return
        task = task_found
        tasks_resource = task.resource
        machine = execution.machine
        if step in ("Started", "Submitted"):
            tasks[event.id] = task
            if step == "Started":
                task.started_ms = event.time_ms
                self._count_task(machine, family, tasks_resource, f"{family.plural}Started")
                waited_ms = event.time_ms - task.scheduled_ms
                self._count_task(
                    machine, family, tasks_resource, family.schedule_time, waited_ms, "Milliseconds"
                )
            return
        heartbeat = step == "TimedOut" and (event.details or {}).get("error") == "States.HeartbeatTimeout"
        name = (
            f"{family.plural}HeartbeatTimedOut"
            if heartbeat and family is ACTIVITY
            else f"{family.plural}{step}"
        )
        self._count_task(machine, family, tasks_resource, name)
        total_ms = event.time_ms - task.scheduled_ms
        self._count_task(machine, family, tasks_resource, f"{family.singular}Time", total_ms, "Milliseconds")
        if task.started_ms is not None:
            run_ms = event.time_ms - task.started_ms
            self._count_task(machine, family, tasks_resource, family.run_time, run_ms, "Milliseconds")

    def _count_execution(
        self, machine: MachineSource, name: str, value: float = 1, unit: str = "Count"
    ) -> None:
        of_machine = ("StateMachineArn", machine.arn)
        self._count(machine, (of_machine,), name, value, unit)
        if machine.version_arn is not None:
            version = machine.version_arn.rpartition(":")[2]
            self._count(machine, (of_machine, ("Version", version)), name, value, unit)
        if machine.alias_arn is not None:
            alias = machine.alias_arn.rpartition(":")[2]
            self._count(machine, (of_machine, ("Alias", alias)), name, value, unit)

    def _count_task(
        self,
        machine: MachineSource,
        family: Family,
        resource: str,
        name: str,
        value: float = 1,
        unit: str = "Count",
    ) -> None:
        self._count(machine, ((family.dimension, resource),), name, value, unit)

    def _count(
        self, machine: MachineSource, dimensions: Dimensions, name: str, value: float, unit: str
    ) -> None:
        if not self._counts:
            self._nudge()
        key = (machine.account, machine.region, dimensions, name, unit)
        values = self._counts.setdefault(key, {})
        values[value] = values.get(value, 0) + 1

    def deliver(self) -> None:
        """Hand over what was counted."""
        counts, self._counts = self._counts, {}
        now_ms = self._clock.now_ms()
        points: dict[tuple[str, str], list[Point]] = {}
        for (account, region, dimensions, name, unit), values in counts.items():
            points.setdefault((account, region), []).extend(
                Point(NAMESPACE, name, dimensions, value, unit, now_ms, count)
                for value, count in values.items()
            )
        for (account, region), of_place in points.items():
            self._telemetry.points(account, region, of_place)


def _resource(execution: ExecutionView, event: HistoryEvent, family: Family) -> str:
    """The ARN that a task's metrics are about."""
    details = event.details or {}
    resource = str(details.get("resource", ""))
    if family is not SERVICE:
        return resource
    partition = execution.arn.split(":", 2)[1]
    return f"arn:{partition}:states:::{details.get('resourceType', '')}:{resource}"
