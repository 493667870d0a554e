"""stateConfiguration: where in its life the state is tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.asl.definition.states import MapState, ParallelState
from fogbank.core.errors import NotSupported
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.state_trial.subject import Subject


@dataclass(frozen=True, slots=True)
class Configuration:
    """`retries` that a Retry has made already; `failures` of a Map's iterations; `reader_data` is what its ItemReader finds."""

    retries: int = 0
    failures: int = 0
    reader_data: str | None = None

    @classmethod
    def of(cls, given: dict[str, Any] | None, subject: Subject) -> Configuration:
        """ValidationException for what the state cannot have; the sentences are guesses."""
        if given is None:
            return cls()
        state = subject.state
        caused_by = given.get("errorCausedByState")
        if caused_by is not None:
            if not isinstance(state, MapState | ParallelState):
                raise validation("errorCausedByState can only be specified for Map and Parallel states")
            if caused_by not in subject.inner_states():
                raise validation(
                    f"errorCausedByState: there is no state '{caused_by}' within the tested state"
                )
        failures = given.get("mapIterationFailureCount")
        if failures is not None and not isinstance(state, MapState):
            raise validation("mapIterationFailureCount can only be specified for a Map state")
        reader_data = _reader_data(given.get("mapItemReaderData"), subject)
        return cls(given.get("retrierRetryCount", 0), failures or 0, reader_data)


def _reader_data(text: str | None, subject: Subject) -> str | None:
    if text is None:
        return None
    state = subject.state
    if not isinstance(state, MapState) or state.item_reader is None:
        raise validation("mapItemReaderData can only be specified for a Map state with an ItemReader")
    kind = (state.item_reader.reader_config or {}).get("InputType")
    if kind in ("MANIFEST", "PARQUET"):
        raise NotSupported(f"stepfunctions TestState with mapItemReaderData for InputType {kind}")
    return text
