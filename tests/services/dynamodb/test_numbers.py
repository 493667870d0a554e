"""Numbers: one canonical form, exact arithmetic, bytes that sort as numbers do."""

from __future__ import annotations

from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb import numbers
from fogbank.services.dynamodb.values import key_part, take
from fogbank.store.keys import encode

EXACT = Context(prec=400)


@st.composite
def decimals(draw: st.DrawFn) -> str:
    digits = draw(st.text("0123456789", min_size=1, max_size=38))
    exponent = draw(st.integers(-130, 125)) - len(digits) + 1
    return f"{draw(st.sampled_from(['', '-', '+']))}{digits}E{exponent}"


def in_range(text: str) -> bool:
    number = Decimal(text)
    return not number or -130 <= number.adjusted() <= 125


@given(decimals().filter(in_range))
def test_the_canonical_form_is_the_same_number_and_final(text: str) -> None:
    found = numbers.canonical(text)
    assert Decimal(found) == Decimal(text)
    assert numbers.canonical(found) == found
    assert "E" not in found and not found.startswith("+") and found != "-0"


@given(decimals().filter(in_range), decimals().filter(in_range))
def test_store_keys_sort_as_numbers(left: str, right: str) -> None:
    a, b = take({"N": left})[0], take({"N": right})[0]
    first, second = encode((key_part(a),)), encode((key_part(b),))
    assert (first < second) == (Decimal(left) < Decimal(right))
    assert (first == second) == (Decimal(left) == Decimal(right))


@given(decimals().filter(in_range), decimals().filter(in_range))
def test_sums_are_exact_or_refused(left: str, right: str) -> None:
    a, b = numbers.canonical(left), numbers.canonical(right)
    try:
        found = numbers.add(a, b)
    except AwsError:
        wanted = EXACT.add(Decimal(left), Decimal(right))
        digits = "".join(map(str, wanted.as_tuple().digits)).strip("0")
        assert len(digits) > 38 or not -130 <= wanted.adjusted() <= 125
        return
    assert Decimal(found) == EXACT.add(Decimal(left), Decimal(right))
    assert numbers.subtract(found, b) == a or Decimal(numbers.subtract(found, b)) == Decimal(a)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1.0", "1"),
        ("00012", "12"),
        ("-0", "0"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1E-3", "0.001"),
        ("100", "100"),
    ],
)
def test_canonical(text: str, wanted: str) -> None:
    assert numbers.canonical(text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "The parameter cannot be converted to a numeric value"),
        ("abc", "The parameter cannot be converted to a numeric value: abc"),
        ("NaN", "The parameter cannot be converted to a numeric value: NaN"),
        ("Infinity", "The parameter cannot be converted to a numeric value: Infinity"),
        ("1_000", "The parameter cannot be converted to a numeric value: 1_000"),
        ("1" * 39, "Attempting to store more than 38 significant digits in a Number"),
        ("1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        (
            "1e-131",
            "Number underflow. Attempting to store a number with magnitude smaller than supported range",
        ),
    ],
)
def test_what_is_no_number(text: str, message: str) -> None:
    with pytest.raises(AwsError) as caught:
        numbers.canonical(text)
    assert (caught.value.code, caught.value.message) == ("ValidationException", message)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 1), ("5", 2), ("10", 2), ("-5", 3), ("123", 3), ("1.23", 3), ("0.001", 2)]
)
def test_size(text: str, size: int) -> None:
    assert numbers.size_bytes(text) == size
