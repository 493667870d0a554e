"""Task: one attempt of work outside, its deadlines, and what its answers do.

…Scheduled and …Started are committed before the work begins. An activity's task is scheduled when its queue has it: the
queue may not exist, and then the history knows of no task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from fogbank.asl import fields
from fogbank.asl.advance import DATA_BYTES_MAX, DataLimitExceeded
from fogbank.asl.definition.states import TaskState
from fogbank.asl.documents import Document
from fogbank.asl.effects import CancelTask, RunTask, WaitForSlot
from fogbank.asl.errors import StatesError, runtime_error
from fogbank.asl.frames import Attempt, Phase
from fogbank.asl.handlers import Handlers
from fogbank.asl.outcomes import Failed, Outcome, Queued, Stage, Submitted, Succeeded
from fogbank.asl.resources import Pattern, TaskKind, TaskResource, parse_resource
from fogbank.asl.states.node import Node
from fogbank.asl.tokens import token_of

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame

SECONDS_MAX = 99_999_999
Problem: TypeAlias = Callable[[TaskResource, Any], str | None]
"""What is wrong with a task's parameters, if they cannot be its input: then it is not even scheduled."""

_FAMILIES = {TaskKind.LAMBDA: "LambdaFunction", TaskKind.ACTIVITY: "Activity"}


