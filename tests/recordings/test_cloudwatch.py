"""CloudWatch answers what AWS answered.

Lambda's part of its scenarios (the invocation) is replayed with Lambda; here its points are delivered as Lambda does. The
notification of the alarm scenario is left out: SNS is not supported.
"""

from __future__ import annotations

from typing import Any

from fogbank.model.telemetry import Point
from tests.support.recordings import Matcher, recorded
from tests.support.wire import Wire

METRICS = "cloudwatch/test_cloudwatch_metrics.snapshot.json"


def invoke(wire: Wire, account: str, *, failed: bool) -> None:
    """The points of one invocation of `f`."""
    house = wire.house
    dimensions = (("FunctionName", "f"),)
    values = {"Invocations": 1.0, "Errors": float(failed)}
    points = [
        Point("AWS/Lambda", name, dimensions, value, "Count", house.clock.now_ms())
        for name, value in values.items()
    ]
    wire.run(house.calls.internal("cloudwatch", "deliver", house.caller(account, "us-east-1"), points=points))


def metric_data(wire: Wire, account: str, name: str) -> dict[str, Any]:
    now_s = wire.house.clock.now_ms() // 1000
    metric = {
        "Namespace": "AWS/Lambda",
        "MetricName": name,
        "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
    }
    found: dict[str, Any] = wire.client("cloudwatch", account).get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        StartTime=now_s - 600,
        EndTime=now_s + 60,
    )
    return found


#: The recorder replaced the list of times by one word.
TIMES = frozenset({"Timestamps"})


def test_lambda_invoke_successful(wire: Wire, account: str) -> None:
    expected = recorded(METRICS, "test_lambda_invoke_successful")
    invoke(wire, account, failed=False)
    answer = metric_data(wire, account, "Invocations")
    Matcher(account).matches(expected["get-metric-data"], answer, ignore=TIMES)
    assert len(answer["MetricDataResults"][0]["Timestamps"]) == 1


def test_lambda_invoke_error(wire: Wire, account: str) -> None:
    expected = recorded(METRICS, "test_lambda_invoke_error")
    invoke(wire, account, failed=True)
    for name in ("Invocations", "Errors"):
        answer = metric_data(wire, account, name)
        Matcher(account).matches(expected[f"get-metric-data-{name.lower()}"], answer, ignore=TIMES)


def test_alarm_number_of_messages_sent(wire: Wire, account: str) -> None:
    expected = recorded(METRICS, "test_alarm_number_of_messages_sent")["NumberOfMessagesSent-describe"]
    client = wire.client("cloudwatch", account)
    dimensions = [{"Name": "QueueName", "Value": "queue"}]
    client.put_metric_alarm(
        AlarmName="alarm-1",
        AlarmDescription="test messages sent",
        MetricName="NumberOfMessagesSent",
        Namespace="test/sqs",
        ActionsEnabled=True,
        Period=60,
        Threshold=0,
        Dimensions=dimensions,
        Statistic="SampleCount",
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[f"arn:aws:sns:us-east-1:{account}:topic"],
    )
    datum = {"MetricName": "NumberOfMessagesSent", "Dimensions": dimensions, "Value": 1.0}
    client.put_metric_data(Namespace="test/sqs", MetricData=[datum])
    for _ in range(20):
        wire.advance(10)
        answer = client.describe_alarms(AlarmNames=["alarm-1"])
        if answer["MetricAlarms"][0]["StateValue"] == "ALARM":
            break
    (alarm,) = expected["MetricAlarms"]
    reason = alarm["StateReason"].replace("MM/DD/YY HH:MM:SS", "<moment>")
    expected = expected | {"MetricAlarms": [alarm | {"StateReason": reason}]}
    Matcher(account).matches(expected, answer)
