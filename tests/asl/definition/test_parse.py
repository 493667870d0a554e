"""From a definition's text to its states as data."""

from __future__ import annotations

import json
from typing import Any

from fogbank.asl.definition import parse, parse_state
from fogbank.asl.definition.states import (
    ABSENT,
    Catcher,
    ChoiceRule,
    ChoiceState,
    MapState,
    ParallelState,
    PassState,
    ProcessorMode,
    QueryLanguage,
    Retrier,
    TaskState,
)

_PASS = {"Type": "Pass", "End": True}


def _parsed(states: dict[str, Any], **others: Any) -> Any:
    return parse(json.dumps({"StartAt": "A", "States": states, **others}))


def test_a_machine() -> None:
    machine = _parsed({"A": _PASS}, Comment="c", TimeoutSeconds=5, QueryLanguage="JSONata")
    assert (machine.start_at, machine.comment, machine.timeout_seconds) == ("A", "c", 5)
    assert machine.query_language is QueryLanguage.JSONATA
    assert machine.states["A"].query_language is QueryLanguage.JSONATA


def test_null_is_not_absent() -> None:
    bare = _parsed({"A": _PASS}).states["A"]
    assert isinstance(bare, PassState)
    assert (bare.input_path, bare.output_path, bare.result_path, bare.result) == ("$", "$", "$", ABSENT)
    nulls = dict.fromkeys(("InputPath", "OutputPath", "ResultPath", "Result"))
    state = _parsed({"A": {**_PASS, **nulls}}).states["A"]
    assert (state.input_path, state.output_path, state.result_path, state.result) == (None, None, None, None)


def test_states_within_a_state_go_by_the_machines_language() -> None:
    processor = {"StartAt": "P", "States": {"P": _PASS}}
    outer = {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": processor, "End": True}
    state = _parsed({"A": outer}).states["A"]
    assert isinstance(state, MapState)
    assert state.query_language is QueryLanguage.JSONATA
    assert state.processor.states["P"].query_language is QueryLanguage.JSONPATH


def test_older_forms_of_a_map() -> None:
    iterator = {"StartAt": "P", "States": {"P": _PASS}}
    state = _parsed({"A": {"Type": "Map", "Iterator": iterator, "Parameters": {"x": 1}, "End": True}}).states[
        "A"
    ]
    assert isinstance(state, MapState)
    assert (state.legacy, state.mode, state.item_selector) == (True, ProcessorMode.INLINE, {"x": 1})


def test_a_distributed_map() -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    fields = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "P", "States": {"P": _PASS}, "ProcessorConfig": config},
        "ItemReader": {"Resource": "r", "ReaderConfig": {"InputType": "CSV"}, "Parameters": {"Bucket": "b"}},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": None},
        "ResultWriter": {"WriterConfig": {"OutputType": "JSONL"}},
        "ToleratedFailurePercentage": 5.5,
        "End": True,
    }
    state = _parsed({"A": fields}).states["A"]
    assert isinstance(state, MapState) and state.item_reader and state.item_batcher and state.result_writer
    assert (state.mode, state.execution_type) == (ProcessorMode.DISTRIBUTED, "EXPRESS")
    assert state.item_reader.reader_config == {"InputType": "CSV"}
    assert (state.item_batcher.max_items_per_batch, state.item_batcher.batch_input) == (2, None)
    assert (state.result_writer.resource, state.result_writer.parameters) == (None, ABSENT)
    assert state.tolerated_failure_percentage == 5.5


def test_retry_and_catch_have_their_defaults() -> None:
    state = parse_state(
        "T",
        {
            "Type": "Task",
            "Resource": "r",
            "End": True,
            "Retry": [
                {"ErrorEquals": ["X"]},
                {"ErrorEquals": ["Y"], "JitterStrategy": "FULL", "MaxDelaySeconds": 9},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "N", "ResultPath": None}],
        },
        QueryLanguage.JSONPATH,
    )
    assert isinstance(state, TaskState)
    assert state.retry == (
        Retrier(error_equals=("X",), interval_seconds=1, max_attempts=3, backoff_rate=2.0),
        Retrier(error_equals=("Y",), jitter="FULL", max_delay_seconds=9),
    )
    assert state.catch == (Catcher(error_equals=("States.ALL",), next="N", result_path=None),)


def test_a_choice_keeps_its_rule_apart() -> None:
    rule = {"Not": {"Variable": "$.a", "IsNull": True}, "Next": "N", "Assign": {"x": 1}, "Comment": "c"}
    state = parse_state("C", {"Type": "Choice", "Choices": [rule], "Default": "D"}, QueryLanguage.JSONPATH)
    assert isinstance(state, ChoiceState)
    assert state.choices == (ChoiceRule(rule={"Not": rule["Not"]}, next="N", assign={"x": 1}),)
    assert state.default == "D"


def test_branches() -> None:
    branch = {"StartAt": "P", "States": {"P": _PASS, "Q": {"Type": "Fail", "Error": "e"}}}
    state = _parsed({"A": {"Type": "Parallel", "Branches": [branch, branch], "End": True}}).states["A"]
    assert isinstance(state, ParallelState)
    assert [sorted(each.states) for each in state.branches] == [["P", "Q"], ["P", "Q"]]
