"""The engine's contract with the rest of Step Functions, in types.

The *engine* runs executions: Standard ones durably, Express ones in memory. It knows state machines only as frozen
`MachineSource`s, tasks only by `TaskPort`, the inputs and results of Distributed Maps only by `MapPort`, and tells an
`Observer` what happened. JSON that clients gave or see is kept as text; what a state computes is parsed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fogbank.asl.execution import Status
from fogbank.asl.history import HistoryEvent
from fogbank.asl.outcomes import Failed, Outcome, Queued, Stage, Submitted, Succeeded
from fogbank.asl.resources import Pattern, TaskKind, TaskResource
from fogbank.core.records import hot_record

__all__ = [
    "ChildResult",
    "Engine",
    "ExecutionView",
    "Failed",
    "HistoryEvent",
    "MachineSource",
    "Machines",
    "MapCall",
    "MapItem",
    "MapPort",
    "MapRunView",
    "Observer",
    "Outcome",
    "Pattern",
    "Queued",
    "Stage",
    "StartRequest",
    "Started",
    "Status",
    "Submitted",
    "Succeeded",
    "SyncResult",
    "TaskCall",
    "TaskKind",
    "TaskPort",
    "TaskResource",
]


# --- state machines, as an execution keeps them ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MachineSource:
    """One revision of a state machine: what an execution keeps for its whole life, whatever is updated meanwhile.

    `arn` has neither version nor alias; `version_arn` and `alias_arn` are how the execution was started, if so.
    The configurations are by wire names, as DescribeStateMachineForExecution returns them; None where unset.
    """

    arn: str
    name: str
    definition: str
    express: bool
    role_arn: str
    account: str
    region: str
    revision_id: str
    update_date_ms: int
    version_arn: str | None = None
    alias_arn: str | None = None
    logging: dict[str, Any] | None = None
    tracing: dict[str, Any] | None = None
    encryption: dict[str, Any] | None = None


class Machines(Protocol):
    """Given by the service: how a name in StartExecution becomes a definition."""

    async def resolve(self, arn: str) -> MachineSource:
        """A state machine's, version's or alias's ARN (an alias draws one of its versions by weight).

        Raises the modelled StateMachineDoesNotExist or InvalidArn.
        """


# --- tasks -------------------------------------------------------------------------------------------------------------


@hot_record
class TaskCall:
    """One attempt of one Task state.

    `id` is unique to this attempt, and the same when the attempt is run again after a restart: use it for idempotency.
    `parameters` is JSON after Parameters/Arguments (for a Lambda or activity ARN: the input); do not change it.
    `token` is the task token (`$$.Task.Token`); "" for tasks of Express machines that wait for none.
    `credentials_role_arn` is what `Credentials` names; None: the machine's `role_arn` is used.
    `submitted` is the output of an earlier `Submitted` of a .sync task, to be watched until it ends.
    """

    id: str
    resource: TaskResource
    parameters: Any
    token: str
    timeout_s: int | None
    heartbeat_s: int | None
    credentials_role_arn: str | None
    execution_arn: str
    execution_name: str
    state_machine_arn: str
    state_name: str
    role_arn: str
    account: str
    region: str
    partition: str
    trace_header: str | None = None
    submitted: str | None = None

    @property
    def effective_role_arn(self) -> str:
        return self.credentials_role_arn or self.role_arn


class TaskPort(Protocol):
    """Given by `tasks`: what a Task state does to the world."""

    async def run(self, call: TaskCall) -> Outcome:
        """Do it. Never raises for what the task did: failures are `Failed`.

        Cancelled (asyncio) when the execution stopped or the state timed out: end quickly. If a .sync task had been
        submitted, `abandon` follows. Timeouts are the engine's; no need to watch them.
        """

    def problem(self, resource: TaskResource, parameters: Any) -> str | None:
        """What is wrong with parameters that cannot be the task's input: the state fails before it is scheduled."""

    async def abandon(self, call: TaskCall) -> None:
        """A submitted .sync task or queued activity task is no longer wanted: stop the job, take it off its queue."""

    def repeatable(self, call: TaskCall) -> bool:
        """Whether `run` may be called again with the same id when it is unknown how far the first call came.

        True for what is idempotent by id (an activity's queue, StartExecution by name) or only watches.
        """

    def lost(self, call: TaskCall) -> Failed:
        """What an attempt fails with whose result was lost when the node died (`Lambda.SdkClientException`…)."""


# --- Distributed Map ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MapCall:
    """One map run, for reading its items and writing its results.

    `reader_resource`/`writer_resource` are the Resources (None: no ItemReader, no ResultWriter), the arguments their
    evaluated Parameters or Arguments; `reader_config` and `writer_config` with paths already replaced by values.
    """

    map_run_arn: str
    execution_arn: str
    execution_name: str
    state_machine_arn: str
    state_name: str
    label: str
    role_arn: str
    account: str
    region: str
    partition: str
    reader_resource: str | None = None
    reader_arguments: dict[str, Any] | None = None
    reader_config: dict[str, Any] | None = None
    writer_resource: str | None = None
    writer_arguments: dict[str, Any] | None = None
    writer_config: dict[str, Any] | None = None


