from __future__ import annotations

from typing import Any

from tests.services.cloudwatch.conftest import CloudWatchHouse

HOUR_MS = 3_600_000


async def names(cloudwatch: CloudWatchHouse, **params: Any) -> list[str]:
    """Names and dimension values of all pages."""
    found: list[str] = []
    while True:
        answer = await cloudwatch.call("ListMetrics", **params)
        for metric in answer["Metrics"]:
            found.append("/".join([metric["MetricName"], *(one["Value"] for one in metric["Dimensions"])]))
        if "NextToken" not in answer:
            return sorted(found)
        params["NextToken"] = answer["NextToken"]


async def test_by_namespace_name_and_dimensions(cloudwatch: CloudWatchHouse) -> None:
    def dims(**pairs: str) -> list[dict[str, str]]:
        return [{"Name": name, "Value": value} for name, value in pairs.items()]

    await cloudwatch.put(
        {"Value": 1.0},
        {"Value": 1.0, "Dimensions": dims(a="1")},
        {"Value": 1.0, "Dimensions": dims(a="2", b="x")},
        {"MetricName": "n", "Value": 1.0, "Dimensions": dims(a="1")},
    )
    await cloudwatch.put({"MetricName": "o", "Value": 1.0}, namespace="other")
    assert await names(cloudwatch) == ["m", "m/1", "m/2/x", "n/1", "o"]
    assert await names(cloudwatch, Namespace="app", MetricName="m") == ["m", "m/1", "m/2/x"]
    assert await names(cloudwatch, MetricName="n") == ["n/1"]
    assert await names(cloudwatch, Dimensions=[{"Name": "a"}]) == ["m/1", "m/2/x", "n/1"]
    assert await names(cloudwatch, Dimensions=[{"Name": "a", "Value": "1"}]) == ["m/1", "n/1"]
    assert await names(cloudwatch, Dimensions=[{"Name": "a"}, {"Name": "b", "Value": "y"}]) == []


async def test_pages_of_five_hundred(cloudwatch: CloudWatchHouse) -> None:
    for start in (0, 600):
        await cloudwatch.put(*({"MetricName": f"{start + n:04}", "Value": 1.0} for n in range(600)))
    first = await cloudwatch.call("ListMetrics", Namespace="app")
    assert len(first["Metrics"]) == 500
    assert await names(cloudwatch, Namespace="app") == [f"{n:04}" for n in range(1200)]


async def test_metrics_without_data_fade(cloudwatch: CloudWatchHouse) -> None:
    await cloudwatch.put({"Value": 1.0})
    await cloudwatch.call("ListMetrics")
    await cloudwatch.clock.advance_ms(5 * HOUR_MS)
    assert await names(cloudwatch) == ["m"]
    assert await names(cloudwatch, RecentlyActive="PT3H") == []
    await cloudwatch.put({"Value": 1.0})
    assert await names(cloudwatch, RecentlyActive="PT3H") == ["m"]
    await cloudwatch.clock.advance_ms(15 * 24 * HOUR_MS)
    assert await names(cloudwatch) == []


async def test_a_token_must_be_ours(cloudwatch: CloudWatchHouse) -> None:
    assert (await cloudwatch.fails("ListMetrics", NextToken="x"))[0] == "InvalidNextToken"
