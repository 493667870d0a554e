"""Standard queues: delivery, visibility, delays, dead letters, retention, limits, counts, long polls."""

from __future__ import annotations

import asyncio
import json

import pytest

from fogbank.services.sqs import limits
from tests.services.sqs.conftest import Queues
from tests.support.waiting import until

pytestmark = pytest.mark.every_store


async def test_a_message_goes_through(queues: Queues) -> None:
    await queues.create("q")
    sent = await queues.send("q", "hello")
    [message] = await queues.receive("q")
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hello")
    assert message["MD5OfBody"] == sent["MD5OfMessageBody"] == "5d41402abc4b2a76b9719d911017c592"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert await queues.receive("q") == []
    assert await queues.counts("q") == (0, 1, 0)
    await queues.delete("q", message)
    assert await queues.counts("q") == (0, 0, 0)
    await queues.advance(31)
    assert await queues.receive("q") == []


async def test_a_message_comes_back_when_its_time_is_over(queues: Queues) -> None:
    await queues.create("q", VisibilityTimeout="10")
    await queues.send("q", "m")
    [first] = await queues.receive("q")
    await queues.advance(9.9)
    assert await queues.receive("q") == []
    await queues.advance(0.1)
    [second] = await queues.receive("q")
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    first_ms = first["Attributes"]["ApproximateFirstReceiveTimestamp"]
    assert second["Attributes"]["ApproximateFirstReceiveTimestamp"] == first_ms
    await queues.delete("q", first)  # a stale handle: answered well, and the message stays
    assert await queues.counts("q") == (0, 1, 0)
    await queues.delete("q", second)
    assert await queues.counts("q") == (0, 0, 0)


async def test_visibility_can_be_changed(queues: Queues) -> None:
    await queues.create("q")
    await queues.send("q", "m")
    [message] = await queues.receive("q")
    handle = message["ReceiptHandle"]
    await queues.call("ChangeMessageVisibility", "q", ReceiptHandle=handle, VisibilityTimeout=100)
    await queues.advance(99)
    assert await queues.receive("q") == []
    await queues.call("ChangeMessageVisibility", "q", ReceiptHandle=handle, VisibilityTimeout=0)
    assert await queues.counts("q") == (1, 0, 0)
    # A handle that has expired is taken, and changes nothing.
    await queues.call("ChangeMessageVisibility", "q", ReceiptHandle=handle, VisibilityTimeout=1)
    [again] = await queues.receive("q")
    await queues.advance(10)
    handle = again["ReceiptHandle"]  # twelve hours since it was received:
    assert await queues.fails(
        "ChangeMessageVisibility", "q", ReceiptHandle=handle, VisibilityTimeout=43_195
    ) == (
        "InvalidParameterValue",
        "Value 43195 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is "
        "beyond the limit [43200 seconds].",
    )
    await queues.delete("q", again)
    gone = "Message does not exist or is not available for visibility timeout change"
    assert await queues.fails("ChangeMessageVisibility", "q", ReceiptHandle=handle, VisibilityTimeout=1) == (
        "InvalidParameterValue",
        f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {gone}.",
    )
    entries = [{"Id": "x", "ReceiptHandle": handle, "VisibilityTimeout": 1}]
    assert await queues.call("ChangeMessageVisibilityBatch", "q", Entries=entries) == {
        "Failed": [{"Id": "x", "SenderFault": True, "Code": "InvalidParameterValue", "Message": gone}]
    }


async def test_delays(queues: Queues) -> None:
    await queues.create("q", DelaySeconds="20")
    await queues.send("q", "as the queue says")
    await queues.send("q", "at once", DelaySeconds=0)
    assert await queues.counts("q") == (1, 0, 1)
    assert await queues.bodies("q") == ["at once"]
    await queues.advance(20)
    assert await queues.bodies("q") == ["as the queue says"]


