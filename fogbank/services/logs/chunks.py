"""How log events lie in the store, and what finds them again.

Each PutLogEvents call becomes one record, a *chunk* (large calls become several). Two records carry it:

    chunk   group · span class · min_ms · unique   →  head "\\n" times and messages
    index   stream · span class · min_ms · unique  →  (max_ms, events, bytes)

so that FilterLogEvents over a group and GetLogEvents of a stream both walk in time order and stop when the page is full.
A chunk of span class c covers less than SPANS_MS[c] from its min_ms on. Whoever looks for events from a time on starts each
class that much earlier and misses none, however far out of order events came; chunks of a short span, the common ones,
cost no more than their own few milliseconds.

`unique` rises with ingestion: (ingestion time in Unix ms) << 20 | counter. It orders events of the same timestamp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from fogbank.core.limits import LOG_CHUNK_BYTES_MAX, LOG_CHUNK_EVENTS_MAX

#: What one event costs beside its message, in AWS's count.
EVENT_OVERHEAD_BYTES = 26
#: A chunk of class c covers less than this; the last class takes a day's batch and any clock error of a function.
SPANS_MS = tuple(16 << 3 * n for n in range(12))
UNIQUE_BITS = 20
OFFSET_MAX = 0xFFFF


class Position(NamedTuple):
    """Where an event stands in the order of its stream and group."""

    time_ms: int
    unique: int
    offset: int  # within its chunk

    def event_id(self) -> str:
        """The 56 digits that AWS shows as eventId and in page tokens."""
        return f"{self.time_ms << 144 | self.unique << 16 | self.offset:056d}"

    def before(self) -> Position:
        """The position next below this one."""
        if self.offset:
            return Position(self.time_ms, self.unique, self.offset - 1)
        return Position(self.time_ms, max(0, self.unique - 1), OFFSET_MAX)

    def behind(self) -> Position:
        """The position next above this one."""
        if self.offset < OFFSET_MAX:
            return Position(self.time_ms, self.unique, self.offset + 1)
        return Position(self.time_ms, self.unique + 1, 0)

    @classmethod
    def of_event_id(cls, digits: str) -> Position:
        number = int(digits)
        return cls(number >> 144, number >> 16 & (1 << 128) - 1, number & OFFSET_MAX)


class Event(NamedTuple):
    """One stored event; tuples compare in the order AWS lists events in."""

    time_ms: int
    unique: int
    offset: int  # within its chunk
    message: str
    ingested_ms: int
    stream: str

    @property
    def position(self) -> Position:
        return Position(self.time_ms, self.unique, self.offset)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Events of one stream, ready to be stored. `times` ascend."""

    times: Sequence[int]
    messages: Sequence[str]
    stored_bytes: int  # messages in UTF-8 and 26 bytes for each event

    @property
    def span_class(self) -> int:
        span_ms = self.times[-1] - self.times[0]
        return next((n for n, limit in enumerate(SPANS_MS) if span_ms < limit), len(SPANS_MS) - 1)


class Head(NamedTuple):
    """What a chunk says of itself before its events."""

    stream_id: str
    stream: str
    ingested_ms: int
    max_ms: int


class IndexEntry(NamedTuple):
    """What the index says of a chunk."""

    max_ms: int
    events: int
    stored_bytes: int


def split(
    times: list[int], messages: list[str], sizes: list[int] | None, total_bytes: int
) -> Iterator[Chunk]:
    """Cut a batch into chunks within the limits. `sizes` are message bytes; None when all are ASCII."""
    if len(times) <= LOG_CHUNK_EVENTS_MAX and total_bytes <= LOG_CHUNK_BYTES_MAX:
        yield Chunk(times, messages, total_bytes)
        return
    start = size_bytes = 0
    for at, message in enumerate(messages):
        message_bytes = (len(message) if sizes is None else sizes[at]) + EVENT_OVERHEAD_BYTES
        if at > start and (
            size_bytes + message_bytes > LOG_CHUNK_BYTES_MAX or at - start == LOG_CHUNK_EVENTS_MAX
        ):
            yield Chunk(times[start:at], messages[start:at], size_bytes)
            start, size_bytes = at, 0
        size_bytes += message_bytes
    yield Chunk(times[start:], messages[start:], size_bytes)


def pack(chunk: Chunk, stream_id: str, stream: str, ingested_ms: int) -> bytes:
    head = orjson.dumps((stream_id, stream, ingested_ms, chunk.times[-1]))
    return head + b"\n" + orjson.dumps((chunk.times, chunk.messages))


def pack_index(chunk: Chunk) -> bytes:
    return orjson.dumps((chunk.times[-1], len(chunk.times), chunk.stored_bytes))


def unpack_index(value: bytes) -> IndexEntry:
    return IndexEntry(*orjson.loads(value))


def unpack_head(value: bytes) -> Head:
    return Head(*orjson.loads(value[: value.index(b"\n")]))


def unpack_events(unique: int, value: bytes) -> list[Event]:
    """The events of a chunk, in order."""
    cut = value.index(b"\n")
    _, stream, ingested_ms, _ = orjson.loads(value[:cut])
    times, messages = orjson.loads(memoryview(value)[cut + 1 :])
    return [
        Event(time_ms, unique, at, message, ingested_ms, stream)
        for at, (time_ms, message) in enumerate(zip(times, messages, strict=True))
    ]
