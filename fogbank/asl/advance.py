"""One advance of an execution: what states use to write history, to move on, to wait, to fail.

Everything that changes an execution goes through here; which state does what is in `states/`.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fogbank.asl.documents import Document
from fogbank.asl.effects import CancelTask, Effect, StopMapRun
from fogbank.asl.errors import RUNTIME, StatesError
from fogbank.asl.execution import Ending, Execution, Status
from fogbank.asl.frames import Frame, Phase
from fogbank.asl.history import HistoryEvent
from fogbank.asl.jsonata import UNDEFINED, Budget
from fogbank.asl.scope import Scope
from fogbank.core.clock import iso8601_z
from fogbank.core.ids import Ids

#: Execution history events of one Standard execution, the last one being that of its end.
HISTORY_EVENTS_MAX = 25_000
#: Input or output of a state or task, in bytes of UTF-8.
DATA_BYTES_MAX = 262_144

_FIELD = re.compile(r"specified for the field '([^']+)'")

#: The context object of a state that does not look at it.
_UNSEEN: Mapping[str, Any] = MappingProxyType({})


class HistoryFull(Exception):
    """The next event would be the last one allowed: the execution ends here."""


class DataLimitExceeded(StatesError):
    """A state or task gave more than 256 KiB."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            "States.DataLimitExceeded",
            f"The state/task '{subject}' returned a result with a size exceeding the maximum number of bytes service limit.",
        )


