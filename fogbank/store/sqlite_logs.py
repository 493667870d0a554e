"""Logs as rows: a head with the counters of a log, and chunks of packed entries (`chunks.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from fogbank.store import keys
from fogbank.store.api import Entry, Key
from fogbank.store.chunks import NO_TIME_MS, pack, unpack
from fogbank.store.sqlite_session import Appended, Session

# On the right of SET stand the values of before: `high_ms - ?` is how far the chunk's oldest entry lies behind.
_ADVANCE = """
INSERT INTO log (key, last_seq, trimmed_seq, high_ms, disorder_ms) VALUES (?1, ?2, 0, ?3, ?4)
ON CONFLICT (key) DO UPDATE SET last_seq = last_seq + ?2, high_ms = max(high_ms, ?3),
    disorder_ms = max(disorder_ms, ?4, high_ms - ?5)
RETURNING id, last_seq, high_ms
"""
_HEAD = "SELECT id, last_seq, trimmed_seq, disorder_ms FROM log WHERE key = ?"
LAST_SEQ = "SELECT last_seq FROM log WHERE key = ?"
_FIRST_REACHING = """
SELECT first_seq, last_seq FROM chunk WHERE log = ? AND high_ms >= ? ORDER BY high_ms, first_seq LIMIT 1
"""
# The chunk that holds ?2 begins at or before it, so the scan starts at the last one that does.
_CHUNKS = """
SELECT first_seq, packed FROM chunk WHERE log = ?1 AND first_seq <= ?3
    AND first_seq >= coalesce((SELECT max(first_seq) FROM chunk WHERE log = ?1 AND first_seq <= ?2), 0)
ORDER BY first_seq"""
_CHUNKS_REVERSE = _CHUNKS + " DESC"


def append(session: Session, log: Key, entries: Sequence[tuple[int, bytes]]) -> int:
    """Number the entries; the seq of the last (of the log, when there are none). They are written when the batch ends
    (`flush`), with what others append to the same log: its rows are shared."""
    if not entries:
        return last_seq(session, log)
    appended = session.appended.get(log)
    if appended is None:
        appended = session.appended[log] = Appended(last_seq(session, log))
    appended.entries.extend(entries)
    appended.last_seq += len(entries)
    return appended.last_seq


def flush(session: Session) -> None:
    """Write what the batch has gathered."""
    for log, appended in session.appended.items():
        if appended.entries:
            _write(session, log, appended)


def _write(session: Session, log: Key, appended: Appended) -> None:
    encoded = keys.encode(log)
    last = 0
    for chunk in pack(appended.entries):
        values = (encoded, chunk.count, chunk.max_ms, chunk.disorder_ms, chunk.min_ms)
        log_id, last, high_ms = session.execute(_ADVANCE, values)[0]
        session.execute(
            "INSERT INTO chunk (log, first_seq, last_seq, high_ms, packed) VALUES (?, ?, ?, ?, ?)",
            (log_id, last - chunk.count + 1, last, high_ms, chunk.packed),
        )
    assert last == appended.last_seq, f"log {log} ends at {last}, not at {appended.last_seq}"
    appended.entries = []
    session.last_seqs[log] = last


def last_seq(session: Session, log: Key) -> int:
    """The highest seq given so far; 0 for a new or dropped log."""
    if (appended := session.appended.get(log)) is not None:
        return appended.last_seq
    last = session.last_seqs.get(log)
    if last is None:
        rows = session.execute(LAST_SEQ, (keys.encode(log),))
        last = session.last_seqs[log] = rows[0][0] if rows else 0
    return last


def trim(session: Session, log: Key, through_seq: int) -> None:
    """Drop entries up to `through_seq`: whole chunks as rows, the rest of one by its log's `trimmed_seq`."""
    flush(session)
    rows = session.execute(
        "UPDATE log SET trimmed_seq = max(trimmed_seq, min(last_seq, ?)) WHERE key = ? RETURNING id, trimmed_seq",
        (through_seq, keys.encode(log)),
    )
    for log_id, trimmed in rows:
        session.execute(
            "DELETE FROM chunk WHERE log = ? AND first_seq <= ? AND last_seq <= ?", (log_id, trimmed, trimmed)
        )


def drop(session: Session, log: Key) -> None:
    """Remove the log with its numbering."""
    session.appended.pop(log, None)
    session.last_seqs.pop(log, None)
    for (log_id,) in session.execute("DELETE FROM log WHERE key = ? RETURNING id", (keys.encode(log),)):
        session.execute("DELETE FROM chunk WHERE log = ?", (log_id,))


def read(
    connection: apsw.Connection,
    log: Key,
    *,
    after_seq: int,
    before_seq: int | None,
    from_ms: int | None,
    to_ms: int | None,
    limit: int,
    reverse: bool,
) -> list[Entry]:
    """As `Store.read_log`, on a reading connection."""
    heads: list[Any] = connection.execute(_HEAD, (keys.encode(log),)).fetchall()
    if not heads or limit <= 0:
        return []
    log_id, last, trimmed, disorder_ms = heads[0]
    low = max(after_seq, trimmed) + 1
    high = last if before_seq is None else min(last, before_seq - 1)
    if from_ms is not None:
        begins: list[Any] = connection.execute(_FIRST_REACHING, (log_id, from_ms)).fetchall()
        if not begins:
            return []
        low = max(low, begins[0][0])
    if to_ms is not None:
        ends: list[Any] = connection.execute(_FIRST_REACHING, (log_id, to_ms + disorder_ms)).fetchall()
        if ends:
            high = min(high, ends[0][1])
    if low > high:
        return []
    cursor = connection.execute(_CHUNKS_REVERSE if reverse else _CHUNKS, (log_id, low, high))
    since_ms = NO_TIME_MS if from_ms is None else from_ms
    found: list[Entry] = []
    try:
        for entry in _entries(cursor, reverse):
            in_time = since_ms <= entry.time_ms and (to_ms is None or entry.time_ms < to_ms)
            if in_time and low <= entry.seq <= high:
                found.append(entry)
                if len(found) == limit:
                    break
    finally:
        cursor.close()
    return found


def _entries(chunks: Iterator[Any], reverse: bool) -> Iterator[Entry]:
    for first_seq, packed in chunks:
        if reverse:
            yield from reversed(list(unpack(first_seq, packed)))
        else:
            yield from unpack(first_seq, packed)
