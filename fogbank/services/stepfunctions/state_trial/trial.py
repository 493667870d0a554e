"""One state tried: its data's way in, its work (mocked or real), and its way out, with every step kept for inspection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
from fogbank.asl.errors import StatesError
from fogbank.asl.handlers import delay_ms, matches
from fogbank.asl.jsonata import UNDEFINED, Budget
from fogbank.asl.outcomes import Failed, Outcome, Succeeded
from fogbank.asl.scope import Scope
from fogbank.asl.states.map_ import Items
from fogbank.core.ids import Ids
from fogbank.services.stepfunctions.state_trial.configuration import Configuration
from fogbank.services.stepfunctions.state_trial.inspection import Inspection
from fogbank.services.stepfunctions.state_trial.mock import Mock
from fogbank.services.stepfunctions.state_trial.subject import NAME, Subject

Run = Callable[[Any, str | None], Awaitable[Outcome]]
"""Runs the task for real: (parameters, the role that Credentials name)."""

_INT_MAX = 2**31 - 1
_EMPTY = Document({}, "{}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What TestState answers."""

    status: str
    output: Document | None = None
    next: str | None = None
    error: str | None = None
    cause: str | None = None


class Trial:
    """`run` once; `inspection` then has what was seen."""

    def __init__(
        self,
        subject: Subject,
        given: Any,
        variables: dict[str, Any],
        context: dict[str, Any],
        configuration: Configuration,
        mock: Mock | None,
        ids: Ids,
        now_ms: int,
        *,
        run: Run,
    ) -> None:
        self.inspection = Inspection()
        self._subject = subject
        self._input = Document.of(given)
        self._variables = variables
        self._context = context
        self._configuration = configuration
        self._mock = mock
        self._ids = ids
        self._budget = Budget(ids, now_ms)
        self._run = run
        if isinstance(subject.state, TaskState | MapState | ParallelState):
            self._context["State"] = {"RetryCount": configuration.retries} | context.get("State", {})

    async def run(self) -> Verdict:
        state = self._subject.state
        self.inspection.saw("input", self._input)
        try:
            verdict = await self._tried(state)
        except StatesError as failure:
            cause = f"An error occurred while executing the state '{NAME}' (entered at the event id #2). {failure.cause}"
            verdict = self._failed(state, failure.error, cause)
        self.inspection.variables(self._variables)
        return verdict

    async def _tried(self, state: State) -> Verdict:
        match state:
            case PassState():
                return self._pass(state)
            case ChoiceState():
                return self._choice(state, self._in(state))
            case FailState():
                return self._fail(state, self._in(state))
            case WaitState():
                effective = self._in(state)
                self._wait(state, effective)
                return self._out(state, effective, effective, made=False)
            case TaskState():
                return await self._task(state)
            case MapState():
                return self._map(state)
            case ParallelState():
                return self._parallel(state)
            case _:
                effective = self._in(state)
                return self._out(state, effective, effective, made=False)

    # --- the way in -----------------------------------------------------------------------------------------------

    def _scope(self, input: Document, result: Any = UNDEFINED, error: Any = UNDEFINED) -> Scope:
        return Scope(input.value, self._context, self._variables, self._budget, result, error, input.written)

    def _in(self, state: State, *, show: bool = True) -> Document:
        """The effective input: InputPath's."""
        if self._subject.jsonata:
            return self._input
        effective = self._input
        if state.input_path is None:
            effective = _EMPTY
        elif state.input_path != "$":
            effective = Document.of(fields.path(state.input_path, "InputPath")(self._scope(effective)))
        if show:
            self.inspection.saw("afterInputPath", effective)
        return effective

    def _payload(self, state: Any, effective: Document) -> Document:
        """Parameters or Arguments."""
        if self._subject.jsonata:
            if getattr(state, "arguments", ABSENT) is ABSENT:
                return effective
            found = Document.of(fields.jsonata(state.arguments, "Arguments")(self._scope(self._input)))
            self.inspection.saw("afterArguments", found)
            return found
        if state.parameters is not ABSENT:
            effective = Document.of(fields.template(state.parameters)(self._scope(effective)))
        self.inspection.saw("afterParameters", effective)
        return effective

    # --- what each state does ---------------------------------------------------------------------------------------

    def _pass(self, state: PassState) -> Verdict:
        if state.result is not ABSENT:  # AWS shows no way in where it leads nowhere
            effective = self._in(state, show=False)
            result = Document.of(state.result)
            self.inspection.saw("result", result)
            return self._out(state, effective, result, made=False)
        effective = self._in(state)
        payload = effective if self._subject.jsonata else self._payload(state, effective)
        return self._out(state, effective, payload, made=False)

    def _choice(self, state: ChoiceState, effective: Document) -> Verdict:
        scope = self._scope(effective)
        for index, rule in enumerate(state.choices):
            if compile_rule(rule.rule, index).holds(scope):
                output = effective
                if self._subject.jsonata and rule.output is not ABSENT:
                    output = Document.of(fields.jsonata(rule.output, f"Choices[{index}]/Output")(scope))
                assign = fields.assignments(rule.assign, is_jsonata=self._subject.jsonata)
                self._assign(None if assign is None else assign(scope))
                return Verdict("SUCCEEDED", self._output_path(state, output), rule.next)
        if state.default is None:
            raise StatesError(
                "States.NoChoiceMatched",
                "Failed to transition out of the state. The state does not have a default choice.",
            )
        verdict = self._out(state, effective, effective, made=False)
        return Verdict(verdict.status, verdict.output, state.default)

    def _fail(self, state: FailState, effective: Document) -> Verdict:
        scope = self._scope(effective)

        def said(literal: str | None, path: str | None, field: str) -> str | None:
            if path is not None:
                return str(fields.path_or_intrinsic(path, f"{field}Path")(scope))
            if literal is None or not self._subject.jsonata:
                return literal
            return str(fields.jsonata(literal, field)(scope))

        error = said(state.error, state.error_path, "Error")
        return Verdict("FAILED", error=error, cause=said(state.cause, state.cause_path, "Cause"))

    def _wait(self, state: WaitState, effective: Document) -> None:
        """Evaluate how long; nobody waits for a trial."""
        scope = self._scope(effective)
        jsonata = self._subject.jsonata
        seconds = fields.integer(
            state.seconds, state.seconds_path, "Seconds", is_jsonata=jsonata, minimum=0, maximum=99_999_999
        )
        if seconds is not None:
            seconds(scope)
        if state.timestamp_path is not None:
            fields.path(state.timestamp_path, "TimestampPath")(scope)
        elif state.timestamp is not None and jsonata:
            fields.jsonata(state.timestamp, "Timestamp")(scope)

    async def _task(self, state: TaskState) -> Verdict:
        effective = self._in(state)
        payload = self._payload(state, effective)
        mock = self._mock
        if mock is not None:
            return self._mocked(state, effective, mock)
        role = None
        if state.credentials is not None:
            evaluate = (
                fields.jsonata(state.credentials, "Credentials")
                if self._subject.jsonata
                else fields.template(state.credentials)
            )
            role = evaluate(self._scope(effective)).get("RoleArn")
        match await self._run(payload.value, role):
            case Succeeded(output):
                result = Document.parse(output)
                self.inspection.saw("result", result)
                return self._out(state, effective, result, made=True)
            case Failed(error, cause):
                return self._failed(state, error, cause)
            case other:
                raise AssertionError(f"a task that must be mocked answered {other}")

    def _mocked(self, state: State, effective: Document, mock: Mock, *, show: bool = True) -> Verdict:
        if mock.result is None:
            return self._failed(state, mock.error, mock.cause)
        if show:
            self.inspection.saw("result", mock.result)
        return self._out(state, effective, mock.result, made=True)

    def _parallel(self, state: ParallelState) -> Verdict:
        effective = self._in(state)
        self._payload(state, effective)
        assert self._mock is not None
        return self._mocked(state, effective, self._mock)

    def _map(self, state: MapState) -> Verdict:
        effective = self._in(state)
        items = self._items(state, effective)
        tolerated = self._bounds(state, effective)
        assert self._mock is not None
        failures = self._configuration.failures
        count, percentage = tolerated
        share = 100 * failures / len(items) if items else 0.0
        if failures and (
            failures > (count or 0) if percentage is None else share > percentage and failures > (count or 0)
        ):
            return self._failed(
                state,
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
        return self._mocked(state, effective, self._mock, show=not self._subject.jsonata)

    def _items(self, state: MapState, effective: Document) -> list[Any]:
        """The items, and what ItemSelector makes of each."""
        inspection, jsonata = self.inspection, self._subject.jsonata
        items = self._configuration.items
        if items is None and state.item_reader is None:
            scope = self._scope(effective)
            found = Items(state, jsonata=jsonata)
            if not jsonata and state.items_path is not None:
                inspection.saw(
                    "afterItemsPath", Document.of(fields.path(state.items_path, "ItemsPath")(scope))
                )
            items = found.find(_Seen(self), None, effective)  # type: ignore[arg-type]
        selected = items or []
        if state.item_selector is not ABSENT:
            selected = [self._selected(state, effective, index, item) for index, item in enumerate(selected)]
            inspection.saw("afterItemSelector", Document.of(selected))
        return selected

    def _selected(self, state: MapState, effective: Document, index: int, item: Any) -> Any:
        scope = self._scope(effective)
        scope.context = {**self._context, "Map": {"Item": {"Index": index, "Value": item}}}
        select = (
            fields.jsonata(state.item_selector, "ItemSelector")
            if self._subject.jsonata
            else fields.template(state.item_selector)
        )
        return select(scope)

    def _bounds(self, state: MapState, effective: Document) -> tuple[int | None, float | None]:
        """MaxConcurrency and what may fail, evaluated; the latter is returned."""
        scope, jsonata = self._scope(effective), self._subject.jsonata
        found: dict[str, int] = {}
        for field, literal, path, maximum in (
            ("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, _INT_MAX),
            (
                "ToleratedFailureCount",
                state.tolerated_failure_count,
                state.tolerated_failure_count_path,
                _INT_MAX,
            ),
            (
                "ToleratedFailurePercentage",
                state.tolerated_failure_percentage,
                state.tolerated_failure_percentage_path,
                100,
            ),
        ):
            evaluate = fields.integer(literal, path, field, is_jsonata=jsonata, minimum=0, maximum=maximum)
            if evaluate is not None:
                found[field] = evaluate(scope)
        self.inspection.note("maxConcurrency", found.get("MaxConcurrency", 0))
        count, percentage = found.get("ToleratedFailureCount"), found.get("ToleratedFailurePercentage")
        if count is not None:
            self.inspection.note("toleratedFailureCount", count)
        if percentage is not None:
            self.inspection.note("toleratedFailurePercentage", float(percentage))
        return count, None if percentage is None else float(percentage)

    # --- the way out ------------------------------------------------------------------------------------------------

    def _out(self, state: Any, effective: Document, result: Document, *, made: bool) -> Verdict:
        if self._subject.jsonata:
            scope = self._scope(self._input, result.value if made else UNDEFINED)
            assign = fields.assignments(state.assign, is_jsonata=True)
            assigned = None if assign is None else assign(scope)
            output = (
                result
                if state.output is ABSENT
                else Document.of(fields.jsonata(state.output, "Output")(scope))
            )
            self._assign(assigned)
            return Verdict("SUCCEEDED", output, state.next)
        shapes = isinstance(state, PassState | TaskState | MapState | ParallelState)
        selector = getattr(state, "result_selector", None)
        if selector is not None:
            result = Document.of(fields.template(selector)(self._scope(result)))
        if shapes:
            self.inspection.saw("afterResultSelector", result)
        assign = fields.assignments(state.assign, is_jsonata=False)
        assigned = None if assign is None else assign(self._scope(result))
        output = result
        if shapes:
            path = state.result_path
            if path is None:
                output = self._input
            elif path != "$":
                output = Document.of(fields.reference(path)(self._input.value, result.value))
            self.inspection.saw("afterResultPath", output)
        output = self._output_path(state, output)
        self._assign(assigned)
        return Verdict("SUCCEEDED", output, state.next)

    def _output_path(self, state: State, output: Document) -> Document:
        if self._subject.jsonata or state.output_path == "$":
            return output
        if state.output_path is None:
            return _EMPTY
        return Document.of(fields.path(state.output_path, "OutputPath")(self._scope(output)))

    def _assign(self, assigned: Mapping[str, Any] | None) -> None:
        if assigned:
            self._variables = {**self._variables, **assigned}

    # --- failing ----------------------------------------------------------------------------------------------------

    def _failed(self, state: Any, error: str | None, cause: str | None) -> Verdict:
        """Retry, Catch, or failed for good."""
        names = {error} if error is not None else set()
        if error == "States.Runtime" or not isinstance(state, TaskState | MapState | ParallelState):
            return Verdict("FAILED", error=error, cause=cause)
        for index, retrier in enumerate(state.retry):
            if matches(retrier.error_equals, names):
                count = self._configuration.retries
                if count >= retrier.max_attempts:
                    break
                pause_ms = delay_ms(retrier, count, self._ids.uniform)
                self.inspection.handled(retryIndex=index, retryBackoffIntervalSeconds=pause_ms // 1000)
                return Verdict("RETRIABLE", error=error, cause=cause)
        for index, catcher in enumerate(state.catch):
            if matches(catcher.error_equals, names):
                self.inspection.handled(catchIndex=index)
                return self._caught(state, index, error, cause)
        return Verdict("FAILED", error=error, cause=cause)

    def _caught(self, state: Any, index: int, error: str | None, cause: str | None) -> Verdict:
        catcher = state.catch[index]
        failure = {"Error": error or "", "Cause": cause or ""}
        output = Document.of(failure)
        assign = fields.assignments(catcher.assign, is_jsonata=self._subject.jsonata)
        if self._subject.jsonata:
            scope = self._scope(self._input, UNDEFINED, failure)
            if catcher.output is not ABSENT:
                output = Document.of(fields.jsonata(catcher.output, f"Catch[{index}]/Output")(scope))
        else:
            scope = self._scope(output)
            if catcher.result_path is None:
                output = self._input
            elif catcher.result_path != "$":
                output = Document.of(fields.reference(catcher.result_path)(self._input.value, failure))
        self._assign(None if assign is None else assign(scope))
        return Verdict("CAUGHT_ERROR", output, catcher.next, error, cause)


class _Seen:
    """What `Items.find` asks of an advance: a scope."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def scope(self, frame: None, input: Document) -> Scope:
        return self._trial._scope(input)
