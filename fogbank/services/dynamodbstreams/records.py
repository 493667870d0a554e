"""GetShardIterator, GetRecords. An iterator says all that there is to know: stream, shard, position, when it was made."""

from __future__ import annotations

import base64
from typing import Any

import orjson

from fogbank.core.encoded import Encoded
from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.dynamodbstreams.service import SERVICE, invalid, reader_of
from fogbank.services.dynamodbstreams.state import Streams

ITERATOR_KEPT_MS = 15 * 60_000
GET_RECORDS_MAX = 1000
_KIND = "dynamodb shard iterator"


@SERVICE.operation
async def get_shard_iterator(
    ctx: Call[Streams],
    *,
    stream_arn: str,
    shard_id: str,
    shard_iterator_type: str,
    sequence_number: str | None = None,
    timestamp: int | None = None,
) -> dict[str, Any]:
    if (shard_iterator_type == "AT_TIMESTAMP") != (timestamp is not None):
        raise invalid("Timestamp is required for ShardIteratorType AT_TIMESTAMP, and for no other")
    if shard_iterator_type.endswith("SEQUENCE_NUMBER") and sequence_number is None:
        raise invalid(f"SequenceNumber is required for ShardIteratorType {shard_iterator_type}")
    after = await ctx.calls.internal(
        "dynamodb",
        "stream_position",
        reader_of(ctx, stream_arn),
        stream_arn=stream_arn,
        shard_id=shard_id,
        type=shard_iterator_type,
        sequence=sequence_number,
        timestamp_ms=timestamp,
    )
    return {"ShardIterator": _iterator(ctx, stream_arn, shard_id, after)}


def _iterator(ctx: Call[Streams], stream_arn: str, shard_id: str, after: int) -> str:
    token = page_tokens.seal(_KIND, [stream_arn, shard_id, after, ctx.state.clock.now_ms()])
    return f"{stream_arn}|1|{token}"


def stream_of(iterator: object) -> str | None:
    """The stream that a shard iterator is of; None for what is no iterator."""
    try:
        return str(page_tokens.unseal(_KIND, str(iterator).rpartition("|")[2])[0])
    except page_tokens.ForeignToken:
        return None


@SERVICE.operation
async def get_records(
    ctx: Call[Streams], *, shard_iterator: str, limit: int = GET_RECORDS_MAX
) -> dict[str, Any]:
    try:
        stream_arn, shard_id, after, made_ms = page_tokens.unseal(_KIND, shard_iterator.rpartition("|")[2])
    except page_tokens.ForeignToken:
        raise invalid("Invalid ShardIterator") from None
    if ctx.state.clock.now_ms() - made_ms > ITERATOR_KEPT_MS:
        raise SERVICE.error(
            "ExpiredIteratorException",
            "The shard iterator has expired and can no longer be used: iterators are valid for 15 minutes",
        )
    changes, behind = await ctx.calls.internal(
        "dynamodb",
        "stream_records",
        reader_of(ctx, stream_arn),
        stream_arn=stream_arn,
        shard_id=shard_id,
        after=after,
        limit=limit,
        is_strict=True,
    )
    answer: dict[str, Any] = {
        "Records": Encoded(b"[%b]" % b",".join([change.json for change in changes]), _decode)
    }
    if behind is not None:
        answer["NextShardIterator"] = _iterator(ctx, stream_arn, shard_id, behind)
    return answer


# --- for callers inside fogbank: times in milliseconds, binaries as bytes -----------------------------------------------


def _decode(json: bytes) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = orjson.loads(json)
    for event in events:
        change = event["dynamodb"]
        change["ApproximateCreationDateTime"] *= 1000
        for member in ("Keys", "NewImage", "OldImage"):
            if member in change:
                change[member] = {name: _value(value) for name, value in change[member].items()}
    return events


def _value(value: dict[str, Any]) -> dict[str, Any]:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(content)}
        case "BS":
            return {"BS": [base64.b64decode(element) for element in content]}
        case "L":
            return {"L": [_value(element) for element in content]}
        case "M":
            return {"M": {name: _value(element) for name, element in content.items()}}
    return value
