"""ListStreams, DescribeStream."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.services.dynamodbstreams.service import SERVICE, invalid, reader_of
from fogbank.services.dynamodbstreams.state import Streams


@SERVICE.operation
async def list_streams(
    ctx: Call[Streams],
    *,
    table_name: str | None = None,
    limit: int | None = None,
    exclusive_start_stream_arn: str | None = None,
) -> dict[str, Any]:
    streams, last = await ctx.calls.internal(
        "dynamodb",
        "list_streams",
        ctx.caller,
        table_name=table_name,
        after=exclusive_start_stream_arn,
        limit=limit,
    )
    answer: dict[str, Any] = {"Streams": streams}
    if last is not None:
        answer["LastEvaluatedStreamArn"] = last
    return answer


@SERVICE.operation
async def describe_stream(
    ctx: Call[Streams],
    *,
    stream_arn: str,
    limit: int | None = None,
    exclusive_start_shard_id: str | None = None,
    shard_filter: dict[str, str] | None = None,
) -> dict[str, Any]:
    parent = None
    if shard_filter is not None:
        parent = shard_filter.get("ShardId")
        if shard_filter.get("Type") != "CHILD_SHARDS" or parent is None:
            raise invalid("ShardFilter must have the Type CHILD_SHARDS and a ShardId")
    description = await ctx.calls.internal(
        "dynamodb",
        "describe_stream",
        reader_of(ctx, stream_arn),
        stream_arn=stream_arn,
        after=exclusive_start_shard_id,
        limit=limit,
        children_of=parent,
    )
    return {"StreamDescription": description}
