"""Wait: until a time, or for a number of seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fogbank.asl import fields
from fogbank.asl.definition.states import WaitState
from fogbank.asl.documents import dumps
from fogbank.asl.errors import QueryEvaluationError, StatesError, runtime_error
from fogbank.asl.frames import Phase
from fogbank.asl.scope import Scope
from fogbank.asl.states.node import Node
from fogbank.asl.templates_jsonata import Expected, is_expression
from fogbank.asl.timestamps import parse_timestamp

if TYPE_CHECKING:
    from fogbank.asl.advance import Advance
    from fogbank.asl.frames import Frame

SECONDS_MAX = 99_999_999


class WaitNode(Node):
    def __init__(self, state: WaitState) -> None:
        super().__init__(state)
        self.aborted = "WaitStateAborted"
        jsonata = self.flow.jsonata
        self._until = until(state, jsonata=jsonata)

    def run(self, advance: Advance, frame: Frame) -> None:
        scope = advance.scope(frame, self.flow.input(advance, frame))
        until_ms = self._until(scope, advance.now_ms)
        if until_ms <= advance.now_ms:
            self.due(advance, frame)
        else:
            advance.wait(frame, Phase.WAIT, until_ms)

    def due(self, advance: Advance, frame: Frame) -> None:
        frame.due_ms = None
        input = self.flow.input(advance, frame)
        self.succeed(advance, frame, input, input, made=False)


def until(state: WaitState, *, jsonata: bool) -> Callable[[Scope, int], int]:
    """(scope, now in Unix milliseconds) to when the wait ends. Raises StatesError."""
    seconds = fields.integer(
        state.seconds, state.seconds_path, "Seconds", is_jsonata=jsonata, minimum=0, maximum=SECONDS_MAX
    )
    if seconds is not None:
        return lambda scope, now_ms: now_ms + round(seconds(scope) * 1000)
    timestamp = _timestamp(state, jsonata=jsonata)
    assert timestamp is not None
    return lambda scope, now_ms: int(timestamp(scope))


def _timestamp(state: WaitState, *, jsonata: bool) -> fields.Evaluate | None:
    """To Unix milliseconds."""
    if (path := state.timestamp_path) is not None:
        find = fields.path(path, "TimestampPath")

        def found(scope: Any) -> int:
            value = find(scope)
            return timestamp_ms(
                value,
                runtime_error(
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                    f"format string: {path} == {value if isinstance(value, str) else dumps(value)}"
                ),
            )

        return found
    if (text := state.timestamp) is None:
        return None
    if jsonata and is_expression(text):
        evaluate = fields.jsonata(text, "Timestamp", Expected.STRING)

        def until(scope: Any) -> int:
            value = evaluate(scope)
            # Wording guessed.
            return timestamp_ms(
                value,
                QueryEvaluationError(
                    f"The JSONata expression '{text[2:-2].strip()}' specified for the field 'Timestamp' returned an "
                    f"invalid timestamp: {value}"
                ),
            )

        return until
    fixed = timestamp_ms(text, runtime_error(f"The Timestamp is not valid: {text}"))
    return lambda scope: fixed


def timestamp_ms(value: Any, failure: StatesError) -> int:
    """A timestamp in Unix milliseconds; raises `failure`."""
    moment_ns = parse_timestamp(value) if isinstance(value, str) else None
    if moment_ns is None:
        raise failure
    return moment_ns // 1_000_000
