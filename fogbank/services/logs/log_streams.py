"""Log streams: create, delete, describe by name or by last event."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.logs import keys, purging, tokens
from fogbank.services.logs.chunks import SPANS_MS
from fogbank.services.logs.directory import Found
from fogbank.services.logs.keys import Place, place_of
from fogbank.services.logs.lookup import both_given, check, check_lengths, group_of, name_from, stream_of
from fogbank.services.logs.naming import page_of_names
from fogbank.services.logs.records import Figures, LogGroup, LogStream
from fogbank.services.logs.service import SERVICE, invalid, no_group
from fogbank.services.logs.state import Logs
from fogbank.store.api import ABSENT, Key, Transaction

PAGE_MAX = 50


@SERVICE.operation(hot=True)
async def create_log_stream(ctx: Call[Logs], *, log_group_name: str, log_stream_name: str) -> None:
    check_lengths(log_group_name, log_stream_name)
    check("CreateLogStream", {"logGroupName": log_group_name, "logStreamName": log_stream_name})
    group = await group_of(ctx, log_group_name)
    tx = creation(ctx, group, log_stream_name)
    try:
        await ctx.state.store.commit(tx)
    except Conflict as conflict:
        if conflict.index == 0:
            raise no_group() from None
        raise SERVICE.error(
            "ResourceAlreadyExistsException", "The specified log stream already exists"
        ) from None


def creation(ctx: Call[Logs], group: Found[LogGroup], name: str) -> Transaction:
    """The transaction that makes a stream; its first condition is the group, its second that the stream is new."""
    place, state = place_of(ctx), ctx.state
    stream = LogStream(name, state.new_id(), state.clock.now_ms())
    tx = Transaction().check(keys.group(place, group.record.name), group.version)
    tx.put(keys.stream(place, group.record.id, name), stream.pack(), expect=ABSENT)
    return tx.put(keys.recent(place, group.record.id, 0, name), b"")


@SERVICE.operation
async def delete_log_stream(ctx: Call[Logs], *, log_group_name: str, log_stream_name: str) -> None:
    place, state = place_of(ctx), ctx.state
    group = await group_of(ctx, log_group_name)
    if group.record.protected:
        raise SERVICE.error(
            "ValidationException",
            "The log stream cannot be deleted because deletion protection is enabled for its log group.",
        )
    await state.settling.flush()
    stream = await stream_of(ctx, group, log_stream_name)
    figures = await _figures(ctx, group.record, stream.record)
    tx = Transaction().delete(keys.stream(place, group.record.id, log_stream_name), expect=stream.version)
    tx.delete(keys.recent(place, group.record.id, figures.last_ms or 0, log_stream_name))
    purging.enqueue_stream(tx, place, group.record.id, stream.record.id, state.clock.now_ms())
    try:
        await state.store.commit(tx)
    except Conflict:
        pass  # deleted by someone else a moment ago
    state.directory.forget(place, log_group_name, log_stream_name)


@SERVICE.operation
async def describe_log_streams(
    ctx: Call[Logs],
    *,
    log_group_name: str | None = None,
    log_group_identifier: str | None = None,
    log_stream_name_prefix: str | None = None,
    order_by: str = "LogStreamName",
    descending: bool = False,
    next_token: str | None = None,
    limit: int = PAGE_MAX,
) -> dict[str, Any]:
    name = name_from(log_group_name, log_group_identifier, both=both_given())
    by_time = order_by == "LastEventTime"
    if by_time and log_stream_name_prefix is not None:
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    group = (await group_of(ctx, name)).record
    await ctx.state.settling.flush()
    kind = f"Streams {order_by} {descending}"
    position = tokens.unseal(kind, next_token) if next_token is not None else None
    if by_time:
        names, position = await _by_time(ctx, group, position, limit, descending)
    else:
        names, position = await _by_name(
            ctx, group, log_stream_name_prefix or "", position, limit, descending
        )
    records = await ctx.state.store.get_many([keys.stream(place_of(ctx), group.id, n) for n in names])
    streams = [LogStream.unpack(record.value) for record in records if record is not None]
    output: dict[str, Any] = {"logStreams": [await _describe(ctx, group, stream) for stream in streams]}
    if position is not None:
        output["nextToken"] = tokens.seal(kind, *position)
    return output


async def _by_name(
    ctx: Call[Logs], group: LogGroup, prefix: str, position: list[Any] | None, limit: int, descending: bool
) -> tuple[list[str], list[Any] | None]:
    records = await page_of_names(
        ctx.state.store,
        keys.streams(place_of(ctx), group.id),
        prefix=prefix,
        after=None if position is None else str(position[0]),
        limit=limit + 1,
        descending=descending,
    )
    names = [str(record.key[-1]) for record in records]
    return names[:limit], [names[limit - 1]] if len(names) > limit else None


async def _by_time(
    ctx: Call[Logs], group: LogGroup, position: list[Any] | None, limit: int, descending: bool
) -> tuple[list[str], list[Any] | None]:
    base = keys.recents(place_of(ctx), group.id)
    edge: Key | None = None if position is None else (*base, int(position[0]), str(position[1]))
    after, before = (None, edge) if descending else (edge, None)
    records = await ctx.state.store.scan(
        base, after=after, before=before, limit=limit + 1, reverse=descending
    )
    names = [str(record.key[-1]) for record in records]
    more = len(records) > limit
    return names[:limit], list(records[limit - 1].key[-2:]) if more else None


async def _figures(ctx: Call[Logs], group: LogGroup, stream: LogStream) -> Figures:
    record = await ctx.state.store.get(keys.figures(place_of(ctx), group.id, stream.id))
    return Figures() if record is None else Figures.unpack(record.value)


async def _describe(ctx: Call[Logs], group: LogGroup, stream: LogStream) -> dict[str, Any]:
    place = place_of(ctx)
    figures = await _figures(ctx, group, stream)
    described: dict[str, Any] = {"logStreamName": stream.name, "creationTime": stream.created_ms}
    first_ms = figures.first_ms
    cutoff_ms = group.cutoff_ms(ctx.state.clock.now_ms())
    if first_ms is not None and first_ms < cutoff_ms:
        first_ms = await _first_since(ctx, place, stream.id, cutoff_ms)
    if first_ms is not None:
        described["firstEventTimestamp"] = first_ms
    if figures.last_ms is not None and figures.last_ms >= cutoff_ms:
        described["lastEventTimestamp"] = figures.last_ms
    if figures.ingested_ms is not None:
        described["lastIngestionTime"] = figures.ingested_ms
        described["uploadSequenceToken"] = sequence_token(stream.id, figures.ingested_ms)
    described["arn"] = f"{group.arn(ctx.partition, place)}:log-stream:{stream.name}"
    described["storedBytes"] = 0  # AWS reports zero for every stream since 2019
    return described


async def _first_since(ctx: Call[Logs], place: Place, stream_id: str, since_ms: int) -> int | None:
    """The time of the first chunk that has not expired, for streams that retention trims."""
    found: list[int] = []
    for span in range(len(SPANS_MS)):
        prefix = (*keys.index(place, stream_id), span)
        for record in await ctx.state.store.scan(prefix, after=(*prefix, since_ms), limit=1):
            found.append(int(record.key[-2]))
    return min(found, default=None)


def sequence_token(stream_id: str, ingested_ms: int) -> str:
    """A token in the form of AWS's; like AWS, fogbank takes any and looks at none."""
    mixed = int.from_bytes(stream_id.encode(), "big") ^ ingested_ms << 60
    return f"49{mixed % 10**54:054d}"
