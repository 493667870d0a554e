"""Reading a log from PostgreSQL: its head tells where to look, then chunks come page by page until the limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.types.numeric import Int8

from fogbank.store import keys, postgres_sql
from fogbank.store.api import Entry, Key
from fogbank.store.chunks import unpack
from fogbank.store.postgres_link import Connection, rows

_PAGE_ROWS = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of `Store.read_log`."""

    log: Key
    after_seq: int
    before_seq: int | None
    from_ms: int | None
    to_ms: int | None
    limit: int
    reverse: bool

    def holds(self, entry: Entry, low: int, high: int) -> bool:
        """Whether the entry is one of those asked for."""
        return (
            low <= entry.seq <= high
            and (self.from_ms is None or self.from_ms <= entry.time_ms)
            and (self.to_ms is None or entry.time_ms < self.to_ms)
        )


async def read(connection: Connection, asked: Asked) -> list[Entry]:
    """As `Store.read_log`."""
    span = await _span(connection, asked) if asked.limit > 0 else None
    found: list[Entry] = []
    if span is None:
        return found
    log_id, low, high = span
    statement = postgres_sql.CHUNKS_REVERSE if asked.reverse else postgres_sql.CHUNKS_FORWARD
    left_low, left_high = low, high
    while left_low <= left_high and len(found) < asked.limit:
        arguments = {
            "log": Int8(log_id),
            "low": Int8(left_low),
            "high": Int8(left_high),
            "rows": Int8(_PAGE_ROWS),
        }
        page = await rows(connection, statement, arguments)
        for first_seq, _, packed in page:
            found += [entry for entry in _ordered(first_seq, packed, asked) if asked.holds(entry, low, high)]
        if len(page) < _PAGE_ROWS:
            break
        if asked.reverse:
            left_high = page[-1][0] - 1
        else:
            left_low = page[-1][1] + 1
    return found[: asked.limit]


def _ordered(first_seq: int, packed: bytes, asked: Asked) -> Iterable[Entry]:
    entries = unpack(first_seq, packed)
    return reversed(list(entries)) if asked.reverse else entries


async def _span(connection: Connection, asked: Asked) -> tuple[int, int, int] | None:
    """The log's number and the sequence numbers between which to look; None when there is nothing."""
    arguments = {
        "key": keys.encode(asked.log),
        "from_ms": None if asked.from_ms is None else Int8(asked.from_ms),
        "to_ms": None if asked.to_ms is None else Int8(asked.to_ms),
    }
    heads = await rows(connection, postgres_sql.HEAD, arguments)
    if not heads:
        return None
    log_id, last, trimmed, begins, ends = heads[0]
    low = max(asked.after_seq, trimmed) + 1
    high = last if asked.before_seq is None else min(last, asked.before_seq - 1)
    if asked.from_ms is not None:
        if begins is None:
            return None
        low = max(low, begins)
    if asked.to_ms is not None and ends is not None:
        high = min(high, ends)
    return (log_id, low, high) if low <= high else None
