"""What messages, batches, handles and numbers may not be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.sqs.conftest import Queues


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"MessageBody": ""}, "MissingParameter"),
        ({"MessageBody": "\x00"}, "InvalidMessageContents"),
        ({"MessageBody": "m" * 1025}, "InvalidParameterValue"),
        ({"MessageBody": "m", "DelaySeconds": 901}, "InvalidParameterValue"),
        (
            {"MessageBody": "m", "MessageAttributes": {"a": {"DataType": "Strange", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": ""}}},
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "m", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
        (
            {"MessageBody": "m", "MessageAttributes": {"aws.a": {"DataType": "String", "StringValue": "x"}}},
            "InvalidParameterValue",
        ),
        (
            {
                "MessageBody": "m",
                "MessageAttributes": {str(n): {"DataType": "String", "StringValue": "x"} for n in range(11)},
            },
            "InvalidParameterValue",
        ),
        (
            {
                "MessageBody": "m",
                "MessageSystemAttributes": {"Other": {"DataType": "String", "StringValue": "x"}},
            },
            "InvalidParameterValue",
        ),
    ],
)
async def test_messages_that_cannot_be(queues: Queues, message: dict[str, Any], code: str) -> None:
    await queues.create("q", MaximumMessageSize="1024")
    assert (await queues.fails("SendMessage", "q", **message))[0] == code
    entries = [{"Id": "bad", **message}, {"Id": "good", "MessageBody": "m"}]
    if not message["MessageBody"]:  # then the whole batch
        assert await queues.fails("SendMessageBatch", "q", Entries=entries) == (
            code,
            "The request must contain the parameter SendMessageBatchRequestEntry.1.MessageBody.",
        )
        return
    answer = await queues.call("SendMessageBatch", "q", Entries=entries)
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [("bad", code, True)]
    assert [one["Id"] for one in answer["Successful"]] == ["good"]


@pytest.mark.parametrize(
    ("ids", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([str(n) for n in range(11)], "TooManyEntriesInBatchRequest"),
        (["a", "a"], "BatchEntryIdsNotDistinct"),
        (["a b"], "InvalidBatchEntryId"),
    ],
)
async def test_batches_that_cannot_be(queues: Queues, ids: list[str], code: str) -> None:
    await queues.create("q")
    for operation, more in (
        ("SendMessageBatch", {"MessageBody": "m"}),
        ("DeleteMessageBatch", {"ReceiptHandle": "h"}),
        ("ChangeMessageVisibilityBatch", {"ReceiptHandle": "h", "VisibilityTimeout": 1}),
    ):
        empty = (await queues.fails(operation, "q", Entries=[{"Id": "", **more}]))[0]
        assert empty == "AWS.SimpleQueueService.InvalidBatchEntryId"
        assert await queues.fails(operation, "q", Entries=[{"Id": "a", **more}, more]) == (
            "MissingParameter",
            f"The request must contain the parameter {operation}RequestEntry.2.Id.",
        )
        entries = [{"Id": id, **more} for id in ids]
        assert (await queues.fails(operation, "q", Entries=entries))[0] == f"AWS.SimpleQueueService.{code}"


async def test_bad_handles_urls_and_numbers(queues: Queues) -> None:
    await queues.create("q")
    assert (await queues.fails("DeleteMessage", "q", ReceiptHandle="x"))[0] == "ReceiptHandleIsInvalid"
    await queues.call("SendMessage", QueueUrl="q", MessageBody="m")  # a name will do
    assert await queues.fails(
        "SendMessage", QueueUrl="https://sqs.us-east-1.amazonaws.com/", MessageBody="m"
    ) == (
        "InvalidAddress",
        "The address https://sqs.us-east-1.amazonaws.com/ is not valid for this endpoint.",
    )
    for url in ("none", "http://host/q", "http://host/account/q", "http://host/000000000000/x?y"):
        code, _ = await queues.fails("SendMessage", QueueUrl=url, MessageBody="m")
        assert code == "AWS.SimpleQueueService.NonExistentQueue"
    assert (await queues.fails("SendMessage", MessageBody="m"))[0] == "MissingParameter"
    assert (await queues.fails("CreateQueue"))[0] == "MissingParameter"
    assert await queues.fails("ReceiveMessage", "q", MaxNumberOfMessages=11) == (
        "InvalidParameterValue",
        "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    )
    for params in ({"WaitTimeSeconds": 21}, {"VisibilityTimeout": -1}, {"MaxNumberOfMessages": 0}):
        assert (await queues.fails("ReceiveMessage", "q", **params))[0] == "InvalidParameterValue"
    batch = [{"Id": str(n), "MessageBody": "m" * 200_000} for n in range(6)]
    code, _ = await queues.fails("SendMessageBatch", "q", Entries=batch)
    assert code == "AWS.SimpleQueueService.BatchRequestTooLong"
