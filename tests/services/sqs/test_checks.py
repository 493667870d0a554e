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


@pytest.mark.parametrize("value", ["1", "-1.5", "+.5", "7.", "1e5", "2.5E-3", "230.000000000000000001"])
async def test_numbers(queues: Queues, value: str) -> None:
    await queues.create("q")
    await queues.send("q", "m", MessageAttributes={"n": {"DataType": "Number.own", "StringValue": value}})


@pytest.mark.parametrize(
    "value", ["x", "1_000", "NaN", "Infinity", "1e", ".", "1 ", "\u0661", "1" * 200_000 + "x"]
)
async def test_what_is_no_number(queues: Queues, value: str) -> None:
    await queues.create("q")
    attributes = {"n": {"DataType": "Number", "StringValue": value}}
    assert await queues.fails("SendMessage", "q", MessageBody="m", MessageAttributes=attributes) == (
        "InvalidParameterValue",
        "Can't cast the value of message (user) attribute 'n' to a number.",
    )


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (
            {"DataType": "string", "StringValue": "x"},
            "The type of message (user) attribute 'a' is invalid. You must use only the following supported type "
            "prefixes: Binary, Number, String.",
        ),
        (
            {"DataType": "String", "StringValue": ""},
            "Message (user) attribute 'a' must contain a non-empty value of type 'String'.",
        ),
        (
            {"DataType": "String", "StringValue": "x", "StringListValues": []},
            "Message attribute list values in {operation} operation are not supported.",
        ),
    ],
)
async def test_message_attributes_that_cannot_be(
    queues: Queues, attribute: dict[str, Any], message: str
) -> None:
    await queues.create("q")
    sent = {"MessageBody": "m", "MessageAttributes": {"a": attribute}}
    assert (await queues.fails("SendMessage", "q", **sent))[1] == message.format(operation="SendMessage")
    entries = [{"Id": "x", **sent}]
    if "StringListValues" in attribute:
        assert await queues.fails("SendMessageBatch", "q", Entries=entries) == (
            "AWS.SimpleQueueService.UnsupportedOperation",
            message.format(operation="SendMessageBatch"),
        )
    else:
        answer = await queues.call("SendMessageBatch", "q", Entries=entries)
        assert [failed["Message"] for failed in answer["Failed"]] == [message]


@pytest.mark.parametrize(("body", "found"), [("a\x00", "#x0"), ("\x1f", "#x1F"), ("\uffff", "#xFFFF")])
async def test_characters_that_cannot_be(queues: Queues, body: str, found: str) -> None:
    await queues.create("q")
    assert await queues.fails("SendMessage", "q", MessageBody=body) == (
        "InvalidMessageContents",
        f"Invalid binary character '{found}' was found in the message body, the set of allowed characters is #x9 | #xA | "
        "#xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF].",
    )


async def test_sizes_of_batches(queues: Queues) -> None:
    """A message that is too long for its queue fails by itself, one that is too long for a batch fails it."""
    await queues.create("q", MaximumMessageSize="1024")
    entries = [{"Id": "long", "MessageBody": "m" * 1025}, {"Id": "short", "MessageBody": "m"}]
    answer = await queues.call("SendMessageBatch", "q", Entries=entries)
    assert [one["Id"] for one in answer["Successful"]] == ["short"]
    assert answer["Failed"] == [
        {
            "Id": "long",
            "SenderFault": True,
            "Code": "InvalidParameterValue",
            "Message": "Message must be shorter than 1024 bytes",
        }
    ]
    attributes = {"a": {"DataType": "String", "StringValue": "v"}}
    entries = [{"Id": "x", "MessageBody": "m" * 1_048_576, "MessageAttributes": attributes}]
    assert await queues.fails("SendMessageBatch", "q", Entries=entries) == (
        "AWS.SimpleQueueService.BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1048584 bytes.",
    )


async def test_handles_of_another_queue(queues: Queues) -> None:
    for name in ("q", "other"):
        await queues.create(name)
    await queues.send("other", "m")
    [message] = await queues.receive("other")
    handle = message["ReceiptHandle"]
    for operation, more in (("DeleteMessage", {}), ("ChangeMessageVisibility", {"VisibilityTimeout": 1})):
        for given, text in (
            (handle, f'The receipt handle "{handle}" is not valid for this queue.'),
            ("x", 'The input receipt handle "x" is not a valid receipt handle.'),
        ):
            refused = await queues.fails(operation, "q", ReceiptHandle=given, **more)
            assert refused == ("ReceiptHandleIsInvalid", text)
            entries = [{"Id": "e", "ReceiptHandle": given, **more}]
            assert await queues.call(f"{operation}Batch", "q", Entries=entries) == {
                "Failed": [
                    {"Id": "e", "SenderFault": True, "Code": "ReceiptHandleIsInvalid", "Message": text}
                ]
            }
