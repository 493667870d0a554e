"""The operations on executions: members, pages, refusals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.services.stepfunctions.conftest import StatesHouse


def one(**state: Any) -> str:
    return json.dumps({"StartAt": "S", "States": {"S": {"End": True, **state}}})


WAIT = one(Type="Wait", Seconds=60)
FAIL = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Fail", "Error": "E", "Cause": "c"}}})
CHILDREN = one(
    Type="Map",
    Label="items",
    ItemProcessor={
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    },
)


async def start(states: StatesHouse, arn: str, **more: Any) -> str:
    return str((await states.call("StartExecution", stateMachineArn=arn, **more))["executionArn"])


async def ended(states: StatesHouse, arn: str) -> dict[str, Any]:
    engine = states.house.states["stepfunctions"].engine
    async with asyncio.timeout(10):
        await engine.ended(arn)
    return await states.call("DescribeExecution", executionArn=arn)


async def test_described_with_and_without_data(states: StatesHouse) -> None:
    machine = await states.machine()
    arn = await start(states, machine, name="n", input='{"a": 1}', traceHeader="Root=1")
    described = await states.call("DescribeExecution", executionArn=arn)
    assert described == {
        "executionArn": arn,
        "stateMachineArn": machine,
        "name": "n",
        "status": "SUCCEEDED",
        "startDate": described["startDate"],
        "stopDate": described["stopDate"],
        "input": '{"a": 1}',
        "inputDetails": {"included": True},
        "output": '{"a": 1}',
        "outputDetails": {"included": True},
        "traceHeader": "Root=1",
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
    }
    bare = await states.call("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
    assert "input" not in bare and "output" not in bare
    assert bare["inputDetails"] == bare["outputDetails"] == {"included": False}


async def test_history_without_data(states: StatesHouse) -> None:
    arn = await start(states, await states.machine(), input='{"a":1}')
    page = await states.call(
        "GetExecutionHistory", executionArn=arn, includeExecutionData=False, maxResults=2
    )
    assert [event["type"] for event in page["events"]] == ["ExecutionStarted", "PassStateEntered"]
    assert page["events"][1]["stateEnteredEventDetails"] == {"name": "P"}
    rest = await states.call(
        "GetExecutionHistory", executionArn=arn, nextToken=page["nextToken"], maxResults=2
    )
    assert [event["id"] for event in rest["events"]] == [3, 4] and "nextToken" not in rest


async def test_listed_by_what_was_redriven(states: StatesHouse) -> None:
    machine = await states.machine(definition=FAIL)
    first, second = await start(states, machine, name="a"), await start(states, machine, name="b")
    await states.house.clock.advance_ms(5)
    redriven = await states.call("RedriveExecution", executionArn=first, clientToken="t")
    assert (await states.call("RedriveExecution", executionArn=first, clientToken="t")) == redriven
    described = await ended(states, first)
    assert (described["status"], described["redriveCount"], described["redriveStatus"]) == (
        "FAILED",
        1,
        "REDRIVABLE",
    )

    async def names(**more: Any) -> list[str]:
        page = await states.call("ListExecutions", stateMachineArn=machine, **more)
        return [each["executionArn"] for each in page["executions"]]

    assert await names(redriveFilter="REDRIVEN") == [first]
    assert await names(redriveFilter="NOT_REDRIVEN") == [second]
    assert sorted(await names()) == sorted([first, second])
    types = [
        event["type"] for event in (await states.call("GetExecutionHistory", executionArn=first))["events"]
    ]
    assert types == [
        "ExecutionStarted",
        "FailStateEntered",
        "ExecutionFailed",
        "ExecutionRedriven",
        "ExecutionFailed",
    ]


async def test_pages_of_executions(states: StatesHouse) -> None:
    machine = await states.machine()
    for index in range(7):
        await start(states, machine, name=f"n{index}")
        await states.house.clock.advance_ms(1)
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = await states.call("ListExecutions", stateMachineArn=machine, maxResults=3, **more)
        found += [each["name"] for each in page["executions"]]
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    assert found == [f"n{index}" for index in range(6, -1, -1)]


async def test_map_runs(states: StatesHouse) -> None:
    machine = await states.machine(definition=CHILDREN)
    arn = await start(states, machine, input="[1,2,3]")
    assert (await ended(states, arn))["output"] == "[1,2,3]"
    (run,) = (await states.call("ListMapRuns", executionArn=arn))["mapRuns"]
    assert run["executionArn"] == arn and run["stateMachineArn"] == machine
    described = await states.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
    assert described["status"] == "SUCCEEDED" and described["itemCounts"]["succeeded"] == 3
    children = (await states.call("ListExecutions", mapRunArn=run["mapRunArn"]))["executions"]
    assert {child["stateMachineArn"] for child in children} == {f"{machine}/items"}
    assert {child["itemCount"] for child in children} == {1}
    child = await states.call("DescribeExecution", executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == run["mapRunArn"]
    of_child = await states.call("DescribeStateMachineForExecution", executionArn=children[0]["executionArn"])
    assert of_child["label"] == "items" and json.loads(of_child["definition"])["StartAt"] == "P"
    await states.call("UpdateMapRun", mapRunArn=run["mapRunArn"], maxConcurrency=2)
    assert (await states.call("DescribeMapRun", mapRunArn=run["mapRunArn"]))["maxConcurrency"] == 2


@pytest.mark.parametrize(
    ("operation", "members", "code"),
    [
        ("DescribeMapRun", {"mapRunArn": "arn:aws:states:us-east-1:1:mapRun:m/l:x"}, "ResourceNotFound"),
        ("DescribeMapRun", {"mapRunArn": "arn:aws:states:us-east-1:1:execution:m:x"}, "InvalidArn"),
        (
            "StopExecution",
            {"executionArn": "arn:aws:states:us-east-1:1:execution:m:x"},
            "ExecutionDoesNotExist",
        ),
        ("StopExecution", {"executionArn": "arn:aws:states:us-east-1:1:express:m:x:y"}, "InvalidArn"),
        ("RedriveExecution", {"executionArn": "nonsense"}, "InvalidArn"),
        ("ListExecutions", {}, "ValidationException"),
        ("SendTaskSuccess", {"taskToken": "x", "output": "1"}, "InvalidToken"),
        ("SendTaskSuccess", {"taskToken": "x", "output": "{"}, "InvalidOutput"),
        ("SendTaskHeartbeat", {"taskToken": "eA=="}, "InvalidToken"),
    ],
)
async def test_refusals(states: StatesHouse, operation: str, members: dict[str, Any], code: str) -> None:
    assert (await states.fails(operation, **members))[0] == code


async def test_an_execution_keeps_its_definition(states: StatesHouse) -> None:
    machine = await states.machine(definition=WAIT)
    arn = await start(states, machine)
    await states.call("UpdateStateMachine", stateMachineArn=machine, definition=FAIL)
    await states.house.clock.advance_ms(61_000)
    described = await ended(states, arn)
    assert described["status"] == "SUCCEEDED"
    kept = await states.call("DescribeStateMachineForExecution", executionArn=arn)
    assert kept["definition"] == WAIT


async def test_names_that_are_none(states: StatesHouse) -> None:
    machine = await states.machine()
    assert (await states.fails("StartExecution", stateMachineArn=machine, name="a b"))[0] == "InvalidName"
    gone = machine + "x"
    assert (await states.fails("StartExecution", stateMachineArn=gone))[0] == "StateMachineDoesNotExist"
