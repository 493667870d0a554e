from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.cloudwatch.conftest import CloudWatchHouse, math, metric

ALARM = {
    "MetricName": "m",
    "Namespace": "app",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 5.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


async def put(cloudwatch: CloudWatchHouse, name: str = "a", **changes: Any) -> None:
    settings = {key: value for key, value in (ALARM | changes).items() if value is not None}
    await cloudwatch.call("PutMetricAlarm", AlarmName=name, **settings)


async def alarm(cloudwatch: CloudWatchHouse, name: str = "a") -> dict[str, Any]:
    answer = await cloudwatch.call("DescribeAlarms", AlarmNames=[name])
    found: dict[str, Any] = answer["MetricAlarms"][0]
    return found


async def pass_minutes(cloudwatch: CloudWatchHouse, minutes: int = 1) -> None:
    """Whole minutes and a few seconds, in which the lane evaluates what has passed."""
    for _ in range(minutes * 6):
        await cloudwatch.clock.advance_ms(10_000)
        await cloudwatch.state.alarming.evaluate_all()


async def names(cloudwatch: CloudWatchHouse, **params: Any) -> list[str]:
    found: list[str] = []
    while True:
        answer = await cloudwatch.call("DescribeAlarms", **params)
        found += [one["AlarmName"] for one in answer["MetricAlarms"]]
        if "NextToken" not in answer:
            return found
        params["NextToken"] = answer["NextToken"]


async def test_a_new_alarm(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch, Unit="Seconds")
    found = await alarm(cloudwatch)
    now_ms = cloudwatch.now_ms
    assert found == ALARM | {
        "AlarmName": "a",
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:a",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Dimensions": [],
        "Unit": "Seconds",
        "TreatMissingData": "missing",
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "StateUpdatedTimestamp": now_ms,
        "StateTransitionedTimestamp": now_ms,
        "AlarmConfigurationUpdatedTimestamp": now_ms,
    }


async def test_an_alarm_follows_its_metric(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch)
    await cloudwatch.put({"Value": 6.0})
    await pass_minutes(cloudwatch)
    found = await alarm(cloudwatch)
    assert found["StateValue"] == "ALARM"
    assert found["StateReason"] == (
        "Threshold Crossed: 1 datapoint [6.0 (01/01/26 00:00:00)] was greater than the threshold (5.0)."
    )
    data = json.loads(found["StateReasonData"])
    assert data["recentDatapoints"] == [6.0]
    assert data["evaluatedDatapoints"] == [
        {"timestamp": "2026-01-01T00:00:00.000+0000", "value": 6.0, "sampleCount": 1.0}
    ]
    await cloudwatch.put({"Value": 5.0})
    await pass_minutes(cloudwatch)
    found = await alarm(cloudwatch)
    assert found["StateValue"] == "OK"
    assert "was not greater than the threshold (5.0)" in found["StateReason"]
    await pass_minutes(cloudwatch, 4)
    found = await alarm(cloudwatch)
    assert (found["StateValue"], found["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Insufficient Data: 1 datapoint was unknown.",
    )


async def test_m_out_of_n(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch, EvaluationPeriods=3, DatapointsToAlarm=2)
    states = []
    for value in (6.0, 1.0, 7.0, 1.0, 1.0):
        await cloudwatch.put({"Value": value})
        await pass_minutes(cloudwatch)
        states.append((await alarm(cloudwatch))["StateValue"])
    assert states == ["ALARM", "OK", "ALARM", "OK", "OK"]
    assert "out of the last 3 datapoints" in (await alarm(cloudwatch))["StateReason"]


@pytest.mark.parametrize(
    ("treatment", "state"),
    [
        ("breaching", "ALARM"),
        ("notBreaching", "OK"),
        ("missing", "INSUFFICIENT_DATA"),
        ("ignore", "INSUFFICIENT_DATA"),
    ],
)
async def test_missing_data_count_as_told(cloudwatch: CloudWatchHouse, treatment: str, state: str) -> None:
    await put(cloudwatch, TreatMissingData=treatment)
    await pass_minutes(cloudwatch)
    assert (await alarm(cloudwatch))["StateValue"] == state


async def test_alarms_on_expressions(cloudwatch: CloudWatchHouse) -> None:
    metrics = [metric("a", ReturnData=False), metric("b", "n", ReturnData=False), math("e", "a / b")]
    await put(
        cloudwatch, Metrics=metrics, **dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period"))
    )
    await cloudwatch.put({"Value": 12.0}, {"MetricName": "n", "Value": 2.0})
    await pass_minutes(cloudwatch)
    found = await alarm(cloudwatch)
    assert (found["StateValue"], found["Metrics"]) == ("ALARM", metrics)
    assert "Dimensions" not in found


async def test_history_tells_everything_newest_first(cloudwatch: CloudWatchHouse) -> None:
    action = "arn:aws:sns:us-east-1:000000000000:topic"
    await put(cloudwatch, AlarmActions=[action])
    await cloudwatch.clock.advance_ms(1)
    await put(cloudwatch, AlarmActions=[action], Threshold=4.0)
    await cloudwatch.clock.advance_ms(1)
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="by hand")
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="again")
    await cloudwatch.clock.advance_ms(1)
    await cloudwatch.call("DeleteAlarms", AlarmNames=["a"])
    items = (await cloudwatch.call("DescribeAlarmHistory", AlarmName="a"))["AlarmHistoryItems"]
    assert [(item["HistoryItemType"], item["HistorySummary"].split(action)[0]) for item in items] == [
        ("ConfigurationUpdate", 'Alarm "a" deleted'),
        ("Action", "Failed to execute action "),
        ("StateUpdate", "Alarm updated from INSUFFICIENT_DATA to ALARM"),
        ("ConfigurationUpdate", 'Alarm "a" updated'),
        ("ConfigurationUpdate", 'Alarm "a" created'),
    ]
    assert json.loads(items[2]["HistoryData"])["newState"] == {
        "stateValue": "ALARM",
        "stateReason": "by hand",
    }
    paged: list[str] = []
    params: dict[str, Any] = {"MaxRecords": 2, "ScanBy": "TimestampAscending"}
    while True:
        answer = await cloudwatch.call("DescribeAlarmHistory", **params)
        paged += [item["HistorySummary"] for item in answer["AlarmHistoryItems"]]
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert paged == [item["HistorySummary"] for item in items][::-1]
    only = await cloudwatch.call("DescribeAlarmHistory", HistoryItemType="StateUpdate")
    assert len(only["AlarmHistoryItems"]) == 1


