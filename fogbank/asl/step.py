"""The step: what an execution does next. No I/O, no clock, no chance but what it is given.

    step(execution, stimuli, now_ms, ids) → Step(events, effects, …)

The execution is changed in place; `execution.dirty` and `execution.dropped` say what a checkpoint must write. Commit that
together with the events, then perform the effects. If the commit fails, throw the execution away and restore it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fogbank.asl.advance import HISTORY_EVENTS_MAX, Advance, HistoryFull
from fogbank.asl.documents import Document
from fogbank.asl.effects import (
    Abort,
    Beat,
    Begin,
    Continue,
    Effect,
    Fault,
    MapRunEnded,
    Redrive,
    Reported,
    SlotFree,
    Stimulus,
    WaitForSlot,
    WorkerStarted,
)
from fogbank.asl.errors import RUNTIME, StatesError
from fogbank.asl.execution import Execution, Status
from fogbank.asl.frames import Frame, Path, Phase
from fogbank.asl.history import HistoryEvent
from fogbank.asl.states.distributed_map import DistributedMapNode
from fogbank.asl.states.group import GroupNode
from fogbank.asl.states.task import TaskNode
from fogbank.core.ids import Ids

#: Events of one step, after which it stops and says that there is more: bounds the pause of whoever calls.
STEP_EVENTS_MAX = 2_000


@dataclass(slots=True)
class Step:
    """What a step did. `more`: call again with Continue. `slots` is how many tasks may still begin."""

    events: list[HistoryEvent]
    effects: list[Effect]
    more: bool
    slots: int


def step(
    execution: Execution,
    stimuli: Sequence[Stimulus],
    now_ms: int,
    ids: Ids,
    *,
    slots: int = 1_000_000,
    events_max: int = STEP_EVENTS_MAX,
) -> Step:
    """Advance `execution` as far as it goes. Stimuli that come too late are passed over."""
    advance = Advance(execution, now_ms, ids, slots=slots, events_max=events_max)
    try:
        for stimulus in stimuli:
            _take(advance, stimulus)
        if execution.ending is None:
            _time(advance)
            _work(advance)
    except HistoryFull:
        _history_full(advance)
    more = execution.ending is None and bool(execution.ready or execution.spawning)
    return Step(advance.events, advance.effects, more, advance.slots)


def _work(advance: Advance) -> None:
    execution = advance.execution
    ready, spawning = execution.ready, execution.spawning
    while execution.ending is None and len(advance.events) < advance.events_max:
        if ready:
            advance.drive(ready.popleft())
        elif spawning:
            _spawn(advance, spawning[0])
        else:
            return


def _spawn(advance: Advance, frame: Frame) -> None:
    try:
        if frame.phase is Phase.CHILDREN and frame.node.spawn(advance, frame):
            return
    except StatesError as failure:
        _spawn_failed(advance, frame, failure)
    spawning = advance.execution.spawning
    if spawning and spawning[0] is frame:  # the execution's end has cleared it
        spawning.popleft()


def _spawn_failed(advance: Advance, frame: Frame, failure: StatesError) -> None:
    """An item that ItemSelector cannot shape fails the Map, not the iteration."""
    cause, node = advance.told(frame, failure), frame.node
    assert isinstance(node, GroupNode)
    node.cut(advance, frame, None if failure.error == RUNTIME else frame.previous_id)
    frame.phase = Phase.FAILED
    advance.fail(frame, failure.error, cause)
    if frame.phase is not Phase.FAILED:  # caught, or to be tried again as a whole
        node.leave(advance, frame)
    advance.resume(frame)


def _take(advance: Advance, stimulus: Stimulus) -> None:
    execution = advance.execution
    match stimulus:
        case Begin():
            _begin(advance)
        case Redrive():
            if execution.ending is not None:
                _redrive(advance)
        case _ if execution.ending is not None:
            return
        case Continue():
            return
        case Abort(error, cause):
            details = {
                name: value for name, value in (("error", error), ("cause", cause)) if value is not None
            }
            advance.ending_event(0, "ExecutionAborted", details)
            advance.end(Status.ABORTED, error, cause)
        case Fault(cause):
            advance.ending_event(0, "ExecutionFailed", {"error": "States.Runtime", "cause": cause})
            advance.end(Status.FAILED, "States.Runtime", cause)
        case MapRunEnded(path, number, outcome):
            frame = execution.frames.get(path)
            if frame is None or frame.phase is not Phase.MAP_RUN or frame.map_run is None:
                return
            if frame.map_run["number"] == number and isinstance(frame.node, DistributedMapNode):
                _on_frame(advance, frame, lambda node: node.ended(advance, frame, outcome))
        case _:
            frame = waiting(execution, stimulus.path, stimulus.number)
            if frame is not None:
                _on_frame(advance, frame, lambda node: _task(advance, frame, node, stimulus))


def waiting(execution: Execution, path: Path, number: int) -> Frame | None:
    """The frame that still waits for this attempt of a task."""
    frame = execution.frames.get(path)
    if (
        frame is None
        or frame.phase is not Phase.TASK
        or frame.attempt is None
        or frame.attempt.number != number
    ):
        return None
    return frame


def _task(advance: Advance, frame: Frame, node: TaskNode, stimulus: Stimulus) -> None:
    match stimulus:
        case Reported(outcome=outcome):
            node.report(advance, frame, outcome)
        case WorkerStarted(worker=worker):
            node.worker_started(advance, frame, worker)
        case Beat():
            node.heartbeat(advance, frame)
        case SlotFree():
            if frame.attempt is not None and not frame.attempt.begun:
                if advance.slots > 0:
                    node.begin(advance, frame)
                else:
                    advance.effects.append(WaitForSlot(frame.path, stimulus.number))


def _on_frame(advance: Advance, frame: Frame, act: Callable[[Any], None]) -> None:
    """Do something with a frame that waited, and let it go on if it can."""
    advance.execution.dirty.add(frame.path)
    try:
        act(frame.node)
    except StatesError as failure:
        advance.failed_to_run(frame, failure)
    advance.resume(frame)


def _time(advance: Advance) -> None:
    """What is due by now."""
    execution = advance.execution
    if execution.deadline_ms is not None and execution.deadline_ms <= advance.now_ms:
        advance.ending_event(0, "ExecutionTimedOut", {"error": "States.Timeout"})
        advance.end(Status.TIMED_OUT, "States.Timeout", None)
        return
    while (
        execution.ending is None
        and (due_ms := execution.next_due_ms()) is not None
        and due_ms <= advance.now_ms
    ):
        if not execution.due or execution.due[0][0] != due_ms:
            return
        frame = execution.frames[execution.due[0][1]]
        if frame.phase is Phase.BACKOFF:
            advance.again(frame)
        else:
            _on_frame(advance, frame, partial(_due, advance, frame))


def _due(advance: Advance, frame: Frame, node: Any) -> None:
    node.due(advance, frame)


def _begin(advance: Advance) -> None:
    execution = advance.execution
    root = Frame((), None, execution.machine.root, execution.input, {}, 0)
    execution.frames[()] = root
    details = {"input": execution.input.text, "roleArn": execution.role_arn}
    advance.ending_event(0, "ExecutionStarted", details)
    if execution.machine.timeout_s is not None:
        deadline_ms = advance.now_ms + execution.machine.timeout_s * 1000
        execution.deadline_ms = min(deadline_ms, execution.deadline_ms or deadline_ms)
    execution.ready.append(root)


def _redrive(advance: Advance) -> None:
    """From where it failed. What waited for a time, waits for what is left of it."""
    execution = advance.execution
    execution.redriven()
    root = execution.frames[()]
    details = {"redriveCount": execution.redrives}
    number = execution.next_event_id
    advance.ending_event(root.previous_id, "ExecutionRedriven", details)
    root.previous_id = number
    root.retries = None
    if execution.machine.timeout_s is not None:
        execution.deadline_ms = advance.now_ms + execution.machine.timeout_s * 1000
    advance.again(root)


def _history_full(advance: Advance) -> None:
    """The last event that fits says why the execution ends."""
    cause = f"The execution reached the maximum number of history events ({HISTORY_EVENTS_MAX})."
    root = advance.execution.frames[()]
    advance.ending_event(root.previous_id, "ExecutionFailed", {"error": "States.Runtime", "cause": cause})
    advance.end(Status.FAILED, "States.Runtime", cause)


def start(execution: Execution, now_ms: int, ids: Ids, *, slots: int = 1_000_000) -> Step:
    """The first step."""
    return step(execution, [Begin()], now_ms, ids, slots=slots)


__all__ = ["Document", "Step", "start", "step", "waiting"]
