"""What AWS says about patterns that are none. The first cases, with their places, are what AWS and its published engine said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.events.pattern_judge import NotJson, judge
from fogbank.streams.filters import parse_pattern


def said(text: str) -> str:
    with pytest.raises(NotJson) as caught:
        judge(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ('{"source": ["aws.health"], "detail": {}}', "Empty objects are not allowed", 1, 40),
        (
            '{"source":["test.event-pattern"],"detail":{"lenderId":"LenderA"}}',
            '"lenderId" must be an object or an array',
            1,
            56,
        ),
        (
            '{\n  "detail-type": [ "Build Started" ],\n  "detail": {\n    "pipeline": {\n      "slug": "some-pipeline"\n',
            '"slug" must be an object or an array',
            5,
            16,
        ),
        ('{"key": [{"wildcard": "abc**def"}]}', "Consecutive wildcard characters at pos 4", 1, 33),
        ('{"key": [{"wildcard": "a*c\\def"}]}', "Unrecognized character escape 'd' (code 100)", 1, 28),
        ("[]", "Filter is not an object", 1, 2),
        ('"text"', "Filter is not an object", 1, 2),
        ('{"a": 5}', '"a" must be an object or an array', 1, 8),
        ('{"a": []}', "Empty arrays are not allowed", 1, 9),
        ('{"a": [[1]]}', "Match value must be String, number, true, false, or null", 1, 9),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like", 1, 18),
        (
            "{a: 1}",
            "Unexpected character ('a' (code 97)): was expecting double-quote to start field name",
            1,
            3,
        ),
    ],
)
def test_what_is_said_and_where(text: str, message: str, line: int, column: int) -> None:
    assert said(text) == f'{message}\n at [Source: (String)"{text}"; line: {line}, column: {column}]'


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{}", "Match expression name not found"),
        ('{"prefix": 1}', "prefix match pattern must be a string"),
        ('{"prefix": {"suffix": "x"}}', "Unsupported prefix pattern: suffix"),
        ('{"suffix": {"equals-ignore-case": 1}}', "equals-ignore-case match pattern must be a string"),
        ('{"suffix": ["x"]}', "suffix match pattern must be a string"),
        ('{"prefix": "a", "suffix": "b"}', "Only one key allowed in match expression"),
        ('{"exactly": 1}', "exact match pattern must be a string"),
        ('{"exists": "yes"}', "exists match pattern must be either true or false."),
        ('{"equals-ignore-case": 5}', "equals-ignore-case match pattern must be a string"),
        ('{"wildcard": 5}', "wildcard match pattern must be a string"),
        ('{"wildcard": "a\\\\b"}', "Invalid escape character at pos 2"),
        ('{"cidr": 5}', "prefix match pattern must be a string"),
        ('{"numeric": 5}', "Value of numeric must be an array."),
        ('{"numeric": [5]}', "Invalid member in numeric match: 5"),
        ('{"numeric": ["!", 5]}', "Unrecognized numeric range operator: !"),
        ('{"numeric": [">", "5"]}', "Value of > must be numeric"),
        ('{"numeric": ["=", "5"]}', "Value of equals must be numeric"),
        ('{"numeric": ["=", 5, "<", 6]}', "Too many elements in numeric expression"),
        ('{"numeric": [">", 5, 6]}', "Bad value in numeric range: 6"),
        ('{"numeric": [">", 5, ">", 6]}', "Bad numeric range operator: >"),
        ('{"numeric": [">", 5, "<", 5]}', "Bottom must be less than top"),
        ('{"numeric": [">", 5, "<", 6, 7]}', "Too many terms in numeric range expression"),
        ('{"numeric": [">", 5000000001]}', "Value must be between -5.0E9 and 5.0E9, inclusive"),
        (
            '{"anything-but": true}',
            "Value of anything-but must be an array or single string/number value.",
        ),
        ('{"anything-but": {"numeric": 5}}', "Unsupported anything-but pattern: numeric"),
        ('{"anything-but": {"prefix": ""}}', "Null prefix/suffix not allowed"),
        ('{"anything-but": {"suffix": 5}}', "prefix/suffix match pattern must be a string"),
        ('{"anything-but": [null]}', "Inside anything but list, start|null|boolean is not supported."),
        (
            '{"anything-but": ["a", 1]}',
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (
            '{"anything-but": {"equals-ignore-case": [1]}}',
            "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.",
        ),
    ],
)
def test_conditions(condition: str, message: str) -> None:
    assert said(f'{{"a": [{condition}]}}').split("\n")[0] == message


@pytest.mark.parametrize(
    ("network", "message"),
    [
        ("10.0.0.0", "Malformed CIDR, one '/' required"),
        ("10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"),
        ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
        ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
        ("::/128", "IPv6 mask bits must be < 128"),
        ("10.0.0.300/24", "Invalid IP address: 10.0.0.300"),
        ("12::34::5/24", "Invalid IP address: 12::34::5"),
        ("host/8", "Nonstandard IP address: host"),
    ],
)
def test_networks_have_no_place(network: str, message: str) -> None:
    assert said(json.dumps({"a": [{"cidr": network}]})) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"$or": {}}', "It must be an Array followed with $or."),
        ('{"$or": [{"a": [1]}]}', "There must have at least 2 Objects in $or relationship."),
        ('{"$or": [{"a": [1]}, 5]}', "Only JSON object is allowed in array of $or relationship."),
        (
            '{"$or": [{"a": [1]}, {"prefix": ["x"]}]}',
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        ('{"a": [1]', "Unexpected end-of-input: expected close marker for Object (start marker at "),
        (
            '{"a" [1]}',
            "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value",
        ),
        (
            '{"a": [1 2]}',
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
        ),
        (
            '{"a": [yes]}',
            "Unrecognized token 'yes': was expecting (JSON String, Number, Array, Object or token",
        ),
        ('{"a": ["x]}', "Unexpected end-of-input: was expecting closing quote for a string value"),
        ("", "No content to map due to end-of-input"),
    ],
)
def test_structures(text: str, message: str) -> None:
    assert said(text).startswith(message)


def test_a_long_pattern_is_shown_in_part() -> None:
    message = said(json.dumps({"a": ["x" * 600], "b": 1}))
    assert "[truncated 119 chars]; line: 1" in message


LEAF = st.sampled_from(
    [
        "x",
        5,
        None,
        True,
        {"prefix": "a"},
        {"suffix": {"equals-ignore-case": "B"}},
        {"anything-but": ["a", "b"]},
        {"anything-but": {"wildcard": "*x"}},
        {"numeric": [">", 1.5, "<=", 2e3]},
        {"exists": False},
        {"cidr": "10.0.0.0/8"},
        {"exactly": "e"},
    ]
)
PATTERN = st.recursive(
    st.lists(LEAF, min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.text(min_size=1, max_size=3), inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), PATTERN, min_size=1, max_size=3),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_what_is_one_passes_however_it_is_written(
    pattern: dict[str, object], indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(pattern, indent=indent, ensure_ascii=ascii_only)
    judge(text)
    parse_pattern(text)
