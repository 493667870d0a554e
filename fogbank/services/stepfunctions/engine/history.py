"""Histories as they are read: events lie in chunks, one for each commit, keyed by the first event's id."""

from __future__ import annotations

from fogbank.asl.history import HistoryEvent
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.records import decode_events
from fogbank.store.api import Key, Record, Store

_CHUNKS_AT_ONCE = 50


async def read_history(
    store: Store, ref: Ref, *, after_id: int, limit: int, reverse: bool
) -> list[HistoryEvent]:
    """Events with an id above `after_id`; in reverse those below it, 0 for from the end."""
    if reverse:
        return await _backward(store, ref, before_id=after_id, limit=limit)
    # The chunk that holds the next event begins at or before it.
    prefix = keys.history(ref)
    at = await store.scan(prefix, before=(*prefix, after_id + 2), limit=1, reverse=True)
    events: list[HistoryEvent] = []
    page = at
    after: Key | None = at[-1].key if at else None
    while page or after is not None:
        _take(events, page, after_id)
        if len(events) >= limit or after is None:
            break
        page = await store.scan(prefix, after=after, limit=_CHUNKS_AT_ONCE)
        after = page[-1].key if page else None
    return events[:limit]


async def last_event_id(store: Store, ref: Ref) -> int:
    """0 where there is none."""
    last = await store.scan(keys.history(ref), limit=1, reverse=True)
    return decode_events(last[0].value)[-1].id if last else 0


def _take(events: list[HistoryEvent], page: list[Record], after_id: int) -> None:
    for record in page:
        events += [event for event in decode_events(record.value) if event.id > after_id]


async def _backward(store: Store, ref: Ref, *, before_id: int, limit: int) -> list[HistoryEvent]:
    prefix = keys.history(ref)
    before = (*prefix, before_id) if before_id else None
    events: list[HistoryEvent] = []
    while len(events) < limit:
        page = await store.scan(prefix, before=before, limit=_CHUNKS_AT_ONCE, reverse=True)
        for record in page:
            found = decode_events(record.value)
            events += [event for event in reversed(found) if not before_id or event.id < before_id]
        if len(page) < _CHUNKS_AT_ONCE:
            break
        before = page[-1].key
    return events[:limit]
