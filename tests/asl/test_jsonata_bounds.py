"""Hostile expressions end, and where AWS draws its lines."""

from __future__ import annotations

import pytest

from fogbank.asl import jsonata
from fogbank.core.ids import Ids

_STACK = "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive."
_TIME = "Expression evaluation timeout: Check for infinite loop"
_MEMORY = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
_RECURSIVE = "($f := function($n) { $n = 0 ? 0 : 1 + $f($n - 1) }; $f(%d))"
_DOUBLING = '($p := function($s, $n) { $n = 0 ? $s : $p($s & $s, $n - 1) }; $length($p("x", %d)))'


def _evaluate(text: str, steps_max: int = 2_000_000) -> object:
    return jsonata.compile(text).evaluate(jsonata.UNDEFINED, {}, jsonata.Budget(Ids(1), 0, steps_max))


@pytest.mark.parametrize(
    ("accepted", "refused", "value"),
    [
        ("+".join(["1"] * 100), "+".join(["1"] * 101), 100),
        ("(" * 99 + "1" + ")" * 99, "(" * 100 + "1" + ")" * 100, 1),
        ("1" + "~>$abs" * 99, "1" + "~>$abs" * 100, 1),
        (_RECURSIVE % 31, _RECURSIVE % 32, 31),
    ],
    ids=["terms", "parentheses", "stages", "recursion"],
)
def test_the_depth_that_aws_accepts(accepted: str, refused: str, value: int) -> None:
    assert _evaluate(accepted) == value
    with pytest.raises(jsonata.JsonataExhausted) as raised:
        _evaluate(refused)
    assert str(raised.value) == _STACK


def test_a_branch_too_deep_does_no_harm_until_it_is_taken() -> None:
    deep = "+".join(["1"] * 300)
    assert _evaluate(f"false ? {deep} : 7") == 7


@pytest.mark.parametrize(
    ("accepted", "refused", "value"),
    [
        ("[1..873782] ~> $count()", "[1..873783] ~> $count()", 873_782),
        ("$count($range(1, 360145, 1))", "$count($range(1, 360146, 1))", 360_145),
        (_DOUBLING % 22, _DOUBLING % 23, 2**22),
    ],
    ids=["range operator", "range function", "string"],
)
def test_the_memory_that_aws_accepts(accepted: str, refused: str, value: int) -> None:
    assert _evaluate(accepted) == value
    with pytest.raises(jsonata.JsonataExhausted) as raised:
        _evaluate(refused)
    assert str(raised.value) == _MEMORY


@pytest.mark.parametrize(
    "text",
    [
        "$pad('x', 1000000000)",
        "$pad('x', 1/0)",
        "$range(0, 1/0, 1)",
        "$range(0, 1e300, 1)",
        "$reduce([1..50], function($a, $b) { $append($a, $a) }, [1])",
        "$join($map([1..1000], function($x) { $pad('a', 10000) }))",
        "$replace($pad('a', 100000, 'a'), 'a', $pad('b', 1000))",
    ],
)
def test_a_value_too_large_is_refused_before_it_is_made(text: str) -> None:
    with pytest.raises(jsonata.JsonataExhausted) as raised:
        _evaluate(text)
    assert str(raised.value) == _MEMORY


@pytest.mark.parametrize(
    "text",
    [
        "($f := function($x) { $f($x + 1) }; $f(1))",
        "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a+)+$/)",
        "$match('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!', /^(a|a)*$/)",
        "$match($pad('', 5000, 'a'), /a*a*a*a*b/)",
        "[1..100000].([1..100000])",
        "$map([1..100000], function($x) { $x })",
        "($z := [1..2000].(0); [1..2000].$not($z))",
        "($z := [1..2000]; [1..2000].($z = $z))",
        "($z := [[1..2000]]; [1..2000].($z = $z))",
        "($z := [1..20000]; [1..1000].$sum($z))",
        "($z := [1..20000]; [1..1000].($z & ''))",
        "[1..1000].$map([1..1000], function($x) { $x })",
    ],
)
def test_work_without_end_runs_out_of_steps(text: str) -> None:
    with pytest.raises(jsonata.JsonataExhausted) as raised:
        _evaluate(text, steps_max=200_000)
    assert str(raised.value) == _TIME


def test_tail_calls_take_no_depth() -> None:
    assert (
        _evaluate("($f := function($n, $a) { $n = 0 ? $a : $f($n - 1, $a + $n) }; $f(5000, 0))") == 12_502_500
    )


@pytest.mark.parametrize("opening", ["(", "[", '{"a":', "-(", "$f(", "a[", "function($x){"])
def test_brackets_nested_without_end_are_refused_when_compiled(opening: str) -> None:
    with pytest.raises(jsonata.JsonataExhausted):
        jsonata.compile(opening * 20_000)


def test_a_long_path_is_not_a_deep_one() -> None:
    data: object = 1
    for _ in range(400):
        data = {"a": data}
    text = ".".join(["$d"] + ["a"] * 400)
    assert jsonata.compile(text).evaluate(jsonata.UNDEFINED, {"d": data}, jsonata.Budget(Ids(1), 0)) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/0", "Infinity"),
        ("-1/0", "-Infinity"),
        ("0/0", "NaN"),
        ("[1/0]", ["Infinity"]),
        ("{'k': 1e308 * 10}", {"k": "Infinity"}),
        ("$parseInteger('abc', '0')", "NaN"),
        ("$substring('abc', 1/0)", ""),
        ("$substring('abc', 0, 1/0)", "abc"),
        ("$split('a b', ' ', 1/0)", ["a", "b"]),
        ("$partition([1, 2], 1/0)", [[1, 2]]),
    ],
)
def test_numbers_that_json_lacks(text: str, value: object) -> None:
    assert _evaluate(text) == value
