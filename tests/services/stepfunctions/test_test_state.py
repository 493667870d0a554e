"""TestState beyond the recordings: strict mocks, retries, catches, Maps, variables, contexts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.stepfunctions.conftest import StatesHouse

INVOKE: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::lambda:invoke",
    "Parameters": {"FunctionName": "f"},
    "End": True,
}
START: dict[str, Any] = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution",
    "Parameters": {"StateMachineArn": "m"},
    "End": True,
}


async def tried(states: StatesHouse, definition: Any, given: Any = None, **more: Any) -> dict[str, Any]:
    params = {"definition": json.dumps(definition), "input": json.dumps({} if given is None else given)}
    return await states.call("TestState", **params, **more)


async def refused(states: StatesHouse, definition: Any, **more: Any) -> str:
    code, message = await states.fails("TestState", definition=json.dumps(definition), **more)
    assert code == "ValidationException"
    return message


def failing(error: str) -> dict[str, Any]:
    return {"errorOutput": {"error": error, "cause": "because"}}


async def test_strict_is_the_default_and_wants_what_is_required(states: StatesHouse) -> None:
    assert "StartDate" in await refused(states, START, mock={"result": '{"ExecutionArn": "a"}'})
    for mode in ("PRESENT", "NONE"):
        mock = {"result": '{"ExecutionArn": "a"}', "fieldValidationMode": mode}
        assert (await tried(states, START, mock=mock))["output"] == '{"ExecutionArn": "a"}'
    wrong = {"result": '{"ExecutionArn": 1}', "fieldValidationMode": "NONE"}
    assert (await tried(states, START, mock=wrong))["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("mock", "part"),
    [
        ({}, "should have one of"),
        ({"result": "1", "errorOutput": {"error": "E"}}, "should have only one of"),
        ({"errorOutput": {"cause": "c"}}, "error field"),
        ({"result": "{"}, "valid JSON"),
    ],
)
async def test_mocks_that_are_none(states: StatesHouse, mock: dict[str, Any], part: str) -> None:
    assert part in await refused(states, INVOKE, mock=mock)


async def test_retries_pause_longer_and_end(states: StatesHouse) -> None:
    retry = {"ErrorEquals": ["E"], "IntervalSeconds": 3, "BackoffRate": 2, "MaxAttempts": 2}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Handler", "ResultPath": "$.error"}
    state = INVOKE | {"Retry": [retry], "Catch": [catch]}
    for count, pause_s in ((0, 3), (1, 6)):
        answer = await tried(
            states,
            state,
            mock=failing("E"),
            inspectionLevel="DEBUG",
            stateConfiguration={"retrierRetryCount": count},
        )
        assert (answer["status"], answer["error"]) == ("RETRIABLE", "E")
        details = answer["inspectionData"]["errorDetails"]
        assert details == {"retryIndex": 0, "retryBackoffIntervalSeconds": pause_s}
    answer = await tried(
        states, state, {"a": 1}, mock=failing("E"), stateConfiguration={"retrierRetryCount": 2}
    )
    assert (answer["status"], answer["nextState"]) == ("CAUGHT_ERROR", "Handler")
    assert json.loads(answer["output"]) == {"a": 1, "error": {"Error": "E", "Cause": "because"}}


async def test_an_error_nobody_takes(states: StatesHouse) -> None:
    answer = await tried(states, INVOKE, mock=failing("E"))
    assert (answer["status"], answer["error"], answer["cause"]) == ("FAILED", "E", "because")
    assert "output" not in answer


async def test_a_path_that_finds_nothing(states: StatesHouse) -> None:
    answer = await tried(states, {"Type": "Pass", "InputPath": "$.nothing", "End": True})
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert "$.nothing" in answer["cause"]


MAP: dict[str, Any] = {
    "Type": "Map",
    "ItemsPath": "$.items",
    "ItemSelector": {"n.$": "$$.Map.Item.Value"},
    "MaxConcurrency": 2,
    "ItemProcessor": {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}},
    "ResultPath": "$.results",
    "End": True,
}


async def test_a_map_s_items(states: StatesHouse) -> None:
    answer = await tried(states, MAP, {"items": [1, 2]}, mock={"result": "[3, 4]"}, inspectionLevel="DEBUG")
    data = answer["inspectionData"]
    assert json.loads(data["afterItemsPath"]) == [1, 2]
    assert json.loads(data["afterItemSelector"]) == [{"n": 1}, {"n": 2}]
    assert data["maxConcurrency"] == 2
    assert json.loads(answer["output"]) == {"items": [1, 2], "results": [3, 4]}


@pytest.mark.parametrize(
    ("bounds", "failures", "status"),
    [
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, 2, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50}, 3, "FAILED"),
        ({"ToleratedFailurePercentagePath": "$.share"}, 1, "SUCCEEDED"),
        ({"ToleratedFailurePercentagePath": "$.share"}, 2, "FAILED"),
    ],
)
async def test_tolerated_failures(
    states: StatesHouse, bounds: dict[str, Any], failures: int, status: str
) -> None:
    processor = MAP["ItemProcessor"] | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    }
    answer = await tried(
        states,
        MAP | bounds | {"ItemProcessor": processor},
        {"items": [1, 2, 3, 4], "share": 37.5},
        mock={"result": "[]"},
        stateConfiguration={"mapIterationFailureCount": failures},
    )
    assert answer["status"] == status
    if status == "FAILED":
        assert answer["error"] == "States.ExceedToleratedFailureThreshold"


def reading(config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Distributed Map with an ItemReader."""
    return {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "b", "Key": "k"},
            "ReaderConfig": config,
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "End": True}},
        },
        "End": True,
    } | more


