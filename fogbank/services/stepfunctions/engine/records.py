"""Executions as the store has them: the head, and the codecs of sources, spines and history chunks."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import Any

import orjson

from fogbank.asl.documents import Document, dumps, loads
from fogbank.asl.execution import Ending, Execution, Status
from fogbank.asl.frames import Frame
from fogbank.asl.history import HistoryEvent
from fogbank.core.records import hot_record
from fogbank.services.stepfunctions.engine.api import ExecutionView, MachineSource


@hot_record
class Head:
    """What DescribeExecution tells. `source` is the digest of its state machine's revision.

    `map_run` is `machine/label:uuid` for a child of a Distributed Map, `state` the Map's name, `index` its place there.
    """

    source: str
    status: Status
    start_ms: int
    input: str
    stop_ms: int | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    trace: str | None = None
    redrives: int = 0
    redrive_ms: int | None = None
    redrive_token: str | None = None
    map_run: str | None = None
    state: str | None = None
    index: int = 0
    item_count: int | None = None

    def encode(self) -> bytes:
        return orjson.dumps(
            [
                self.source, self.status.value, self.start_ms, self.input, self.stop_ms, self.output, self.error,
                self.cause, self.trace, self.redrives, self.redrive_ms, self.redrive_token, self.map_run, self.state,
                self.index, self.item_count,
            ]
        )  # fmt: skip

    @classmethod
    def decode(cls, value: bytes) -> Head:
        source, status, *rest = orjson.loads(value)
        return cls(source, Status(status), *rest)

    def ended(self, ending: Ending) -> Head:
        output = None if ending.output is None else ending.output.text
        return replace(
            self,
            status=ending.status,
            stop_ms=ending.time_ms,
            output=output,
            error=ending.error,
            cause=ending.cause,
        )

    def redriven(self, redrives: int, now_ms: int, token: str | None) -> Head:
        return replace(
            self,
            status=Status.RUNNING,
            redrives=redrives,
            redrive_ms=now_ms,
            redrive_token=token,
            stop_ms=None,
            output=None,
            error=None,
            cause=None,
        )

    @property
    def ending(self) -> Ending | None:
        """None while it runs."""
        if self.status is Status.RUNNING:
            return None
        output = None if self.output is None else Document.parse(self.output)
        return Ending(self.status, self.stop_ms or 0, output, self.error, self.cause)

    def view(self, arn: str, name: str, machine: MachineSource, map_run_arn: str | None) -> ExecutionView:
        return ExecutionView(
            arn=arn,
            name=name,
            machine=machine,
            status=self.status,
            start_ms=self.start_ms,
            stop_ms=self.stop_ms,
            input=self.input,
            output=self.output,
            error=self.error,
            cause=self.cause,
            map_run_arn=map_run_arn,
            trace_header=self.trace,
            redrive_count=self.redrives,
            redrive_ms=self.redrive_ms,
            item_count=self.item_count,
        )


def encode_source(source: MachineSource) -> bytes:
    return orjson.dumps(asdict(source))


def decode_source(value: bytes) -> MachineSource:
    return MachineSource(**orjson.loads(value))


def digest_of(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()[:32]


def encode_events(events: list[HistoryEvent]) -> bytes:
    return orjson.dumps(
        [[event.id, event.previous_id, event.time_ms, event.type, event.details] for event in events]
    )


def decode_events(value: bytes) -> list[HistoryEvent]:
    return [HistoryEvent(*members) for members in orjson.loads(value)]


def inline_root(execution: Execution) -> Frame | None:
    """The machine's frame, if the spine holds it: with children, it changes less often than the spine does."""
    root = execution.frames[()]
    return root if root.group is None and root.map_run is None else None


def encode_spine(execution: Execution, due_ms: int | None) -> bytes:
    """What changes with every commit; its version is what makes commits of two nodes exclude each other."""
    root = inline_root(execution)
    return dumps(
        [
            execution.next_event_id,
            execution.next_number,
            execution.deadline_ms,
            due_ms,
            execution.redrives,
            None if root is None else root.to_json(),
        ]
    ).encode()


def restore_spine(execution: Execution, value: bytes) -> tuple[int | None, dict[str, Any] | None]:
    """When the execution's item in the queue of due ones is due, None if it has none; and its first frame, if here."""
    saved: list[Any] = loads(value)
    execution.next_event_id, execution.next_number, execution.deadline_ms = saved[:3]
    due_ms, execution.redrives, root = saved[3:]
    return due_ms, root
