"""Queues: made, listed, tagged, deleted; move tasks."""

from __future__ import annotations

import json
from typing import Any

from tests.services.sqs.conftest import Queues
from tests.support.waiting import until


async def test_a_queue_can_be_asked_for_again(queues: Queues) -> None:
    await queues.create("q", DelaySeconds="3")
    await queues.create("q")
    await queues.create("q", DelaySeconds="3")
    await queues.call("CreateQueue", QueueName="tagged", tags={"a": "1"})
    await queues.call("CreateQueue", QueueName="tagged", tags={"a": "1"})
    await queues.call("CreateQueue", QueueName="tagged", tags={})  # a form cannot say that there are none
    await queues.call("CreateQueue", QueueName="tagged")
    for name in ("tagged", "q"):
        code, _ = await queues.fails("CreateQueue", QueueName=name, tags={"a": "2"})
        assert code == "QueueAlreadyExists"
    assert await queues.fails("CreateQueue", QueueName="q", Attributes={"DelaySeconds": "4"}) == (
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute DelaySeconds",
    )


async def test_a_name_rests_after_its_queue_was_deleted(queues: Queues) -> None:
    await queues.create("q")
    await queues.send("q", "m")
    await queues.call("DeleteQueue", "q")
    assert (await queues.fails("GetQueueUrl", QueueName="q"))[0] == "AWS.SimpleQueueService.NonExistentQueue"
    assert (await queues.fails("CreateQueue", QueueName="q"))[
        0
    ] == "AWS.SimpleQueueService.QueueDeletedRecently"
    await queues.advance(60)
    await queues.create("q")
    assert await queues.bodies("q") == []


async def test_listing(queues: Queues) -> None:
    for name in ("b-1", "a", "b", "b-2", "c"):
        await queues.create(name)

    async def names(**params: Any) -> list[str]:
        answer = await queues.call("ListQueues", **params)
        return [url.rpartition("/")[2] for url in answer.get("QueueUrls", [])]

    assert await names() == ["a", "b", "b-1", "b-2", "c"]
    assert await names(QueueNamePrefix="b") == ["b", "b-1", "b-2"]
    assert await names(QueueNamePrefix="x") == []
    found, token = [], None
    while True:
        answer = await queues.call(
            "ListQueues", QueueNamePrefix="b", MaxResults=2, **({"NextToken": token} if token else {})
        )
        found.append([url.rpartition("/")[2] for url in answer["QueueUrls"]])
        token = answer.get("NextToken")
        if token is None:
            break
    assert found == [["b", "b-1"], ["b-2"]]


async def test_tags(queues: Queues) -> None:
    await queues.create("q")
    await queues.call("TagQueue", "q", Tags={"a": "1", "b": "2"})
    await queues.call("UntagQueue", "q", TagKeys=["a"])
    assert await queues.call("ListQueueTags", "q") == {"Tags": {"b": "2"}}
    many = {str(n): "" for n in range(50)}
    assert (await queues.fails("TagQueue", "q", Tags=many))[0] == "InvalidParameterValue"


async def test_a_move_task_moves_at_its_rate(queues: Queues) -> None:
    await queues.create("dlq")
    policy = json.dumps({"deadLetterTargetArn": queues.arn("dlq"), "maxReceiveCount": 1})
    await queues.create("q", VisibilityTimeout="0", RedrivePolicy=policy)
    for n in range(3):
        await queues.send("q", str(n))
    assert len(await queues.receive("q")) == 3
    assert await queues.receive("q") == []
    source, began_ms = queues.arn("dlq"), queues.house.clock.now_ms()
    await queues.call("StartMessageMoveTask", SourceArn=source, MaxNumberOfMessagesPerSecond=1)

    async def task() -> Any:
        return (await queues.call("ListMessageMoveTasks", SourceArn=source))["Results"][0]

    async def completed() -> bool:
        await queues.advance(0.1)
        return bool((await task())["Status"] == "COMPLETED")

    await until(completed)
    assert (await task())["ApproximateNumberOfMessagesMoved"] == 3
    assert queues.house.clock.now_ms() - began_ms >= 3000
    moved = await queues.receive("q")
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in moved} == {"1"}
