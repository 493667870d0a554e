"""Asynchronous invocation: accepted durably, retried, bounded, handed on."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fogbank.sandbox.api import Invocation
from fogbank.services.lambda_.events import (
    LOOPED,
    NO_CONCURRENCY,
    THROTTLED,
    Answer,
    Condition,
    Event,
    decode_event,
    encode_event,
    error_of,
    invocation_record,
)
from tests.services.lambda_.fakes import ARN, Failed, FakePool, LambdaHouse, build
from tests.support.waiting import until

FAILURE_ARN = "arn:aws:lambda:us-east-1:000000000000:function:failures"


def fail(event: Any, invocation: Invocation) -> Any:
    raise Failed


async def send(house: LambdaHouse, event: Any = None, name: str = "f", **more: Any) -> None:
    answer = await house.invoke(name, event, InvocationType="Event", **more)
    assert answer == {"StatusCode": 202, "Payload": b""}


def runs(house: LambdaHouse, name: str = "f") -> list[Invocation]:
    return [invocation for config, invocation in house.pool.invoked if config.name == name]


async def test_an_event_is_run(house: LambdaHouse) -> None:
    await house.create()
    await send(house, {"n": 1})
    await until(lambda: runs(house))
    assert json.loads(runs(house)[0].payload) == {"n": 1}
    queue = next(iter(house.state.events._queues))

    async def drained() -> bool:
        return await house.store.depth(queue) == (0, 0)

    await until(drained)
    await house.telemetry.flush()
    assert house.telemetry.sum_of("AsyncEventsReceived", FunctionName="f") == 1


async def test_a_failed_event_is_retried_after_one_and_two_minutes(house: LambdaHouse) -> None:
    await house.create()
    house.pool.bodies["f"] = fail
    await send(house)
    await until(lambda: len(runs(house)) == 1 and not house.pool.running)
    await step(house, 59_000)
    assert len(runs(house)) == 1
    await step(house, 1_000)
    await until(lambda: len(runs(house)) == 2)
    await step(house, 119_000)
    assert len(runs(house)) == 2
    await step(house, 1_000)
    await until(lambda: len(runs(house)) == 3)
    await step(house, 3_600_000)
    assert len(runs(house)) == 3
    assert len({run.request_id for run in runs(house)}) == 1
    await house.telemetry.flush()
    assert house.telemetry.sum_of("AsyncEventsDropped", FunctionName="f") == 1


async def step(house: LambdaHouse, duration_ms: int) -> None:
    """Let time pass, and what it woke come to rest."""
    await settle(house)
    await house.clock.advance_ms(duration_ms)
    await settle(house)


async def settle(house: LambdaHouse) -> None:
    """Until no event of the house is in hand."""
    for _ in range(50):
        await asyncio.sleep(0)
    await until(lambda: not any(queue._held for queue in house.state.events._queues.values()))


@pytest.mark.parametrize(("retries", "invocations"), [(0, 1), (1, 2)])
async def test_fewer_retries_where_configured(house: LambdaHouse, retries: int, invocations: int) -> None:
    await house.create()
    house.pool.bodies["f"] = fail
    await house.do("PutFunctionEventInvokeConfig", FunctionName="f", MaximumRetryAttempts=retries)
    await send(house)
    await until(lambda: runs(house))
    for _ in range(4):
        await step(house, 120_000)
    assert len(runs(house)) == invocations


async def test_a_retry_that_would_come_too_late_is_not_waited_for(house: LambdaHouse) -> None:
    await house.create()
    await house.create("failures")
    house.pool.bodies["f"] = fail
    await house.do(
        "PutFunctionEventInvokeConfig",
        FunctionName="f",
        MaximumEventAgeInSeconds=100,
        DestinationConfig={"OnFailure": {"Destination": FAILURE_ARN}},
    )
    await send(house, {"m": 1})
    await until(lambda: runs(house))
    assert runs(house, "failures") == []
    await step(house, 60_000)  # the first retry; the second would be due at 180 s
    await until(lambda: runs(house, "failures"))
    context = json.loads(runs(house, "failures")[0].payload)["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("EventAgeExceeded", 2)


async def test_destinations_receive_the_record_of_the_invocation(house: LambdaHouse) -> None:
    await house.create()
    await house.create("failures")
    await house.create("successes")
    house.pool.bodies["f"] = lambda event, _: fail(event, _) if event["bad"] else {"done": True}
    await house.do(
        "PutFunctionEventInvokeConfig",
        FunctionName="f",
        MaximumRetryAttempts=0,
        DestinationConfig={
            "OnFailure": {"Destination": FAILURE_ARN},
            "OnSuccess": {"Destination": FAILURE_ARN.replace("failures", "successes")},
        },
    )
    await send(house, {"bad": False})
    await send(house, {"bad": True})
    await until(lambda: runs(house, "failures") and runs(house, "successes"))
    good = json.loads(runs(house, "successes")[0].payload)
    bad = json.loads(runs(house, "failures")[0].payload)
    assert good == {
        "version": "1.0",
        "timestamp": good["timestamp"],
        "requestContext": {
            "requestId": runs(house)[0].request_id,
            "functionArn": ARN + ":$LATEST",
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"bad": False},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": {"done": True},
    }
    assert bad["requestContext"]["condition"] == "RetriesExhausted"
    assert bad["responseContext"]["functionError"] == "Unhandled"
    assert bad["responsePayload"]["errorType"] == "ValueError"


async def test_no_concurrency_at_all_sends_events_to_their_destination(house: LambdaHouse) -> None:
    await house.create()
    await house.create("failures")
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    await house.do(
        "PutFunctionEventInvokeConfig",
        FunctionName="f",
        DestinationConfig={"OnFailure": {"Destination": FAILURE_ARN}},
    )
    await send(house)
    await until(lambda: runs(house, "failures"))
    record = json.loads(runs(house, "failures")[0].payload)
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in record and runs(house) == []


async def test_reserved_concurrency_holds_events_back(house: LambdaHouse) -> None:
    await house.create()
    await house.do("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=2)
    await house.invoke(event=1)
    house.pool.most = 0
    for number in range(30):
        await send(house, number)
    await until(lambda: len(runs(house)) == 31 and not house.pool.running)
    assert house.pool.most <= 2
    await house.telemetry.flush()
    assert house.telemetry.sum_of("Throttles", FunctionName="f") == 0


async def test_a_function_that_hangs_keeps_only_itself_waiting(house: LambdaHouse) -> None:
    await house.create("slow")
    await house.create()
    await house.do("PutFunctionConcurrency", FunctionName="slow", ReservedConcurrentExecutions=1)
    house.pool.gate.clear()
    for number in range(5):
        await send(house, number, "slow")
    await until(lambda: house.pool.running == 1)
    house.pool.gate.set()
    await send(house, 7)
    await until(lambda: runs(house))
    await until(lambda: len(runs(house, "slow")) == 5)


async def test_events_that_wait_get_more_room(house: LambdaHouse) -> None:
    await house.create()
    house.pool.gate.clear()
    for number in range(40):
        await send(house, number)
    await until(lambda: house.pool.running == 40)
    house.pool.gate.set()
    await until(lambda: not house.pool.running)


async def test_events_of_a_deleted_function_are_dropped(house: LambdaHouse) -> None:
    await house.create()
    house.pool.bodies["f"] = fail
    await send(house)
    await until(lambda: runs(house))
    await settle(house)
    await house.do("DeleteFunction", FunctionName="f")
    await house.create()
    house.pool.bodies.clear()
    await step(house, 60_000)
    await step(house, 60_000)
    assert len(runs(house)) == 1  # the new function never sees what was sent to the old one

    async def forgotten() -> bool:
        return not await house.store.scan(("lambda-events",), limit=1)

    await until(forgotten)
    assert not house.state.events._queues


async def test_events_survive_a_killed_node(house: LambdaHouse) -> None:
    """What a node held when it was killed is taken up by the next one at once."""
    await house.create()
    house.pool.gate.clear()
    await send(house, {"n": 1})
    await until(lambda: house.pool.running == 1)
    await house.state.events.close()  # no more is taken here, and what runs never ends
    killed, house.pool = house.pool, FakePool()
    successor = build(house)
    await successor.start()
    await until(lambda: runs(house))
    assert json.loads(runs(house)[0].payload) == {"n": 1}
    assert runs(house)[0].request_id == killed.invoked[0][1].request_id
    await successor.close()


async def test_the_deprecated_invoke_async(house: LambdaHouse) -> None:
    await house.create()
    assert await house.do("InvokeAsync", FunctionName="f", InvokeArgs=b'{"old": 1}') == {"Status": 202}
    await until(lambda: runs(house))


async def test_event_configs_by_qualifier(house: LambdaHouse) -> None:
    await house.create()
    name = {"FunctionName": "f"}
    assert await house.refuses("PutFunctionEventInvokeConfig", **name) == (
        "InvalidParameterValueException",
        "You must specify at least one of error handling or destination setting.",
    )
    assert await house.refuses("GetFunctionEventInvokeConfig", **name) == (
        "ResourceNotFoundException",
        f"The function {ARN}:$LATEST doesn't have an EventInvokeConfig",
    )
    for operation in ("GetFunctionEventInvokeConfig", "DeleteFunctionEventInvokeConfig"):
        for missing, arn in (("f:9", f"{ARN}:9"), ("gone", ARN[:-1] + "gone:$LATEST")):
            assert await house.refuses(operation, FunctionName=missing) == (
                "ResourceNotFoundException",
                f"The function {arn} doesn't have an EventInvokeConfig",
            )
    for operation in ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"):
        assert await house.refuses(operation, FunctionName="f:9", MaximumRetryAttempts=1) == (
            "ResourceNotFoundException",
            "The function doesn't exist.",
        )
    put = await house.do("PutFunctionEventInvokeConfig", **name, MaximumRetryAttempts=1)
    assert put["FunctionArn"] == ARN + ":$LATEST" and put["MaximumRetryAttempts"] == 1
    updated = await house.do("UpdateFunctionEventInvokeConfig", **name, MaximumEventAgeInSeconds=100)
    assert (updated["MaximumRetryAttempts"], updated["MaximumEventAgeInSeconds"]) == (1, 100)
    replaced = await house.do("PutFunctionEventInvokeConfig", **name, MaximumEventAgeInSeconds=70)
    assert "MaximumRetryAttempts" not in replaced
    await house.do("PublishVersion", **name)
    await house.do("PutFunctionEventInvokeConfig", **name, Qualifier="1", MaximumRetryAttempts=0)
    page = await house.do("ListFunctionEventInvokeConfigs", **name, MaxItems=1)
    rest = await house.do("ListFunctionEventInvokeConfigs", **name, Marker=page["NextMarker"])
    arns = [
        config["FunctionArn"]
        for config in page["FunctionEventInvokeConfigs"] + rest["FunctionEventInvokeConfigs"]
    ]
    assert arns == [ARN + ":$LATEST", ARN + ":1"]
    await house.do("DeleteFunctionEventInvokeConfig", **name)
    code, _ = await house.refuses("DeleteFunctionEventInvokeConfig", **name)
    assert code == "ResourceNotFoundException"
    error = await house.fails(
        "lambda",
        "PutFunctionEventInvokeConfig",
        name | {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:000000000000:q"}}},
    )
    assert error.status == 501 and "sqs" in error.message
    assert await house.refuses(
        "PutFunctionEventInvokeConfig", **name, DestinationConfig={"OnFailure": {"Destination": ARN}}
    ) == ("InvalidParameterValueException", "You can't specify the function as a destination for itself.")


@pytest.mark.parametrize(
    ("config", "shown"),
    [
        (
            {"OnSuccess": {"Destination": "arn:aws:s3:::b"}},
            "onSuccess=OnSuccess(destination=arn:aws:s3:::b), onFailure=null",
        ),
        (
            {"OnSuccess": {"Destination": FAILURE_ARN}, "OnFailure": {"Destination": "arn:aws:kinesis:::s"}},
            f"onSuccess=OnSuccess(destination={FAILURE_ARN}), onFailure=OnFailure(destination=arn:aws:kinesis:::s)",
        ),
    ],
)
async def test_destinations_that_are_none(house: LambdaHouse, config: dict[str, Any], shown: str) -> None:
    await house.create()
    for operation in ("PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig"):
        assert await house.refuses(operation, FunctionName="f", DestinationConfig=config) == (
            "InvalidParameterValueException",
            f"The provided destination config DestinationConfig({shown}) is invalid.",
        )
    missing = {"OnFailure": {"Destination": FAILURE_ARN}}
    assert await house.refuses(
        "PutFunctionEventInvokeConfig", FunctionName="f", DestinationConfig=missing
    ) == (
        "InvalidParameterValueException",
        f"The destination ARN {FAILURE_ARN} is invalid.",
    )


def test_records_of_events_by_how_they_ended() -> None:
    event = Event("1", "r", "f", None, "u", "id", 5, b'{"a": 1}', 3)

    def record(condition: Condition, answer: Answer | None) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(invocation_record(event, condition, answer, 0))
        assert found["requestContext"]["condition"] == condition.value
        return found

    done = record(Condition.SUCCESS, Answer(b"null", "$LATEST"))
    assert done["requestContext"]["approximateInvokeCount"] == 1  # as on AWS, however many there were
    assert done["responsePayload"] is None
    throttled = record(Condition.AGE_EXCEEDED, THROTTLED)
    assert throttled["requestContext"]["approximateInvokeCount"] == 3
    assert throttled["responseContext"] == {"statusCode": 429} and "responsePayload" not in throttled
    looped = record(Condition.LOOP, LOOPED)
    assert looped["responseContext"] == {"statusCode": 400, "functionError": "RecursiveInvocationException"}
    assert "responseContext" not in record(Condition.ZERO_CONCURRENCY, None)
    text = record(Condition.SUCCESS, Answer(b"no JSON", "1"))
    assert "responsePayload" not in text
    assert text["deliveryError"]["errorCode"] == "InvalidRequestContentException"


@pytest.mark.parametrize(
    ("condition", "answer", "error"),
    [
        (
            Condition.RETRIES_EXHAUSTED,
            Answer(b'{"errorMessage": "no"}', "$LATEST", "Unhandled"),
            (200, "no"),
        ),
        (Condition.AGE_EXCEEDED, THROTTLED, (429, "Rate Exceeded.")),
        (Condition.ZERO_CONCURRENCY, None, (None, NO_CONCURRENCY)),
        (Condition.AGE_EXCEEDED, None, (None, "")),
    ],
)
def test_errors_of_dead_letters(condition: Condition, answer: Answer | None, error: Any) -> None:
    assert error_of(condition, answer) == error


def test_events_are_encoded_with_any_payload() -> None:
    event = Event("1", "r", "f", None, "u", "id", 5, b'{"a":\n1}\n', 2, 3)
    assert decode_event(encode_event(event)) == event
