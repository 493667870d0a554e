"""Whatever is thrown at `validate`: it never raises, and what it lets through can be parsed and compiled."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from fogbank.asl import json_errors
from fogbank.asl.choice_rules import compile_rule
from fogbank.asl.definition import errors_of, parse, refusal, validate, variable_references
from fogbank.asl.definition.schema import SHAPES
from fogbank.asl.definition.states import ChoiceState, Definition, MapState, ParallelState, State
from fogbank.asl.jsonpath import compile_path, compile_reference
from fogbank.asl.templates_jsonpath import compile_template

_FIELDS = sorted(
    {
        name
        for shape in SHAPES.values()
        for part in (shape.both, shape.jsonpath, shape.jsonata)
        for name in part
    }
)
_SCRAPS = st.sampled_from(
    ["$", "$.a", "$$.a", "$.a[*]", "$v", "A", "B", "{% $states.input.a %}", "{% ( %}", "States.UUID()", "x", "", "JSONata",
     "2020-01-01T00:00:00Z", "arn:aws:states:::sqs:sendMessage", "States.ALL", "DISTRIBUTED", "STANDARD", "EXPRESS"]
)  # fmt: skip
_NAMES = st.sampled_from(
    [*_FIELDS, "Type", "QueryLanguage", "ErrorEquals", "Variable", "StringEquals", "And", "Not", "Condition", "RoleArn",
     "StartAt", "States", "ProcessorConfig", "Mode", "ExecutionType", "a.$", "A", "B", "MaxItemsPerBatch"]
)  # fmt: skip
_anything = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | _SCRAPS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
_error_equals = st.sampled_from([["X"], ["X", "Y"], ["States.ALL"], []])
_paths = st.sampled_from(["$.a", "$v.b", "$$.c", "$.a[0]", "$", "$.a[?(@.x == $w)]", "$..a"])
_plain = st.sampled_from(["x", 1, None, {"a.$": "$.x"}, {"a": ["{% $v + 1 %}"]}, {"a.$": "States.UUID()"}])
_templates = st.dictionaries(st.sampled_from(["a", "b"]), _plain, max_size=2)
_rules = st.one_of(
    st.fixed_dictionaries({"Variable": _paths, "StringEquals": st.just("x")}),
    st.fixed_dictionaries({"Variable": _paths, "NumericLessThanPath": _paths}),
    st.fixed_dictionaries({"Not": st.fixed_dictionaries({"Variable": _paths, "IsPresent": st.booleans()})}),
    st.fixed_dictionaries(
        {"Or": st.lists(st.fixed_dictionaries({"Variable": _paths, "IsNull": st.just(True)}))}
    ),
    st.fixed_dictionaries({"Condition": st.sampled_from([True, "{% $states.input.a %}", "{% ( %}"])}),
)
_processor = {
    "StartAt": "P",
    "States": {"P": {"Type": "Succeed"}},
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
}
_likely: dict[str, st.SearchStrategy[Any]] = {
    **{name: _paths for name in _FIELDS if name.endswith("Path")},
    **{
        name: st.integers(0, 9)
        for name in _FIELDS
        if "Seconds" in name or "Failure" in name or "MaxC" in name
    },
    **{name: _paths for name in _FIELDS if name.endswith("Path") and name != "ResultPath"},
    "ResultPath": st.sampled_from(["$.a", "$", None]),
    **dict.fromkeys(
        ("Parameters", "Assign", "ResultSelector", "ItemSelector", "Output", "Arguments"), _templates
    ),
    "Choices": st.lists(_rules.map(lambda rule: {**rule, "Next": "B"}), min_size=1, max_size=2),
    "Default": st.just("B"),
    "Retry": st.lists(
        st.fixed_dictionaries({"ErrorEquals": _error_equals}, optional={"MaxAttempts": st.just(1)}),
        max_size=1,
    ),
    "Catch": st.just([{"ErrorEquals": ["X"], "Next": "B"}]),
    "Resource": st.sampled_from(["arn:aws:states:::sqs:sendMessage", "arn:aws:states:::lambda:invoke"]),
    "Branches": st.just([{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}]),
    "ItemProcessor": st.just(_processor),
    "Items": st.just("{% [1, $v] %}"),
    "Label": st.just("L"),
    "ItemBatcher": st.just({"MaxItemsPerBatch": 1, "BatchInput": {"a.$": "$.b"}}),
    "Error": st.just("E"),
    "Cause": st.just("{% 'C' %}"),
    "Timestamp": st.just("2020-01-01T00:00:00Z"),
}
_NEEDED = {"Map": "ItemProcessor", "Wait": "Seconds", "Choice": "Default"}


@st.composite
def _state(draw: st.DrawFn) -> dict[str, Any]:
    """A state that is mostly right."""
    kind = draw(st.sampled_from(sorted(SHAPES)))
    shape = SHAPES[kind]
    language = draw(st.sampled_from(["JSONPath", "JSONata"]))
    own = [*shape.both, *(shape.jsonpath if language == "JSONPath" else shape.jsonata)]
    chosen = {*shape.required, *draw(st.lists(st.sampled_from([*own, "Comment"]), max_size=3))}
    if kind in _NEEDED:
        chosen.add(_NEEDED[kind])
    chosen -= {"Next", "End", "Iterator"}
    state = {"Type": kind, "QueryLanguage": language}
    for name in sorted(chosen):
        state[name] = draw(_anything if draw(st.integers(0, 19)) == 0 else _likely.get(name, _SCRAPS))
    if kind not in ("Choice", "Succeed", "Fail"):
        state["Next"] = "B"
    return state


_machines = _state().map(
    lambda state: {
        "StartAt": "A",
        "States": {
            "A": state,
            **({} if state["Type"] in ("Succeed", "Fail") else {"B": {"Type": "Pass", "End": True}}),
        },
    }
)


def _compile(states: dict[str, State]) -> None:
    """What the engine compiles of each state; raises if `validate` let something through."""
    for state in states.values():
        if state.query_language == "JSONPath":
            for path in (state.input_path, state.output_path):
                if path is not None:
                    compile_path(path)
            if (result_path := getattr(state, "result_path", None)) is not None:
                compile_reference(result_path)
            for name in ("parameters", "result_selector", "assign", "item_selector"):
                compile_template(getattr(state, name, None))
        match state:
            case ChoiceState():
                for choice in state.choices:
                    compile_rule(choice.rule)
            case ParallelState():
                for branch in state.branches:
                    _compile(dict(branch.states))
            case MapState():
                _compile(dict(state.processor.states))


@settings(
    max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None
)
@given(_machines | _anything)
def test_what_is_let_through_compiles(document: Any) -> None:
    text = json.dumps(document)
    found = validate(text)
    refusal(found)
    event("refused" if errors_of(found) else "let through")
    if not errors_of(found):
        definition: Definition = parse(text)
        _compile(dict(definition.states))
        variable_references(definition)


@settings(max_examples=200)
@given(st.text('{}[]":,\\ tfn1-.eu\n', max_size=30) | _anything.map(json.dumps).flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])))  # fmt: skip
def test_json_errors_agree_with_the_reader(text: str) -> None:
    validate(text)
    problem = json_errors.explain(text)
    try:
        orjson.loads(text)
    except ValueError:
        # A lone surrogate is the one thing that Jackson reads and orjson does not.
        assert problem is not None or "\\u" in text
    else:
        assert problem is None or problem.message.startswith("Duplicate field")