@pytest.mark.parametrize(
    ("config", "data", "items"),
    [
        ({"InputType": "JSON"}, "[1, 2]", [1, 2]),
        ({"InputType": "JSON", "MaxItems": 1}, "[1, 2]", [1]),
        ({"InputType": "JSONL"}, '{"a": 1}\n2\n', [{"a": 1}, 2]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a,b\n1,2\n", [{"a": "1", "b": "2"}]),
        ({"InputType": "JSON", "ItemsPointer": "/rows"}, '{"rows": [1, 2]}', [1, 2]),
    ],
)
async def test_what_an_item_reader_finds(
    states: StatesHouse, config: dict[str, Any], data: str, items: list[Any]
) -> None:
    found = await tried(
        states,
        reading(config, ItemSelector={"v.$": "$$.Map.Item.Value"}),
        inspectionLevel="TRACE",
        mock={"result": "[]"},
        stateConfiguration={"mapItemReaderData": data},
    )
    seen = found["inspectionData"]
    assert json.loads(seen["afterItemSelector"]) == [{"v": item} for item in items]
    pointed = json.loads(seen["afterItemsPointer"]) if "ItemsPointer" in config else None
    assert pointed == (items if "ItemsPointer" in config else None)


async def test_batches_of_items(states: StatesHouse) -> None:
    state = reading(
        {"InputType": "JSON"}, ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"all.$": "$.n"}}
    )
    found = await tried(
        states,
        state,
        {"n": 5},
        inspectionLevel="TRACE",
        mock={"result": "[]"},
        stateConfiguration={"mapItemReaderData": "[1, 2, 3]"},
    )
    assert json.loads(found["inspectionData"]["afterItemBatcher"]) == [
        {"BatchInput": {"all": 5}, "Items": [1, 2]},
        {"BatchInput": {"all": 5}, "Items": [3]},
    ]


async def test_what_no_item_reader_understands(states: StatesHouse) -> None:
    found = await tried(
        states,
        reading({"InputType": "JSON"}, Catch=[{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "N"}]),
        mock={"result": "[]"},
        stateConfiguration={"mapItemReaderData": "{"},
    )
    assert (found["status"], found["error"]) == ("CAUGHT_ERROR", "States.ItemReaderFailed")


async def test_variables_go_in_and_come_out(states: StatesHouse) -> None:
    state = {"Type": "Pass", "Assign": {"b.$": "$a"}, "Parameters": {"x.$": "$a"}, "End": True}
    answer = await tried(states, state, variables='{"a": 1}', inspectionLevel="DEBUG")
    assert json.loads(answer["output"]) == {"x": 1}
    assert json.loads(answer["inspectionData"]["variables"]) == {"a": 1, "b": 1}


async def test_a_context_of_the_caller_s(states: StatesHouse) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    answer = await tried(
        states, state, mock={"result": "1"}, context='{"Task": {"Token": "t"}}', inspectionLevel="DEBUG"
    )
    parameters = json.loads(answer["inspectionData"]["afterParameters"])
    assert parameters["MessageBody"] == {"token": "t"}
    assert "mock" in await refused(states, INVOKE, context="{}", roleArn="arn:aws:iam::000000000000:role/r")


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a", "End": True},
        START | {"Resource": "arn:aws:states:::states:startExecution.sync"},
    ],
)
async def test_what_needs_a_mock(states: StatesHouse, state: dict[str, Any]) -> None:
    assert "mock" in await refused(states, state, roleArn="arn:aws:iam::000000000000:role/r")


async def test_what_takes_no_mock(states: StatesHouse) -> None:
    assert "'Pass'" in await refused(states, {"Type": "Pass", "End": True}, mock={"result": "1"})


async def test_a_state_within_a_map(states: StatesHouse) -> None:
    definition = {"StartAt": "M", "States": {"M": MAP}}
    answer = await tried(states, definition, {"a": 1}, stateName="P")
    assert json.loads(answer["output"]) == {"a": 1}
    assert "'none'" in await refused(states, definition, stateName="none")


async def test_errors_said_to_come_from_within(states: StatesHouse) -> None:
    answer = await tried(
        states,
        MAP,
        {"items": []},
        mock=failing("E"),
        stateConfiguration={"errorCausedByState": "P"},
    )
    assert answer["status"] == "FAILED"
    wrong = {"errorCausedByState": "nobody"}
    assert "nobody" in await refused(states, MAP, mock=failing("E"), stateConfiguration=wrong)


async def test_maps_without_a_mock_are_no_definition_for_it(states: StatesHouse) -> None:
    code, message = await states.fails("TestState", definition=json.dumps(MAP))
    assert code == "InvalidDefinition" and message.startswith(
        "TestState API does not support Map or Parallel"
    )


async def test_mocks_of_maps_and_secrets(states: StatesHouse) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
    processor = MAP["ItemProcessor"] | {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    }
    written = MAP | {"ItemProcessor": processor, "ResultWriter": writer}
    given = {"input": '{"items": [1]}'}
    assert "a JSON object" in await refused(states, written, mock={"result": "[1]"}, **given)
    assert "an array" in await refused(states, MAP, mock={"result": "{}"}, **given)
    assert "RevealSecrets" in await refused(states, MAP, mock={"result": "[1]"}, revealSecrets=True, **given)
