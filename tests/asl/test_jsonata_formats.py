"""Numbers, integers and moments: what is written is read back."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.asl import jsonata
from fogbank.asl.jsonata_runtime.text import number_text, text_of
from fogbank.core.ids import Ids

_BUDGET = jsonata.Budget(Ids(1), 1_700_000_000_000)


def _evaluate(text: str, /, **bindings: object) -> object:
    return jsonata.compile(text).evaluate(jsonata.UNDEFINED, bindings, _BUDGET)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_text_of_a_number_reads_back_as_the_number(value: float) -> None:
    assert float(number_text(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-7, "1e-7"), (1e-6, "0.000001"), (-0.0, "0"),
     (1.5e300, "1.5e+300"), (123456.75, "123456.75"), (2**53 + 2.0, "9007199254740994"), (math.inf, "Infinity")],
)  # fmt: skip
def test_numbers_are_written_as_javascript_writes_them(value: float, text: str) -> None:
    assert number_text(value) == text


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_json, st.booleans())
def test_string_and_parse_are_inverse(value: object, indent: bool) -> None:
    if isinstance(value, str):
        assert text_of(value) == value
        return
    text = text_of(value, indent)
    assert json.loads(text) == value
    assert _evaluate("$parse($text)", text=text) == value


@given(st.integers(0, 10**15), st.sampled_from(["w", "W", "Ww", "Ww;o", "0", "#,##0", "0;o", "A", "a", "١"]))
def test_an_integer_reads_back(value: int, picture: str) -> None:
    value = value if picture not in ("A", "a") else value + 1
    assert _evaluate("$parseInteger($formatInteger($n, $p), $p)", n=value, p=picture) == value


@given(st.integers(1, 3999), st.sampled_from(["I", "i"]))
def test_roman_numerals_read_back(value: int, picture: str) -> None:
    assert _evaluate("$parseInteger($formatInteger($n, $p), $p)", n=value, p=picture) == value


_PICTURES = [
    "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01].[f001][Z01:01]",
    "[D1o] [MNn] [Y0001] [h1]:[m01]:[s01].[f001] [PN] [Z]",
    "[Y0001][M01][D01][H01][m01][s01][f001] [z]",
    "[Y0001] [d] [H]:[m]:[s].[f001] [Z0000]",
    "[DWwo] of [MNn], [YI] [H01]:[m01]:[s01].[f001] [Z]",
]


@given(
    st.integers(-30_000_000_000_000, 250_000_000_000_000),
    st.sampled_from(_PICTURES),
    st.sampled_from(["+0000", "+0530", "-0800"]),
)
def test_a_moment_reads_back(millis: int, picture: str, zone: str) -> None:
    assert _evaluate("$toMillis($fromMillis($ms, $p, $z), $p)", ms=millis, p=picture, z=zone) == millis


@given(st.integers(-60_000_000_000_000, 250_000_000_000_000))
def test_a_moment_in_iso_8601_reads_back(millis: int) -> None:
    assert _evaluate("$toMillis($fromMillis($ms))", ms=millis) == millis


@given(st.integers(-(10**12), 10**12), st.integers(2, 36))
def test_a_number_in_any_base_reads_back(value: int, radix: int) -> None:
    text = _evaluate("$formatBase($n, $r)", n=value, r=radix)
    assert isinstance(text, str) and int(text, radix) == value


@given(st.binary(max_size=64).map(lambda raw: raw.decode("latin-1")))
def test_base_64_reads_back(text: str) -> None:
    assert _evaluate("$base64decode($base64encode($t))", t=text) == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=32))
def test_url_encoding_reads_back(text: str) -> None:
    assert _evaluate("$decodeUrlComponent($encodeUrlComponent($t))", t=text) == text


@given(st.text(max_size=40))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    try:
        jsonata.compile(text)
    except jsonata.JsonataError as error:
        assert str(error)


_SYMBOLS = [
    "$",
    "$$",
    "$x",
    "a",
    "b",
    ".",
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    ";",
    ":",
    "?",
    ":=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "&",
    "=",
    "!=",
    "<",
    "<=",
    "~>",
    "^",
    "@$v",
    "#$i",
    "|",
    "'k'",
    "1",
    "0",
    "..",
    "**",
    "and",
    "in",
    "function",
    "$sum",
]


@given(st.lists(st.sampled_from(_SYMBOLS), min_size=1, max_size=12).map(" ".join))
def test_any_row_of_symbols_evaluates_or_is_refused(text: str) -> None:
    data = {"a": [1, {"b": 2}], "b": {"a": "k"}}
    try:
        value = jsonata.compile(text).evaluate(data, {"x": [1, 2]}, jsonata.Budget(Ids(1), 0, 20_000))
    except jsonata.JsonataError as error:
        assert str(error)
    else:
        if value is not jsonata.UNDEFINED and not isinstance(value, jsonata.Function):
            json.dumps(value, allow_nan=False)
