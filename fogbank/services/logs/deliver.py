"""The platform's own way in: log lines of functions and other services, many streams at once."""

from __future__ import annotations

from fogbank.core.errors import Conflict
from fogbank.model.call import Call
from fogbank.services.logs import ingest, keys
from fogbank.services.logs.directory import Found
from fogbank.services.logs.keys import place_of
from fogbank.services.logs.log_streams import creation
from fogbank.services.logs.records import LogGroup, LogStream
from fogbank.services.logs.service import SERVICE, aborted
from fogbank.services.logs.state import Logs
from fogbank.store.api import ABSENT, Transaction

ATTEMPTS_MAX = 10

Lines = list[tuple[int, str]]


@SERVICE.internal
async def deliver(ctx: Call[Logs], *, streams: dict[tuple[str, str], Lines]) -> None:
    """Store lines as `{(group, stream): [(time_ms, text)]}` in one transaction; groups and streams are made when missing."""
    for _ in range(ATTEMPTS_MAX):
        batches = [await _batch(ctx, *names, lines) for names, lines in streams.items() if lines]
        if not batches:
            return
        try:
            await ingest.write(ctx, batches)
        except Conflict:
            for group, stream in streams:
                ctx.state.directory.forget(place_of(ctx), group, stream)
            continue
        return
    raise aborted()


async def _batch(ctx: Call[Logs], group_name: str, stream_name: str, lines: Lines) -> ingest.Batch:
    group = await _group(ctx, group_name)
    stream = await _stream(ctx, group, stream_name)
    ordered = sorted(lines, key=lambda line: line[0])
    messages = [text for _, text in ordered]
    sizes = (
        None
        if all(map(str.isascii, messages))
        else [len(text.encode("utf-8", "replace")) for text in messages]
    )
    return ingest.Batch(group, stream, [time_ms for time_ms, _ in ordered], messages, sizes)


async def _group(ctx: Call[Logs], name: str) -> Found[LogGroup]:
    place, state = place_of(ctx), ctx.state
    while (found := await state.directory.cached_group(place, name)) is None:
        group = LogGroup(name, state.new_id(), state.clock.now_ms())
        try:
            await state.store.commit(Transaction().put(keys.group(place, name), group.pack(), expect=ABSENT))
        except Conflict:
            pass  # made a moment ago by someone else
    return found


async def _stream(ctx: Call[Logs], group: Found[LogGroup], name: str) -> Found[LogStream]:
    place, state = place_of(ctx), ctx.state
    while (found := await state.directory.cached_stream(place, group.record.id, name)) is None:
        try:
            await state.store.commit(creation(ctx, group, name))
        except Conflict as conflict:
            if conflict.index == 0:  # the group was deleted or changed meanwhile
                state.directory.forget(place, group.record.name)
                group = await _group(ctx, group.record.name)
    return found
