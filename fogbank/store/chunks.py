"""How log entries lie in a row: up to STORE_CHUNK_ENTRIES_MAX entries packed into one value, shared by the engines.

One row for each entry costs a B-tree insertion apiece; packed, an append of 100 entries costs what one does. A chunk
also carries what finds it again: its first and last sequence number and its `high_ms`, the greatest time of any entry
up to its end. `high_ms` never falls along a log, so an index on it finds where a time range begins, also when entries
arrive out of order; by how much they do is the log's `disorder_ms`, which bounds where a time range ends.

Layout, little-endian: count (u32), times (i64 each), ends of the bodies (u32 each), bodies.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from fogbank.core.limits import STORE_CHUNK_BYTES_MAX, STORE_CHUNK_ENTRIES_MAX
from fogbank.store.api import Entry

#: Below every time: the high_ms of a log without entries.
NO_TIME_MS = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Entries that will share a row. Times in Unix milliseconds."""

    count: int
    max_ms: int
    min_ms: int
    disorder_ms: int  # the most that an entry's time lies behind an earlier one's of this chunk
    packed: bytes


def pack(entries: Sequence[tuple[int, bytes]]) -> Iterator[Chunk]:
    """Split `(time_ms, body)` entries into chunks within the limits, in order."""
    if len(entries) <= STORE_CHUNK_ENTRIES_MAX and sum(len(e[1]) for e in entries) <= STORE_CHUNK_BYTES_MAX:
        if entries:
            yield _pack_one(entries)
        return
    start = size_bytes = 0
    for at, (_, body) in enumerate(entries):
        full = at - start == STORE_CHUNK_ENTRIES_MAX or size_bytes + len(body) > STORE_CHUNK_BYTES_MAX
        if full and at > start:
            yield _pack_one(entries[start:at])
            start, size_bytes = at, 0
        size_bytes += len(body)
    yield _pack_one(entries[start:])


def _pack_one(entries: Sequence[tuple[int, bytes]]) -> Chunk:
    if len(entries) == 1:
        time_ms, body = entries[0]
        return Chunk(1, time_ms, time_ms, 0, struct.pack("<IqI", 1, time_ms, len(body)) + body)
    times = [time_ms for time_ms, _ in entries]
    bodies = [body for _, body in entries]
    count = len(entries)
    head = struct.pack(f"<I{count}q{count}I", count, *times, *accumulate(map(len, bodies)))
    behind = (high - time_ms for high, time_ms in zip(accumulate(times, max), times, strict=True))
    return Chunk(count, max(times), min(times), max(behind), b"".join((head, *bodies)))


def unpack(first_seq: int, packed: bytes) -> Iterator[Entry]:
    """The entries of a chunk, the first numbered `first_seq`."""
    (count,) = struct.unpack_from("<I", packed)
    numbers = struct.unpack_from(f"<{count}q{count}I", packed, 4)
    base = start = 4 + 12 * count
    for at in range(count):
        end = base + numbers[count + at]
        yield Entry(first_seq + at, numbers[at], packed[start:end])
        start = end
