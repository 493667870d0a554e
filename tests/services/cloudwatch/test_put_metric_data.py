from __future__ import annotations

from typing import Any

import pytest

from fogbank.services import cloudwatch as service
from tests.services.cloudwatch.conftest import CloudWatchHouse

DAY_S = 86_400


async def test_values_of_every_form_add_up(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put(
        {"Value": 1.0},
        {"Values": [2.0, 4.0], "Counts": [3.0, 1.0]},
        {"Values": [5.0]},
        {"StatisticValues": {"SampleCount": 2.0, "Sum": 20.0, "Minimum": 8.0, "Maximum": 12.0}},
    )
    (point,) = await cloudwatch.statistics("Sum", "SampleCount", "Minimum", "Maximum", "Average")
    assert point == {
        "at": 0,
        "Unit": "None",
        "Sum": 36.0,
        "SampleCount": 8.0,
        "Minimum": 1.0,
        "Maximum": 12.0,
        "Average": 4.5,
    }


async def test_dimensions_make_metrics_whatever_their_order(cloudwatch: CloudWatchHouse) -> None:
    one = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    await cloudwatch.put(
        {"Value": 1.0, "Dimensions": one}, {"Value": 5.0, "Dimensions": one[:1]}, {"Value": 9.0}
    )
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum", Dimensions=one[::-1])] == [1.0]
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum", Dimensions=one[:1])] == [5.0]
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum")] == [9.0]


async def test_units_stay_apart_unless_asked_together(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put({"Value": 1.0, "Unit": "Seconds"}, {"Value": 2.0, "Unit": "Bytes"})
    points = await cloudwatch.statistics("Sum")
    assert sorted((point["Unit"], point["Sum"]) for point in points) == [("Bytes", 2.0), ("Seconds", 1.0)]
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum", Unit="Bytes")] == [2.0]


async def test_acknowledged_data_survive_the_process(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put({"Value": 1.0})
    house = cloudwatch.house
    after = service.CloudWatch(store=house.store, clock=house.clock, ids=house.ids, lanes=house.lanes)
    house.calls.mount(service.SERVICE, after)
    await cloudwatch.put({"Value": 2.0})
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum")] == [3.0]


async def test_two_nodes_fold_nothing_twice(cloudwatch: CloudWatchHouse) -> None:
    house = cloudwatch.house
    other = service.CloudWatch(store=house.store, clock=house.clock, ids=house.ids, lanes=house.lanes)
    for _ in range(10):
        await cloudwatch.put({"Value": 1.0})
        one = house.lanes.spawn("one", cloudwatch.state.journal.flush())
        two = house.lanes.spawn("two", other.journal.flush())
        await one
        await two
    assert [p["SampleCount"] for p in await cloudwatch.statistics("SampleCount")] == [10.0]


async def test_the_lane_folds_without_a_reader(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put({"Value": 1.0})
    for _ in range(100):
        await cloudwatch.clock.advance_ms(100)
    assert await cloudwatch.house.store.read_log(("cloudwatch", "", "", "journal"), limit=5) == []


async def test_a_burst_is_folded_in_several_transactions(cloudwatch: CloudWatchHouse) -> None:
    for call in range(5):
        await cloudwatch.put(*({"MetricName": f"m{number}", "Value": float(call)} for number in range(600)))
    assert [p["Sum"] for p in await cloudwatch.statistics("Sum", name="m599")] == [10.0]


@pytest.mark.parametrize(
    ("datum", "code", "message"),
    [
        (
            {"Value": 1.0, "Values": [1.0]},
            "InvalidParameterCombination",
            "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have "
            "specified both.",
        ),
        (
            {"Values": [1.0, 2.0], "Counts": [1.0]},
            "InvalidParameterValue",
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            {"Value": float("nan")},
            "InvalidParameterValue",
            "The value NaN for parameter MetricData.member.1.Value is invalid.",
        ),
        ({"Value": float("-inf")}, "InvalidParameterValue", "The value -Infinity for parameter"),
        ({"Value": 2.0**361}, "InvalidParameterValue", "The value 4.6"),
        ({}, "MissingParameter", "At least one of the parameters must be specified"),
        (
            {"Value": 1.0, "Timestamp": -15 * DAY_S},
            "InvalidParameterValue",
            "MetricData.member.1.Timestamp must",
        ),
        (
            {"Value": 1.0, "Timestamp": 3 * 3600},
            "InvalidParameterValue",
            "MetricData.member.1.Timestamp must",
        ),
        (
            {"Value": 1.0, "StorageResolution": 5},
            "InvalidParameterValue",
            "StorageResolution must be 1 or 60",
        ),
        (
            {"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 2.0, "Maximum": 1.0}},
            "InvalidParameterValue",
            "Maximum must be greater than",
        ),
        ({"Values": [1.0] * 151}, "InvalidParameterValue", "must not have a size greater than 150"),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}] * 2},
            "InvalidParameterValue",
            "must not name a dimension twice",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "1"}] * 31},
            "ValidationError",
            "less than or equal to 30",
        ),
        ({"Value": 1.0, "Unit": "Apples"}, "ValidationError", "enum value set"),
    ],
)
async def test_what_is_refused(
    cloudwatch: CloudWatchHouse, datum: dict[str, Any], code: str, message: str
) -> None:
    if "Timestamp" in datum:
        datum = datum | {"Timestamp": cloudwatch.at(datum["Timestamp"])}
    found = await cloudwatch.fails("PutMetricData", Namespace="app", MetricData=[{"MetricName": "m"} | datum])
    assert found[0] == code
    assert message in found[1]
    assert await cloudwatch.statistics("Sum") == []


async def test_namespaces_of_aws_are_not_for_clients(cloudwatch: CloudWatchHouse) -> None:
    data = [{"MetricName": "m", "Value": 1.0}]
    assert (await cloudwatch.fails("PutMetricData", Namespace="AWS/Lambda", MetricData=data))[0] == (
        "InvalidParameterValue"
    )
    entity = [{"MetricData": data}]
    assert (await cloudwatch.fails("PutMetricData", Namespace="a", EntityMetricData=entity))[
        0
    ] == "NotImplemented"
