"""How many calls a FIFO queue takes in a second."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.sqs import limits
from tests.services.sqs.conftest import Queues

THROTTLED = ("RequestThrottled", "Request is throttled.")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten a second take as many calls less."""
    monkeypatch.setattr(limits, "FIFO_CALLS", 10)
    monkeypatch.setattr(limits, "FIFO_CALLS_BY_REGION", {"us-east-1": 40})


async def send(queues: Queues, n: int, group: str = "g") -> dict[str, Any]:
    return await queues.send("q.fifo", str(n), MessageGroupId=group, MessageDeduplicationId=str(n))


async def refused(queues: Queues, operation: str = "SendMessage", **more: Any) -> None:
    params = more or {"MessageBody": "x", "MessageGroupId": "g", "MessageDeduplicationId": "x"}
    assert await queues.fails(operation, "q.fifo", **params) == THROTTLED


def batch(*groups: str) -> list[dict[str, Any]]:
    return [
        {"Id": str(n), "MessageBody": "b", "MessageGroupId": group, "MessageDeduplicationId": f"b{n}"}
        for n, group in enumerate(groups)
    ]


async def test_calls_of_each_action_are_counted_by_themselves(queues: Queues) -> None:
    await queues.create("q.fifo")
    for n in range(10):
        await send(queues, n)
    await refused(queues)
    await refused(queues, "SendMessageBatch", Entries=batch("other"))  # a batch is a call like the others
    received = [message for _ in range(10) for message in await queues.receive("q.fifo", 1)]
    assert len(received) == 1  # one group is in one receiver's hands, but every call counts
    await refused(queues, "ReceiveMessage", MaxNumberOfMessages=1)
    for _ in range(10):
        await queues.delete("q.fifo", received[0])
    await refused(queues, "DeleteMessage", ReceiptHandle=received[0]["ReceiptHandle"])
    entries = [{"Id": "a", "ReceiptHandle": received[0]["ReceiptHandle"]}]
    await refused(queues, "DeleteMessageBatch", Entries=entries)
    assert (await queues.counts("q.fifo"))[0] == 9


async def test_time_gives_calls_back(queues: Queues) -> None:
    await queues.create("q.fifo")
    for n in range(10):
        await send(queues, n)
    await queues.advance(0.3)
    for n in range(10, 13):
        await send(queues, n)
    await refused(queues)
    await queues.advance(60)  # not more than a second's worth
    for n in range(20, 30):
        await send(queues, n)
    await refused(queues)


async def test_ten_messages_a_call_in_batches(queues: Queues) -> None:
    await queues.create("q.fifo", ContentBasedDeduplication="true")
    for call in range(10):
        entries = [{"Id": str(n), "MessageBody": f"{call} {n}", "MessageGroupId": "g"} for n in range(10)]
        await queues.call("SendMessageBatch", "q.fifo", Entries=entries)
    assert (await queues.counts("q.fifo"))[0] == 100
    await refused(queues)


async def test_high_throughput_counts_by_group_and_by_region(queues: Queues) -> None:
    await queues.create("q.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for n in range(10):
        await send(queues, n, "a")
    await refused(queues, MessageBody="x", MessageGroupId="a", MessageDeduplicationId="x")
    await refused(queues, "SendMessageBatch", Entries=batch("b", "a"))  # one of its groups has no more
    for group in ("b", "c", "d"):
        for n in range(10):
            await send(queues, n, group)
    await refused(queues, MessageBody="x", MessageGroupId="e", MessageDeduplicationId="x")  # 40 in all
    for _ in range(40):
        await queues.receive("q.fifo", 1)
    await refused(queues, "ReceiveMessage", MaxNumberOfMessages=1)


async def test_standard_queues_and_other_fifo_queues_go_on(queues: Queues) -> None:
    await queues.create("q.fifo")
    await queues.create("other.fifo", ContentBasedDeduplication="true")
    await queues.create("q")
    for n in range(10):
        await send(queues, n)
    await refused(queues)
    await queues.send("other.fifo", "x", MessageGroupId="g")
    for n in range(50):
        await queues.send("q", str(n), MessageGroupId="g")


async def test_full_buckets_are_forgotten(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FIFO_BUCKETS_MAX", 5)
    await queues.create("q.fifo", DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
    for n in range(8):
        await send(queues, n, str(n))
        await queues.advance(2)
    assert len(queues.house.states["sqs"].quotas._buckets) <= 6
