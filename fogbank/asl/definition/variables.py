"""Which variables each state reads: `variableReferences` of DescribeStateMachine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.asl.choice_rules import compile_rule
from fogbank.asl.definition.states import (
    ABSENT,
    Branch,
    ChoiceState,
    Definition,
    FailState,
    MapState,
    ParallelState,
    PassState,
    State,
    TaskState,
    WaitState,
)
from fogbank.asl.jsonata import LIBRARY_NAMES
from fogbank.asl.templates_jsonata import compile_template as compile_jsonata
from fogbank.asl.templates_jsonpath import compile_template, compile_value


def variable_references(definition: Definition) -> dict[str, list[str]]:
    """State name to the names (without `$`) that it reads, both sorted; states that read none are left out.

    States of branches and processors are there under their own names, which are unique in the machine.
    """
    found: dict[str, list[str]] = {}
    waiting: list[Mapping[str, State]] = [definition.states]
    while waiting:
        for name, state in waiting.pop().items():
            if names := sorted(set(_of(state))):
                found[name] = names
            waiting.extend(branch.states for branch in _branches(state))
    return dict(sorted(found.items()))


def _branches(state: State) -> tuple[Branch, ...]:
    match state:
        case ParallelState():
            return state.branches
        case MapState():
            return (state.processor,)
        case _:
            return ()


def _of(state: State) -> Iterator[str]:
    if state.query_language == "JSONata":
        for part in _parts(state):
            yield from _jsonata(part)
    else:
        for text in _paths(state):
            if isinstance(text, str):
                yield from compile_value(text, "").variables
        for part in _parts(state):
            if part is not ABSENT and part is not None:
                yield from compile_template(part).variables
    if isinstance(state, ChoiceState):
        for index, choice in enumerate(state.choices):
            names = compile_rule(choice.rule, index).variables
            yield from (name for name in names if not _is_of_language(name))


def _is_of_language(name: str) -> bool:
    return name == "states" or name in LIBRARY_NAMES


def _jsonata(part: Any) -> Iterator[str]:
    if part is not ABSENT and part is not None:
        yield from (name for name in compile_jsonata(part, "").variables if not _is_of_language(name))


def _paths(state: State) -> list[str | None]:
    """Fields that are one path or intrinsic function."""
    paths = [state.input_path, state.output_path]
    match state:
        case TaskState():
            paths += [state.timeout_seconds_path, state.heartbeat_seconds_path]
        case WaitState():
            paths += [state.seconds_path, state.timestamp_path]
        case FailState():
            paths += [state.error_path, state.cause_path]
        case MapState():
            paths += [
                state.items_path,
                state.max_concurrency_path,
                state.tolerated_failure_count_path,
                state.tolerated_failure_percentage_path,
            ]
            if state.item_reader is not None:
                paths.append((state.item_reader.reader_config or {}).get("MaxItemsPath"))
            if state.item_batcher is not None:
                batcher = state.item_batcher
                paths += [batcher.max_items_per_batch_path, batcher.max_input_bytes_per_batch_path]
    return paths


def _parts(state: State) -> Iterator[Any]:
    """Fields that are templates: in JSONPath those with `.$`, in JSONata those whose strings may be expressions."""
    yield state.assign
    yield state.output
    match state:
        case PassState():
            yield state.parameters
        case TaskState():
            yield from (state.parameters, state.arguments, state.result_selector, state.credentials)
            yield from (state.timeout_seconds, state.heartbeat_seconds)
            yield from _of_catchers(state)
        case ParallelState():
            yield from (state.parameters, state.arguments, state.result_selector)
            yield from _of_catchers(state)
        case ChoiceState():
            for choice in state.choices:
                yield from (choice.assign, choice.output)
        case WaitState():
            yield from (state.seconds, state.timestamp)
        case FailState():
            yield from (state.error, state.cause)
        case MapState():
            yield from _of_map(state)
            yield from _of_catchers(state)


def _of_catchers(state: TaskState | ParallelState | MapState) -> Iterator[Any]:
    for catcher in state.catch:
        yield from (catcher.assign, catcher.output)


def _of_map(state: MapState) -> Iterator[Any]:
    yield from (state.items, state.item_selector, state.result_selector, state.max_concurrency)
    yield from (state.tolerated_failure_count, state.tolerated_failure_percentage)
    if (reader := state.item_reader) is not None:
        yield from (reader.parameters, reader.arguments, dict(reader.reader_config or {}))
    if (batcher := state.item_batcher) is not None:
        yield from (batcher.batch_input, batcher.max_items_per_batch, batcher.max_input_bytes_per_batch)
    if (writer := state.result_writer) is not None:
        yield from (writer.parameters, writer.arguments)
