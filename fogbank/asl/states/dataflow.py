"""How data gets into a state and out of it, in each of the two query languages.

JSONPath: InputPath → (Parameters) → what the state does → ResultSelector → Assign, ResultPath → OutputPath.
JSONata: what the state does → Assign, Output. A state that changes nothing passes its input document on, text and all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fogbank.asl import fields
from fogbank.asl.definition.states import ABSENT, QueryLanguage, State
from fogbank.asl.documents import Document
from fogbank.asl.jsonata import UNDEFINED

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame

Finished = tuple[Document, dict[str, Any] | None]
"""A state's output and what it assigned."""

_EMPTY = Document({}, "{}")


class Dataflow(Protocol):
    jsonata: bool

    def input(self, advance: Advance, frame: Frame) -> Document:
        """The effective input."""

    def payload(self, advance: Advance, frame: Frame, input: Document) -> Document:
        """Parameters or Arguments over the effective input; that itself where there are none."""

    def finish(
        self, advance: Advance, frame: Frame, input: Document, result: Document, *, made: bool
    ) -> Finished:
        """What the state gives. `made`: the state has a result of its own. Raises StatesError."""


def dataflow_of(state: State) -> Dataflow:
    return JsonataFlow(state) if state.query_language is QueryLanguage.JSONATA else JsonPathFlow(state)


class JsonPathFlow:
    jsonata = False

    def __init__(self, state: State) -> None:
        self._input_path = _optional_path(state.input_path, "InputPath")
        self._output_path = _optional_path(state.output_path, "OutputPath")
        parameters = getattr(state, "parameters", ABSENT)
        self._parameters = None if parameters is ABSENT else fields.template(parameters)
        selector = getattr(state, "result_selector", None)
        self._selector = None if selector is None else fields.template(selector)
        result_path = getattr(state, "result_path", "$")
        self._result_kept = result_path is not None
        self._put = None if result_path in (None, "$") else fields.reference(result_path)
        self._assign = fields.assignments(state.assign, is_jsonata=False)
        self._plain = self._output_path is None and self._assign is None and self._selector is None

    def input(self, advance: Advance, frame: Frame) -> Document:
        if self._input_path is None:
            return frame.input
        if self._input_path is _discard:
            return _EMPTY
        return Document.of(self._input_path(advance.scope(frame, frame.input)))

    def payload(self, advance: Advance, frame: Frame, input: Document) -> Document:
        if self._parameters is None:
            return input
        return Document.of(self._parameters(advance.scope(frame, input)))

    def finish(
        self, advance: Advance, frame: Frame, input: Document, result: Document, *, made: bool
    ) -> Finished:
        if self._selector is not None:
            result = Document.of(self._selector(advance.scope(frame, result)))
        assigned = None
        if self._assign is not None:
            assigned = self._assign(advance.scope(frame, result))
        output = result
        if not self._result_kept:
            output = frame.input
        elif self._put is not None:
            output = Document.of(self._put(frame.input.value, result.value))
        if self._output_path is _discard:
            return _EMPTY, assigned
        if self._output_path is not None:
            output = Document.of(self._output_path(advance.scope(frame, output)))
        return output, assigned


class JsonataFlow:
    jsonata = True

    def __init__(self, state: State) -> None:
        arguments = getattr(state, "arguments", ABSENT)
        self._arguments = None if arguments is ABSENT else fields.jsonata(arguments, "Arguments")
        self._output = None if state.output is ABSENT else fields.jsonata(state.output, "Output")
        self._assign = fields.assignments(state.assign, is_jsonata=True)

    def input(self, advance: Advance, frame: Frame) -> Document:
        return frame.input

    def payload(self, advance: Advance, frame: Frame, input: Document) -> Document:
        if self._arguments is None:
            return input
        return Document.of(self._arguments(advance.scope(frame, frame.input)))

    def finish(
        self, advance: Advance, frame: Frame, input: Document, result: Document, *, made: bool
    ) -> Finished:
        if self._output is None and self._assign is None:
            return result, None
        scope = advance.scope(frame, frame.input, result.value if made else UNDEFINED)
        assigned = None if self._assign is None else self._assign(scope)
        return (result if self._output is None else Document.of(self._output(scope))), assigned


def _discard(scope: Any) -> Any:
    """A path that is null: `{}`. Compared by identity."""
    raise AssertionError


def _optional_path(text: str | None, field: str) -> fields.Evaluate | None:
    """None for `$`, which changes nothing."""
    if text is None:
        return _discard
    return None if text == "$" else fields.path(text, field)
