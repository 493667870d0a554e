"""Attributes of queues: what may be set, and what is shown."""

from __future__ import annotations

import json

import pytest

from tests.services.sqs.conftest import ACCOUNT, Queues


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
        ({"Policy": '{"Version": [], "Statement": {}}'}, "InvalidAttributeValue"),
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
    own = "arn:aws:kms:us-east-1:000000000000:alias/aws/sqs"
    await queues.call("SetQueueAttributes", "q", Attributes={"KmsMasterKeyId": own})
    await queues.send("q", "n")
    assert await queues.bodies("q") == ["m", "n"]
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
