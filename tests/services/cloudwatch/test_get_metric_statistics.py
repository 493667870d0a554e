from __future__ import annotations

from typing import Any

import pytest

from tests.services.cloudwatch.conftest import CloudWatchHouse

DAY_S = 86_400


async def put_at(cloudwatch: CloudWatchHouse, *points: tuple[float, float], **more: Any) -> None:
    """(seconds from now, value)."""
    await cloudwatch.put(*({"Timestamp": cloudwatch.at(at), "Value": value} | more for at, value in points))


async def test_periods_begin_where_the_range_does(cloudwatch: CloudWatchHouse) -> None:
    await put_at(cloudwatch, (-600, 1.0), (-540, 2.0), (-300, 4.0), (-1, 8.0))
    points = await cloudwatch.statistics("Sum", start=-600, end=0, period=300)
    assert [(point["at"], point["Sum"]) for point in points] == [(-600, 3.0), (-300, 12.0)]
    points = await cloudwatch.statistics("Sum", start=-540, end=0, period=300)
    assert [(point["at"], point["Sum"]) for point in points] == [(-540, 6.0), (-240, 8.0)]
    points = await cloudwatch.statistics("Sum", start=-3600, end=0, period=3600)
    assert [(point["at"], point["Sum"]) for point in points] == [(-3600, 15.0)]


async def test_high_resolution_data_have_seconds(cloudwatch: CloudWatchHouse) -> None:
    await put_at(cloudwatch, (-10, 1.0), (-9, 2.0), (-5, 4.0), StorageResolution=1)
    points = await cloudwatch.statistics("Sum", start=-60, end=0, period=1)
    assert [(point["at"], point["Sum"]) for point in points] == [(-10, 1.0), (-9, 2.0), (-5, 4.0)]
    points = await cloudwatch.statistics("Sum", start=-60, end=0, period=5)
    assert [(point["at"], point["Sum"]) for point in points] == [(-10, 3.0), (-5, 4.0)]
    points = await cloudwatch.statistics("Sum", start=-60, end=0)
    assert [point["Sum"] for point in points] == [7.0]


async def test_percentiles_and_trimmed_statistics(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put(*({"Value": float(value)} for value in range(1, 101)))
    (point,) = await cloudwatch.statistics(
        "p50", "p99", "p99.9", "tm90", "tc90", "ts90", "PR(:50)", "TM(10%:90%)", "IQM"
    )
    found = point["ExtendedStatistics"]
    assert (found["p50"], found["p99"], found["p99.9"]) == (50.0, 99.0, 100.0)
    assert (found["tm90"], found["tc90"], found["ts90"]) == (45.5, 90.0, 4095.0)
    assert (found["PR(:50)"], found["TM(10%:90%)"], found["IQM"]) == (50.0, 50.5, 50.5)


async def test_many_different_values_stay_within_a_per_cent(cloudwatch: CloudWatchHouse) -> None:
    for start in range(0, 5000, 500):
        await cloudwatch.put(*({"Value": 0.5 + value * 1.7} for value in range(start, start + 500)))
    (point,) = await cloudwatch.statistics("p50", "p95", "Minimum", "Maximum")
    found = point["ExtendedStatistics"]
    assert found["p50"] == pytest.approx(0.5 + 2500 * 1.7, rel=0.011)
    assert found["p95"] == pytest.approx(0.5 + 4750 * 1.7, rel=0.011)
    assert (point["Minimum"], point["Maximum"]) == (0.5, 0.5 + 4999 * 1.7)


async def test_statistic_sets_have_no_percentiles(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put(
        {"Value": 3.0}, {"StatisticValues": {"SampleCount": 2.0, "Sum": 3.0, "Minimum": 1.0, "Maximum": 2.0}}
    )
    (point,) = await cloudwatch.statistics("p50", "Sum")
    assert "ExtendedStatistics" not in point and point["Sum"] == 6.0


async def test_old_data_lose_resolution_and_then_go(cloudwatch: CloudWatchHouse) -> None:
    await put_at(cloudwatch, (0, 1.0), StorageResolution=1)
    ages_s = {4 * 3600: {60, 300, 3600}, 16 * DAY_S: {300, 3600}, 64 * DAY_S: {3600}, 456 * DAY_S: set[int]()}
    passed_s = 0
    for age_s, kept in ages_s.items():
        await cloudwatch.clock.advance_ms((age_s - passed_s) * 1000)
        passed_s = age_s
        await cloudwatch.state.retaining.sweep()
        found = set()
        for period in (1, 60, 300, 3600):
            around = {
                "start": -age_s - age_s % 3600,
                "end": -age_s + min(3600, 1000 * period),
                "period": period,
            }
            if await cloudwatch.statistics("Sum", **around):
                found.add(period)
        assert found == kept
    assert (await cloudwatch.call("ListMetrics"))["Metrics"] == []
    rows = await cloudwatch.house.store.scan(("cloudwatch", "000000000000"), limit=5)
    assert rows == []


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        (
            {"Period": 1},
            "InvalidParameterCombination",
            "You have requested up to 3600 datapoints, which exceeds the limit of 1440.",
        ),
        ({"Statistics": None}, "MissingParameter", "Must specify either Statistics or ExtendedStatistics"),
        (
            {"EndTime": 0},
            "InvalidParameterValue",
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        ({"Period": 61}, "InvalidParameterValue", "The parameter Period must be"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
        ({"Statistics": ["Median"]}, "ValidationError", "enum"),
    ],
)
async def test_what_is_refused(
    cloudwatch: CloudWatchHouse, params: dict[str, Any], code: str, message: str
) -> None:
    given = {
        "Namespace": "app",
        "MetricName": "m",
        "StartTime": cloudwatch.at(-3600),
        "EndTime": cloudwatch.at(0),
        "Period": 60,
        "Statistics": ["Sum"],
    } | params
    found = await cloudwatch.fails(
        "GetMetricStatistics", **{name: value for name, value in given.items() if value is not None}
    )
    assert found[0] == code and message in found[1]
