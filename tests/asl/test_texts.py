"""JSON values as AWS shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl.texts import json_text
from fogbank.java.text import double_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (1234567.5, "1234567.5"),
        (1e7, "1.0E7"),
        (-12345678.25, "-1.234567825E7"),
        (1.5e300, "1.5E300"),
        (5e-324, "5.0E-324"),
        (1e21, "1.0E21"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles(number: float, text: str) -> None:
    assert double_text(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_doubles_read_back(number: float) -> None:
    assert float(double_text(number)) == number


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(_json.filter(lambda value: "\\ud8" not in json.dumps(value)))
def test_json_reads_back(value: Any) -> None:
    assert json.loads(json_text(value)) == value


def test_json_is_compact_and_keeps_characters() -> None:
    assert json_text({"ä": [1, 1e10, 'a"b', None, True]}) == '{"ä":[1,1.0E10,"a\\"b",null,true]}'
    assert json_text({"ä": [1, 'a"b', None, True]}) == '{"ä":[1,"a\\"b",null,true]}'


def test_depth_does_not_matter() -> None:
    deep: Any = 1e10
    for _ in range(5_000):
        deep = {"a": [deep, []]}
    assert json_text(deep).startswith('{"a":[{"a":[') and json_text(deep).endswith("1.0E10" + ",[]]}" * 5_000)
