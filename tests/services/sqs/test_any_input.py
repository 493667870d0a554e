"""Whatever is sent to whichever operation: an answer or an AWS error, never a fault of ours."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.errors import AwsError
from fogbank.services.sqs import SERVICE
from tests.services.sqs.conftest import Queues, sqs_house

SCALARS = st.none() | st.booleans() | st.integers(-2, 2**33) | st.text(max_size=5) | st.binary(max_size=3)
VALUES = st.recursive(
    SCALARS
    | st.sampled_from(["q", "http://h/000000000000/q", "http://h/000000000000/q.fifo", "true", "10", "All"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Id", "MessageBody", "ReceiptHandle", "DataType", "StringValue", "BinaryValue", "a"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    operation = draw(st.sampled_from(sorted(SERVICE.operations)))
    shape = SERVICE.operations[operation].model.input
    assert shape is not None
    params = {name: draw(VALUES) for name in shape.members if draw(st.booleans())}
    if "QueueUrl" in shape.members and draw(st.booleans()):
        params["QueueUrl"] = draw(
            st.sampled_from(["http://h/000000000000/q", "http://h/000000000000/q.fifo"])
        )
    return operation, {name: value for name, value in params.items() if value is not None}


@settings(max_examples=300, deadline=None)
@given(st.lists(calls(), max_size=12))
def test_any_input(operations: list[tuple[str, dict[str, Any]]]) -> None:
    async def run() -> None:
        house, telemetry = sqs_house()
        async with house:
            queues = Queues(house, telemetry)
            await queues.create("q")
            await queues.create("q.fifo", ContentBasedDeduplication="true")
            for operation, params in operations:
                params = params | ({"WaitTimeSeconds": 0} if operation == "ReceiveMessage" else {})
                try:
                    await queues.call(operation, **params)
                except AwsError as error:
                    assert error.status < 500 or error.code == "NotImplemented"

    asyncio.run(run())
