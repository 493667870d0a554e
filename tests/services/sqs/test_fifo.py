"""FIFO queues: order, groups, deduplication, attempts, dead letters."""

from __future__ import annotations

import json

import pytest

from tests.services.sqs.conftest import Queues

pytestmark = pytest.mark.every_store


async def send(queues: Queues, group: str, *bodies: str) -> None:
    for body in bodies:
        await queues.send("q.fifo", body, MessageGroupId=group, MessageDeduplicationId=f"{group}-{body}")


async def test_a_group_is_in_one_receivers_hands(queues: Queues) -> None:
    await queues.create("q.fifo")
    await send(queues, "a", "1", "2", "3")
    await send(queues, "b", "4")
    first = await queues.receive("q.fifo", 2)
    assert [message["Body"] for message in first] == ["1", "2"]
    assert await queues.bodies("q.fifo") == ["4"]
    await queues.delete("q.fifo", first[0])
    assert await queues.bodies("q.fifo") == []  # the second is still out
    await queues.delete("q.fifo", first[1])
    assert await queues.bodies("q.fifo") == ["3"]


async def test_order_holds_when_messages_come_back(queues: Queues) -> None:
    await queues.create("q.fifo", VisibilityTimeout="10")
    await send(queues, "a", "1", "2", "3")
    first = await queues.receive("q.fifo", 2)
    await queues.call(
        "ChangeMessageVisibility", "q.fifo", ReceiptHandle=first[1]["ReceiptHandle"], VisibilityTimeout=30
    )
    await queues.advance(10)
    assert await queues.bodies("q.fifo") == []  # one is visible, the other keeps the group
    await queues.advance(20)
    assert await queues.bodies("q.fifo") == ["1", "2", "3"]


async def test_an_expired_handle_deletes_nothing(queues: Queues) -> None:
    await queues.create("q.fifo", VisibilityTimeout="10")
    await send(queues, "a", "1")
    [message] = await queues.receive("q.fifo")
    await queues.advance(10)
    code, text = await queues.fails("DeleteMessage", "q.fifo", ReceiptHandle=message["ReceiptHandle"])
    assert code == "InvalidParameterValue" and text.endswith("Reason: The receipt handle has expired.")
    answer = await queues.call(
        "DeleteMessageBatch", "q.fifo", Entries=[{"Id": "x", "ReceiptHandle": message["ReceiptHandle"]}]
    )
    assert answer == {
        "Failed": [
            {
                "Id": "x",
                "SenderFault": True,
                "Code": "ReceiptHandleIsInvalid",
                "Message": "The receipt handle has expired",
            }
        ]
    }
    assert await queues.bodies("q.fifo") == ["1"]


async def test_deduplication(queues: Queues) -> None:
    await queues.create("q.fifo", ContentBasedDeduplication="true")
    first = await queues.send("q.fifo", "m", MessageGroupId="a")
    again = await queues.send("q.fifo", "m", MessageGroupId="b")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    [message] = await queues.receive("q.fifo")
    await queues.delete("q.fifo", message)
    await queues.advance(299)
    await queues.send("q.fifo", "m", MessageGroupId="a")
    assert await queues.bodies("q.fifo") == []  # deleted, and still remembered
    await queues.advance(1)
    last = await queues.send("q.fifo", "m", MessageGroupId="a")
    assert int(last["SequenceNumber"]) > int(first["SequenceNumber"])
    assert await queues.bodies("q.fifo") == ["m"]


async def test_deduplication_within_a_group(queues: Queues) -> None:
    await queues.create(
        "q.fifo",
        ContentBasedDeduplication="true",
        DeduplicationScope="messageGroup",
        FifoThroughputLimit="perMessageGroupId",
    )
    entries = [
        {"Id": f"{group}{n}", "MessageBody": "m", "MessageGroupId": group} for group in "ab" for n in range(2)
    ]
    answer = await queues.call("SendMessageBatch", "q.fifo", Entries=entries)
    assert len({one["MessageId"] for one in answer["Successful"]}) == 2
    assert await queues.bodies("q.fifo") == ["m", "m"]


async def test_forgotten_ids_do_not_add_up(queues: Queues) -> None:
    await queues.create("q.fifo", ContentBasedDeduplication="true")
    for n in range(20):
        await queues.send("q.fifo", str(n), MessageGroupId="a")
    await queues.advance(301)
    for n in range(20):
        await queues.send("q.fifo", f"again {n}", MessageGroupId="a")
    records = await queues.house.store.scan(("sqs-q",), limit=1000)
    assert sum(record.key[2] in ("u", "ut") for record in records) == 40


