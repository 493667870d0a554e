"""The permissions that DynamoDB Streams' operations need."""

from __future__ import annotations

from fogbank.model.call import Caller
from fogbank.model.permissions import Params, Permissions
from fogbank.services.dynamodbstreams.records import stream_of
from fogbank.services.dynamodbstreams.service import SERVICE


def _stream(caller: Caller, params: Params) -> str | None:
    return stream_of(params.get("ShardIterator"))


SERVICE.needs(
    Permissions(
        "dynamodb",
        {
            "{StreamArn}": "DescribeStream GetShardIterator",
            "{stream} | *": "GetRecords",
            "*": "ListStreams",
        },
        members={"stream": _stream},
    )
)