class TaskNode(Node):
    def __init__(self, state: TaskState, problem: Problem | None = None) -> None:
        super().__init__(state)
        self._problem = problem
        self.aborted = "TaskStateAborted"
        self.aborts_its_branch = True
        jsonata = self.flow.jsonata
        self.handlers = Handlers(state.retry, state.catch, jsonata=jsonata)
        resource = parse_resource(state.resource)
        if resource is None:
            raise ValueError(f"{state.resource} is no resource of a task")
        self.resource = resource
        self._family = _FAMILIES.get(resource.kind, "Task")
        self._named: dict[str, Any] = (
            {"resourceType": resource.resource_type, "resource": resource.resource}
            if self._family == "Task"
            else {}
        )
        self._activity = resource.kind is TaskKind.ACTIVITY
        self._by_token = self._activity or resource.pattern is Pattern.CALLBACK
        self._timeout = fields.integer(
            state.timeout_seconds,
            state.timeout_seconds_path,
            "TimeoutSeconds",
            is_jsonata=jsonata,
            minimum=1,
            maximum=SECONDS_MAX,
        )
        self._heartbeat = fields.integer(
            state.heartbeat_seconds,
            state.heartbeat_seconds_path,
            "HeartbeatSeconds",
            is_jsonata=jsonata,
            minimum=1,
            maximum=SECONDS_MAX,
        )
        self._credentials = _credentials(state, jsonata=jsonata)

    # --- an attempt begins -------------------------------------------------------------------------------------------

    def run(self, advance: Advance, frame: Frame) -> None:
        number = advance.number()
        secret = advance.ids.hex(32) if self._by_token else ""
        attempt = frame.attempt = Attempt(number, frame.input, secret, None)
        input = self.flow.input(advance, frame)
        parameters = self.flow.payload(advance, frame, input)
        if parameters.exceeds(DATA_BYTES_MAX):
            raise DataLimitExceeded(self.name)
        attempt.parameters = parameters
        if self._problem is not None and (problem := self._problem(self.resource, parameters.value)):
            raise unusable_parameters(parameters.text, problem)
        timeout_s = None
        if self._timeout is not None or self._heartbeat is not None or self._credentials is not None:
            scope = advance.scope(frame, input)
            timeout_s = None if self._timeout is None else int(self._timeout(scope))
            attempt.heartbeat_s = None if self._heartbeat is None else int(self._heartbeat(scope))
            attempt.role = None if self._credentials is None else self._credentials(scope)
        attempt.timeout_s = timeout_s
        frame.timeout_at = None if timeout_s is None else advance.now_ms + timeout_s * 1000
        frame.phase = Phase.TASK
        self._set_due(advance, frame)
        if self._activity:
            advance.effects.append(self.call(frame))
            return
        self._schedule(advance, frame)
        if advance.slots > 0:
            self.begin(advance, frame)
        else:
            advance.effects.append(WaitForSlot(frame.path, number))

    def _schedule(self, advance: Advance, frame: Frame) -> None:
        attempt = frame.attempt
        assert attempt is not None
        details: dict[str, Any] = dict(self._named)
        if self._family == "Task":
            details["region"] = self.resource.region or advance.execution.region
            details["parameters"] = attempt.parameters.text
        else:
            details["resource"] = self.resource.arn
            details["input"] = attempt.parameters.text
        if attempt.timeout_s is not None:
            details["timeoutInSeconds"] = attempt.timeout_s
        if attempt.heartbeat_s is not None and self._family != "LambdaFunction":
            details["heartbeatInSeconds"] = attempt.heartbeat_s
        if attempt.role is not None:
            details["taskCredentials"] = {"roleArn": attempt.role}
        advance.event(frame, f"{self._family}Scheduled", details)
        attempt.scheduled = True

    def begin(self, advance: Advance, frame: Frame) -> None:
        """The scheduled attempt has a slot."""
        attempt = frame.attempt
        assert attempt is not None
        advance.slots -= 1
        advance.event(frame, f"{self._family}Started", dict(self._named) or None)
        attempt.begun = True
        if self.resource.pattern is Pattern.CALLBACK:
            self._beat(advance, frame)
        advance.effects.append(self.call(frame))

    def call(self, frame: Frame) -> RunTask:
        attempt = frame.attempt
        assert attempt is not None
        return RunTask(
            frame.path,
            attempt.number,
            self.resource,
            attempt.parameters.value,
            attempt.secret,
            attempt.timeout_s,
            attempt.heartbeat_s,
            attempt.role,
            self.name,
            attempt.submitted,
        )

    # --- answers -----------------------------------------------------------------------------------------------------

    def report(self, advance: Advance, frame: Frame, outcome: Outcome) -> None:
        """What the task's port or a worker said. Raises StatesError."""
        attempt = frame.attempt
        assert attempt is not None
        if self._activity and not attempt.scheduled:
            if isinstance(outcome, Failed) and outcome.stage is Stage.SCHEDULE:
                raise runtime_error(outcome.cause or "")
            self._schedule(advance, frame)
        match outcome:
            case Queued():
                return
            case Submitted(output):
                attempt.submitted = output
                advance.event(frame, "TaskSubmitted", {**self._named, "output": output})
                if self.resource.pattern is not Pattern.CALLBACK:
                    advance.effects.append(self.call(frame))
            case Succeeded(output):
                self._succeeded(advance, frame, Document.parse(output))
            case Failed(error, cause, stage):
                self._failed(advance, frame, error, cause, stage)

    def worker_started(self, advance: Advance, frame: Frame, worker: str | None) -> None:
        attempt = frame.attempt
        assert attempt is not None
        if not attempt.scheduled:
            self._schedule(advance, frame)
        if not attempt.begun:
            attempt.begun = True
            advance.event(frame, "ActivityStarted", {} if worker is None else {"workerName": worker})
            self._beat(advance, frame)

    def heartbeat(self, advance: Advance, frame: Frame) -> None:
        self._beat(advance, frame)

    def _succeeded(self, advance: Advance, frame: Frame, result: Document) -> None:
        if result.exceeds(DATA_BYTES_MAX):
            subject = self._named.get("resourceType", self.resource.arn)
            limit = DataLimitExceeded(subject)
            self._failed(advance, frame, limit.error, limit.cause, Stage.RUN)
            return
        advance.event(frame, f"{self._family}Succeeded", {**self._named, "output": result.text})
        self._over(advance, frame)
        self.succeed(advance, frame, self.flow.input(advance, frame), result, made=True)

    def _failed(
        self, advance: Advance, frame: Frame, error: str | None, cause: str | None, stage: Stage, *also: str
    ) -> None:
        details = dict(self._named)
        details.update(
            {name: value for name, value in (("error", error), ("cause", cause)) if value is not None}
        )
        advance.event(frame, f"{self._family}{stage.value}", details)
        self._over(advance, frame)
        advance.fail(frame, error, cause, *also)

    def _over(self, advance: Advance, frame: Frame) -> None:
        frame.attempt = None
        frame.timeout_at = None
        advance.due_at(frame, None)

    # --- deadlines ---------------------------------------------------------------------------------------------------

    def due(self, advance: Advance, frame: Frame) -> None:
        attempt = frame.attempt
        assert attempt is not None
        timed_out = frame.timeout_at is not None and frame.timeout_at <= advance.now_ms
        silent = attempt.heartbeat_at is not None and attempt.heartbeat_at <= advance.now_ms
        if not timed_out and not silent:
            self._set_due(advance, frame)
            return
        advance.effects.append(CancelTask(frame.path, attempt.number, self.call(frame)))
        if not attempt.scheduled:
            self._schedule(advance, frame)
        also = () if timed_out else ("States.HeartbeatTimeout",)
        advance.event(frame, f"{self._family}TimedOut", {**self._named, "error": "States.Timeout"})
        self._over(advance, frame)
        advance.fail(frame, "States.Timeout", None, *also)

    def _beat(self, advance: Advance, frame: Frame) -> None:
        attempt = frame.attempt
        assert attempt is not None
        if attempt.heartbeat_s is not None and self._by_token:
            attempt.heartbeat_at = advance.now_ms + attempt.heartbeat_s * 1000
            self._set_due(advance, frame)

    def _set_due(self, advance: Advance, frame: Frame) -> None:
        attempt = frame.attempt
        assert attempt is not None
        times = [when for when in (frame.timeout_at, attempt.heartbeat_at) if when is not None]
        advance.due_at(frame, min(times) if times else None)

    def context(self, advance: Advance, frame: Frame) -> dict[str, Any]:
        """`Task` of the context object."""
        attempt = frame.attempt
        if not self._by_token or attempt is None:
            return {}
        return {
            "Task": {"Token": token_of(advance.execution.arn, frame.path, attempt.number, attempt.secret)}
        }


def unusable_parameters(text: str, problem: str) -> StatesError:
    return runtime_error(f"The Parameters '{text}' could not be used to start the Task: [{problem}]")


def _credentials(state: TaskState, *, jsonata: bool) -> fields.Evaluate | None:
    """To the ARN of the role that Credentials names."""
    if state.credentials is None:
        return None
    evaluate = (
        fields.jsonata(state.credentials, "Credentials") if jsonata else fields.template(state.credentials)
    )
    return lambda scope: evaluate(scope).get("RoleArn")
