"""The state that is tried: alone, or found by name in a whole definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.asl.definition import parse_state, validate, validate_state
from fogbank.asl.definition.places import Foreign
from fogbank.asl.definition.states import (
    Branch,
    MapState,
    ParallelState,
    ProcessorMode,
    QueryLanguage,
    State,
    TaskState,
)
from fogbank.asl.resources import Pattern, TaskKind, TaskResource, parse_resource
from fogbank.services.stepfunctions.errors import validation
from fogbank.services.stepfunctions.validation import refuse

#: What a state that stands alone is called.
NAME = "StateName"


@dataclass(frozen=True, slots=True)
class Subject:
    """`raw` is the state's JSON; `resource` a Task's."""

    state: State
    raw: Mapping[str, Any]
    resource: TaskResource | None = None

    @property
    def jsonata(self) -> bool:
        return self.state.query_language is QueryLanguage.JSONATA

    @property
    def distributed(self) -> bool:
        return isinstance(self.state, MapState) and self.state.mode is ProcessorMode.DISTRIBUTED

    @property
    def needs_mock(self) -> bool:
        """States whose work outside of one call cannot be tried for real."""
        if isinstance(self.state, MapState | ParallelState):
            return True
        resource = self.resource
        return resource is not None and (
            resource.kind is TaskKind.ACTIVITY or resource.pattern is not Pattern.REQUEST_RESPONSE
        )

    def inner_states(self) -> Iterator[str]:
        """The names of the states within a Map or Parallel, at any depth."""
        yield from _names(self.state)


def subject_of(definition: str, state_name: str | None, foreign: Foreign) -> Subject:
    """InvalidDefinition, and ValidationException for a name that the definition lacks."""
    if state_name is None:
        return _alone(definition, foreign)
    refuse(validate(definition, foreign=foreign))
    document = orjson.loads(definition)
    language = QueryLanguage(document.get("QueryLanguage", QueryLanguage.JSONPATH))
    raw = next((found for name, found in _all(document) if name == state_name), None)
    if raw is None:  # the sentence is a guess
        raise validation(f"State '{state_name}' not found in definition")
    return _subject(raw, language)


def _alone(definition: str, foreign: Foreign) -> Subject:
    """A state without its machine: where it goes next need not exist."""
    try:
        raw = orjson.loads(definition)
    except orjson.JSONDecodeError:
        raw = None
    if not isinstance(raw, dict):
        refuse(validate(definition, foreign=foreign))
    if "States" in raw and "StartAt" in raw:  # the sentence is a guess
        raise validation("stateName must be specified when the definition is that of a state machine")
    refuse(validate_state(raw, foreign=foreign))
    return _subject(raw, QueryLanguage.JSONPATH)


def _subject(raw: Mapping[str, Any], language: QueryLanguage) -> Subject:
    state = parse_state(NAME, raw, language)
    resource = parse_resource(state.resource) if isinstance(state, TaskState) else None
    return Subject(state, raw, resource)


def _all(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every state of a definition's JSON with its name, at any depth."""
    for name, raw in document.get("States", {}).items():
        yield name, raw
        for inner in (*raw.get("Branches", ()), raw.get("ItemProcessor"), raw.get("Iterator")):
            if inner is not None:
                yield from _all(inner)


def _names(state: State) -> Iterator[str]:
    blocks: tuple[Branch, ...] = ()
    if isinstance(state, ParallelState):
        blocks = state.branches
    elif isinstance(state, MapState):
        blocks = (state.processor,)
    for block in blocks:
        for name, inner in block.states.items():
            yield name
            yield from _names(inner)
