"""`{% … %}` in the fields of a state."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.asl import jsonata
from fogbank.asl.errors import QueryEvaluationError
from fogbank.asl.templates_jsonata import (
    Expected,
    Problem,
    compile_template,
    is_expression,
)
from fogbank.core.ids import Ids

_INPUT = {"input_value": "string literal", "input_values": [1, 2, 3], "n": 5, "none": None}
_BINDINGS: dict[str, Any] = {"states": {"input": _INPUT, "context": {"State": {"Name": "S"}}}, "one": 1}
_BUDGET = jsonata.Budget(Ids(1), 0)


def _value(tree: Any, field: str = "Output", expected: tuple[Expected, ...] = ()) -> Any:
    return compile_template(tree, field, expected).evaluate(_BINDINGS, _BUDGET)


def _cause(tree: Any, field: str = "Output", expected: tuple[Expected, ...] = ()) -> str:
    with pytest.raises(QueryEvaluationError) as raised:
        _value(tree, field, expected)
    assert raised.value.error == "States.QueryEvaluationError"
    return raised.value.cause


@pytest.mark.parametrize(
    "text", [" {% $x %} ", "{% $x %} ", "{%", "%}", "{%}", "$states.input", "", "{{% 1 %}}"]
)
def test_anything_around_the_marks_makes_a_constant(text: str) -> None:
    assert not is_expression(text)
    assert _value(text) == text


def test_a_tree_is_evaluated_at_its_leaves() -> None:
    tree = {
        "context": "{% $states.context %}",
        "sum": "{%$sum($states.input.input_values) + $one%}",
        "null": "{% $states.input.none %}",
        "nested": {"list": [0, "{% $states.input.input_value %}", [], {"deep": "{% $one = 1 %}"}]},
        "constant": {"a": ["$states.input", None, 0.1]},
    }
    assert _value(tree) == {
        "context": {"State": {"Name": "S"}},
        "sum": 7,
        "null": None,
        "nested": {"list": [0, "string literal", [], {"deep": True}]},
        "constant": {"a": ["$states.input", None, 0.1]},
    }
    assert tree["sum"] == "{%$sum($states.input.input_values) + $one%}", "the definition is left alone"


def test_a_constant_is_passed_on_uncopied() -> None:
    tree = {"a": [1, {"b": " {% x %} "}]}
    template = compile_template(tree, "Output")
    assert template.constant
    assert template.evaluate(_BINDINGS, _BUDGET) is tree


@pytest.mark.parametrize(
    ("tree", "field"),
    [
        ("{% $states.input.missing %}", "Output"),
        ({"v": "{% $states.input.missing %}"}, "Output/v"),
        ({"a": {"b": ["{% $one %}", "{% $states.input.missing %}"]}}, "Output/a/b[1]"),
        ([[{"x": "{% $states.input.missing %}"}]], "Output[0][0]/x"),
    ],
)
def test_nothing_fails_the_state_and_names_the_field(tree: Any, field: str) -> None:
    assert _cause(tree) == (
        f"The JSONata expression '$states.input.missing' specified for the field '{field}' returned nothing (undefined)."
    )


def test_an_error_with_a_code_is_set_off_by_a_full_stop() -> None:
    assert _cause({"r": '{% $abs("x") %}'}) == (
        "The JSONata expression '$abs(\"x\")' specified for the field 'Output/r' threw an error during evaluation. "
        'T0410: Argument 1 of function "abs" does not match function signature'
    )


def test_a_bound_is_set_off_by_a_colon() -> None:
    assert _cause("{% $sum([1..900000]) %}", "Arguments") == (
        "The JSONata expression '$sum([1..900000])' specified for the field 'Arguments' threw an error during "
        "evaluation: Expression evaluation memory limit exceeded: Check for excessive memory usage"
    )


def test_a_function_is_no_result() -> None:
    assert _cause("{% $sum %}").endswith(
        "specified for the field 'Output' returned an unsupported result type."
    )


@pytest.mark.parametrize(
    ("text", "field", "expected", "was"),
    [
        (
            "{% $states.input.n %}",
            "Items",
            (Expected.ARRAY,),
            "Expected 'array', but was 'number' for value: 5",
        ),
        (
            "{% $one %}",
            "Choices[0]/Condition",
            (Expected.BOOLEAN,),
            "Expected 'boolean', but was 'number' for value: 1",
        ),
        (
            "{% 'x' %}",
            "TimeoutSeconds",
            (Expected.NUMBER,),
            "Expected 'number', but was 'string' for value: \"x\"",
        ),
        (
            "{% $states.input.none %}",
            "Items",
            (Expected.ARRAY, Expected.OBJECT),
            "Expected 'array' or 'object', but was 'null' for value: null",
        ),
    ],
)
def test_a_field_with_a_type_refuses_others(
    text: str, field: str, expected: tuple[Expected, ...], was: str
) -> None:
    assert _cause(text, field, expected) == (
        f"The JSONata expression '{text[2:-2].strip()}' specified for the field '{field}' returned an unexpected "
        f"result type. {was}"
    )


def test_a_field_with_a_type_takes_it() -> None:
    assert _value("{% $states.input.input_values %}", "Items", (Expected.ARRAY,)) == [1, 2, 3]
    assert _value("{% $one > 0 %}", "Condition", (Expected.BOOLEAN,)) is True


def test_what_aws_refuses_in_a_definition_is_gathered() -> None:
    template = compile_template(
        {"a": "{% a[1,2) %}", "b": ["{% phone %}"], "c": "{% $ok + $states.input.n %}"}, "Output"
    )
    assert template.problems == (
        Problem("Output/a", "INVALID_JSONATA_EXPRESSION", 'Expected "]", got ","'),
        Problem(
            "Output/b[0]",
            "UNSUPPORTED_JSONATA_EXPRESSION",
            "Reference to 'phone' at the top level is not supported.",
        ),
    )
    assert template.variables == ("ok", "states")
