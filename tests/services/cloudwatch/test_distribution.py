from __future__ import annotations

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.cloudwatch.distribution import Detail, Distribution, bin_of, middle_of
from fogbank.services.cloudwatch.statistics import parse_statistic, value_at

values = st.floats(-1e9, 1e9).filter(lambda value: value == 0 or abs(value) > 1e-6)


def of(samples: list[float]) -> Distribution:
    made = Distribution()
    for value in samples:
        made.add(value)
    return made


@given(st.lists(values, min_size=1, max_size=300), st.lists(values, max_size=300))
def test_merging_is_as_adding_all(one: list[float], other: list[float]) -> None:
    merged, whole = of(one), of(one + other)
    merged.merge(of(other))
    assert (merged.count, merged.low, merged.high) == (whole.count, whole.low, whole.high)
    assert merged.total == pytest.approx(whole.total)
    if merged.detail is whole.detail:
        assert merged.bins == whole.bins


@given(st.lists(values, min_size=1, max_size=400), st.floats(0.01, 1.0))
def test_percentiles_are_within_a_per_cent(samples: list[float], share: float) -> None:
    exact = sorted(samples)[max(0, math.ceil(share * len(samples) - 1e-9) - 1)]
    found = value_at(of(samples), share)
    assert found == pytest.approx(exact, rel=0.0101, abs=1e-9)


@given(st.lists(values, min_size=1, max_size=300))
def test_packing_keeps_everything(samples: list[float]) -> None:
    made = of(samples)
    found = Distribution.unpack(orjson.loads(orjson.dumps(made.pack())))
    assert (found.count, found.low, found.high, found.detail) == (
        made.count,
        made.low,
        made.high,
        made.detail,
    )
    assert found.bins == made.bins
    assert found.total == pytest.approx(made.total)


@given(values, values)
def test_bins_sort_as_values_do(one: float, other: float) -> None:
    if bin_of(one) != bin_of(other):
        assert (bin_of(one) < bin_of(other)) == (one < other)
    assert middle_of(bin_of(one)) == pytest.approx(one, rel=0.0101)


def test_a_statistic_set_of_one_value_is_that_value() -> None:
    made = Distribution()
    made.add_set(3.0, 6.0, 2.0, 2.0)
    assert made.detail is Detail.EXACT and made.bins == {2.0: 3.0}


@pytest.mark.parametrize(
    "name", ["p", "p101", "p-1", "tm101", "TM(:)", "median", "PR()", "pp50", "TM(10%:20%:30%)"]
)
def test_names_of_no_statistic(name: str) -> None:
    assert parse_statistic(name) is None
