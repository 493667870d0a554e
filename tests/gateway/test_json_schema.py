"""JSON Schema draft-04: keywords, references, and that any schema over any value ends in an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.gateway.json_schema import SchemaError, compile_schema

CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({}, [None, 1, {}], []),
    ({"type": "string"}, ["a"], [1, None, []]),
    ({"type": "integer"}, [1, 1.0, 0], [1.5, "1", True]),
    ({"type": "number"}, [1, 1.5], ["1", True, None]),
    ({"type": ["null", "boolean"]}, [None, True], [0, ""]),
    ({"enum": ["a", 1, None]}, ["a", 1, None], ["b", True, 2]),
    ({"minimum": 2, "maximum": 4}, [2, 3, 4, "x"], [1.9, 5]),
    ({"minimum": 2, "exclusiveMinimum": True}, [3], [2]),
    ({"multipleOf": 0.1}, [0.3, 1], [0.25]),
    ({"minLength": 1, "maxLength": 2}, ["a", "ab", 7], ["", "abc"]),
    ({"pattern": "^a.c$"}, ["abc"], ["abcd", ""]),
    ({"items": {"type": "integer"}}, [[], [1, 2], "x"], [[1, "2"]]),
    ({"items": [{"type": "integer"}], "additionalItems": False}, [[], [1]], [["1"], [1, 2]]),
    ({"items": [{}], "additionalItems": {"type": "string"}}, [[1, "a"]], [[1, 2]]),
    ({"minItems": 1, "maxItems": 2, "uniqueItems": True}, [[1], [1, 2]], [[], [1, 2, 3], [1, 1]]),
    ({"required": ["a"]}, [{"a": None}, 1], [{}]),
    ({"properties": {"a": {"type": "string"}}, "additionalProperties": False}, [{}, {"a": ""}], [{"a": 1}, {"b": 1}]),
    ({"additionalProperties": {"type": "integer"}}, [{"x": 1}], [{"x": "1"}]),
    ({"patternProperties": {"^x": {"type": "integer"}}, "additionalProperties": False}, [{"x1": 1}], [{"y": 1}, {"x": ""}]),
    ({"minProperties": 1, "maxProperties": 1}, [{"a": 1}], [{}, {"a": 1, "b": 2}]),
    ({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}, [{"b": 1}, {"a": 1, "b": 1}], [{"a": 1}, {"c": 1}]),
    ({"allOf": [{"type": "integer"}, {"minimum": 1}]}, [1], [0, "1"]),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, [1, "a"], [None]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, [1, 2.5], [3, 1.5]),
    ({"not": {"type": "string"}}, [1], ["a"]),
    ({"format": "date-time"}, ["2020-01-01T00:00:00Z", 1], ["2020-01-01", "x"]),
    ({"format": "ipv4"}, ["1.2.3.4"], ["1.2.3", "::1"]),
    ({"format": "email"}, ["a@b"], ["a"]),
    ({"format": "made-up"}, ["anything"], []),
    ({"definitions": {"p": {"type": "integer"}}, "items": {"$ref": "#/definitions/p"}}, [[1]], [["1"]]),
    ({"properties": {"next": {"$ref": "#"}}, "additionalProperties": False}, [{"next": {"next": {}}}], [{"next": {"x": 1}}]),
    ({"$ref": "other#/definitions/s"}, ["a"], [1]),
]  # fmt: skip


def resolve(reference: str) -> Any:
    return {"definitions": {"s": {"type": "string"}}} if reference == "other" else None


@pytest.mark.parametrize(("schema", "good", "bad"), CASES)
def test_keywords(schema: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    validator = compile_schema(schema, resolve)
    for value in good:
        assert validator.problems(value) == [], value
    for value in bad:
        assert validator.problems(value), value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"$ref": "#/absent"},
        {"$ref": "elsewhere"},
        {"pattern": "("},
        {"properties": {"a": 1}},
        [],
        {"items": 3},
        {"multipleOf": 0},
    ],
)
def test_what_is_no_schema(schema: Any) -> None:
    with pytest.raises(SchemaError):
        compile_schema(schema, resolve)


def test_a_schema_without_end_ends() -> None:
    validator = compile_schema({"allOf": [{"$ref": "#"}]})
    assert validator.problems(1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "ab"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=6,
)


def schemas(depth: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(["object", "array", "string", "integer", "null"]),
            "enum": st.lists(JSON, min_size=1, max_size=2),
            "minimum": st.integers(-2, 2),
            "maxLength": st.integers(0, 2),
            "required": st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2),
            "uniqueItems": st.booleans(),
        },
    )
    if depth == 0:
        return plain
    inner = schemas(depth - 1)
    return plain | st.fixed_dictionaries(
        {},
        optional={
            "items": inner,
            "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
        },
    )


@given(schemas(), JSON)
def test_not_is_the_opposite(schema: dict[str, Any], value: Any) -> None:
    right = compile_schema(schema).problems(value) == []
    assert (compile_schema({"not": schema}).problems(value) == []) is not right
    assert (compile_schema({"oneOf": [schema]}).problems(value) == []) is right
    assert (compile_schema({"allOf": [schema, schema]}).problems(value) == []) is right