@hot_record
class MapItem:
    """One item of an ItemReader. `source` is where it lies (`s3://bucket/key`); `key` its name, if it is of an object."""

    value: Any
    source: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ChildResult:
    """A child execution as ResultWriter writes it: DescribeExecution's members, JSON as text. Times in Unix ms."""

    execution_arn: str
    name: str
    state_machine_arn: str
    status: Status
    input: str
    output: str | None
    error: str | None
    cause: str | None
    start_ms: int
    stop_ms: int
    redrive_count: int = 0


class MapPort(Protocol):
    """Given by `distributed`: where the items of a Distributed Map come from and where its results go.

    Raises `fogbank.asl.errors.StatesError` (`States.ItemReaderFailed`, `States.ResultWriterFailed`) with AWS's cause.
    """

    def items(self, call: MapCall, *, skip: int) -> AsyncIterator[MapItem]:
        """The items of an ItemReader in an order that is always the same; after a restart, without the first `skip`."""

    async def write(self, call: MapCall, results: AsyncIterator[ChildResult]) -> dict[str, Any]:
        """Write the results of all children; the state's result, `{"MapRunArn": …, "ResultWriterDetails": …}`.

        May be called again after a restart: writes to the same keys.
        """


# --- executions --------------------------------------------------------------------------------------------------------


@hot_record
class StartRequest:
    """`name` None: the engine draws one. `input` is JSON text, already known to be JSON and within 256 KiB."""

    machine: MachineSource
    name: str | None
    input: str
    trace_header: str | None = None


@hot_record
class Started:
    execution_arn: str
    start_ms: int


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What StartSyncExecution answers; the history goes to the Observer."""

    execution_arn: str
    name: str
    status: Status
    start_ms: int
    stop_ms: int
    output: str | None
    error: str | None
    cause: str | None
    billed_duration_ms: int
    billed_memory_mb: int


@hot_record
class ExecutionView:
    """An execution's head, as DescribeExecution needs it. `input`, `output` are JSON text."""

    arn: str
    name: str
    machine: MachineSource
    status: Status
    start_ms: int
    stop_ms: int | None
    input: str
    output: str | None
    error: str | None
    cause: str | None
    map_run_arn: str | None = None
    trace_header: str | None = None
    redrive_count: int = 0
    redrive_ms: int | None = None
    item_count: int | None = None


@dataclass(frozen=True, slots=True)
class MapRunView:
    """DescribeMapRun, by wire names where nested."""

    arn: str
    execution_arn: str
    status: Status
    start_ms: int
    stop_ms: int | None
    max_concurrency: int
    tolerated_failure_percentage: float
    tolerated_failure_count: int
    item_counts: dict[str, int]
    execution_counts: dict[str, int]
    redrive_count: int = 0
    redrive_ms: int | None = None


class Observer(Protocol):
    """Told after the commit, in the order of each execution, on the event loop. Must not block nor raise.

    After a crash the last batch before it may be told again; ids and times are then the same.
    """

    def status_changed(self, execution: ExecutionView) -> None:
        """Started (RUNNING) or ended: metrics, EventBridge. Not for children of Distributed Maps of Express type."""

    def happened(self, execution: ExecutionView, events: Sequence[HistoryEvent]) -> None:
        """New events of the history: logging, X-Ray, console, metrics of tasks."""


class Engine(Protocol):
    """What the operations of the service call. Errors are the modelled ones of `stepfunctions`."""

    async def start(self, request: StartRequest) -> Started:
        """StartExecution, Standard (committed when it returns) and Express. ExecutionAlreadyExists, InvalidName…"""

    async def start_sync(self, request: StartRequest) -> SyncResult:
        """StartSyncExecution. Ends within five minutes of the clock, as TIMED_OUT if need be."""

    async def stop(self, execution_arn: str, error: str | None, cause: str | None) -> int:
        """StopExecution; the stop date in ms. A stopped one stays as it ended. ExecutionDoesNotExist."""

    async def redrive(self, execution_arn: str, client_token: str | None) -> int:
        """RedriveExecution; the redrive date in ms. ExecutionNotRedrivable, ExecutionDoesNotExist."""

    async def task_started(self, token: str, worker_name: str | None) -> bool:
        """A worker is about to get an activity's task: ActivityStarted is committed. False: it is not wanted any more."""

    async def task_succeeded(self, token: str, output: str) -> None:
        """SendTaskSuccess. InvalidToken, TaskDoesNotExist, TaskTimedOut, InvalidOutput."""

    async def task_failed(self, token: str, error: str | None, cause: str | None) -> None:
        """SendTaskFailure. InvalidToken, TaskDoesNotExist, TaskTimedOut."""

    async def task_heartbeat(self, token: str) -> None:
        """SendTaskHeartbeat. InvalidToken, TaskDoesNotExist, TaskTimedOut."""

    async def describe(self, execution_arn: str) -> ExecutionView:
        """ExecutionDoesNotExist."""

    async def history(
        self, execution_arn: str, *, after_id: int = 0, limit: int = 1000, reverse: bool = False
    ) -> list[HistoryEvent]:
        """Events after `after_id` (reverse: before it, 0 for from the end). ExecutionDoesNotExist."""

    async def ended(self, execution_arn: str) -> ExecutionView:
        """Wait until the execution has ended (.sync tasks, tests); at once if it has. ExecutionDoesNotExist."""

    async def running(self, state_machine_arn: str) -> bool:
        """Whether any execution of it still runs: a machine being deleted waits for the last."""
