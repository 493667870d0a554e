"""A traced execution as X-Ray sees it: a segment of the execution, a subsegment of each state, one of each task in it. Pure.

A state's subsegment lies within the state around it (Map, Parallel) or the execution. What did not end before the execution did
ends with it. A guess: AWS's own documents are not public but in the names of states and of resources that its trace map shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from fogbank.services.stepfunctions.engine.api import ExecutionView, HistoryEvent, Status
from fogbank.services.stepfunctions.engine.tracing import parts_of, segment_id

_TASK_BEGINS = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_TASKS = ("Task", "LambdaFunction", "Activity")
_FAULTS = ("Failed", "TimedOut", "Aborted")

Document = dict[str, Any]


def documents_of(execution: ExecutionView, events: Sequence[HistoryEvent]) -> list[Document]:
    """All documents of an execution that has ended; none for one that is in no trace, or not sampled."""
    trace = parts_of(execution.trace_header or "")
    if "Root" not in trace or trace.get("Sampled") == "0":
        return []
    end_ms = execution.start_ms if execution.stop_ms is None else execution.stop_ms
    tracer = _Tracer(execution.arn, execution.redrive_count, trace["Root"])
    for event in events:
        tracer.see(event)
    for document in tracer.documents:
        if "end_time" not in document:
            document["end_time"] = end_ms / 1000
            if execution.status is not Status.SUCCEEDED:
                document["fault"] = True
    whole: Document = {
        "name": execution.machine.name,
        "id": segment_id(execution.arn, execution.redrive_count),
        "trace_id": trace["Root"],
        "origin": "AWS::StepFunctions::StateMachine",
        "start_time": execution.start_ms / 1000,
        "end_time": end_ms / 1000,
        "resource_arn": execution.machine.arn,
        "aws": {"execution_arn": execution.arn},
    }
    if "Parent" in trace:
        whole["parent_id"] = trace["Parent"]
    if execution.status is not Status.SUCCEEDED:
        whole |= {"fault": True, "cause": _cause(whole["id"], execution.error, execution.cause)}
    return [whole, *tracer.documents]


class _Tracer:
    """Follows the history by its `previousEventId`s: each event belongs to the state that the one before it left open."""

    def __init__(self, arn: str, redrives: int, trace_id: str) -> None:
        self._arn = arn
        self._trace_id = trace_id
        self._segment_id = segment_id(arn, redrives)
        self.documents: list[Document] = []
        self._open: dict[int, list[Document]] = {}  # by event: the states that it lies in, outermost first

    def see(self, event: HistoryEvent) -> None:
        around = self._open.get(event.previous_id, [])
        details = event.details or {}
        if event.type.endswith("StateEntered"):
            around = [*around, self._begin(event, details.get("name", ""), around)]
        elif event.type in _TASK_BEGINS:
            around = [*around, self._begin(event, _resource(event, details), around, namespace="aws")]
        elif event.type.endswith("StateExited"):
            around = self._end(event, around)
        elif event.type.startswith(_TASKS) and event.type.endswith(("Succeeded", *_FAULTS)):
            if around and around[-1].get("namespace") == "aws":
                around = self._end(event, around)
        elif event.type.endswith(_FAULTS) and around and not event.type.startswith("Execution"):
            _fail(around[-1], details)
        self._open[event.id] = around

    def _begin(self, event: HistoryEvent, name: str, around: list[Document], **more: str) -> Document:
        id = hashlib.blake2b(f"{self._arn}:{event.id}".encode(), digest_size=8).hexdigest()
        document: Document = {
            "type": "subsegment",
            "name": name,
            "id": id,
            "trace_id": self._trace_id,
            "parent_id": around[-1]["id"] if around else self._segment_id,
            "start_time": event.time_ms / 1000,
            **more,
        }
        self.documents.append(document)
        return document

    def _end(self, event: HistoryEvent, around: list[Document]) -> list[Document]:
        if not around:
            return around
        document = around[-1]
        document["end_time"] = event.time_ms / 1000
        if event.type.endswith(_FAULTS):
            _fail(document, event.details or {})
        return around[:-1]


def _resource(event: HistoryEvent, details: dict[str, Any]) -> str:
    """What X-Ray's map shows the task as."""
    if event.type == "TaskScheduled":
        return str(details.get("resourceType", "task"))
    return "lambda" if event.type.startswith("Lambda") else "activity"


def _fail(document: Document, details: dict[str, Any]) -> None:
    document["fault"] = True
    document["cause"] = _cause(document["id"], details.get("error"), details.get("cause"))


def _cause(id: str, error: str | None, cause: str | None) -> dict[str, Any]:
    exception = {"id": id, "type": error or "", "message": cause or ""}
    return {"exceptions": [exception]}
