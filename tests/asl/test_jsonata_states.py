"""What Step Functions changes in JSONata: functions of its own, no `$eval`, no context item."""

from __future__ import annotations

import re

import pytest

from fogbank.asl import jsonata
from fogbank.core.ids import Ids

_NOW_MS = 1_700_000_000_123


def _evaluate(text: str, **bindings: object) -> object:
    return jsonata.compile(text).evaluate(jsonata.UNDEFINED, bindings, jsonata.Budget(Ids(3), _NOW_MS))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$partition([1, 2, 3, 4], 2)", [[1, 2], [3, 4]]),
        ("$partition([1, 2, 3, 4, 5], 2.9)", [[1, 2], [3, 4], [5]]),
        ("$range(0, 6, 2)", [0, 2, 4, 6]),
        ("$range(5, 0, -2)", [5, 3, 1]),
        ("$range(-1.7, 2, 1)", [-1, 0, 1, 2]),
        ("$range(3, 3, 1)", 3),
        ('$hash("input", "SHA-1")', "140f86aae51ab9e1cda9b4254fe98a74eb54c1a1"),
        ('$hash("", "MD5")', "d41d8cd98f00b204e9800998ecf8427e"),
        ("$random(42)", 0.7275636800328681),
        ("$random(42) = $random(42)", True),
        ('$parse("{\\"a\\":[1,true,null]}")', {"a": [1, True, None]}),
        ('$parse("{\\"a\\":1}").a', 1),
        ('$parse("12345678901234567")', 12345678901234567),
        ("$millis()", _NOW_MS),
        ("$now()", "2023-11-14T22:13:20.123Z"),
        ("$now('[Y]-[M01]', '+0200')", "2023-11"),
    ],
)
def test_functions_of_step_functions(text: str, value: object) -> None:
    assert _evaluate(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "$partition([1], 0)",
        "$partition([], 2)",
        "$range(1, 3)",
        "$range(1, 3, -1)",
        "$range(1, 3, 0)",
        '$hash("x")',
    ],
)
def test_arguments_that_make_nothing(text: str) -> None:
    assert _evaluate(text) is jsonata.UNDEFINED


def test_random_and_uuid_are_drawn_from_the_budget() -> None:
    value = _evaluate("$random()")
    assert isinstance(value, float) and 0 <= value < 1
    assert value == _evaluate("$random()"), "the same seed of Ids draws the same"
    uuid = _evaluate("$uuid()")
    assert isinstance(uuid, str)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", uuid)
    shuffled = _evaluate("$shuffle([1..50])")
    assert (
        isinstance(shuffled, list) and shuffled != sorted(shuffled) and sorted(shuffled) == list(range(1, 51))
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('$eval("1+1")', "T1006: Attempted to invoke a non-function"),
        ('$hash("x", "CRC")', 'T0410: Argument 2 of function "hash" does not match function signature'),
        ('$parse("[")', 'T0410: Argument 1 of function "parse" does not match function signature'),
        ('$sum(["a"])', 'T0412: Argument 1 of function "sum" must be an array of "numbers"'),
        ("$formatNumber(1, 'x')", "D3086: The sub-picture must not contain a passive character that is preceded by an "
         "active character and that is followed by another active character"),
        ("$error('no')", "D3137: no"),
        ("$number('abc')", 'D3030: Unable to cast value to a number: "abc"'),
    ],
)  # fmt: skip
def test_errors_as_aws_words_them(text: str, error: str) -> None:
    with pytest.raises(jsonata.JsonataError) as raised:
        _evaluate(text)
    assert str(raised.value) == error


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("$states.input.a + $b", ("states", "b")),
        ("($x := $y; $x + $sum($z))", ("y", "sum", "z")),
        ("$map($items, function($i) { $i.p * $rate })", ("map", "items", "rate")),
        ("$items@$i#$n[$i.a = $k].{'n': $n}", ("items", "k")),
        ("($f := function($n) { $n = 0 ? 0 : $f($n - 1) }; $f(3))", ()),
        ("$o ~> |a|{'b': $c}, $d|", ("o", "c", "d")),
    ],
)
def test_the_variables_an_expression_reads(text: str, variables: tuple[str, ...]) -> None:
    assert jsonata.compile(text).variables == variables


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phone", "Reference to 'phone' at the top level is not supported."),
        ("1 + a.b", "Reference to 'a' at the top level is not supported."),
        ("$map($states.input.a, function($x) { b })", "Reference to 'b' at the top level is not supported."),
        ("$$", "Reference to '$$' is not supported."),
        ("$states.input.items[value > 3]", None),
        ("$states.input.items^(price).name", None),
        ("$states.input.items{kind: $sum(price)}", None),
        ("$states.input.items.{'k': name, 'all': *}", None),
    ],
)
def test_a_read_of_the_context_item_is_unsupported(text: str, message: str | None) -> None:
    assert jsonata.compile(text).unsupported == message
