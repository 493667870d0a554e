"""What goes into a step and what comes out of it: stimuli and effects, both plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from fogbank.asl.frames import Path
from fogbank.asl.outcomes import Outcome
from fogbank.asl.resources import TaskResource

# --- stimuli -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begin:
    """The execution starts: the first stimulus of every execution."""


@dataclass(frozen=True, slots=True)
class Continue:
    """Go on: the step before stopped at its bound, or the time may have come for what waits."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A task's port answered."""

    path: Path
    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker takes an activity's task."""

    path: Path
    number: int
    worker: str | None


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat of a task."""

    path: Path
    number: int


@dataclass(frozen=True, slots=True)
class SlotFree:
    """A task that was only scheduled may begin."""

    path: Path
    number: int


@dataclass(frozen=True, slots=True)
class MapRunEnded:
    """The children of a Distributed Map are through. `outcome` is Succeeded or Failed."""

    path: Path
    number: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Abort:
    """StopExecution."""

    error: str | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Fault:
    """The engine itself failed at this execution: end it, rather than fail at it again and again."""

    cause: str


@dataclass(frozen=True, slots=True)
class Redrive:
    """RedriveExecution of an execution that failed, was aborted or timed out."""


Stimulus: TypeAlias = (
    Begin | Continue | Reported | WorkerStarted | Beat | SlotFree | MapRunEnded | Abort | Fault | Redrive
)

# --- effects -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunTask:
    """Run an attempt of a task, or, when it was `submitted`, watch it until it ends."""

    path: Path
    number: int
    resource: TaskResource
    parameters: Any
    secret: str
    timeout_s: int | None
    heartbeat_s: int | None
    role: str | None
    state_name: str
    submitted: str | None = None


@dataclass(frozen=True, slots=True)
class WaitForSlot:
    """A task is scheduled, but no slot was free: send SlotFree when one is."""

    path: Path
    number: int


@dataclass(frozen=True, slots=True)
class CancelTask:
    """Nobody waits for this attempt any more. `call` is as it was run."""

    path: Path
    number: int
    call: RunTask


@dataclass(frozen=True, slots=True)
class StartMapRun:
    """Run the child executions of a Distributed Map. `plan` is plain JSON, as `states/distributed_map.py` says."""

    path: Path
    number: int
    state_name: str
    plan: dict[str, Any]
    redrive: bool = False


@dataclass(frozen=True, slots=True)
class StopMapRun:
    """Stop the children of a map run: its state timed out, failed or was aborted."""

    path: Path
    number: int


Effect: TypeAlias = RunTask | WaitForSlot | CancelTask | StartMapRun | StopMapRun
