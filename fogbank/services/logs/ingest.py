"""Writes batches of events: one transaction for all of them, with what follows from them.

The transaction checks the versions of every group and stream it writes to, so an event never lands in a group that was deleted
meanwhile; Conflict tells the caller to look again. Subscription deliveries are queued in the same transaction; metric
filters give their points to cloudwatch after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fogbank.model.call import Call
from fogbank.model.telemetry import Point
from fogbank.services.logs import keys, metric_points, subscription_delivery
from fogbank.services.logs.chunks import EVENT_OVERHEAD_BYTES, pack, pack_index, split
from fogbank.services.logs.directory import Found
from fogbank.services.logs.keys import Place, place_of
from fogbank.services.logs.records import Figures, LogGroup, LogStream
from fogbank.services.logs.state import Logs
from fogbank.store.api import ABSENT, Transaction


@dataclass(frozen=True, slots=True)
class Batch:
    """Events for one stream, by ascending time. `sizes` are message bytes; None when all messages are ASCII."""

    group: Found[LogGroup]
    stream: Found[LogStream]
    times: list[int]
    messages: list[str]
    sizes: list[int] | None

    @property
    def stored_bytes(self) -> int:
        text = sum(map(len, self.messages)) if self.sizes is None else sum(self.sizes)
        return text + EVENT_OVERHEAD_BYTES * len(self.messages)


async def write(ctx: Call[Logs], batches: Sequence[Batch]) -> None:
    """Store the events. Raises Conflict when a group or stream is not as it was found."""
    state, place = ctx.state, place_of(ctx)
    now_ms = state.clock.now_ms()
    tx = Transaction()
    points: list[Point] = []
    for group in {batch.group.record.id: batch.group for batch in batches}.values():
        tx.check(keys.group(place, group.record.name), group.version)
    begun: list[tuple[str, Figures]] = []
    try:
        for batch in batches:
            stream = batch.stream.record
            state.settling.begin(tx, place, batch.group.record.id, stream.id, stream.name)
            added = Figures(batch.times[0], batch.times[-1], now_ms, batch.stored_bytes)
            begun.append((stream.id, added))
            _add(tx, state, place, batch, added.stored_bytes, now_ms)
            if batch.group.record.metric_filters or batch.group.record.subscription_filters:
                points += await _follow(ctx, tx, batch, now_ms)
        await state.store.commit(tx)
    except BaseException:
        for stream_id, _ in begun:
            state.settling.end(stream_id, None)
        raise
    for stream_id, added in begun:
        state.settling.end(stream_id, added)
    if points:
        await ctx.calls.internal("cloudwatch", "deliver", ctx.caller, points=points)


def _add(tx: Transaction, state: Logs, place: Place, batch: Batch, stored_bytes: int, now_ms: int) -> None:
    group_id, stream = batch.group.record.id, batch.stream.record
    tx.check(keys.stream(place, group_id, stream.name), batch.stream.version)
    for chunk in split(batch.times, batch.messages, batch.sizes, stored_bytes):
        unique, span, min_ms = state.next_unique(now_ms), chunk.span_class, chunk.times[0]
        body = pack(chunk, stream.id, stream.name, now_ms)
        tx.put(keys.chunk(place, group_id, span, min_ms, unique), body, expect=ABSENT)
        tx.put(keys.index_entry(place, stream.id, span, min_ms, unique), pack_index(chunk))


async def _follow(ctx: Call[Logs], tx: Transaction, batch: Batch, now_ms: int) -> list[Point]:
    """What the group's filters make of the batch: deliveries into `tx`, metric points returned."""
    filters = await ctx.state.filters.of(place_of(ctx), batch.group)
    subscription_delivery.enqueue(ctx, tx, filters, batch, now_ms)
    return metric_points.points(filters, batch.times, batch.messages)
