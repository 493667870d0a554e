from __future__ import annotations

from fogbank.model.telemetry import Point
from tests.services.cloudwatch.conftest import CloudWatchHouse


async def test_points_of_the_platform_are_read_at_once(cloudwatch: CloudWatchHouse) -> None:
    dimensions = (("FunctionName", "f"),)

    def point(name: str, value: float, count: int = 1) -> Point:
        return Point("AWS/Lambda", name, dimensions, value, "Count", cloudwatch.now_ms, count)

    points = [point("Invocations", 1.0)] * 100 + [point("Errors", 0.0, 99), point("Errors", 1.0)]
    await cloudwatch.house.internal("cloudwatch", "deliver", points=points)
    await cloudwatch.house.internal("cloudwatch", "deliver", points=[])
    for name, total, count in (("Invocations", 100.0, 100.0), ("Errors", 1.0, 100.0)):
        answer = await cloudwatch.call(
            "GetMetricStatistics",
            Namespace="AWS/Lambda",
            MetricName=name,
            Dimensions=[{"Name": "FunctionName", "Value": "f"}],
            StartTime=cloudwatch.at(-60),
            EndTime=cloudwatch.at(60),
            Period=60,
            Statistics=["Sum", "SampleCount"],
        )
        (found,) = answer["Datapoints"]
        assert (found["Sum"], found["SampleCount"], found["Unit"]) == (total, count, "Count")