class Advance:
    """The working state of one step. `slots` is how many tasks may begin now."""

    __slots__ = (
        "_iso",
        "_iso_ms",
        "budget",
        "effects",
        "events",
        "events_max",
        "execution",
        "ids",
        "now_ms",
        "slots",
    )

    def __init__(self, execution: Execution, now_ms: int, ids: Ids, *, slots: int, events_max: int) -> None:
        self.execution = execution
        self.now_ms = now_ms
        self.ids = ids
        self.slots = slots
        self.events_max = events_max
        self.budget = Budget(ids, now_ms)
        self.events: list[HistoryEvent] = []
        self.effects: list[Effect] = []
        self._iso = ""
        self._iso_ms = -1

    # --- history ---------------------------------------------------------------------------------------------------

    def event(
        self,
        frame: Frame,
        type: str,
        details: dict[str, Any] | None = None,
        *,
        follow: bool = True,
        after: int | None = None,
    ) -> int:
        """Add an event after the frame's last one, or `after` another; the next follows this one, unless not `follow`."""
        execution = self.execution
        number = execution.next_event_id
        if number >= HISTORY_EVENTS_MAX and not execution.express:
            raise HistoryFull
        execution.next_event_id = number + 1
        previous_id = frame.previous_id if after is None else after
        self.events.append(HistoryEvent(number, previous_id, self.now_ms, type, details))
        if follow:
            frame.previous_id = number
        return number

    def ending_event(self, previous_id: int, type: str, details: dict[str, Any]) -> None:
        number = self.execution.next_event_id
        self.execution.next_event_id = number + 1
        self.events.append(HistoryEvent(number, previous_id, self.now_ms, type, details))

    # --- what expressions see --------------------------------------------------------------------------------------

    def scope(self, frame: Frame, input: Document, result: Any = UNDEFINED, error: Any = UNDEFINED) -> Scope:
        context = self.context(frame) if frame.node.sees_context else _UNSEEN
        return Scope(input.value, context, frame.variables, self.budget, result, error, input.written)

    def context(self, frame: Frame) -> dict[str, Any]:
        """The context object as the frame's state sees it."""
        state: dict[str, Any] = {"Name": frame.node.name, "EnteredTime": self.iso(frame.entered_ms)}
        context = {**self.execution.context, "State": state}
        if frame.node.handlers is not None:
            state["RetryCount"] = sum(frame.retries.values()) if frame.retries else 0
        if frame.item is not None:
            context["Map"] = {"Item": {"Index": frame.item[0], "Value": frame.item[1]}}
        if frame.attempt is not None:
            context.update(frame.node.context(self, frame))
        return context

    def iso(self, when_ms: int) -> str:
        if when_ms != self._iso_ms:
            self._iso_ms = when_ms
            self._iso = iso8601_z(when_ms)
        return self._iso

    # --- moving on -------------------------------------------------------------------------------------------------

    def drive(self, frame: Frame) -> None:
        """Run a frame's states until it waits for something, has ended, or the step is long enough."""
        self.execution.dirty.add(frame.path)
        while True:
            if frame.phase is Phase.ENTER:
                self.enter(frame)
            elif frame.phase is not Phase.AGAIN:
                return
            try:
                frame.node.run(self, frame)
            except StatesError as failure:
                self.failed_to_run(frame, failure)
            if self.execution.ending is not None:
                return
            if len(self.events) >= self.events_max and frame.phase <= Phase.AGAIN:
                self.execution.ready.append(frame)
                return

    def enter(self, frame: Frame) -> None:
        """The frame begins with its state."""
        node = frame.node
        frame.retries = None
        frame.entered_ms = self.now_ms
        frame.entered_id = self.event(frame, node.entered, {"name": node.name, "input": frame.input.text})

    def exit(
        self, frame: Frame, output: Document, next: str | None, assigned: dict[str, Any] | None = None
    ) -> None:
        """Leave the frame's state with `output` for `next`, None for the end of the frame."""
        node = frame.node
        if output.exceeds(DATA_BYTES_MAX):
            raise DataLimitExceeded(node.name)
        details: dict[str, Any] = {"name": node.name, "output": output.text}
        if assigned:
            details["assignedVariables"] = {name: Document.of(value).text for name, value in assigned.items()}
            frame.assign(assigned)
        self.event(frame, node.exited, details)
        if next is None:
            self.finish(frame, output)
        else:
            frame.input = output
            frame.node = frame.block.nodes[next]
            frame.phase = Phase.ENTER
            frame.entered_id = 0

    def finish(self, frame: Frame, output: Document) -> None:
        """The frame is through: the execution has succeeded, or the Parallel or Map around it hears of it."""
        if frame.parent is None:
            self.ending_event(frame.previous_id, "ExecutionSucceeded", {"output": output.text})
            self.execution.ending = Ending(Status.SUCCEEDED, self.now_ms, output)
            return
        self.forget(frame)
        parent = frame.parent
        self.execution.dirty.add(parent.path)
        try:
            parent.node.child_finished(self, parent, frame, output)
        except StatesError as failure:
            self.failed_to_run(parent, failure)
        self.resume(parent)

    def resume(self, frame: Frame) -> None:
        """Have the frame run on, if something outside of its own turn made it able to."""
        if frame.phase <= Phase.AGAIN:
            self.execution.ready.append(frame)
            self.execution.dirty.add(frame.path)

    def forget(self, frame: Frame) -> None:
        del self.execution.frames[frame.path]
        if frame.stored:
            self.execution.dirty.add(frame.path)
        else:
            self.execution.dirty.discard(frame.path)
        frame.phase = Phase.FAILED  # whoever still holds it finds nothing to run

    def wait(self, frame: Frame, phase: Phase, until_ms: int) -> None:
        """The frame is `phase` until something happens, at the latest until `until_ms`."""
        frame.phase = phase
        self.due_at(frame, until_ms)

    def due_at(self, frame: Frame, when_ms: int | None) -> None:
        if frame.due_ms != when_ms:
            frame.due_ms = when_ms
            if when_ms is not None:
                heapq.heappush(self.execution.due, (when_ms, frame.path))

    def again(self, frame: Frame) -> None:
        frame.phase = Phase.AGAIN if frame.entered_id else Phase.ENTER
        frame.due_ms = None
        self.resume(frame)

    def number(self) -> int:
        number = self.execution.next_number
        self.execution.next_number = number + 1
        return number

    # --- failing ---------------------------------------------------------------------------------------------------

    def failed_to_run(self, frame: Frame, failure: StatesError) -> None:
        """What the definition asks for cannot be done. JSONata has an event of its own for that."""
        self.fail(frame, failure.error, self.told(frame, failure))

    def told(self, frame: Frame, failure: StatesError) -> str:
        """The failure's cause; that of JSONata has been told to the history."""
        cause = self._cause_of(frame, failure)
        if failure.error == "States.QueryEvaluationError":
            details = {"state": frame.node.name, "error": failure.error, "cause": cause}
            if field := _FIELD.search(failure.cause):
                details["location"] = field[1]
            self.event(frame, "EvaluationFailed", details)
        return cause

    def fail(self, frame: Frame, error: str | None, cause: str | None, *names: str) -> None:
        """The frame's state failed with `error` (and is also known by `names`): retry, catch, or fail with it."""
        frame.attempt = None
        self.due_at(frame, None)
        handlers = frame.node.handlers
        if handlers is not None:
            known = {*names} if error is None else {error, *names}
            if handlers.retry(self, frame, known):
                return
            before = frame.previous_id
            catcher = handlers.catcher(known)
            if catcher is not None or error != RUNTIME:
                frame.node.failed(self, frame)
            if catcher is not None:
                try:
                    catcher.take(self, frame, error, cause)
                    return
                except StatesError as failure:
                    # A Catch that cannot be carried out fails the state for good, from where it was.
                    frame.previous_id = before
                    error, cause = failure.error, self.told(frame, failure)
                    if error != RUNTIME:
                        frame.node.failed(self, frame)
        self._fail_for_good(frame, error, cause)

    def _cause_of(self, frame: Frame, failure: StatesError) -> str:
        if isinstance(failure, DataLimitExceeded):
            return failure.cause
        return (
            f"An error occurred while executing the state '{frame.node.name}' "
            f"(entered at the event id #{frame.entered_id}). {failure.cause}"
        )

    def _fail_for_good(self, frame: Frame, error: str | None, cause: str | None) -> None:
        frame.phase = Phase.FAILED
        self.execution.dirty.add(frame.path)
        parent = frame.parent
        if parent is not None:
            self.execution.dirty.add(parent.path)
            if error != RUNTIME and frame.node.aborts_its_branch and frame.node.aborted is not None:
                self.event(frame, frame.node.aborted, follow=False)
            parent.node.child_failed(self, parent, frame, error, cause)
            self.resume(parent)
            return
        details = {name: value for name, value in (("error", error), ("cause", cause)) if value is not None}
        self.ending_event(frame.previous_id, "ExecutionFailed", details)
        self.end(Status.FAILED, error, cause)

    def end(self, status: Status, error: str | None, cause: str | None) -> None:
        """The execution is over without success: nothing of it goes on. Its frames stay, for a redrive."""
        root = self.execution.frames[()]
        self.stop(root)
        self.execution.ready.clear()
        self.execution.spawning.clear()
        self.execution.ending = Ending(status, self.now_ms, None, error, cause)

    def stop(self, frame: Frame, *, after: int | None = None) -> None:
        """Stop what goes on in a frame and below. `after`: the event that cut it short, if the history is to tell."""
        if after is not None and frame.phase is not Phase.ENTER and frame.node.aborted is not None:
            self.event(frame, frame.node.aborted, follow=False, after=after)
        for child in self.execution.children(frame):
            if child.phase is not Phase.FAILED:
                if after is not None:
                    frame.node.child_aborted(self, child, after)
                self.stop(child, after=after)
        attempt = frame.attempt
        if frame.phase is Phase.TASK and attempt is not None:
            self.effects.append(CancelTask(frame.path, attempt.number, frame.node.call(frame)))
        if frame.phase is Phase.MAP_RUN and frame.map_run is not None:
            self.effects.append(StopMapRun(frame.path, frame.map_run["number"]))
        frame.attempt = None
        frame.phase = Phase.FAILED
        self.due_at(frame, None)
        self.execution.dirty.add(frame.path)
