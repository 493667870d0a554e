"""What the dynamodbstreams service, and the loops that feed functions, ask of DynamoDB's streams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.change_records import Change, change_of, seq_of, sequence_number
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import GET_RECORDS_BYTES_MAX, GET_RECORDS_MAX, STREAM_KEPT_MS
from fogbank.services.dynamodb.service import SERVICE, invalid, not_found
from fogbank.services.dynamodb.state import DynamoDB
from fogbank.services.dynamodb.streams import (
    FoundStream,
    Shard,
    StreamRecord,
    find_stream,
    first_kept,
    is_over,
    kept_up,
)

STREAMS_MAX = 100


def stream_arn(ctx: Call[Any], table: str, label: str) -> str:
    return ctx.arn("dynamodb", f"table/{table}/stream/{label}")


async def _found(ctx: Call[DynamoDB], arn_text: str) -> FoundStream:
    """Raises ResourceNotFoundException, ValidationException."""
    arn = parse_arn(arn_text)
    parts = arn.resource.split("/") if arn is not None else []
    if arn is None or len(parts) != 4 or parts[0] != "table" or parts[2] != "stream":
        raise invalid("Invalid StreamArn")
    found = None
    if (arn.account, arn.region) == (ctx.account, ctx.region):
        found = await find_stream(ctx.state.store, Place(arn.account, arn.region), parts[1], parts[3])
    if found is None or is_over(found.record, ctx.state.clock.now_ms()):
        raise not_found(f"Requested resource not found: Stream: {arn_text} not found")
    return found


def _shard(record: StreamRecord, shard_id: str) -> Shard:
    for shard in record.shards:
        if shard.id == shard_id:
            return shard
    raise not_found("Requested resource not found: Shard does not exist")


@SERVICE.internal
async def list_streams(
    ctx: Call[DynamoDB], *, table_name: str | None, after: str | None, limit: int | None
) -> tuple[list[dict[str, Any]], str | None]:
    """Streams by table and label, and the ARN of the last one when there may be more."""
    place = Place(ctx.account, ctx.region)
    prefix = keys.table_streams(place, table_name) if table_name is not None else keys.streams(place)
    start = None
    if after is not None:
        arn = parse_arn(after)
        parts = arn.resource.split("/") if arn is not None else []
        if len(parts) != 4:
            raise invalid("Invalid StreamArn")
        start = keys.stream(place, parts[1], parts[3])
    count = limit or STREAMS_MAX
    records = await ctx.state.store.scan(prefix, after=start, limit=count)
    now_ms = ctx.state.clock.now_ms()
    shown = []
    for stored in records:
        record = StreamRecord.unpack(stored.value)
        if not is_over(record, now_ms):
            arn_text = stream_arn(ctx, record.table, record.label)
            shown.append({"StreamArn": arn_text, "TableName": record.table, "StreamLabel": record.label})
    last = shown[-1]["StreamArn"] if len(records) == count and shown else None
    return shown, last


@SERVICE.internal
async def describe_stream(
    ctx: Call[DynamoDB],
    *,
    stream_arn: str,
    after: str | None = None,
    limit: int | None = None,
    children_of: str | None = None,
) -> dict[str, Any]:
    """A StreamDescription."""
    found = await _found(ctx, stream_arn)
    record = await kept_up(ctx.state.store, found, ctx.state.clock.now_ms())
    shards = list(record.shards)
    if children_of is not None:
        shards = [shard for shard in shards if shard.parent == children_of]
    if after is not None:
        at = next((i for i, shard in enumerate(shards) if shard.id == after), None)
        if at is None:
            raise not_found("Requested resource not found: Shard does not exist")
        shards = shards[at + 1 :]
    page = shards[: limit or STREAMS_MAX]
    status = "ENABLED" if record.disabled_ms is None else "DISABLED"
    description: dict[str, Any] = {
        "StreamArn": stream_arn,
        "StreamLabel": record.label,
        "StreamStatus": status,
        "StreamViewType": record.view,
        "CreationRequestDateTime": record.created_ms,
        "TableName": record.table,
        "KeySchema": record.key_schema,
        "Shards": [_shown(shard, record) for shard in page],
    }
    if len(page) < len(shards):
        description["LastEvaluatedShardId"] = page[-1].id
    return description


def _shown(shard: Shard, record: StreamRecord) -> dict[str, Any]:
    numbers = {"StartingSequenceNumber": sequence_number(shard.first)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = sequence_number(max(shard.last, shard.first))
    shown: dict[str, Any] = {"ShardId": shard.id, "SequenceNumberRange": numbers}
    if shard.parent is not None:
        shown["ParentShardId"] = shard.parent
    return shown


@SERVICE.internal
async def stream_position(
    ctx: Call[DynamoDB],
    *,
    stream_arn: str,
    shard_id: str,
    type: str,
    sequence: str | None = None,
    timestamp_ms: int | None = None,
) -> int:
    """The number after which a reader begins. Raises TrimmedDataAccessException, ValidationException."""
    found = await _found(ctx, stream_arn)
    now_ms = ctx.state.clock.now_ms()
    record = await kept_up(ctx.state.store, found, now_ms)
    shard = _shard(record, shard_id)
    first = max(shard.first, await first_kept(ctx.state.store, found.key, now_ms))
    match type:
        case "TRIM_HORIZON":
            return first - 1
        case "LATEST":
            end = await ctx.state.store.last_seq(found.key)
            return max(shard.first - 1, end if shard.last is None else min(end, shard.last))
    if timestamp_ms is not None:
        if timestamp_ms > now_ms:
            raise invalid("Timestamp is in the future")
        return await _position_at(ctx, found, shard, first, timestamp_ms)
    seq = seq_of(sequence) if sequence is not None else None
    if seq is None:
        raise invalid(
            "SequenceNumber is not valid" if sequence else "Required parameter SequenceNumber missing"
        )
    if seq < first:
        raise trimmed()
    if shard.last is not None and seq > max(shard.last, shard.first):
        raise invalid(f"SequenceNumber {sequence} is beyond the end of shard {shard_id}")
    return seq - 1 if type == "AT_SEQUENCE_NUMBER" else seq


async def _position_at(
    ctx: Call[DynamoDB], found: FoundStream, shard: Shard, first: int, timestamp_ms: int
) -> int:
    store = ctx.state.store
    end = await store.last_seq(found.key)  # first: what is written between the two looks is not passed over
    entries = await store.read_log(found.key, after_seq=first - 1, from_ms=timestamp_ms, limit=1)
    position = entries[0].seq - 1 if entries else end
    return position if shard.last is None else min(position, max(shard.last, first - 1))


def trimmed() -> AwsError:
    return AwsError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard.",
    )


@SERVICE.internal
async def stream_records(
    ctx: Call[DynamoDB],
    *,
    stream_arn: str,
    shard_id: str,
    after: int,
    limit: int = GET_RECORDS_MAX,
    is_strict: bool = False,
    source: str = "",
) -> tuple[list[Change], int | None]:
    """Records behind the number `after`, and the number to go on after; None: the shard is closed and read.

    `source`: see `change_of`.
    `is_strict`: TrimmedDataAccessException when records behind `after` have been trimmed; else reading goes on at the oldest.
    """
    found = await _found(ctx, stream_arn)
    now_ms = ctx.state.clock.now_ms()
    shard = _shard(found.record, shard_id)
    if shard.last is not None and after >= shard.last:
        return [], None
    entries = await ctx.state.store.read_log(
        found.key,
        after_seq=max(after, shard.first - 1),
        before_seq=None if shard.last is None else shard.last + 1,
        from_ms=now_ms - STREAM_KEPT_MS,
        limit=min(limit, GET_RECORDS_MAX),
    )
    if entries and shard.last is None:
        # It may have been closed before they were read: then the last of them are its child's.
        shard = _shard((await _found(ctx, stream_arn)).record, shard_id)
        if shard.last is not None and entries[-1].seq > shard.last:
            entries = [entry for entry in entries if entry.seq <= shard.last]
    if is_strict and entries and entries[0].seq > max(after, shard.first - 1) + 1:
        raise trimmed()
    changes: list[Change] = []
    total_bytes = 0
    for entry in entries:
        total_bytes += len(entry.body)
        if changes and total_bytes > GET_RECORDS_BYTES_MAX:
            break
        changes.append(change_of(entry, ctx.region, shard.first, source))
        after = entry.seq
    if not entries and shard.last is not None:
        return [], None
    is_read = shard.last is not None and after >= shard.last
    return changes, None if is_read else after


@SERVICE.internal
async def watch_stream(
    ctx: Call[DynamoDB], *, stream_arn: str, callback: Callable[[], None]
) -> Callable[[], None]:
    """Call back after records were added; returns the function that ends it."""
    found = await _found(ctx, stream_arn)
    return ctx.state.store.watch_log(found.key, callback)
