"""Executions stepped by hand: the pure side of Step Functions, without a runner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fogbank.asl.definition import parse
from fogbank.asl.documents import Document
from fogbank.asl.effects import Begin, Continue, Effect, Reported, RunTask, Stimulus
from fogbank.asl.execution import Execution, Identity, Status
from fogbank.asl.frames import Frame
from fogbank.asl.history import HistoryEvent
from fogbank.asl.machine import compile_machine
from fogbank.asl.outcomes import Outcome
from fogbank.asl.states.task import Problem
from fogbank.asl.step import step
from fogbank.core.ids import Ids

MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:machine"
ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:name"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


class Stepped:
    """One execution, its whole history and the effects that nobody has taken yet."""

    def __init__(
        self,
        definition: dict[str, Any],
        input: Any = None,
        *,
        express: bool = False,
        seed: int = 1,
        problem: Problem | None = None,
    ) -> None:
        self.ids = Ids(seed)
        self.now_ms = 1_000_000
        self.execution = Execution(
            arn=ARN,
            machine=compile_machine(parse(json.dumps(definition)), problem),
            input=Document.of({} if input is None else input),
            role_arn="arn:aws:iam::123456789012:role/r",
            region="us-east-1",
            started_ms=self.now_ms,
            express=express,
            identity=Identity("name", MACHINE_ARN, "machine"),
        )
        self.events: list[HistoryEvent] = []
        self.effects: list[Effect] = []
        self.step(Begin())

    def step(self, *stimuli: Stimulus, slots: int = 1000) -> Sequence[HistoryEvent]:
        new: list[HistoryEvent] = []
        more = True
        while more:
            made = step(self.execution, stimuli, self.now_ms, self.ids, slots=slots)
            new += made.events
            self.effects += made.effects
            more, stimuli = made.more, (Continue(),)
        self.events += new
        return new

    def wait(self, ms: int) -> Sequence[HistoryEvent]:
        """Let time pass; what falls due on the way happens at its own time."""
        end_ms = self.now_ms + ms
        new: list[HistoryEvent] = []
        while (
            (due := self.execution.next_due_ms()) is not None
            and due <= end_ms
            and self.status is Status.RUNNING
        ):
            self.now_ms = max(self.now_ms, due)
            new += self.step(Continue())
        self.now_ms = end_ms
        return new

    def task(self) -> RunTask:
        """The task to run next."""
        task = next(effect for effect in self.effects if isinstance(effect, RunTask))
        self.effects.remove(task)
        return task

    def answer(self, outcome: Outcome) -> Sequence[HistoryEvent]:
        task = self.task()
        return self.step(Reported(task.path, task.number, outcome))

    @property
    def status(self) -> Status:
        return self.execution.ending.status if self.execution.ending is not None else Status.RUNNING

    @property
    def output(self) -> Any:
        assert self.execution.ending is not None and self.execution.ending.output is not None
        return self.execution.ending.output.value

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    @property
    def links(self) -> list[tuple[int, int, str]]:
        return [(event.id, event.previous_id, event.type) for event in self.events]

    def restore(self) -> None:
        """Throw the execution away and make it anew from its checkpoint, as JSON has it."""
        old = self.execution
        new = Execution(
            arn=old.arn, machine=old.machine, input=Document.parse(old.input.text), role_arn=old.role_arn,
            region=old.region, started_ms=old.started_ms, express=old.express, identity=old.identity,
            redrives=old.redrives,
        )  # fmt: skip
        new.next_event_id, new.next_number, new.deadline_ms = (
            old.next_event_id,
            old.next_number,
            old.deadline_ms,
        )
        for path in sorted(old.frames, key=len):
            frame = old.frames[path]
            parent = new.frames.get(path[:-1]) if path else None
            block = new.machine.root if parent is None else parent.node.child_block(path[-1])
            saved = json.loads(json.dumps(frame.to_json()))
            items = None if frame.group is None else frame.group.items
            new.frames[path] = Frame.restore(path, parent, block, saved, json.loads(json.dumps(items)))
            if frame.group is not None and (group := new.frames[path].group) is not None:
                group.results = dict(frame.group.results)
        new.readied()
        self.execution = new
