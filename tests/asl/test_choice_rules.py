"""Choice rules: every recorded case of AWS, and what the operators' definitions say beyond them."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.asl.choice_rules import compile_rule, matches_pattern
from fogbank.asl.errors import StatesError
from tests.support.recordings import recorded
from tests.support.states import scope

_OPERATOR = {
    "test_is_boolean": "IsBoolean",
    "test_is_null": "IsNull",
    "test_is_numeric": "IsNumeric",
    "test_is_present": "IsPresent",
    "test_is_string": "IsString",
    "test_boolean_equals": "BooleanEquals",
    "test_numeric_equals": "NumericEquals",
    "test_numeric_greater_than": "NumericGreaterThan",
    "test_numeric_greater_than_equals": "NumericGreaterThanEquals",
    "test_numeric_less_than": "NumericLessThan",
    "test_numeric_less_than_equals": "NumericLessThanEquals",
}


def _recorded_cases() -> list[Any]:
    folder = "stepfunctions/v2/choice_operators"
    files = {"is": "test_is_operators", "numeric": "test_numeric", "boolean": "test_boolean_equals"}
    return [
        pytest.param(
            f"{folder}/{files[test.split('_')[1]]}.snapshot.json", f"{test}{path}", operator, id=test + path
        )
        for test, operator in _OPERATOR.items()
        for path in ("", "_path")
        if not (path and operator.startswith("Is"))
    ]


@pytest.mark.parametrize(("file", "test", "operator"), _recorded_cases())
def test_every_recorded_comparison(file: str, test: str, operator: str) -> None:
    cases = recorded(file, test)["cases"]
    assert cases
    for case in cases:
        given = case["input"]
        if test.endswith("_path"):
            rule = {"Variable": "$.Variable", f"{operator}Path": "$.Value"}
        else:
            rule = {"Variable": "$.Variable", operator: given["Value"]}
        expected = case["output"]["TestResult.$"] == "ConditionTrue"
        assert compile_rule(rule).holds(scope(given)) is expected, case


def _holds(rule: dict[str, Any], input: Any, **others: Any) -> bool:
    return compile_rule(rule).holds(scope(input, **others))


@pytest.mark.parametrize(
    ("operator", "value", "operand", "expected"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", 1, "1", False),
        ("StringLessThan", "a", "b", True),
        ("StringLessThan", "\uff5e", "\U0001f600", False),  # Java compares UTF-16 units
        ("StringGreaterThanEquals", "b", "b", True),
        ("StringLessThanEquals", "ä", "z", False),
        ("NumericEquals", True, 1, False),
        ("NumericEquals", 1.0, 1, True),
        ("NumericLessThan", "1", 2, False),
        ("TimestampEquals", "2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", True),
        ("TimestampLessThan", "2020-01-01T00:00:00.1Z", "2020-01-01T00:00:00.10000001Z", True),
        ("TimestampLessThan", "2020-01-01", "2021-01-01T00:00:00Z", False),
        ("TimestampGreaterThan", "2020-01-01T00:00:01Z", "2020-01-01T00:00:00Z", True),
        ("IsTimestamp", "2020-02-30T00:00:00Z", True, False),
        ("IsTimestamp", "2012-10-09T19:00:55", True, False),
        ("IsTimestamp", "2012-10-09T19:00:55Z", True, True),
        ("IsTimestamp", "2012-10-09t19:00:55z", False, True),
        ("StringMatches", "log-1.txt", "log-*.txt", True),
        ("StringMatches", "log-*.txt", "log-\\*.txt", True),
        ("StringMatches", "log-1.txt", "log-\\*.txt", False),
        ("StringMatches", "a\\b", "a\\\\b", True),
        ("StringMatches", 5, "*", False),
    ],
)
def test_comparisons(operator: str, value: Any, operand: Any, expected: bool) -> None:
    assert _holds({"Variable": "$.v", operator: operand}, {"v": value}) is expected


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("", "", True),
        ("", "*", True),
        ("abc", "*", True),
        ("abc", "a*c", True),
        ("abc", "a*b", False),
        ("aba", "ab*ba", False),
        ("abcabc", "*abc", True),
        ("aXbYc", "a*b*c", True),
        ("aXbYc", "a*c*b*", False),
        ("a\nb", "a*b", True),
        ("x\\", "x\\", True),
    ],
)
def test_patterns(text: str, pattern: str, expected: bool) -> None:
    assert matches_pattern(text, pattern) is expected


def test_rules_nest() -> None:
    big = {"Variable": "$.n", "NumericGreaterThan": 10}
    named = {"Variable": "$.name", "StringEquals": "x"}
    assert _holds({"And": [big, {"Not": named}]}, {"n": 11, "name": "y"})
    assert not _holds({"And": [big, named]}, {"n": 11, "name": "y"})
    assert _holds({"Or": [named, big]}, {"n": 11, "name": "y"})


def test_or_does_not_look_at_what_it_does_not_need() -> None:
    present = {"Not": {"Variable": "$.n", "IsPresent": True}}
    assert _holds({"Or": [present, {"Variable": "$.n", "NumericEquals": 1}]}, {})


def test_a_missing_path_is_an_error_that_names_it() -> None:
    for rule in (
        {"Variable": "$.left", "NumericEquals": 1},
        {"Variable": "$.here", "NumericEqualsPath": "$.left"},
        {"Variable": "$.left", "IsNull": True},
    ):
        with pytest.raises(StatesError) as raised:
            _holds(rule, {"here": 1})
        assert raised.value.error == "States.Runtime"
        assert raised.value.cause == (
            "Invalid path '$.left': The choice state's condition path references an invalid value."
        )


def test_variables_and_context_are_seen() -> None:
    rule = {"Variable": "$limit", "NumericLessThanPath": "$$.Execution.Input.n"}
    assert _holds(rule, {}, variables={"limit": 3}, context={"Execution": {"Input": {"n": 4}}})
    assert compile_rule(rule).variables == ("limit",)


def test_a_condition_is_jsonata() -> None:
    rule = compile_rule({"Condition": "{% $states.input.n > $limit %}"})
    assert rule.variables == ("states", "limit")
    assert rule.holds(scope({"n": 2}, variables={"limit": 1}))
    with pytest.raises(StatesError) as raised:
        compile_rule({"Condition": "{% 'x' %}"}, 2).holds(scope({}))
    assert raised.value.cause == (
        "The JSONata expression ''x'' specified for the field 'Choices[2]/Condition' returned an unexpected result "
        "type. Expected 'boolean', but was 'string' for value: \"x\""
    )
