from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.cloudwatch.math import (
    Environment,
    Many,
    MathError,
    Series,
    Value,
    evaluate,
    names_in,
    parse,
)
from fogbank.services.cloudwatch.math.context import Context

A = Series({0: 1.0, 60: 4.0, 180: 9.0}, 60, "a")
B = Series({0: 2.0, 60: 0.0, 120: 5.0}, 60, "b")


def compute(text: str) -> Value:
    context = Context(range(0, 240, 60), 60)
    return evaluate(parse(text), Environment(context, {"a": A, "b": B}, {"a": A, "b": B}))


def points(text: str) -> dict[int, float]:
    value = compute(text)
    assert isinstance(value, Series)
    return value.points


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 ^ 3 ^ 2", 512.0),
        ("10 - 4 - 3", 3.0),
        ("-2 ^ 2", 4.0),
        ("1e3 / 4", 250.0),
        ("1 < 2 AND 2 >= 2 || 1 == 0", 1.0),
        ("SUM(a)", 14.0),
        ("AVG(b)", 7 / 3),
        ("MAX(a) - MIN(b)", 9.0),
        ("STDDEV(TIME_SERIES(3))", 0.0),
        ("PERIOD(a)", 60.0),
        ("DATAPOINT_COUNT(a)", 3.0),
        ("METRIC_COUNT([a, b])", 2.0),
        ("IF(1 > 0, 5, 6)", 5.0),
        ("MAX(1, 7, 3)", 7.0),
    ],
)
def test_numbers(text: str, value: float) -> None:
    assert compute(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b", {0: 3.0, 60: 4.0}),
        ("a / b", {0: 0.5}),
        ("2 * a", {0: 2.0, 60: 8.0, 180: 18.0}),
        ("a > 3", {0: 0.0, 60: 1.0, 180: 1.0}),
        ("-a", {0: -1.0, 60: -4.0, 180: -9.0}),
        ("ABS(a - 5)", {0: 4.0, 60: 1.0, 180: 4.0}),
        ("CEIL(a / 2)", {0: 1.0, 60: 2.0, 180: 5.0}),
        ("FLOOR(a / 2)", {0: 0.0, 60: 2.0, 180: 4.0}),
        ("LOG10(b * 50)", {0: 2.0, 120: pytest.approx(2.39794)}),
        ("DIFF(a)", {60: 3.0, 180: 5.0}),
        ("DIFF_TIME(a)", {60: 60.0, 180: 120.0}),
        ("RATE(a)", {60: 0.05, 180: pytest.approx(5 / 120)}),
        ("RUNNING_SUM(a)", {0: 1.0, 60: 5.0, 180: 14.0}),
        ("FILL(a, 0)", {0: 1.0, 60: 4.0, 120: 0.0, 180: 9.0}),
        ("FILL(a, REPEAT)", {0: 1.0, 60: 4.0, 120: 4.0, 180: 9.0}),
        ("FILL(a, LINEAR)", {0: 1.0, 60: 4.0, 120: 6.5, 180: 9.0}),
        ("FILL(b, LINEAR)", {0: 2.0, 60: 0.0, 120: 5.0}),
        ("FILL(a, b)", {0: 1.0, 60: 4.0, 120: 5.0, 180: 9.0}),
        ("IF(a > 3, a, 0)", {0: 0.0, 60: 4.0, 180: 9.0}),
        ("IF(a > 3, b)", {60: 0.0}),
        ("SUM([a, b])", {0: 3.0, 60: 4.0, 120: 5.0, 180: 9.0}),
        ("MAX(METRICS())", {0: 2.0, 60: 4.0, 120: 5.0, 180: 9.0}),
        ("FIRST([a, b]) - LAST([a, b])", {0: -1.0, 60: 4.0}),
        ("FIRST(SORT([a, b], MAX, ASC))", B.points),
        ("FIRST(SLICE([a, b], 1))", B.points),
        ("TIME_SERIES(7)", {0: 7.0, 60: 7.0, 120: 7.0, 180: 7.0}),
        ("MINUTE(a) + HOUR(a)", {0: 0.0, 60: 1.0, 180: 3.0}),
        ("YEAR(a) + MONTH(a) + DAY(a) + DATE(a)", {0: 1976.0, 60: 1976.0, 180: 1976.0}),
        ("EPOCH(a)", {0: 0.0, 60: 60.0, 180: 180.0}),
    ],
)
def test_time_series(text: str, expected: dict[int, float]) -> None:
    assert points(text) == expected


def test_arrays_are_computed_member_by_member() -> None:
    value = compute("[a, b] * 2")
    assert isinstance(value, Many)
    assert [series.points[0] for series in value.series] == [2.0, 4.0]
    value = compute("REMOVE_EMPTY([a, IF(a > 100, a)])")
    assert isinstance(value, Many) and len(value.series) == 1
    value = compute("SORT([a, b], SUM, DESC, 1)")
    assert isinstance(value, Many) and [series.label for series in value.series] == ["a"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "(a",
        "a b",
        "NOPE(a)",
        "[a] + [b]",
        "FILL(a)",
        "SUM('x')",
        "a + 'x'",
        "c",
        "IF()",
        "$",
        "1 / 0",
        "SORT(a)",
    ],
)
def test_what_cannot_be_computed(text: str) -> None:
    with pytest.raises(MathError):
        compute(text)


def test_names_that_an_expression_needs() -> None:
    assert names_in(parse("IF(a > 1, [b, c2], FILL(d, REPEAT)) + SUM(METRICS())")) == {"a", "b", "c2", "d"}


@given(st.text(alphabet="ab1.+-*/^()[],<>=!&|'\" SUMIF", max_size=40))
def test_any_text_computes_or_is_refused(text: str) -> None:
    try:
        compute(text)
    except (MathError, KeyError) as error:
        assert not isinstance(error, KeyError) or "SEARCH" in text


def test_long_chains_are_no_depth() -> None:
    assert compute("+".join(["1"] * 1000)) == 1000.0


def test_deep_nesting_is_refused() -> None:
    for text in ("(" * 5000 + "a" + ")" * 5000, "-" * 5000 + "a", "^".join(["1"] * 900), "ABS(" * 500):
        with pytest.raises(MathError):
            parse(text)
