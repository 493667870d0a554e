"""Fail: ends with an error and a cause that the definition names, finds or computes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.asl import fields
from fogbank.asl.definition.states import FailState
from fogbank.asl.errors import runtime_error
from fogbank.asl.states.node import Node
from fogbank.asl.templates_jsonata import Expected

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame


class FailNode(Node):
    def __init__(self, state: FailState) -> None:
        super().__init__(state)
        self._error = text_of(state.error, state.error_path, "Error", jsonata=self.flow.jsonata)
        self._cause = text_of(state.cause, state.cause_path, "Cause", jsonata=self.flow.jsonata)

    def run(self, advance: Advance, frame: Frame) -> None:
        scope = advance.scope(frame, self.flow.input(advance, frame))
        error = None if self._error is None else self._error(scope)
        cause = None if self._cause is None else self._cause(scope)
        advance.fail(frame, error, cause)


def text_of(literal: str | None, path: str | None, field: str, *, jsonata: bool) -> fields.Evaluate | None:
    """Error or Cause, whichever way it is given."""
    if path is not None:
        find = fields.path_or_intrinsic(path, f"{field}Path")
        return lambda scope: _string(find(scope), f"{field}Path", path)
    if literal is None:
        return None
    return fields.jsonata(literal, field, Expected.STRING) if jsonata else lambda scope: literal


def _string(value: Any, field: str, path: str) -> str:
    if not isinstance(value, str):
        raise runtime_error(
            f"The {field} parameter does not reference a string value: {path}"
        )  # wording guessed
    return value