async def test_dead_letters_keep_what_they_were(queues: Queues) -> None:
    await queues.create("dlq")
    policy = json.dumps({"deadLetterTargetArn": queues.arn("dlq"), "maxReceiveCount": "2"})
    await queues.create("q", VisibilityTimeout="0", RedrivePolicy=policy)
    sent = await queues.send(
        "q", "x" * 20_000, MessageAttributes={"a": {"DataType": "Number", "StringValue": "1"}}
    )
    for _ in range(2):
        assert len(await queues.receive("q", 1)) == 1
    assert await queues.receive("q", 1) == []
    assert await queues.counts("q") == (0, 0, 0)
    [dead] = await queues.receive("dlq", MessageAttributeNames=["All"])
    assert (dead["MessageId"], dead["Body"]) == (sent["MessageId"], "x" * 20_000)
    assert dead["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert dead["Attributes"]["DeadLetterQueueSourceArn"] == queues.arn("q")
    listed = await queues.call("ListDeadLetterSourceQueues", "dlq")
    assert [url.rpartition("/")[2] for url in listed["queueUrls"]] == ["q"]
    await queues.call("SetQueueAttributes", "q", Attributes={"RedrivePolicy": ""})
    assert (await queues.call("ListDeadLetterSourceQueues", "dlq"))["queueUrls"] == []


async def test_messages_expire(queues: Queues) -> None:
    await queues.create("q", MessageRetentionPeriod="60")
    await queues.send("q", "old")
    await queues.advance(59)
    await queues.send("q", "new")
    await queues.advance(1)
    assert await queues.counts("q") == (1, 0, 0)
    assert await queues.bodies("q") == ["new"]
    await queues.advance(300)  # the sweeper comes by without anybody asking
    assert await queues.house.store.count(("sqs-q",), limit=10) == 0


async def test_a_long_poll_is_answered_by_what_comes(queues: Queues) -> None:
    await queues.create("q")
    polls = [asyncio.create_task(queues.bodies("q", 1, WaitTimeSeconds=20)) for _ in range(3)]
    await asyncio.sleep(0)
    for name in ("a", "b", "c"):
        await queues.send("q", name)
    assert sorted(body for bodies in await asyncio.gather(*polls) for body in bodies) == ["a", "b", "c"]


async def test_a_long_poll_sees_what_becomes_visible(queues: Queues) -> None:
    await queues.create("q", ReceiveMessageWaitTimeSeconds="20")
    await queues.send("q", "m", DelaySeconds=5)
    poll = asyncio.create_task(queues.bodies("q"))
    for _ in range(20):
        await asyncio.sleep(0)
    await queues.advance(4.9)
    assert not poll.done()
    await queues.advance(0.2)
    assert await poll == ["m"]
    empty = asyncio.create_task(queues.bodies("q", WaitTimeSeconds=3))
    for _ in range(20):
        await asyncio.sleep(0)
    await queues.advance(3)
    assert await empty == []


async def test_a_long_poll_ends_with_its_queue(queues: Queues) -> None:
    await queues.create("q")
    poll = asyncio.create_task(queues.fails("ReceiveMessage", "q", WaitTimeSeconds=20))
    for _ in range(20):
        await asyncio.sleep(0)
    await queues.call("DeleteQueue", "q")
    code, _ = await poll
    assert code == "AWS.SimpleQueueService.NonExistentQueue"


async def test_every_receiver_gets_messages_of_its_own(queues: Queues) -> None:
    await queues.create("q")
    for n in range(100):
        await queues.send("q", str(n))
    got = await asyncio.gather(*(queues.bodies("q", 3) for _ in range(40)))
    assert sorted(int(body) for bodies in got for body in bodies) == list(range(100))


async def test_receiving_does_not_look_at_hidden_messages(queues: Queues) -> None:
    await queues.create("q")
    for n in range(50):
        entries = [{"Id": str(k), "MessageBody": f"{n}-{k}"} for k in range(10)]
        await queues.call("SendMessageBatch", "q", Entries=entries)
    while await queues.receive("q"):
        pass
    await queues.send("q", "last")
    reads = []
    store, scan = queues.house.store, queues.house.store.scan

    async def counting(*args: object, **kwargs: object) -> object:
        found = await scan(*args, **kwargs)  # type: ignore[arg-type]
        reads.append(len(found))
        return found

    store.scan = counting  # type: ignore[method-assign, assignment]
    assert await queues.bodies("q") == ["last"]
    assert sum(reads) <= 2


async def test_too_many_in_flight(queues: Queues, monkeypatch: pytest.MonkeyPatch) -> None:
    await queues.create("q")
    for n in range(3):
        await queues.send("q", str(n))
    monkeypatch.setattr(limits, "IN_FLIGHT_MAX", 2)
    assert len(await queues.receive("q")) == 2
    code, _ = await queues.fails("ReceiveMessage", "q")
    assert code == "OverLimit"
    await queues.advance(31)
    assert len(await queues.receive("q")) == 2


async def test_purging(queues: Queues) -> None:
    await queues.create("q")
    await queues.send("q", "m")
    [message] = await queues.receive("q")
    await queues.send("q", "n")
    await queues.call("PurgeQueue", "q")
    assert await queues.counts("q") == (0, 0, 0)
    await queues.delete("q", message)
    assert await queues.fails("PurgeQueue", "q") == (
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        "Only one PurgeQueue operation on q is allowed every 60 seconds.",
    )
    await queues.advance(60)
    await queues.call("PurgeQueue", "q")


async def test_counts_are_found_again_after_a_restart(queues: Queues) -> None:
    await queues.create("q")
    await queues.create("f.fifo", ContentBasedDeduplication="true")
    for n in range(5):
        await queues.send("q", str(n), DelaySeconds=10 * (n == 0))
        await queues.send("f.fifo", str(n), MessageGroupId="g" if n < 3 else "h")
    await queues.receive("q", 2)
    await queues.receive("f.fifo", 2)
    before = [await queues.counts(name) for name in ("q", "f.fifo")]
    queues.house.states["sqs"].channels._channels.clear()
    assert [await queues.counts(name) for name in ("q", "f.fifo")] == before == [(2, 2, 1), (3, 2, 0)]


async def test_metrics(queues: Queues) -> None:
    await queues.create("q")
    await queues.send("q", "four")
    [message] = await queues.receive("q")
    await queues.receive("q")
    await queues.delete("q", message)
    await queues.send("q", "m")
    await queues.advance(61)
    await queues.telemetry.flush()
    telemetry = queues.telemetry
    assert telemetry.sum_of("NumberOfMessagesSent", QueueName="q") == 2
    assert telemetry.sum_of("SentMessageSize", QueueName="q") == 5
    assert telemetry.sum_of("NumberOfMessagesReceived", QueueName="q") == 1
    assert telemetry.sum_of("NumberOfEmptyReceives", QueueName="q") == 1
    assert telemetry.sum_of("NumberOfMessagesDeleted", QueueName="q") == 1
    await until(lambda: telemetry.sum_of("ApproximateNumberOfMessagesVisible", QueueName="q") == 1)


async def test_a_chain_of_dead_letter_queues(queues: Queues) -> None:
    """Each queue delivers a message as often as its own policy says, whatever others did before."""
    await queues.create("c")
    for name, target in (("b", "c"), ("a", "b")):
        policy = json.dumps({"deadLetterTargetArn": queues.arn(target), "maxReceiveCount": 1})
        await queues.create(name, VisibilityTimeout="0", RedrivePolicy=policy)
    await queues.send("a", "m")
    counts = []
    for name in ("a", "b", "c"):
        [message] = await queues.receive(name)
        counts.append(message["Attributes"]["ApproximateReceiveCount"])
        assert await queues.receive(name) == [] or name == "c"
    assert counts == ["1", "2", "3"]