async def test_an_attempt_can_be_repeated(queues: Queues) -> None:
    await queues.create("q.fifo", VisibilityTimeout="30")
    await send(queues, "a", "1", "2")
    first = await queues.receive("q.fifo", 1, ReceiveRequestAttemptId="x")
    await queues.advance(20)
    again = await queues.receive("q.fifo", 1, ReceiveRequestAttemptId="x")
    assert [m["ReceiptHandle"] for m in again] == [m["ReceiptHandle"] for m in first]
    await queues.advance(20)  # hidden anew
    assert await queues.bodies("q.fifo", 1, ReceiveRequestAttemptId="y") == []
    await queues.delete("q.fifo", first[0])
    assert await queues.fails("ReceiveMessage", "q.fifo", ReceiveRequestAttemptId="x") == (
        "InvalidParameterValue",
        "Value x for parameter ReceiveRequestAttemptId is invalid. Reason: The receiveRequestAttemptId is not valid "
        "anymore since the receive call is not retryable.",
    )
    await queues.advance(300)
    assert await queues.bodies("q.fifo", 1, ReceiveRequestAttemptId="x") == ["2"]
    await queues.create("q")
    await queues.send("q", "m")
    assert await queues.bodies("q", ReceiveRequestAttemptId="not looked at") == ["m"]


async def test_dead_letters_stay_in_order(queues: Queues) -> None:
    await queues.create("dlq.fifo")
    policy = json.dumps({"deadLetterTargetArn": queues.arn("dlq.fifo"), "maxReceiveCount": 1})
    await queues.create("q.fifo", VisibilityTimeout="0", RedrivePolicy=policy)
    await send(queues, "a", "1", "2", "3")
    assert await queues.bodies("q.fifo", 2) == ["1", "2"]
    assert await queues.bodies("q.fifo", 2) == ["3"]
    assert await queues.bodies("q.fifo", 2) == []
    dead = await queues.receive("dlq.fifo")
    assert [message["Body"] for message in dead] == ["1", "2", "3"]
    assert {message["Attributes"]["MessageGroupId"] for message in dead} == {"a"}


async def test_a_fifo_message_waits_as_its_queue_says(queues: Queues) -> None:
    await queues.create("q.fifo", DelaySeconds="5", ContentBasedDeduplication="true")
    await queues.send("q.fifo", "m", MessageGroupId="g", DelaySeconds=0)
    assert await queues.fails(
        "SendMessage", "q.fifo", MessageBody="n", MessageGroupId="g", DelaySeconds=5
    ) == (
        "InvalidParameterValue",
        "Value 5 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for "
        "this queue type.",
    )
    entries = [{"Id": "x", "MessageBody": "n", "MessageGroupId": "g", "DelaySeconds": 5}]
    assert (await queues.call("SendMessageBatch", "q.fifo", Entries=entries))["Failed"] == [
        {
            "Id": "x",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "The request include parameter that is not valid for this queue type",
        }
    ]
    assert await queues.bodies("q.fifo") == []
    await queues.advance(5)
    assert await queues.bodies("q.fifo") == ["m"]


async def test_what_fifo_queues_refuse(queues: Queues) -> None:
    await queues.create("q.fifo")
    await queues.create("q")
    assert await queues.fails("SendMessage", "q.fifo", MessageBody="m", MessageDeduplicationId="d") == (
        "MissingParameter",
        "The request must contain the parameter MessageGroupId.",
    )
    assert await queues.fails("SendMessage", "q.fifo", MessageBody="m", MessageGroupId="g") == (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    )
    good = {"Id": "good", "MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    for left_out, message in (
        ("MessageGroupId", "The request must contain the parameter MessageGroupId."),
        (
            "MessageDeduplicationId",
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly",
        ),
    ):
        bad = {name: value for name, value in good.items() if name != left_out} | {"Id": "bad"}
        assert await queues.fails("SendMessageBatch", "q.fifo", Entries=[good, bad]) == (
            "InvalidParameterValue",
            message,
        )
    assert await queues.bodies("q.fifo") == []
    for queue, params in (
        ("q.fifo", {"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2}),
        ("q.fifo", {"MessageGroupId": "with space", "MessageDeduplicationId": "d"}),
        ("q", {"MessageDeduplicationId": "d"}),
    ):
        assert (await queues.fails("SendMessage", queue, MessageBody="m", **params))[
            0
        ] == "InvalidParameterValue"
    assert await queues.fails("CreateQueue", QueueName="x", Attributes={"FifoQueue": "false"}) == (
        "InvalidAttributeName",
        "Unknown Attribute FifoQueue.",
    )
    assert (await queues.fails("CreateQueue", QueueName="x.fifo"))[0] == "InvalidParameterValue"
    assert (await queues.fails("CreateQueue", QueueName="x", Attributes={"FifoQueue": "true"}))[0] == (
        "InvalidParameterValue"
    )
    code, _ = await queues.fails("SetQueueAttributes", "q", Attributes={"ContentBasedDeduplication": "true"})
    assert code == "InvalidAttributeName"
