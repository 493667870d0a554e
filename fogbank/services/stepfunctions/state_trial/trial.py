"""One state tried: its data's way in, its work (mocked or real), and its way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fogbank.asl import fields
from fogbank.asl.choice_rules import compile_rule
from fogbank.asl.definition.states import (
    ABSENT,
    ChoiceState,
    FailState,
    MapState,
    ParallelState,
    PassState,
    State,
    TaskState,
    WaitState,
)
from fogbank.asl.documents import Document
from fogbank.asl.errors import RUNTIME, StatesError
from fogbank.asl.handlers import delay_ms, matches
from fogbank.asl.outcomes import Failed, Outcome, Succeeded
from fogbank.asl.states.choice import no_choice
from fogbank.asl.states.fail import text_of
from fogbank.asl.states.wait import until
from fogbank.core.ids import Ids
from fogbank.services.stepfunctions.state_trial.configuration import Configuration
from fogbank.services.stepfunctions.state_trial.maps import exceeded, items_of
from fogbank.services.stepfunctions.state_trial.mock import Mock
from fogbank.services.stepfunctions.state_trial.subject import NAME
from fogbank.services.stepfunctions.state_trial.way import Way

Run = Callable[[Any, str | None, int | None], Awaitable[Outcome]]
"""Runs the task for real: (parameters, the role that Credentials name, TimeoutSeconds)."""

_ENTERED = f"An error occurred while executing the state '{NAME}' (entered at the event id #2). "


@dataclass(frozen=True, slots=True)
class Verdict:
    """What TestState answers."""

    status: str
    output: Document | None = None
    next: str | None = None
    error: str | None = None
    cause: str | None = None


class Trial:
    """`run` once; `way.inspection` then has what was seen."""

    def __init__(
        self, state: State, way: Way, configuration: Configuration, mock: Mock | None, ids: Ids, run: Run
    ) -> None:
        self._state = state
        self._way = way
        self._configuration = configuration
        self._mock = mock
        self._ids = ids
        self._run = run

    async def run(self) -> Verdict:
        try:
            verdict = await self._tried()
        except StatesError as failure:
            verdict = self._failed(failure.error, _ENTERED + failure.cause)
        self._way.inspection.variables(self._way.variables)
        return verdict

    async def _tried(self) -> Verdict:
        way, state = self._way, self._state
        match state:
            case PassState() if state.result is not ABSENT:
                way.effective(state, show=False)  # AWS shows no way in where it leads nowhere
                way.inspection.saw("result", Document.of(state.result))
                return self._done(Document.of(state.result), made=False)
            case PassState():
                effective = way.effective(state)
                return self._done(effective if way.jsonata else way.payload(state, effective), made=False)
            case ChoiceState():
                return self._choice(state, way.effective(state))
            case FailState():
                return self._fail(state, way.effective(state))
            case TaskState():
                return await self._task(state, way.effective(state))
            case MapState():
                return await self._map(state, way.effective(state))
            case ParallelState():
                way.payload(state, way.effective(state))
                return self._mocked()
            case WaitState():
                self._wait(state, effective := way.effective(state))
                return self._done(effective, made=False)
            case _:
                return self._done(way.effective(state), made=False)

    def _done(self, result: Document, *, made: bool) -> Verdict:
        return Verdict("SUCCEEDED", self._way.out(self._state, result, made=made), self._state.next)

    def _choice(self, state: ChoiceState, effective: Document) -> Verdict:
        way = self._way
        scope = way.scope(effective)
        for index, rule in enumerate(state.choices):
            if compile_rule(rule.rule, index).holds(scope):
                output = effective
                if way.jsonata and rule.output is not ABSENT:
                    output = Document.of(fields.jsonata(rule.output, f"Choices[{index}]/Output")(scope))
                assign = fields.assignments(rule.assign, is_jsonata=way.jsonata)
                way.assign(None if assign is None else assign(scope))
                return Verdict("SUCCEEDED", way.output_path(state, output), rule.next)
        if state.default is None:
            raise no_choice()
        return Verdict("SUCCEEDED", way.out(state, effective, made=False), state.default)

    def _fail(self, state: FailState, effective: Document) -> Verdict:
        scope = self._way.scope(effective)

        def said(literal: str | None, path: str | None, field: str) -> str | None:
            evaluate = text_of(literal, path, field, jsonata=self._way.jsonata)
            return None if evaluate is None else str(evaluate(scope))

        error = said(state.error, state.error_path, "Error")
        return Verdict("FAILED", error=error, cause=said(state.cause, state.cause_path, "Cause"))

    def _wait(self, state: WaitState, effective: Document) -> None:
        """Evaluate how long; nobody waits for a trial."""
        until(state, jsonata=self._way.jsonata)(self._way.scope(effective), 0)

    async def _task(self, state: TaskState, effective: Document) -> Verdict:
        way = self._way
        payload = way.payload(state, effective)
        if self._mock is not None:
            return self._mocked()
        scope = way.scope(effective)
        role = None
        if state.credentials is not None:
            named = (
                fields.jsonata(state.credentials, "Credentials")
                if way.jsonata
                else fields.template(state.credentials)
            )
            role = named(scope).get("RoleArn")
        timeout = fields.integer(
            state.timeout_seconds,
            state.timeout_seconds_path,
            "TimeoutSeconds",
            is_jsonata=way.jsonata,
            minimum=1,
            maximum=99_999_999,
        )
        match await self._run(payload.value, role, None if timeout is None else timeout(scope)):
            case Succeeded(output):
                result = Document.parse(output)
                way.inspection.saw("result", result)
                return self._done(result, made=True)
            case Failed(error, cause):
                return self._failed(error, cause)
            case other:
                raise AssertionError(f"a task that must be mocked answered {other}")

    async def _map(self, state: MapState, effective: Document) -> Verdict:
        way, configuration = self._way, self._configuration
        items = await items_of(way, state, effective, configuration.reader_data)
        if exceeded(way, state, effective, len(items), configuration.failures):
            return self._failed(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
        return self._mocked(show=not way.jsonata)

    def _mocked(self, *, show: bool = True) -> Verdict:
        mock = self._mock
        assert mock is not None
        if mock.result is None:
            return self._failed(mock.error, mock.cause)
        if show:
            self._way.inspection.saw("result", mock.result)
        return self._done(mock.result, made=True)

    def _failed(self, error: str | None, cause: str | None) -> Verdict:
        """Retry, Catch, or failed for good."""
        state = self._state
        names = {error} if error is not None else set()
        if not isinstance(state, TaskState | MapState | ParallelState):
            return Verdict("FAILED", error=error, cause=cause)
        for index, retrier in enumerate(() if error == RUNTIME else state.retry):
            if matches(retrier.error_equals, names):
                count = self._configuration.retries
                if count >= retrier.max_attempts:
                    break
                pause_s = delay_ms(retrier, count, self._ids.uniform) // 1000
                self._way.inspection.handled(retryIndex=index, retryBackoffIntervalSeconds=pause_s)
                return Verdict("RETRIABLE", error=error, cause=cause)
        for index, catcher in enumerate(state.catch):
            if matches(catcher.error_equals, names):
                self._way.inspection.handled(catchIndex=index)
                output = self._way.caught(catcher, index, error, cause)
                return Verdict("CAUGHT_ERROR", output, catcher.next, error, cause)
        return Verdict("FAILED", error=error, cause=cause)
