"""`variableReferences`: every recorded machine, and what the recordings leave out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.asl.definition import parse_document, variable_references
from tests.support.recordings import recorded

_FILE = "stepfunctions/v2/test_sfn_api_variable_references.snapshot.json"
_NAMES = [
    "REFERENCE_IN_PARAMETERS",
    "REFERENCE_IN_CHOICE",
    "REFERENCE_IN_ITERATOR_OUTER_SCOPE",
    "REFERENCE_IN_INPUTPATH",
    "REFERENCE_IN_OUTPUTPATH",
    "REFERENCE_IN_INTRINSIC_FUNCTION",
    "REFERENCE_IN_FAIL",
    "ASSIGN_FROM_PARAMETERS",
    "ASSIGN_FROM_RESULT",
    "ASSIGN_FROM_INTRINSIC_FUNCTION",
    "EVALUATION_ORDER_PASS_STATE",
]
_MAPS = [
    "INTRINSIC_FUNCTION",
    "ITEMS_PATH",
    "MAX_CONCURRENCY_PATH",
    "TOLERATED_FAILURE_PATH",
    "ITEM_SELECTOR",
    "MAX_ITEMS_PATH",
]
_CASES = [f"BASE_{name}" for name in _NAMES] + [f"MAP_STATE_REFERENCE_IN_{name}" for name in _MAPS]


def _described(content: Any) -> list[dict[str, Any]]:
    """The answers of DescribeStateMachine and its like that hold a definition."""
    return [part for part in content.values() if isinstance(part, dict) and "definition" in part]


@pytest.mark.parametrize("name", _CASES)
def test_recorded_references(name: str) -> None:
    test = f"test_base_variable_references_in_assign_templates[{name}]"
    answers = _described(recorded(_FILE, test))
    assert answers
    for answer in answers:
        definition = answer["definition"]
        document = json.loads(definition) if isinstance(definition, str) else definition
        assert variable_references(parse_document(document)) == answer.get("variableReferences", {})


def _references(states: dict[str, Any], **others: Any) -> dict[str, list[str]]:
    return variable_references(parse_document({"StartAt": "A", "States": states, **others}))


def test_jsonata_names_its_variables_and_not_its_functions() -> None:
    pass_state = {
        "Type": "Pass",
        "Output": {"a": "{% ($y := $x; $sum([$y, $z.n, $states.input.m])) %}", "b": ["{% $x %}"], "c": "$no"},
        "Assign": {"q": "{% function($p) { $p + $w }(1) %}"},
        "End": True,
    }
    assert _references({"A": pass_state}, QueryLanguage="JSONata") == {"A": ["w", "x", "z"]}


def test_every_field_that_may_read() -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"a.$": "$a[?(@.x == $b.y)]"},
        "ResultSelector": {"c.$": "$c"},
        "TimeoutSecondsPath": "$d",
        "Credentials": {"RoleArn.$": "$e"},
        "Catch": [{"ErrorEquals": ["X"], "Next": "B", "Assign": {"f.$": "$f"}}],
        "Next": "B",
    }
    choice = {"Type": "Choice", "Choices": [{"Not": {"Variable": "$g", "IsNull": True}, "Next": "A"}]}
    wait = {"Type": "Wait", "TimestampPath": "$h", "End": True}
    assert _references({"A": task, "B": choice, "C": wait}) == {
        "A": ["a", "b", "c", "d", "e", "f"],
        "B": ["g"],
        "C": ["h"],
    }
