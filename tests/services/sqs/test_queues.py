"""Queues, their attributes, permissions, tags and move tasks; what messages may not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.sqs.conftest import ACCOUNT, Queues
from tests.support.waiting import until


async def test_a_queue_can_be_asked_for_again(queues: Queues) -> None:
    await queues.create("q", DelaySeconds="3")
    await queues.create("q")
    await queues.create("q", DelaySeconds="3")
    await queues.call("CreateQueue", QueueName="tagged", tags={"a": "1"})
    await queues.call("CreateQueue", QueueName="tagged", tags={"a": "1"})
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


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"DelaySeconds": "-1"}, "InvalidAttributeValue"),
        ({"MaximumMessageSize": "1048577"}, "InvalidAttributeValue"),
        ({"MessageRetentionPeriod": "59"}, "InvalidAttributeValue"),
        ({"ReceiveMessageWaitTimeSeconds": "21"}, "InvalidAttributeValue"),
        ({"SqsManagedSseEnabled": "yes"}, "InvalidAttributeValue"),
        ({"Policy": "{}"}, "InvalidAttributeValue"),
        ({"Nonsense": "1"}, "InvalidAttributeName"),
        ({"QueueArn": "x"}, "InvalidAttributeName"),
        ({"RedrivePolicy": "not json"}, "InvalidParameterValue"),
        ({"RedrivePolicy": '{"maxReceiveCount": 1}'}, "InvalidParameterValue"),
        ({"RedriveAllowPolicy": '{"redrivePermission": "some"}'}, "InvalidParameterValue"),
        (
            {
                "RedrivePolicy": json.dumps(
                    {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:no", "maxReceiveCount": 1}
                )
            },
            "InvalidParameterValue",
        ),
    ],
)
async def test_attributes_that_cannot_be(queues: Queues, attributes: dict[str, str], code: str) -> None:
    await queues.create("q")
    assert (await queues.fails("SetQueueAttributes", "q", Attributes=attributes))[0] == code
    assert (await queues.fails("CreateQueue", QueueName="new", Attributes=attributes))[0] == code


async def test_a_customers_key_is_asked_for_when_messages_come(queues: Queues) -> None:
    await queues.create("q", KmsMasterKeyId="my-key", KmsDataKeyReusePeriodSeconds="600")
    answer = await queues.call("GetQueueAttributes", "q", AttributeNames=["All"])
    shown = answer["Attributes"]
    assert shown["KmsMasterKeyId"] == "my-key" and shown["SqsManagedSseEnabled"] == "false"
    assert shown["KmsDataKeyReusePeriodSeconds"] == "600"
    assert (await queues.fails("SendMessage", "q", MessageBody="m"))[0] == "NotImplemented"
    assert (await queues.fails("ReceiveMessage", "q"))[0] == "NotImplemented"
    await queues.call("SetQueueAttributes", "q", Attributes={"KmsMasterKeyId": ""})
    answer = await queues.call("GetQueueAttributes", "q", AttributeNames=["All"])
    assert "KmsMasterKeyId" not in answer["Attributes"]
    await queues.send("q", "m")
    both = {"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"}
    assert await queues.fails("SetQueueAttributes", "q", Attributes=both) == (
        "InvalidAttributeValue",
        "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    )


async def test_attributes_that_are_asked_for(queues: Queues) -> None:
    await queues.create("q")
    await queues.create("q.fifo")
    assert await queues.call("GetQueueAttributes", "q") == {}
    assert await queues.call("GetQueueAttributes", "q", AttributeNames=["Policy", "RedrivePolicy"]) == {}
    asked = ["FifoQueue", "ContentBasedDeduplication"]
    assert (await queues.call("GetQueueAttributes", "q.fifo", AttributeNames=asked))["Attributes"] == {
        "FifoQueue": "true",
        "ContentBasedDeduplication": "false",
    }
    for names in (["QueueArn", "FifoQueue"], ["Nonsense", "Another"]):
        unknown = "FifoQueue" if "FifoQueue" in names else "Nonsense"
        assert await queues.fails("GetQueueAttributes", "q", AttributeNames=names) == (
            "InvalidAttributeName",
            f"Unknown Attribute {unknown}.",
        )


async def test_a_dead_letter_queue_chooses_its_sources(queues: Queues) -> None:
    await queues.create("dlq", RedriveAllowPolicy='{"redrivePermission": "denyAll"}')
    policy = json.dumps({"deadLetterTargetArn": queues.arn("dlq"), "maxReceiveCount": 1})
    code, _ = await queues.fails("CreateQueue", QueueName="q", Attributes={"RedrivePolicy": policy})
    assert code == "InvalidParameterValue"
    allowed = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queues.arn("q")]})
    await queues.call("SetQueueAttributes", "dlq", Attributes={"RedriveAllowPolicy": allowed})
    await queues.create("q", RedrivePolicy=policy)


async def test_permissions(queues: Queues) -> None:
    await queues.create("q")
    await queues.call(
        "AddPermission",
        "q",
        Label="one",
        AWSAccountIds=["111111111111"],
        Actions=["SendMessage", "ReceiveMessage"],
    )
    answer = await queues.call("GetQueueAttributes", "q", AttributeNames=["Policy"])
    [statement] = json.loads(answer["Attributes"]["Policy"])["Statement"]
    assert statement == {
        "Sid": "one",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": ["SQS:SendMessage", "SQS:ReceiveMessage"],
        "Resource": queues.arn("q"),
    }
    code, _ = await queues.fails("AddPermission", "q", Label="one", AWSAccountIds=["1" * 12], Actions=["*"])
    assert code == "InvalidParameterValue"
    bad = {
        "CreateQueue": "Only the queue owner is allowed to invoke this action.",
        "SendMessageBatch": "Please refer to the appropriate WSDL for a list of valid actions.",
        "Nonsense": "Please refer to the appropriate WSDL for a list of valid actions.",
    }
    for action, reason in bad.items():
        assert await queues.fails(
            "AddPermission", "q", Label="x", AWSAccountIds=["1" * 12], Actions=[action]
        ) == (
            "InvalidParameterValue",
            f"Value SQS:{action} for parameter ActionName is invalid. Reason: {reason}",
        )
    for ids, shown in ((["*"], "[*]"), (["1" * 12, "me"], "[111111111111, me]")):
        assert await queues.fails("AddPermission", "q", Label="x", AWSAccountIds=ids, Actions=["*"]) == (
            "InvalidParameterValue",
            f"Value {shown} for parameter PrincipalId is invalid. Reason: Unable to verify.",
        )
    await queues.call("RemovePermission", "q", Label="one")
    assert await queues.call("GetQueueAttributes", "q", AttributeNames=["Policy"]) == {}
    assert (await queues.fails("RemovePermission", "q", Label="one"))[0] == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("action", "is_good"),
    [
        ("sqs:SendMessage", True),
        ("SQS:*", True),
        (["sqs:Send*", "s3:GetObject"], True),
        ("sqs:ChangeMessageVisibilityBatch", False),
        (["sqs:SendMessage", "sqs:Nonsense"], False),
    ],
)
async def test_actions_in_policies(queues: Queues, action: Any, is_good: bool) -> None:
    await queues.create("q")
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": queues.arn("q")}
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    if is_good:
        await queues.call("SetQueueAttributes", "q", Attributes=attributes)
        return
    bad = action if isinstance(action, str) else action[-1]
    assert await queues.fails("SetQueueAttributes", "q", Attributes=attributes) == (
        "InvalidParameterValue",
        f"Value {bad} for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of "
        "valid actions.",
    )


async def test_a_dead_letter_target_that_is_gone(queues: Queues) -> None:
    await queues.create("dlq")
    policy = f'{{"deadLetterTargetArn": "{queues.arn("dlq")}", "maxReceiveCount": "1"}}'
    await queues.create("q", RedrivePolicy=policy)
    await queues.call("DeleteQueue", "dlq")
    assert await queues.fails("SetQueueAttributes", "q", Attributes={"RedrivePolicy": policy}) == (
        "InvalidParameterValue",
        f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
    )
    await queues.call("SetQueueAttributes", "q", Attributes={"DelaySeconds": "1"})
    await queues.call("SetQueueAttributes", "q", Attributes={"RedrivePolicy": ""})
    assert await queues.call("GetQueueAttributes", "q", AttributeNames=["RedrivePolicy"]) == {}


async def test_tags(queues: Queues) -> None:
    await queues.create("q")
    await queues.call("TagQueue", "q", Tags={"a": "1", "b": "2"})
    await queues.call("UntagQueue", "q", TagKeys=["a"])
    assert await queues.call("ListQueueTags", "q") == {"Tags": {"b": "2"}}
    many = {str(n): "" for n in range(50)}
    assert (await queues.fails("TagQueue", "q", Tags=many))[0] == "InvalidParameterValue"


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
