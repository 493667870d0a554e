"""What is told of executions: log events, metrics, and the event that EventBridge gets."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from fogbank.asl.history import HistoryEvent
from fogbank.services.stepfunctions.engine.api import ExecutionView, MachineSource, Status
from fogbank.services.stepfunctions.limits import LOGGED_DATA_BYTES_MAX
from fogbank.services.stepfunctions.logging import PROBE_STREAM, log_line
from fogbank.services.stepfunctions.status_events import event_of
from tests.services.stepfunctions.conftest import ROLE, StatesHouse, passing

GROUP = "arn:aws:logs:us-east-1:000000000000:log-group:/states:*"
DESTINATIONS = [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP}}]
MACHINE = MachineSource(
    arn="arn:aws:states:us-east-1:000000000000:stateMachine:m",
    name="m",
    definition=passing(),
    express=False,
    role_arn=ROLE,
    account="000000000000",
    region="us-east-1",
    revision_id="",
    update_date_ms=0,
)
VIEW = ExecutionView(
    arn="arn:aws:states:us-east-1:000000000000:execution:m:e",
    name="e",
    machine=MACHINE,
    status=Status.RUNNING,
    start_ms=1_000,
    stop_ms=None,
    input="{}",
    output=None,
    error=None,
    cause=None,
)


def event(number: int, kind: str, previous: int = 0, at_ms: int = 1_000, **details: Any) -> HistoryEvent:
    return HistoryEvent(number, previous, at_ms, kind, details or None)


async def logged(states: StatesHouse, level: str, *events: HistoryEvent, data: bool = False) -> list[Any]:
    logging = {"level": level, "includeExecutionData": data, "destinations": DESTINATIONS}
    view = replace(VIEW, machine=replace(MACHINE, logging=logging))
    now_ms = states.now_ms
    for each in events:
        each.time_ms = now_ms  # type: ignore[misc]  # a log takes no events of 1970
    states.state.observers.happened(view, events)
    await states.telemetry.flush()
    try:
        found = await states.house.call("logs", "FilterLogEvents", {"logGroupName": "/states"})
    except Exception:
        return []
    return [json.loads(each["message"]) for each in found["events"]]


@pytest.mark.parametrize(
    ("level", "types"),
    [
        ("ALL", ["ExecutionStarted", "TaskFailed", "ExecutionFailed"]),
        ("ERROR", ["TaskFailed", "ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
        ("OFF", []),
    ],
)
async def test_levels(states: StatesHouse, level: str, types: list[str]) -> None:
    events = [
        event(n + 1, kind, n) for n, kind in enumerate(("ExecutionStarted", "TaskFailed", "ExecutionFailed"))
    ]
    found = await logged(states, level, *events)
    assert [each["type"] for each in found] == types


async def test_data_only_where_asked(states: StatesHouse) -> None:
    given = event(1, "TaskScheduled", resourceType="lambda", resource="invoke", parameters="{}", region="r")
    [bare] = await logged(states, "ALL", given)
    assert bare["details"] == {"resourceType": "lambda", "resource": "invoke", "region": "r"}
    given = event(1, "PassStateEntered", name="P", input='{"a":1}')
    found = await logged(states, "ALL", given, data=True)
    assert found[-1]["details"] == {"name": "P", "input": '{"a":1}', "inputDetails": {"truncated": False}}


def test_what_is_too_long_is_cut() -> None:
    line = log_line(VIEW, event(1, "PassStateEntered", name="P", input="x" * 300_000), with_data=True)
    details = json.loads(line)["details"]
    assert len(line) <= LOGGED_DATA_BYTES_MAX + 100
    assert details["inputDetails"] == {"truncated": True}


async def test_the_first_line_says_that_logging_works(states: StatesHouse) -> None:
    logging = {"level": "ERROR", "destinations": DESTINATIONS}
    given = {"name": "m", "definition": passing(), "roleArn": ROLE, "loggingConfiguration": logging}
    assert (await states.fails("CreateStateMachine", **given))[0] == "InvalidLoggingConfiguration"
    await states.house.call("logs", "CreateLogGroup", {"logGroupName": "/states"})
    await states.call("CreateStateMachine", **given)
    await states.telemetry.flush()
    found = await states.house.call("logs", "DescribeLogStreams", {"logGroupName": "/states"})
    assert [each["logStreamName"] for each in found["logStreams"]] == [PROBE_STREAM]


@pytest.mark.parametrize(
    ("logging", "part"),
    [
        ({"level": "ALL"}, "exactly one Log Destination"),
        (
            {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": GROUP[:-2]}}]},
            "end with :*",
        ),
        ({"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": "x"}}]}, "not valid"),
    ],
)
async def test_bad_logging(states: StatesHouse, logging: dict[str, Any], part: str) -> None:
    code, message = await states.fails(
        "CreateStateMachine", name="m", definition=passing(), roleArn=ROLE, loggingConfiguration=logging
    )
    assert code == "InvalidLoggingConfiguration"
    assert part in message


async def metric(states: StatesHouse, name: str, statistic: str = "Sum", **dimensions: str) -> float:
    await states.telemetry.flush()
    answer = await states.house.call(
        "cloudwatch",
        "GetMetricStatistics",
        {
            "Namespace": "AWS/States",
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
            "StartTime": states.now_ms - 600_000,
            "EndTime": states.now_ms + 600_000,
            "Period": 3600,
            "Statistics": [statistic],
        },
    )
    return float(sum(point[statistic] for point in answer["Datapoints"]))


async def test_executions_are_counted(states: StatesHouse) -> None:
    tell = states.state.observers.status_changed
    versioned = replace(MACHINE, version_arn=MACHINE.arn + ":2")
    for machine in (MACHINE, versioned):
        view = replace(VIEW, machine=machine)
        tell(view)
        tell(replace(view, status=Status.SUCCEEDED, stop_ms=3_000))
    assert await metric(states, "ExecutionsStarted", StateMachineArn=MACHINE.arn) == 2
    assert await metric(states, "ExecutionsSucceeded", StateMachineArn=MACHINE.arn) == 2
    assert await metric(states, "ExecutionsSucceeded", StateMachineArn=MACHINE.arn, Version="2") == 1
    assert await metric(states, "ExecutionTime", "Average", StateMachineArn=MACHINE.arn) == 2_000


async def test_redrives_are_counted(states: StatesHouse) -> None:
    view = replace(VIEW, redrive_count=1)
    states.state.observers.status_changed(view)
    states.state.observers.status_changed(replace(view, status=Status.FAILED, stop_ms=3_000))
    for name in ("ExecutionsRedriven", "ExecutionsFailed", "RedrivenExecutionsFailed"):
        assert await metric(states, name, StateMachineArn=MACHINE.arn) == 1
    assert await metric(states, "ExecutionsStarted", StateMachineArn=MACHINE.arn) == 0


async def test_tasks_are_counted_and_timed(states: StatesHouse) -> None:
    arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
    states.state.observers.happened(
        VIEW,
        [
            event(1, "LambdaFunctionScheduled", 0, 1_000, resource=arn, input="{}"),
            event(2, "LambdaFunctionStarted", 1, 1_100),
            event(3, "TaskScheduled", 0, 1_000, resourceType="sqs", resource="sendMessage"),
        ],
    )
    states.state.observers.happened(
        VIEW, [event(4, "LambdaFunctionSucceeded", 2, 1_400, output="1"), event(5, "TaskFailed", 3, 1_500)]
    )
    for name in ("Scheduled", "Started", "Succeeded"):
        assert await metric(states, f"LambdaFunctions{name}", LambdaFunctionArn=arn) == 1
    assert await metric(states, "LambdaFunctionRunTime", LambdaFunctionArn=arn) == 300
    assert await metric(states, "LambdaFunctionScheduleTime", LambdaFunctionArn=arn) == 100
    assert await metric(states, "LambdaFunctionTime", LambdaFunctionArn=arn) == 400
    integration = "arn:aws:states:::sqs:sendMessage"
    assert await metric(states, "ServiceIntegrationsFailed", ServiceIntegrationResourceArn=integration) == 1
    assert await metric(states, "ServiceIntegrationTime", ServiceIntegrationResourceArn=integration) == 500


def test_the_event_of_a_status_change() -> None:
    found = event_of(replace(VIEW, status=Status.SUCCEEDED, stop_ms=5_500, output='{"a":1}'), "id-1")
    assert found["detail-type"] == "Step Functions Execution Status Change"
    assert found["source"] == "aws.states"
    assert found["resources"] == [VIEW.arn]
    assert found["time"] == "1970-01-01T00:00:05Z"
    detail = found["detail"]
    assert (detail["status"], detail["startDate"], detail["stopDate"]) == ("SUCCEEDED", 1_000, 5_500)
    assert (detail["output"], detail["outputDetails"]) == ('{"a":1}', {"included": True})
    assert detail["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    large = event_of(replace(VIEW, input='"' + "x" * 300_000 + '"'), "id-2")["detail"]
    assert (large["input"], large["inputDetails"]) == (None, {"included": False})
