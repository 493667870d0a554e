"""Orders of Java's sets and numbers of its seeds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fogbank.java.random import seeded_double, seeded_int
from fogbank.java.sets import hash_code, set_order


def test_hash_codes() -> None:
    # From Java's documentation of String.hashCode, Boolean.hashCode, List.hashCode and Map.hashCode.
    assert hash_code("hello") == 99162322
    assert (hash_code(True), hash_code(False), hash_code(None)) == (1231, 1237, 0)
    assert hash_code(-1) == 0xFFFFFFFF
    assert hash_code([1, 2]) == 994
    assert hash_code({"a": 1}) == ord("a") ^ 1
    assert hash_code(1.5) == 0x3FF80000


@given(st.lists(st.integers(0, 11), unique=True))
def test_a_set_of_small_numbers_is_sorted(numbers: list[int]) -> None:
    assert set_order(numbers, len(numbers)) == sorted(numbers)


def test_seeds() -> None:
    # new Random(42).nextInt() is -1170105035, so the 31 bits that nextInt(bound) draws first are 1562431130.
    assert [seeded_int(42, bound) for bound in (10, 100, 1_000_000)] == [0, 30, 431130]
    assert seeded_int(42, 1 << 30) == 1562431130 >> 1
    assert seeded_double(42) == 0.7275636800328681
