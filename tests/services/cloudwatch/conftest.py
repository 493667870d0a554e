"""A house with CloudWatch, and a few words to speak to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.house import Spoken
from tests.support.services import logs_house


class CloudWatchHouse(Spoken):
    """Calls of the cloudwatch service, short. Times are in seconds from now."""

    service = "cloudwatch"

    def at(self, seconds: float) -> int:
        return self.now_ms + round(seconds * 1000)

    async def put(self, *data: dict[str, Any], namespace: str = "app") -> None:
        given = [{"MetricName": "m"} | datum for datum in data]
        await self.call("PutMetricData", Namespace=namespace, MetricData=given)

    async def statistics(
        self,
        *statistics: str,
        name: str = "m",
        start: float = -3600,
        end: float = 60,
        period: int = 60,
        **more: Any,
    ) -> list[dict[str, Any]]:
        """Datapoints by time, with `at` in seconds from now instead of the timestamp."""
        simple = [one for one in statistics if one in ("Sum", "Average", "Minimum", "Maximum", "SampleCount")]
        extended = [one for one in statistics if one not in simple]
        chosen: dict[str, Any] = {"Statistics": simple} if simple else {}
        if extended:
            chosen["ExtendedStatistics"] = extended
        answer = await self.call(
            "GetMetricStatistics",
            Namespace="app",
            MetricName=name,
            StartTime=self.at(start),
            EndTime=self.at(end),
            Period=period,
            **chosen,
            **more,
        )
        points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
        return [{"at": (point.pop("Timestamp") - self.now_ms) // 1000} | point for point in points]

    async def data(
        self, *queries: dict[str, Any], start: float = -600, end: float = 60, **more: Any
    ) -> dict[str, dict[int, float]]:
        """{id or label: {seconds from now: value}} of GetMetricData."""
        answer = await self.call(
            "GetMetricData",
            MetricDataQueries=list(queries),
            StartTime=self.at(start),
            EndTime=self.at(end),
            ScanBy="TimestampAscending",
            **more,
        )
        found: dict[str, dict[int, float]] = {}
        for result in answer["MetricDataResults"]:
            key = result["Id"] if result["Id"] not in found else result["Label"]
            times = [(time_ms - self.now_ms) // 1000 for time_ms in result["Timestamps"]]
            found[key] = dict(zip(times, result["Values"], strict=True))
        return found


def metric(id: str, name: str = "m", stat: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    """A query for a metric."""
    return {
        "Id": id,
        "MetricStat": {"Metric": {"Namespace": "app", "MetricName": name}, "Period": period, "Stat": stat},
    } | more


def math(id: str, expression: str, **more: Any) -> dict[str, Any]:
    """A query that is an expression."""
    return {"Id": id, "Expression": expression} | more


@pytest.fixture
async def cloudwatch() -> AsyncIterator[CloudWatchHouse]:
    async with logs_house() as house:
        yield CloudWatchHouse(house)
