"""What became of a task: the answers that the world gives to the effects of a step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Stage(Enum):
    """How far a failed task got; it decides the type of the history event."""

    SCHEDULE = "ScheduleFailed"  # LambdaFunctionScheduleFailed, ActivityScheduleFailed: never left the engine
    START = "StartFailed"  # TaskStartFailed, LambdaFunctionStartFailed: the service could not be reached
    SUBMIT = "SubmitFailed"  # TaskSubmitFailed: a .sync or callback request was refused
    RUN = "Failed"  # TaskFailed, LambdaFunctionFailed, ActivityFailed


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The task is done. `output` is JSON text, as the history shows it and the state goes on with."""

    output: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The task failed. `error` is matched by Retry and Catch; None where AWS leaves the member out."""

    error: str | None
    cause: str | None
    stage: Stage = Stage.RUN


@dataclass(frozen=True, slots=True)
class Submitted:
    """The request of a .sync or callback task was accepted; `output` (JSON text) is the answer, for TaskSubmitted.

    A callback task now waits for its token. For a .sync task, `run` is called again with `submitted=output`, and then
    answers Succeeded or Failed when the job has ended.
    """

    output: str


@dataclass(frozen=True, slots=True)
class Queued:
    """An activity's task lies in its queue: a worker takes it (`task_started`), and answers by its token."""


Outcome: TypeAlias = Succeeded | Failed | Submitted | Queued
