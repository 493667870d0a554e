"""A traced execution hands its trace on: to functions, to machines it starts, to the children of its map runs."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.model.call import Call
from fogbank.model.service import Service
from fogbank.testing.server import Fogbank
from tests.services.stepfunctions.tasks.conftest import ROLE
from tests.support.waiting import until_blocking

TRACE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "trace"},
    "OutputPath": "$.Payload",
    "End": True,
}
GIVEN = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


@pytest.fixture(scope="module", autouse=True)
def function(server: Fogbank) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "index.py", "import os\ndef handler(event, context): return os.environ['_X_AMZN_TRACE_ID']\n"
        )
    functions = server.client("lambda")
    functions.create_function(
        FunctionName="trace",
        Runtime="python3.12",
        Handler="index.handler",
        Role=ROLE,
        Code={"ZipFile": buffer.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName="trace", WaiterConfig={"Delay": 0.1})


def made(server: Fogbank, name: str, state: dict[str, Any], *, enabled: bool = True) -> str:
    answer = server.client("stepfunctions").create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "S", "States": {"S": state}}),
        roleArn=ROLE,
        tracingConfiguration={"enabled": enabled},
    )
    return str(answer["stateMachineArn"])


def ran(server: Fogbank, machine: str, **more: Any) -> dict[str, Any]:
    states = server.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=machine, **more)["executionArn"]

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    ended: dict[str, Any] = until_blocking(look)
    assert ended["status"] == "SUCCEEDED", ended
    return ended


def root(text: str) -> str:
    found = re.search(r"Root=(1-[0-9a-f]{8}-[0-9a-f]{24})", text)
    assert found is not None, text
    return found[1]


def test_a_trace_of_its_own(server: Fogbank) -> None:
    machine = made(server, "traced", TRACE)
    shown = server.client("stepfunctions").describe_state_machine(stateMachineArn=machine)
    assert shown["tracingConfiguration"] == {"enabled": True}
    first, second = ran(server, machine), ran(server, machine)
    assert root(first["output"]) == root(first["traceHeader"])
    assert root(first["output"]) != root(second["output"])


def test_the_trace_that_is_given(server: Fogbank) -> None:
    ended = ran(server, made(server, "given", TRACE, enabled=False), traceHeader=GIVEN)
    assert ended["traceHeader"] == GIVEN
    assert root(ended["output"]) == root(GIVEN)


def test_without_tracing_executions_have_none(server: Fogbank) -> None:
    assert "traceHeader" not in ran(server, made(server, "plain", TRACE, enabled=False))


def test_machines_started_and_children_are_in_the_same_trace(server: Fogbank) -> None:
    mapping = {
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "T",
            "States": {"T": TRACE},
        },
        "End": True,
    }
    inner = made(server, "inner", mapping)
    outer = made(
        server,
        "outer",
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": inner, "Input": [1, 2]},
            "OutputPath": "$.Output",
            "End": True,
        },
    )
    ended = ran(server, outer)
    assert {root(text) for text in json.loads(ended["output"])} == {root(ended["traceHeader"])}


@pytest.fixture
def segments(server: Fogbank) -> Iterator[list[dict[str, Any]]]:
    """What X-Ray would be given."""
    taken: list[dict[str, Any]] = []
    xray: Service[object] = Service("xray")

    @xray.internal
    async def deliver(ctx: Call[object], *, documents: list[dict[str, Any]]) -> None:
        taken.extend(documents)

    calls = server.app.house.calls
    calls.mount(xray, Receiver())
    yield taken
    del calls._mounted["xray"]


class Receiver:
    async def close(self) -> None:
        return


def seen(server: Fogbank, segments: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    def look() -> bool:
        server.flush()
        return len(segments) >= count

    until_blocking(look)
    return sorted(segments, key=lambda each: each["start_time"])


def test_segments_of_an_execution_and_of_the_function_in_it(
    server: Fogbank, segments: list[dict[str, Any]]
) -> None:
    functions = server.client("lambda")
    functions.update_function_configuration(FunctionName="trace", TracingConfig={"Mode": "Active"})
    functions.get_waiter("function_updated_v2").wait(FunctionName="trace", WaiterConfig={"Delay": 0.1})
    machine = made(server, "segments", TRACE)
    ended = ran(server, machine, traceHeader=GIVEN)
    found = {each.get("origin", each["name"]): each for each in seen(server, segments, 5)}
    assert len(segments) == 5
    assert {each["trace_id"] for each in segments} == {"1-5759e988-bd862e3fe1be46a994272793"}
    assert all(each["end_time"] >= each["start_time"] and "fault" not in each for each in segments)
    execution, state, task = found["AWS::StepFunctions::StateMachine"], found["S"], found["lambda"]
    assert execution["parent_id"] == "53995c3f42cd8ad8" and execution["name"] == "segments"
    assert execution["aws"] == {"execution_arn": ended["executionArn"]}
    assert (state["parent_id"], task["parent_id"]) == (execution["id"], state["id"])
    service, function = found["AWS::Lambda"], found["AWS::Lambda::Function"]
    assert (service["parent_id"], function["parent_id"]) == (execution["id"], service["id"])
    assert f"Parent={function['id']};Sampled=1" in ended["output"]


def test_segments_of_what_failed(server: Fogbank, segments: list[dict[str, Any]]) -> None:
    broken = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl", "End": True}
    missing = {**broken, "Parameters": {"QueueName": "nobody"}}
    caught = [{"ErrorEquals": ["States.ALL"], "Next": "F"}]
    states = {"S": {**missing, "Catch": caught}, "F": {"Type": "Fail", "Error": "E", "Cause": "C"}}
    del states["S"]["End"]
    states["S"]["Next"] = "F"
    client = server.client("stepfunctions")
    machine = client.create_state_machine(
        name="broken",
        definition=json.dumps({"StartAt": "S", "States": states}),
        roleArn=ROLE,
        tracingConfiguration={"enabled": True},
        type="EXPRESS",
    )["stateMachineArn"]
    client.start_sync_execution(stateMachineArn=machine)
    found = {each["name"]: each for each in seen(server, segments, 4)}
    assert found["broken"]["cause"]["exceptions"][0]["type"] == "E"
    (task,) = [each for each in segments if each.get("namespace") == "aws"]
    assert task["fault"] and task["cause"]["exceptions"][0]["type"] == "Sqs.QueueDoesNotExistException"
    assert "fault" not in found["S"]  # its error was caught
    assert found["F"]["fault"] and found["F"]["parent_id"] == found["broken"]["id"]


def test_what_is_not_sampled_has_no_segments(server: Fogbank, segments: list[dict[str, Any]]) -> None:
    ran(
        server,
        made(server, "unsampled", {"Type": "Pass", "End": True}),
        traceHeader=GIVEN.replace("Sampled=1", "Sampled=0"),
    )
    ran(server, made(server, "sampled", {"Type": "Pass", "End": True}), traceHeader=GIVEN)
    assert {each["name"] for each in seen(server, segments, 2)} == {"sampled", "S"}
