from __future__ import annotations

from typing import Any

import pytest

from tests.services.cloudwatch.conftest import CloudWatchHouse, math, metric


async def fill(cloudwatch: CloudWatchHouse, name: str, *points: tuple[int, float], **more: Any) -> None:
    """(minutes ago, value)."""
    await cloudwatch.put(
        *(
            {"MetricName": name, "Timestamp": cloudwatch.at(-60 * ago), "Value": value} | more
            for ago, value in points
        )
    )


async def test_metrics_and_expressions_over_them(cloudwatch: CloudWatchHouse) -> None:
    await fill(cloudwatch, "m", (2, 10.0), (1, 20.0))
    await fill(cloudwatch, "n", (1, 4.0), (0, 2.0))
    found = await cloudwatch.data(
        metric("a"),
        metric("b", "n"),
        math("e", "a / b"),
        math("f", "(a + FILL(b, 0)) * 2", ReturnData=False),
        math("g", "f + 1"),
    )
    assert found == {
        "a": {-120: 10.0, -60: 20.0},
        "b": {-60: 4.0, 0: 2.0},
        "e": {-60: 5.0},
        "g": {-120: 21.0, -60: 49.0},
    }


async def test_order_labels_and_empty_results(cloudwatch: CloudWatchHouse) -> None:
    await fill(cloudwatch, "m", (2, 10.0), (1, 20.0))
    answer = await cloudwatch.call(
        "GetMetricData",
        MetricDataQueries=[
            metric("a"),
            metric("b", Label="max ${MAX} of ${PROP('MetricName')}"),
            metric("c", "none"),
        ],
        StartTime=cloudwatch.at(-600),
        EndTime=cloudwatch.at(60),
    )
    first, second, third = answer["MetricDataResults"]
    assert first == {
        "Id": "a",
        "Label": "m",
        "Timestamps": [cloudwatch.at(-60), cloudwatch.at(-120)],
        "Values": [20.0, 10.0],
        "StatusCode": "Complete",
    }
    assert second["Label"] == "max 20 of m"
    assert (third["Values"], third["StatusCode"]) == ([], "Complete")
    assert answer["Messages"] == []


async def test_pages_hold_as_many_datapoints_as_asked(cloudwatch: CloudWatchHouse) -> None:
    await fill(cloudwatch, "m", *((ago, float(ago)) for ago in range(5)))
    await fill(cloudwatch, "n", *((ago, float(ago)) for ago in range(3)))
    params = {
        "MetricDataQueries": [metric("a"), metric("b", "n")],
        "StartTime": cloudwatch.at(-600),
        "EndTime": cloudwatch.at(60),
        "MaxDatapoints": 4,
    }
    pages: list[list[tuple[str, str, list[float]]]] = []
    while True:
        answer = await cloudwatch.call("GetMetricData", **params)
        pages.append([(r["Id"], r["StatusCode"], r["Values"]) for r in answer["MetricDataResults"]])
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert pages == [
        [("a", "PartialData", [0.0, 1.0, 2.0, 3.0])],
        [("a", "Complete", [4.0]), ("b", "Complete", [0.0, 1.0, 2.0])],
    ]


async def test_searches_find_metrics(cloudwatch: CloudWatchHouse) -> None:
    for host in ("web-1", "web-2", "db-1"):
        await fill(cloudwatch, "cpu", (1, len(host) * 1.0), Dimensions=[{"Name": "Host", "Value": host}])
    await fill(cloudwatch, "cpu", (1, 100.0))
    searched = "SEARCH('{app,Host} MetricName=\"cpu\" web', 'Sum', 60)"
    found = await cloudwatch.data(math("e", searched))
    assert sorted(value[-60] for value in found.values()) == [5.0, 5.0]
    assert await cloudwatch.data(math("e", f"SUM({searched})")) == {"e": {-60: 10.0}}
    everything = "METRIC_COUNT(SEARCH('{app,Host}', 'Sum', 60))"
    assert (await cloudwatch.data(math("e", f"TIME_SERIES({everything})"), start=-60, end=0))["e"] == {
        -60: 3.0
    }


async def test_metrics_takes_every_metric_of_the_request(cloudwatch: CloudWatchHouse) -> None:
    await fill(cloudwatch, "m", (1, 1.0))
    await fill(cloudwatch, "n", (1, 2.0))
    found = await cloudwatch.data(
        metric("m1"), metric("n1", "n"), math("e", "SUM(METRICS())"), math("f", "SUM(METRICS('n'))")
    )
    assert found["e"] == {-60: 3.0} and found["f"] == {-60: 2.0}


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([math("e", "unknown + 1")], "Error in expression 'e': Undefined variable unknown"),
        ([math("a", "b"), math("b", "a")], "The expressions refer to each other"),
        ([math("e", "1 + 1")], "must return a time series"),
        ([math("e", "SUM(")], "The expression ends too early"),
        (
            [math("e", "ANOMALY_DETECTION_BAND(m, 2)"), metric("m")],
            "fogbank does not support ANOMALY_DETECTION_BAND yet",
        ),
        ([metric("a"), metric("a")], "not unique"),
        ([metric("a", ReturnData=False)], "At least one"),
        ([metric("a", stat="p200")], "p200"),
        ([metric("a", period=61)], "Period must be"),
        ([metric("A")], "not matching the expected pattern"),
        ([{"Id": "a"}], "must be specified, and not both"),
    ],
)
async def test_what_is_refused(
    cloudwatch: CloudWatchHouse, queries: list[dict[str, Any]], message: str
) -> None:
    code, found = await cloudwatch.fails(
        "GetMetricData", MetricDataQueries=queries, StartTime=cloudwatch.at(-600), EndTime=cloudwatch.at(0)
    )
    assert code == "ValidationError" and message in found


async def test_insights_queries_are_refused_by_name(cloudwatch: CloudWatchHouse) -> None:
    code, _ = await cloudwatch.fails(
        "GetMetricData",
        MetricDataQueries=[math("e", "SELECT AVG(m) FROM app")],
        StartTime=cloudwatch.at(-600),
        EndTime=cloudwatch.at(0),
    )
    assert code == "NotImplemented"
