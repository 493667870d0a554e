"""SQS on a memory store and a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.services import sqs
from tests.services.lambda_.fakes import FakeTelemetry
from tests.support.house import House

ACCOUNT = "000000000000"


class Queues:
    """Calls of SQS, short: a queue goes by its name."""

    def __init__(self, house: House, telemetry: FakeTelemetry) -> None:
        self.house = house
        self.telemetry = telemetry

    async def call(self, operation: str, queue: str | None = None, **params: Any) -> dict[str, Any]:
        if queue is not None:
            params["QueueUrl"] = f"http://localhost/{ACCOUNT}/{queue}"
        return await self.house.call("sqs", operation, params)

    async def fails(self, operation: str, queue: str | None = None, **params: Any) -> tuple[str, str]:
        with pytest.raises(AwsError) as caught:
            await self.call(operation, queue, **params)
        return caught.value.code, caught.value.message

    async def create(self, name: str, **attributes: str) -> str:
        if name.endswith(".fifo"):
            attributes.setdefault("FifoQueue", "true")
        await self.call("CreateQueue", QueueName=name, Attributes=attributes)
        return name

    async def send(self, queue: str, body: str, **params: Any) -> dict[str, Any]:
        return await self.call("SendMessage", queue, MessageBody=body, **params)

    async def receive(self, queue: str, limit: int = 10, **params: Any) -> list[dict[str, Any]]:
        answer = await self.call(
            "ReceiveMessage", queue, MaxNumberOfMessages=limit, AttributeNames=["All"], **params
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        return messages

    async def bodies(self, queue: str, limit: int = 10, **params: Any) -> list[str]:
        return [message["Body"] for message in await self.receive(queue, limit, **params)]

    async def delete(self, queue: str, message: dict[str, Any]) -> None:
        await self.call("DeleteMessage", queue, ReceiptHandle=message["ReceiptHandle"])

    async def counts(self, queue: str) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        attributes = (await self.call("GetQueueAttributes", queue, AttributeNames=["All"]))["Attributes"]
        ends = ("", "NotVisible", "Delayed")
        visible, flying, delayed = (int(attributes[f"ApproximateNumberOfMessages{end}"]) for end in ends)
        return visible, flying, delayed

    async def advance(self, seconds: float) -> None:
        await self.house.clock.advance_ms(round(seconds * 1000))

    def arn(self, queue: str) -> str:
        return f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}"


def sqs_house() -> tuple[House, FakeTelemetry]:
    telemetry = FakeTelemetry()
    house = House(
        {
            sqs.SERVICE: lambda h: sqs.Sqs(
                store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, telemetry=telemetry, node="n"
            )
        }
    )
    return house, telemetry


@pytest.fixture
async def queues() -> AsyncIterator[Queues]:
    house, telemetry = sqs_house()
    async with house:
        yield Queues(house, telemetry)
