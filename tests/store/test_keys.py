"""The key codec keeps the order of tuples, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.store import keys
from fogbank.store.api import Key

PARTS = st.one_of(
    st.binary(max_size=8),
    st.integers(),
    st.integers(min_value=-(1 << 200), max_value=1 << 200),
    st.text(alphabet=st.characters(codec=None), max_size=8),
    st.sampled_from(
        ["", "\x00", "\x00\xff", "a\x00", "\ud800", "\U0010ffff", b"", b"\x00", b"\x00\xff", b"\xff", 0]
    ),
)
KEYS = st.lists(PARTS, max_size=5).map(tuple)


def rank(key: Key) -> list[tuple[int, Any]]:
    """The order that the contract promises, written down independently."""
    order = {bytes: 0, int: 1, str: 2}
    return [(order[type(part)], part) for part in key]


@given(KEYS)
def test_a_key_comes_back(key: Key) -> None:
    assert keys.decode(keys.encode(key)) == key


@given(KEYS, KEYS)
def test_bytes_sort_as_tuples_do(one: Key, other: Key) -> None:
    assert (keys.encode(one) < keys.encode(other)) == (rank(one) < rank(other))


@given(KEYS, KEYS)
def test_the_bounds_hold_exactly_the_prefix(prefix: Key, key: Key) -> None:
    low, high = keys.bounds(prefix)
    for candidate in (key, prefix + key, prefix):
        assert (low <= keys.encode(candidate) < high) == (candidate[: len(prefix)] == prefix)


@given(KEYS, KEYS)
def test_after_leaves_out_the_key_itself_only(key: Key, other: Key) -> None:
    assert (keys.encode(other) >= keys.after(key)) == (rank(other) > rank(key))
    assert keys.encode((*key, b"")) >= keys.after(key)


@given(st.integers(min_value=1, max_value=200), st.sampled_from([-1, 0, 1]), st.booleans())
def test_numbers_around_every_power_keep_their_order(bits: int, offset: int, negative: bool) -> None:
    number = (1 << bits) + offset
    number = -number if negative else number
    encoded = [keys.encode((number + step,)) for step in (-1, 0, 1)]
    assert encoded == sorted(encoded)
    assert keys.decode(encoded[1]) == (number,)


def test_a_long_key_is_refused_and_the_longest_is_not() -> None:
    longest = ("x" * (keys.STORE_KEY_BYTES_MAX - 2),)
    assert keys.decode(keys.encode(longest)) == longest
    with pytest.raises(ValueError, match="exceeds"):
        keys.encode(("x" * (keys.STORE_KEY_BYTES_MAX - 1),))


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        keys.encode((1.5,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "torn", [b"\x50abc", b"\x10", b"\x31", b"\x3f\x00\x00\x00\x20\x01", b"\x99", b"\x50a\x00\xff"]
)
def test_bytes_that_no_key_has_are_refused(torn: bytes) -> None:
    with pytest.raises(ValueError):
        keys.decode(torn)
