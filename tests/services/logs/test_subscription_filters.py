from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.service import Service
from tests.services.logs.conftest import LogsHouse

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:sink"


class Functions:
    """Stands in for Lambda: records what it is invoked with."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.callers: list[str] = []
        self.failures = 0


@pytest.fixture
def functions(logs: LogsHouse) -> Functions:
    service: Service[Functions] = Service("lambda")

    @service.operation(
        refuses={"LogType", "ClientContext", "DurableExecutionName", "TenantId", "Qualifier"}
        & set(service.model.operations["Invoke"].input.members)  # type: ignore[union-attr]
    )
    async def invoke(
        ctx: Call[Functions], *, function_name: str, invocation_type: str, payload: bytes = b""
    ) -> dict[str, Any]:
        state = ctx.state
        if function_name != FUNCTION:
            raise AwsError("ResourceNotFoundException", f"Function not found: {function_name}", status=404)
        if invocation_type == "DryRun":
            return {"StatusCode": 204}
        if state.failures:
            state.failures -= 1
            raise AwsError("TooManyRequestsException", "Rate Exceeded.", status=429)
        state.callers.append(ctx.principal.arn)
        packed = json.loads(payload)["awslogs"]["data"]
        state.events.append(json.loads(gzip.decompress(base64.b64decode(packed))))
        return {"StatusCode": 202}

    state = Functions()
    logs.house.calls.mount(service, state)
    return state


async def subscribe(logs: LogsHouse, pattern: str = "", name: str = "sub", to: str = FUNCTION) -> None:
    await logs.call(
        "PutSubscriptionFilter", logGroupName="g", filterName=name, filterPattern=pattern, destinationArn=to
    )


async def work_off(logs: LogsHouse, seconds: int = 1) -> None:
    for _ in range(seconds * 10):
        await logs.clock.advance_ms(100)


async def test_matching_events_reach_the_function(logs: LogsHouse, functions: Functions) -> None:
    await logs.make("g", "s")
    await subscribe(logs, "ERROR")
    await logs.put("g", "s", (0, "ERROR a"), (1, "fine"), (2, "ERROR b"))
    await logs.put("g", "s", (3, "fine"))
    await work_off(logs)
    (event,) = functions.events
    assert event["messageType"] == "DATA_MESSAGE"
    assert (event["owner"], event["logGroup"], event["logStream"]) == ("000000000000", "g", "s")
    assert event["subscriptionFilters"] == ["sub"]
    assert [one["message"] for one in event["logEvents"]] == ["ERROR a", "ERROR b"]
    assert functions.callers == ["logs.us-east-1.amazonaws.com"]


async def test_a_throttled_delivery_comes_again(logs: LogsHouse, functions: Functions) -> None:
    await logs.make("g", "s")
    await subscribe(logs)
    functions.failures = 1
    await logs.put("g", "s", (0, "m"))
    await work_off(logs)
    assert functions.events == []
    await work_off(logs, 61)
    assert [one["message"] for one in functions.events[0]["logEvents"]] == ["m"]


async def test_describe_replace_and_delete(logs: LogsHouse, functions: Functions) -> None:
    await logs.make("g", "s")
    await subscribe(logs, "A")
    await subscribe(logs, "B")
    (shown,) = (await logs.call("DescribeSubscriptionFilters", logGroupName="g"))["subscriptionFilters"]
    assert (shown["filterPattern"], shown["destinationArn"]) == ("B", FUNCTION)
    await logs.call("DeleteSubscriptionFilter", logGroupName="g", filterName="sub")
    await logs.put("g", "s", (0, "B"))
    await work_off(logs)
    assert functions.events == []


async def test_two_filters_and_no_more(logs: LogsHouse, functions: Functions) -> None:
    await logs.make("g")
    await subscribe(logs, name="a")
    await subscribe(logs, name="b")
    with pytest.raises(AwsError, match="LimitExceededException: Resource limit exceeded"):
        await subscribe(logs, name="c")


async def test_destinations_that_cannot_be(logs: LogsHouse, functions: Functions) -> None:
    await logs.make("g")
    with pytest.raises(AwsError, match=r"Could not execute the lambda function. Make sure you have given"):
        await subscribe(logs, to=FUNCTION + "2")
    with pytest.raises(AwsError, match=r"fogbank does not support .* a destination in kinesis yet"):
        await subscribe(logs, to="arn:aws:kinesis:us-east-1:000000000000:stream/s")
