"""The permissions that DynamoDB Streams' operations need."""

from __future__ import annotations

from fogbank.model.call import Call, Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.policies.documents import Policy
from fogbank.services.dynamodbstreams.records import stream_of
from fogbank.services.dynamodbstreams.service import SERVICE
from fogbank.services.dynamodbstreams.state import Streams


def _stream(caller: Caller, params: Params) -> str | None:
    return stream_of(params.get("ShardIterator"))


@SERVICE.internal
async def resource_policies(ctx: Call[Streams], *, resource: str) -> tuple[Policy, ...]:
    """The policy of the stream with that ARN, which lies with its table."""
    found: tuple[Policy, ...] = await ctx.calls.internal(
        "dynamodb", "resource_policies", ctx.caller, resource=resource
    )
    return found


SERVICE.needs(
    Permissions(
        "dynamodb",
        {
            "{StreamArn}": "DescribeStream GetShardIterator",
            "{stream} | *": "GetRecords",
            "*": "ListStreams",
        },
        members={"stream": _stream},
        has_policies=True,
    )
)
