"""An execution in memory: its frames, its clock and the counters of its history. The step changes it in place."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from fogbank.asl.documents import Document
from fogbank.asl.frames import Frame, Path, Phase
from fogbank.core.clock import iso8601_z

if TYPE_CHECKING:
    from fogbank.asl.machine import Machine


class Status(Enum):
    """ExecutionStatus."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    ABORTED = "ABORTED"
    PENDING_REDRIVE = "PENDING_REDRIVE"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an execution ended."""

    status: Status
    time_ms: int
    output: Document | None = None
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Names of an execution and its machine, for the context object."""

    name: str
    machine_arn: str
    machine_name: str

    def map_run_arn(self, label: str, uuid: str) -> str:
        return f"{self.machine_arn.replace(':stateMachine:', ':mapRun:')}/{label}:{uuid}"

    def context(self, execution: Execution) -> dict[str, Any]:
        about: dict[str, Any] = {
            "Id": execution.arn,
            "Input": execution.input.value,
            "StartTime": iso8601_z(execution.started_ms),
            "Name": self.name,
            "RoleArn": execution.role_arn,
        }
        if not execution.express:
            about["RedriveCount"] = execution.redrives
        return {"Execution": about, "StateMachine": {"Id": self.machine_arn, "Name": self.machine_name}}


class Execution:
    """What runs `machine`. `identity` are the parts of the context object that never change, without the input."""

    __slots__ = (
        "_context", "arn", "deadline_ms", "dirty", "dropped", "due", "ending", "express", "frames", "identity", "input",
        "machine", "next_event_id", "next_number", "ready", "redrives", "region", "role_arn", "spawning", "started_ms",
    )  # fmt: skip

    def __init__(
        self,
        *,
        arn: str,
        machine: Machine,
        input: Document,
        role_arn: str,
        region: str,
        started_ms: int,
        express: bool,
        identity: Identity,
        redrives: int = 0,
    ) -> None:
        self.arn = arn
        self.machine = machine
        self.input = input
        self.role_arn = role_arn
        self.region = region
        self.started_ms = started_ms
        self.express = express
        self.identity = identity
        self.redrives = redrives
        self._context: dict[str, Any] | None = None
        self.ending: Ending | None = None
        self.next_event_id = 1
        self.next_number = 1  # of attempts and map runs
        self.deadline_ms: int | None = None  # TimeoutSeconds of the machine, or Express's five minutes
        self.frames: dict[Path, Frame] = {}
        self.ready: deque[Frame] = deque()  # frames that can run
        self.spawning: deque[Frame] = deque()  # Parallels and Maps that may make their next child
        self.dirty: set[Path] = set()  # frames that the store does not have as they are
        # Parallels and Maps that are over: whether the store has their items, and its records of results.
        self.dropped: list[tuple[Path, bool, list[int]]] = []
        self.due: list[tuple[int, Path]] = []  # heap of when frames are due; stale entries are passed over

    @property
    def context(self) -> dict[str, Any]:
        """`Execution` and `StateMachine` of the context object."""
        if self._context is None:
            self._context = self.identity.context(self)
        return self._context

    def redriven(self) -> None:
        self.redrives += 1
        self.ending = None
        self._context = None

    def next_due_ms(self) -> int | None:
        """When something happens by time alone; None for never."""
        due = self.due
        while due:
            when, path = due[0]
            frame = self.frames.get(path)
            if frame is not None and frame.due_ms == when:
                break
            heapq.heappop(due)
        first = due[0][0] if due else None
        if self.deadline_ms is not None and self.ending is None:
            return self.deadline_ms if first is None else min(first, self.deadline_ms)
        return first

    def children(self, frame: Frame) -> list[Frame]:
        """Of a Parallel or Map state, by index."""
        group = frame.group
        if group is None:
            return []
        found = (self.frames.get((*frame.path, index)) for index in range(group.next))
        return [child for child in found if child is not None]

    def readied(self) -> None:
        """After a restore: find what can run, what may have children, and what is due."""
        for frame in self.frames.values():
            if frame.phase in (Phase.ENTER, Phase.AGAIN):
                self.ready.append(frame)
            if frame.phase is Phase.CHILDREN and frame.group is not None:
                frame.group.live = sum(child.phase is not Phase.FAILED for child in self.children(frame))
                self.spawning.append(frame)
            if frame.due_ms is not None:
                heapq.heappush(self.due, (frame.due_ms, frame.path))
