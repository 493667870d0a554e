"""Queue policies, and the permissions that AddPermission writes into them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.sqs.conftest import Queues


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
    assert await queues.call("SetQueueAttributes", "q", Attributes={"Policy": ""}) == {}
    if is_good:
        await queues.call("SetQueueAttributes", "q", Attributes=attributes)
        return
    bad = action if isinstance(action, str) else action[-1]
    assert await queues.fails("SetQueueAttributes", "q", Attributes=attributes) == (
        "InvalidParameterValue",
        f"Value {bad} for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of "
        "valid actions.",
    )


async def test_accounts_are_shown_as_their_roots(queues: Queues) -> None:
    await queues.create("q")
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queues.arn("q")}
    for given, kept in (
        ({"AWS": "1" * 12}, {"AWS": f"arn:aws:iam::{'1' * 12}:root"}),
        ({"AWS": ["1" * 12, "*"]}, {"AWS": [f"arn:aws:iam::{'1' * 12}:root", "*"]}),
        ("*", "*"),
        ({"Service": "sns.amazonaws.com"}, {"Service": "sns.amazonaws.com"}),
    ):
        policy = {"Version": "2012-10-17", "Statement": [statement | {"Principal": given}]}
        await queues.call("SetQueueAttributes", "q", Attributes={"Policy": json.dumps(policy)})
        answer = await queues.call("GetQueueAttributes", "q", AttributeNames=["Policy"])
        shown = json.loads(answer["Attributes"]["Policy"])
        assert shown == policy | {"Statement": [statement | {"Principal": kept}]}
