"""Whatever is thrown at `validate`: it never raises, and what it lets through can be parsed and compiled."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
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
_error_equals = st.sampled_from([["States.ALL"], ["X"], ["X", "Y"], []])
_flow = st.sampled_from([{"End": True}, {"Next": "A"}, {"Next": "B"}, {}])
_parts = {
    "Choices": st.lists(
        st.fixed_dictionaries(
            {"Next": st.sampled_from(["A", "B"])},
            optional={
                "Variable": _SCRAPS,
                "StringEquals": _SCRAPS,
                "IsNull": st.booleans(),
                "Condition": _SCRAPS | st.booleans(),
                "And": st.lists(
                    st.fixed_dictionaries({"Variable": _SCRAPS, "NumericEquals": st.integers()}), max_size=2
                ),
            },
        ),
        max_size=2,
    ),
    "Retry": st.lists(
        st.fixed_dictionaries({"ErrorEquals": _error_equals}, optional={"MaxAttempts": st.integers(-1, 2)})
    ),
    "Catch": st.lists(
        st.fixed_dictionaries(
            {"ErrorEquals": _error_equals, "Next": st.just("B")}, optional={"ResultPath": _SCRAPS}
        )
    ),
    "Resource": st.sampled_from(
        ["arn:aws:states:::sqs:sendMessage", "arn:aws:states:::lambda:invoke.sync", "x"]
    ),
}


def _states(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    branch = (
        st.fixed_dictionaries({"StartAt": st.just("P"), "States": st.just({"P": {"Type": "Succeed"}})})
        | inner
    )
    fields = {name: _parts.get(name, _anything) for name in _FIELDS}
    fields |= {"Branches": st.lists(branch, max_size=2), "ItemProcessor": branch, "Iterator": branch}
    fields["QueryLanguage"] = st.sampled_from(["JSONPath", "JSONata", "SQL"])

    def of_type(kind: str) -> st.SearchStrategy[Any]:
        shape = SHAPES[kind]
        own = {name: fields[name] for name in (*shape.both, *shape.jsonpath, *shape.jsonata)}
        for name in ("Next", "End"):
            own.pop(name, None)
        optional = st.dictionaries(st.sampled_from(sorted(own)), st.none(), max_size=4).flatmap(
            lambda chosen: st.fixed_dictionaries({name: own[name] for name in {*chosen, *shape.required}})
        )
        return st.tuples(optional, _flow).map(lambda parts: {"Type": kind, **parts[0], **parts[1]})

    return st.sampled_from(sorted(SHAPES)).flatmap(of_type)


_machines = st.fixed_dictionaries(
    {
        "StartAt": st.just("A"),
        "States": st.fixed_dictionaries({"A": _states(_anything)}, optional={"B": _states(_anything)}),
    },
    optional={"QueryLanguage": st.sampled_from(["JSONPath", "JSONata"]), "TimeoutSeconds": st.integers(0, 2)},
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
