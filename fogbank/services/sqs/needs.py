"""The permissions that SQS's operations need, and queue policies as those who decide ask for them. Batches need what their single forms do."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

import orjson

from fogbank.core.arn import partition_of
from fogbank.core.errors import AwsError
from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.model.call import Call, Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.policies.documents import Policy, policy_of
from fogbank.services.sqs.names import path_of, place_of_arn
from fogbank.services.sqs.service import SERVICE
from fogbank.services.sqs.state import Sqs


def _queue(caller: Caller, params: Params) -> str | None:
    return _of_url(str(params.get("QueueUrl")), caller.region, caller.account)


@lru_cache(maxsize=METADATA_CACHED_MAX)
def _of_url(url: str, region: str, own_account: str) -> str | None:
    try:
        account, name = path_of(url, own_account)
    except AwsError:
        return None
    return f"arn:{partition_of(region)}:sqs:{region}:{account}:{name}"


def _named(caller: Caller, params: Params) -> str | None:
    name = params.get("QueueName")
    owner = params.get("QueueOwnerAWSAccountId") or caller.account
    return _arn(caller, str(owner), name) if isinstance(name, str) else None


def _arn(caller: Caller, account: str, name: str) -> str:
    return f"arn:{partition_of(caller.region)}:sqs:{caller.region}:{account}:{name}"


def _moved(caller: Caller, params: Params) -> str | None:
    """The queue whose messages a task moves."""
    try:
        handle = orjson.loads(base64.b64decode(str(params.get("TaskHandle")), validate=True))
        return str(handle["sourceArn"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None


@SERVICE.internal
async def resource_policies(ctx: Call[Sqs], *, resource: str) -> tuple[Policy, ...]:
    """The policy of the queue with that ARN."""
    place = place_of_arn(resource)
    if place is None:
        return ()
    try:
        found = await ctx.state.directory.find(place)
    except AwsError:
        return ()  # no such queue
    text = found.queue.policy
    return (policy_of(text),) if text else ()


SERVICE.needs(
    Permissions(
        "sqs",
        {
            "{QueueUrl}": """
                AddPermission ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch DeleteQueue
                GetQueueAttributes ListDeadLetterSourceQueues ListQueueTags PurgeQueue ReceiveMessage RemovePermission SendMessage
                SendMessageBatch SetQueueAttributes TagQueue UntagQueue""",
            "{QueueName}": "CreateQueue GetQueueUrl",
            "{SourceArn}": "ListMessageMoveTasks StartMessageMoveTask",
            "{moved} | *": "CancelMessageMoveTask",
            "*": "ListQueues",
        },
        actions={
            "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
            "DeleteMessageBatch": "DeleteMessage",
            "SendMessageBatch": "SendMessage",
        },
        members={"QueueUrl": _queue, "QueueName": _named, "moved": _moved},
        has_policies=True,
        folds_actions=True,
    )
)
