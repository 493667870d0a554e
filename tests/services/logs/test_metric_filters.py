from __future__ import annotations

from typing import Any

import pytest

from tests.services.logs.conftest import LogsHouse

METRIC = {"metricName": "errors", "metricNamespace": "app", "metricValue": "1"}


async def put_filter(
    logs: LogsHouse, pattern: str, group: str = "g", name: str = "f", **changes: Any
) -> None:
    await logs.call(
        "PutMetricFilter",
        logGroupName=group,
        filterName=name,
        filterPattern=pattern,
        metricTransformations=[METRIC | changes],
    )


async def statistics(logs: LogsHouse, dimensions: dict[str, str] | None = None) -> list[tuple[float, float]]:
    """(sum, count) of each minute of the metric."""
    answer = await logs.house.call(
        "cloudwatch",
        "GetMetricStatistics",
        {
            "Namespace": "app",
            "MetricName": "errors",
            "Dimensions": [{"Name": name, "Value": value} for name, value in (dimensions or {}).items()],
            "StartTime": logs.now_ms - 3_600_000,
            "EndTime": logs.now_ms + 60_000,
            "Period": 60,
            "Statistics": ["Sum", "SampleCount"],
        },
    )
    return [(point["Sum"], point["SampleCount"]) for point in answer["Datapoints"]]


async def test_matching_events_become_a_metric(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await put_filter(logs, "ERROR")
    await logs.put("g", "s", (0, "ERROR a"), (1, "fine"), (2, "ERROR b"))
    assert await statistics(logs) == [(2.0, 2.0)]


async def test_the_value_and_dimensions_come_out_of_fields(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await put_filter(
        logs, "{ $.code >= 500 }", metricValue="$.latency", dimensions={"path": "$.path"}, unit="Milliseconds"
    )
    await logs.put(
        "g",
        "s",
        (0, '{"code": 500, "latency": 12.5, "path": "/a"}'),
        (1, '{"code": 502, "latency": 7.5, "path": "/a"}'),
        (2, '{"code": 200, "latency": 1, "path": "/a"}'),
        (3, '{"code": 500, "latency": "slow", "path": "/a"}'),
        (4, '{"code": 500, "latency": 3}'),
    )
    assert await statistics(logs, {"path": "/a"}) == [(20.0, 2.0)]
    assert await statistics(logs) == []


async def test_a_batch_without_a_match_gives_the_default(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await put_filter(logs, "ERROR", defaultValue=0)
    await logs.put("g", "s", (0, "fine"), (1, "fine"))
    assert await statistics(logs) == [(0.0, 1.0)]


async def test_filters_act_at_once_and_stop_when_deleted(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "ERROR"))
    await put_filter(logs, "ERROR")
    await logs.put("g", "s", (0, "ERROR"))
    await put_filter(logs, "FATAL")
    await logs.put("g", "s", (0, "ERROR"))
    await logs.call("DeleteMetricFilter", logGroupName="g", filterName="f")
    await logs.put("g", "s", (0, "FATAL"))
    assert await statistics(logs) == [(1.0, 1.0)]
    assert (await logs.group("g"))["metricFilterCount"] == 0


async def test_lines_of_functions_pass_the_filters_too(logs: LogsHouse) -> None:
    await logs.make("g")
    await put_filter(logs, "ERROR")
    await logs.house.internal("logs", "deliver", streams={("g", "new"): [(logs.now_ms, "ERROR")]})
    assert await statistics(logs) == [(1.0, 1.0)]


async def test_describe_by_prefix_metric_and_over_groups(logs: LogsHouse) -> None:
    for group in ("a", "b"):
        await logs.make(group)
        await put_filter(logs, "ERROR", group, "f1", defaultValue=0)
        await put_filter(logs, "", group, "f2", metricName="all")
    answer = await logs.call("DescribeMetricFilters", logGroupName="a", filterNamePrefix="f1")
    (found,) = answer["metricFilters"]
    assert found == {
        "filterName": "f1",
        "filterPattern": "ERROR",
        "metricTransformations": [METRIC | {"defaultValue": 0}],
        "creationTime": logs.now_ms,
        "logGroupName": "a",
        "applyOnTransformedLogs": False,
    }
    by_metric = await logs.call("DescribeMetricFilters", metricName="all", metricNamespace="app")
    assert [one["logGroupName"] for one in by_metric["metricFilters"]] == ["a", "b"]
    seen: list[tuple[str, str]] = []
    token: dict[str, str] = {}
    while True:
        page = await logs.call("DescribeMetricFilters", limit=1, **token)
        seen += [(one["logGroupName"], one["filterName"]) for one in page["metricFilters"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [("a", "f1"), ("a", "f2"), ("b", "f1"), ("b", "f2")]


async def test_the_hundredth_is_the_last(logs: LogsHouse) -> None:
    await logs.make("g")
    for number in range(100):
        await put_filter(logs, "", name=f"f{number}")
    await put_filter(logs, "x", name="f7")
    with pytest.raises(Exception, match="LimitExceededException: Resource limit exceeded"):
        await put_filter(logs, "", name="one-more")


@pytest.mark.parametrize(
    ("pattern", "changes"),
    [
        ("ERROR", {"dimensions": {"a": "$.a"}}),
        ("{ $.a = 1 }", {"dimensions": {"a": "b"}}),
        ("{ $.a = 1 }", {"dimensions": {"a": "$.a"}, "defaultValue": 0}),
        ("ERROR", {"metricValue": "$x"}),
        ("ERROR", {"metricValue": "many"}),
        ("{", {}),
    ],
)
async def test_what_is_refused(logs: LogsHouse, pattern: str, changes: dict[str, Any]) -> None:
    await logs.make("g")
    with pytest.raises(Exception, match="InvalidParameterException"):
        await put_filter(logs, pattern, **changes)


async def test_deleting_what_is_not_there(logs: LogsHouse) -> None:
    await logs.make("g")
    assert await logs.fails("DeleteMetricFilter", logGroupName="g", filterName="f") == (
        "ResourceNotFoundException",
        "The specified metric filter does not exist.",
    )


async def test_trying_a_pattern(logs: LogsHouse) -> None:
    answer = await logs.call(
        "TestMetricFilter",
        filterPattern="[ip, ..., bytes > 1000]",
        logEventMessages=["1.1.1.1 a 900", "1.1.1.1 a 1001"],
    )
    assert answer["matches"] == [
        {
            "eventNumber": 2,
            "eventMessage": "1.1.1.1 a 1001",
            "extractedValues": {"$ip": "1.1.1.1", "$2": "a", "$bytes": "1001"},
        }
    ]
