"""Attribute values: what is taken, what is refused, what it counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.values import (
    key_part,
    pack,
    show,
    size_of,
    stored_size,
    take,
    take_item,
    unpack,
    value_size,
)
from fogbank.store.keys import encode

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NUMBER = st.integers(-(10**12), 10**12).map(str)
SCALARS = st.one_of(
    TEXT.map(lambda x: {"S": x}),
    NUMBER.map(lambda x: {"N": x}),
    st.binary(max_size=8).map(lambda x: {"B": x}),
    st.booleans().map(lambda x: {"BOOL": x}),
    st.just({"NULL": True}),
    st.lists(TEXT, min_size=1, max_size=3, unique=True).map(lambda x: {"SS": x}),
    st.lists(NUMBER, min_size=1, max_size=3, unique=True).map(lambda x: {"NS": x}),
    st.lists(st.binary(max_size=4), min_size=1, max_size=3, unique=True).map(lambda x: {"BS": x}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda x: {"L": x}),
        st.dictionaries(TEXT, inner, max_size=3).map(lambda x: {"M": x}),
    ),
    max_leaves=8,
)


def sorted_sets(value: Any) -> Any:
    """A value with its sets in one order, for comparison."""
    ((kind, content),) = value.items()
    if kind in ("SS", "NS", "BS"):
        return {kind: sorted(content)}
    if kind == "L":
        return {"L": [sorted_sets(each) for each in content]}
    return {"M": {k: sorted_sets(v) for k, v in content.items()}} if kind == "M" else value


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_an_item_comes_back_as_it_was_and_is_measured_once_and_for_all(item: dict[str, Any]) -> None:
    taken, size = take_item(item)
    assert size == size_of(taken)
    packed = pack(taken, size)
    assert unpack(packed) == taken and stored_size(packed) == size
    shown = show(taken).value()
    assert {k: sorted_sets(v) for k, v in shown.items()} == {k: sorted_sets(v) for k, v in item.items()}
    assert take_item(shown) == (taken, size)


@given(TEXT, TEXT)
def test_texts_sort_by_their_utf8(left: str, right: str) -> None:
    a, b = encode((key_part({"S": left}),)), encode((key_part({"S": right}),))
    assert (a < b) == (left.encode() < right.encode())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            {"S": "a", "N": "1"},
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
        ),
        ({"SS": []}, "One or more parameter values were invalid: An string set  may not be empty"),
        ({"NS": []}, "One or more parameter values were invalid: An number set  may not be empty"),
        ({"BS": []}, "One or more parameter values were invalid: Binary sets should not be empty"),
        (
            {"SS": ["a", "a"]},
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        ({"NS": ["1", "1.0"]}, "Input collection contains duplicates"),
        (
            {"NULL": False},
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
        (
            {"L": [{}]},
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ),
    ],
)
def test_what_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError) as caught:
        take(value)
    assert caught.value.message == message


def test_nesting_is_bounded() -> None:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(32):
        value = {"L": [value]}
    take(value)
    with pytest.raises(AwsError, match="Nesting Levels have exceeded supported limits"):
        take({"L": [value]})


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "ä€"}, 5),
        ({"B": b"12345"}, 5),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "a"}, {"N": "1"}]}, 3 + 2 + 3),
        ({"M": {"k": {"S": "ab"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_sizes(value: dict[str, Any], size: int) -> None:
    taken, found = take(value)
    assert found == size == value_size(taken)