async def test_actions_can_be_switched_off(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch, AlarmActions=["arn:aws:sns:us-east-1:000000000000:topic"])
    await cloudwatch.call("DisableAlarmActions", AlarmNames=["a", "none"])
    assert (await alarm(cloudwatch))["ActionsEnabled"] is False
    await cloudwatch.call("SetAlarmState", AlarmName="a", StateValue="ALARM", StateReason="r")
    only = await cloudwatch.call("DescribeAlarmHistory", HistoryItemType="Action")
    assert only["AlarmHistoryItems"] == []
    await cloudwatch.call("EnableAlarmActions", AlarmNames=["a"])
    assert (await alarm(cloudwatch))["ActionsEnabled"] is True


async def test_alarms_are_described_by_prefix_state_and_action(cloudwatch: CloudWatchHouse) -> None:
    for name in ("ab", "a", "abc", "b"):
        await put(cloudwatch, name, OKActions=[f"arn:aws:sns:us-east-1:000000000000:{name}"])
    await cloudwatch.call("SetAlarmState", AlarmName="b", StateValue="OK", StateReason="r")
    assert await names(cloudwatch, MaxRecords=3) == ["a", "ab", "abc", "b"]
    for most in (1, 2, 100):
        assert await names(cloudwatch, AlarmNamePrefix="ab", MaxRecords=most) == ["ab", "abc"]
    assert await names(cloudwatch, StateValue="OK") == ["b"]
    assert await names(cloudwatch, ActionPrefix="arn:aws:sns:us-east-1:000000000000:abc") == ["abc"]
    assert await names(cloudwatch, AlarmTypes=["CompositeAlarm"]) == []
    found = await cloudwatch.call("DescribeAlarmsForMetric", MetricName="m", Namespace="app", Statistic="Sum")
    assert len(found["MetricAlarms"]) == 4
    found = await cloudwatch.call("DescribeAlarmsForMetric", MetricName="m", Namespace="app", Period=300)
    assert found["MetricAlarms"] == []


async def test_tags_of_alarms(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch, Tags=[{"Key": "a", "Value": "1"}])
    arn = (await alarm(cloudwatch))["AlarmArn"]
    await cloudwatch.call("TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    await cloudwatch.call("UntagResource", ResourceARN=arn, TagKeys=["a"])
    tags = await cloudwatch.call("ListTagsForResource", ResourceARN=arn)
    assert tags["Tags"] == [{"Key": "b", "Value": "2"}]
    assert (await cloudwatch.fails("ListTagsForResource", ResourceARN=arn + "x"))[
        0
    ] == "ResourceNotFoundException"


async def test_setting_the_state_of_no_alarm(cloudwatch: CloudWatchHouse) -> None:
    state = {"StateValue": "OK", "StateReason": "r"}
    assert (await cloudwatch.fails("SetAlarmState", AlarmName="none", **state))[0] == "ResourceNotFound"
    await put(cloudwatch)
    assert (await cloudwatch.fails("SetAlarmState", AlarmName="a", StateReasonData="{", **state))[
        0
    ] == "InvalidFormat"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TreatMissingData": "maybe"}, "ValidationError"),
        ({"Period": 45}, "ValidationError"),
        ({"EvaluationPeriods": 1441}, "ValidationError"),
        ({"DatapointsToAlarm": 2}, "ValidationError"),
        ({"Threshold": None}, "ValidationError"),
        ({"EvaluationPeriods": None}, "MissingParameter"),
        ({"Period": None}, "MissingParameter"),
        ({"ExtendedStatistic": "p50"}, "InvalidParameterCombination"),
        ({"Statistic": None, "ExtendedStatistic": "x50"}, "InvalidParameterValue"),
        ({"Metrics": [metric("a")]}, "InvalidParameterCombination"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "NotImplemented"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "NotImplemented"),
        ({"ThresholdMetricId": "t"}, "NotImplemented"),
    ],
)
async def test_what_makes_no_alarm(cloudwatch: CloudWatchHouse, changes: dict[str, Any], code: str) -> None:
    settings = {key: value for key, value in (ALARM | changes).items() if value is not None}
    assert (await cloudwatch.fails("PutMetricAlarm", AlarmName="a", **settings))[0] == code


async def test_old_history_goes(cloudwatch: CloudWatchHouse) -> None:
    await put(cloudwatch)
    await cloudwatch.call("DeleteAlarms", AlarmNames=["a"])
    await cloudwatch.clock.advance_ms(31 * 86_400_000)
    await put(cloudwatch, "b")
    await cloudwatch.state.retaining.sweep()
    items = (await cloudwatch.call("DescribeAlarmHistory"))["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == ['Alarm "b" created']
    assert (await cloudwatch.call("DescribeAlarmHistory", AlarmName="a"))["AlarmHistoryItems"] == []
