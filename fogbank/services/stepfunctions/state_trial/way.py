"""The way of a state's data: in by InputPath and Parameters or Arguments, out by ResultSelector, ResultPath, Output…

The same fields, compiled by the same compilers, as `asl.states.dataflow` has for executions; here each step is kept to be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.asl import fields
from fogbank.asl.definition.states import (
    ABSENT,
    Catcher,
    MapState,
    ParallelState,
    PassState,
    State,
    TaskState,
)
from fogbank.asl.documents import Document
from fogbank.asl.jsonata import UNDEFINED, Budget
from fogbank.asl.scope import Scope
from fogbank.services.stepfunctions.state_trial.inspection import Inspection

EMPTY = Document({}, "{}")


class Way:
    """The data of one trial. Every method may raise StatesError."""

    def __init__(
        self,
        given: Any,
        variables: Mapping[str, Any],
        context: dict[str, Any],
        budget: Budget,
        *,
        jsonata: bool,
    ) -> None:
        self.inspection = Inspection()
        self.input = Document.of(given)
        self.variables = variables
        self.context = context
        self.jsonata = jsonata
        self._budget = budget
        self.inspection.saw("input", self.input)

    def scope(self, input: Document, result: Any = UNDEFINED, error: Any = UNDEFINED) -> Scope:
        return Scope(input.value, self.context, self.variables, self._budget, result, error, input.written)

    def effective(self, state: State, *, show: bool = True) -> Document:
        """The effective input: InputPath's."""
        if self.jsonata:
            return self.input
        found = self.input
        if state.input_path is None:
            found = EMPTY
        elif state.input_path != "$":
            found = Document.of(fields.path(state.input_path, "InputPath")(self.scope(found)))
        if show:
            self.inspection.saw("afterInputPath", found)
        return found

    def payload(self, state: Any, effective: Document) -> Document:
        """Parameters or Arguments."""
        if self.jsonata:
            if getattr(state, "arguments", ABSENT) is ABSENT:
                return effective
            found = Document.of(fields.jsonata(state.arguments, "Arguments")(self.scope(self.input)))
            self.inspection.saw("afterArguments", found)
            return found
        if state.parameters is not ABSENT:
            effective = Document.of(fields.template(state.parameters)(self.scope(effective)))
        self.inspection.saw("afterParameters", effective)
        return effective

    def out(self, state: Any, result: Document, *, made: bool) -> Document:
        """The state's output. `made`: the result is one of its own, JSONata's `$states.result`."""
        if self.jsonata:
            scope = self.scope(self.input, result.value if made else UNDEFINED)
            assign = fields.assignments(state.assign, is_jsonata=True)
            assigned = None if assign is None else assign(scope)
            if state.output is not ABSENT:
                result = Document.of(fields.jsonata(state.output, "Output")(scope))
            self.assign(assigned)
            return result
        shapes = isinstance(state, PassState | TaskState | MapState | ParallelState)
        selector = getattr(state, "result_selector", None)
        if selector is not None:
            result = Document.of(fields.template(selector)(self.scope(result)))
        if shapes:
            self.inspection.saw("afterResultSelector", result)
        assign = fields.assignments(state.assign, is_jsonata=False)
        assigned = None if assign is None else assign(self.scope(result))
        if shapes:
            result = self._put(state.result_path, result)
            self.inspection.saw("afterResultPath", result)
        result = self.output_path(state, result)
        self.assign(assigned)
        return result

    def output_path(self, state: State, output: Document) -> Document:
        if self.jsonata or state.output_path == "$":
            return output
        if state.output_path is None:
            return EMPTY
        return Document.of(fields.path(state.output_path, "OutputPath")(self.scope(output)))

    def caught(self, catcher: Catcher, index: int, error: str | None, cause: str | None) -> Document:
        """What the state that a Catch leads to gets."""
        failure = {"Error": error or "", "Cause": cause or ""}
        output = Document.of(failure)
        assign = fields.assignments(catcher.assign, is_jsonata=self.jsonata)
        if self.jsonata:
            scope = self.scope(self.input, UNDEFINED, failure)
            if catcher.output is not ABSENT:
                output = Document.of(fields.jsonata(catcher.output, f"Catch[{index}]/Output")(scope))
        else:
            scope = self.scope(output)
            output = self._put(catcher.result_path, output)
        self.assign(None if assign is None else assign(scope))
        return output

    def assign(self, assigned: Mapping[str, Any] | None) -> None:
        if assigned:
            self.variables = {**self.variables, **assigned}

    def _put(self, path: str | None, result: Document) -> Document:
        """ResultPath."""
        if path is None:
            return self.input
        return result if path == "$" else Document.of(fields.reference(path)(self.input.value, result.value))
