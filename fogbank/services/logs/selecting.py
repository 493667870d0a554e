"""Decides which chunks of a group a reader wants: by stream, and only those of streams that still are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fogbank.services.logs import keys
from fogbank.services.logs.chunks import Head
from fogbank.services.logs.keys import Place
from fogbank.services.logs.records import LogStream
from fogbank.store.api import Store


def stream_filter(
    store: Store,
    place: Place,
    group_id: str,
    *,
    names: Sequence[str] | None = None,
    prefixes: Sequence[str] | None = None,
) -> Callable[[Head], Awaitable[bool]]:
    """A predicate over heads of chunks. It remembers what it learned of each stream: use it for one request."""
    allowed = None if names is None else frozenset(names)
    starts = None if prefixes is None else tuple(prefixes)
    alive: dict[str, bool] = {}

    async def wanted(head: Head) -> bool:
        if allowed is not None and head.stream not in allowed:
            return False
        if starts is not None and not head.stream.startswith(starts):
            return False
        if (known := alive.get(head.stream_id)) is None:
            record = await store.get(keys.stream(place, group_id, head.stream))
            known = record is not None and LogStream.unpack(record.value).id == head.stream_id
            alive[head.stream_id] = known
        return known

    return wanted
