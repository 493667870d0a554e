"""Filter patterns: every operator, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.streams.filters import PatternError, compile_filters, parse_pattern

CASES: list[tuple[Any, Any, bool]] = [
    ({"a": ["x"]}, {"a": "x"}, True),
    ({"a": ["x"]}, {"a": "y"}, False),
    ({"a": ["x"]}, {}, False),
    ({"a": ["x", "y"]}, {"a": "y"}, True),
    ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "z"}, False),
    ({"a": ["x"]}, {"a": ["w", "x"]}, True),
    ({"a": {"b": [1]}}, {"a": {"b": 1.0}}, True),
    ({"a": {"b": [1]}}, {"a": {"b": "1"}}, False),
    ({"a": {"b": [1]}}, {"a": {"b": True}}, False),
    ({"a": {"b": [1]}}, {"a": [{"b": 2}, {"b": 1}]}, True),
    ({"a": {"b": [1]}}, {"a": "text"}, False),
    ({"a": [True]}, {"a": True}, True),
    ({"a": [True]}, {"a": 1}, False),
    ({"a": [None]}, {"a": None}, True),
    ({"a": [None]}, {}, False),
    ({"a": [""]}, {"a": ""}, True),
    ({"a": [{"prefix": "us-"}]}, {"a": "us-1"}, True),
    ({"a": [{"prefix": "us-"}]}, {"a": "eu-1"}, False),
    ({"a": [{"prefix": {"equals-ignore-case": "US-"}}]}, {"a": "us-1"}, True),
    ({"a": [{"suffix": ".png"}]}, {"a": "x.png"}, True),
    ({"a": [{"suffix": {"equals-ignore-case": ".PNG"}}]}, {"a": "x.png"}, True),
    ({"a": [{"suffix": ".png"}]}, {"a": 1}, False),
    ({"a": [{"equals-ignore-case": "Alice"}]}, {"a": "ALICE"}, True),
    ({"a": [{"anything-but": "x"}]}, {"a": "y"}, True),
    ({"a": [{"anything-but": "x"}]}, {"a": "x"}, False),
    ({"a": [{"anything-but": ["x", 1]}]}, {"a": 1}, False),
    ({"a": [{"anything-but": ["x", 1]}]}, {"a": "1"}, True),
    ({"a": [{"anything-but": "x"}]}, {}, False),
    ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "yx"}, True),
    ({"a": [{"anything-but": {"suffix": ["x", "y"]}}]}, {"a": "ay"}, False),
    ({"a": [{"anything-but": {"equals-ignore-case": "X"}}]}, {"a": "x"}, False),
    ({"a": [{"anything-but": {"wildcard": "*x*"}}]}, {"a": "axb"}, False),
    ({"a": [{"numeric": [">", 100]}]}, {"a": 100}, False),
    ({"a": [{"numeric": [">", 100]}]}, {"a": 100.5}, True),
    ({"a": [{"numeric": ["=", 5]}]}, {"a": 5}, True),
    ({"a": [{"numeric": [">=", 100, "<", 200]}]}, {"a": 199}, True),
    ({"a": [{"numeric": [">=", 100, "<", 200]}]}, {"a": 200}, False),
    ({"a": [{"numeric": [">", 0]}]}, {"a": "5"}, False),
    ({"a": [{"exists": True}]}, {"a": None}, True),
    ({"a": [{"exists": True}]}, {}, False),
    ({"a": [{"exists": True}]}, {"a": {"S": "x"}}, False),
    ({"a": [{"exists": False}]}, {}, True),
    ({"a": [{"exists": False}]}, {"a": 1}, False),
    ({"a": [{"exists": False}]}, {"a": {"S": "x"}}, True),
    ({"a": {"b": [{"exists": False}]}}, {}, True),
    ({"a": ["x", {"exists": False}]}, {}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.0.9"}, True),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "10.0.1.9"}, False),
    ({"a": [{"cidr": "10.0.0.0/24"}]}, {"a": "no address"}, False),
    ({"a": [{"wildcard": "a*c*e"}]}, {"a": "abcde"}, True),
    ({"a": [{"wildcard": "a*c*e"}]}, {"a": "abde"}, False),
    ({"a": [{"wildcard": "a\\*b"}]}, {"a": "a*b"}, True),
    ({"a": [{"wildcard": "a\\*b"}]}, {"a": "axb"}, False),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
    ({"$or": [{"a": ["x"]}, {"b": ["y"]}], "c": ["z"]}, {"b": "y"}, False),
    ({"a": [{"exactly": "x"}]}, {"a": "x"}, True),
    ({"a": [{"prefix": ""}]}, {"a": "x"}, True),
    ({"a": [1]}, {"a": [[2], [1]]}, True),
    ({"a": {"b": [1]}}, {"a": [[{"b": 1}]]}, True),
    ({"a": [{"exists": True}]}, {"a": []}, False),
    ({"a": [{"exists": False}]}, {"a": []}, True),
    ({"a": [{"exists": True}]}, {"a": [{"b": 1}]}, False),
    ({"a": [{"exists": True}]}, {"a": [None]}, True),
    ({"a": [{"cidr": "10.0.0.5/24"}]}, {"a": "10.0.0.4"}, False),
    ({"a": [{"cidr": "10.0.0.5/24"}]}, {"a": "10.0.0.255"}, True),
    ({"a": [{"cidr": "::/64"}]}, {"a": "::1"}, True),
    ({"a": [{"wildcard": "a\\\\*"}]}, {"a": "a\\b"}, True),
]


@pytest.mark.parametrize(("pattern", "event", "matches"), CASES)
def test_patterns(pattern: Any, event: Any, matches: bool) -> None:
    assert parse_pattern(json.dumps(pattern))(event) is matches


@pytest.mark.parametrize(
    "pattern",
    [
        "text",
        "[]",
        "1",
        '{"a": "x"}',
        '{"a": []}',
        "{}",
        '{"a": {}}',
        '{"a": [[1]]}',
        '{"a": [{"prefix": 1}]}',
        '{"a": [{"prefix": "x", "suffix": "y"}]}',
        '{"a": [{"unknown": 1}]}',
        '{"a": [{"numeric": [">"]}]}',
        '{"a": [{"numeric": ["<", 1, ">", 0]}]}',
        '{"a": [{"numeric": [">", 5, "<", 1]}]}',
        '{"a": [{"exists": "yes"}]}',
        '{"a": [{"cidr": "300.0.0.0/8"}]}',
        '{"a": [{"wildcard": "a**b"}]}',
        '{"a": [{"anything-but": []}]}',
        '{"$or": [{"a": [1]}]}',
        '{"$or": {"a": [1]}}',
        '{"a": [{"anything-but": {"prefix": ""}}]}',
        '{"a": [{"wildcard": "a\\\\b"}]}',
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)


def test_filters_are_alternatives() -> None:
    matches = compile_filters(['{"a": ["x"]}', '{"b": ["y"]}'])
    assert matches is not None and matches({"b": "y"}) and not matches({"a": "y"})
    assert compile_filters([]) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab*", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), JSON)
def test_anything_is_matched_or_refused(pattern: Any, event: Any) -> None:
    try:
        matches = parse_pattern(json.dumps(pattern))
    except PatternError:
        return
    assert matches(event) in (True, False)


@given(st.text("ab*\\", max_size=6), st.text("ab*", max_size=6))
def test_wildcards_are_what_a_regular_expression_says(pattern: str, text: str) -> None:
    import re

    try:
        matches = parse_pattern(json.dumps({"k": [{"wildcard": pattern}]}))
    except PatternError:
        return
    expression = re.sub(r"\\(.)|(\*)|([^*\\])", lambda m: ".*" if m[2] else re.escape(m[1] or m[3]), pattern)
    assert matches({"k": text}) is (re.fullmatch(expression, text, re.DOTALL) is not None)
