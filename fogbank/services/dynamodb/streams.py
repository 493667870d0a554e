"""Streams as the store holds them, and reading them. The operations are the dynamodbstreams service's, which comes here by
internals (`stream_internals.py`).

A stream is one log; its shards are stretches of the log's numbers. A shard that is four hours old is closed at the last number
given, and its child begins behind it, so every record lies in exactly one shard, in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import orjson

from fogbank.core.clock import iso8601
from fogbank.core.errors import Conflict
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import SHARD_SPAN_MS, STREAM_KEPT_MS
from fogbank.services.dynamodb.table import Table, key_schema
from fogbank.store.api import Key, Store, Transaction

SHARDS_MAX = 64  # ours: closed shards whose records are trimmed are dropped, so a stream has about seven
KEPT_UP_TRIES = 5
_UNPACKED = 256  # a reader looks at its stream twice for each page, and finds it unchanged


@dataclass(frozen=True, slots=True)
class Shard:
    """Records first <= number <= last; `last` None while it is open."""

    id: str
    first: int
    last: int | None
    created_ms: int
    parent: str | None
    closed_ms: int = 0


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A stream, also after its table has stopped writing to it."""

    table: str
    label: str
    view: str
    created_ms: int
    key_schema: list[dict[str, str]]
    shards: tuple[Shard, ...]
    disabled_ms: int | None = None

    def pack(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    @lru_cache(_UNPACKED)
    def unpack(cls, stored: bytes) -> StreamRecord:
        raw: dict[str, Any] = orjson.loads(stored)
        raw["shards"] = tuple(Shard(**shard) for shard in raw["shards"])
        return cls(**raw)


def new_label(now_ms: int) -> str:
    return iso8601(now_ms)[:-5]


def shard_id(now_ms: int, salt: str) -> str:
    return f"shardId-{now_ms:020d}-{salt}"


def opened(table: Table, view: str, label: str, now_ms: int, salt: str) -> StreamRecord:
    """A new stream of a table."""
    shard = Shard(shard_id(now_ms, salt), 1, None, now_ms, None)
    schema = key_schema(table.record.hash, table.record.range)
    return StreamRecord(table.record.name, label, view, now_ms, schema, (shard,))


@dataclass(frozen=True, slots=True)
class FoundStream:
    key: Key
    record: StreamRecord
    version: int


async def find_stream(store: Store, place: Place, table: str, label: str) -> FoundStream | None:
    key = keys.stream(place, table, label)
    record = await store.get(key)
    return None if record is None else FoundStream(key, StreamRecord.unpack(record.value), record.version)


def is_over(record: StreamRecord, now_ms: int) -> bool:
    """Whether a disabled stream's day is over."""
    return record.disabled_ms is not None and now_ms - record.disabled_ms >= STREAM_KEPT_MS


async def kept_up(store: Store, found: FoundStream, now_ms: int) -> StreamRecord:
    """The stream with its shards as of now: an old one rolled over, a disabled one closed, trimmed ones dropped."""
    for _ in range(KEPT_UP_TRIES):
        if not _is_due(found.record, now_ms):
            return found.record
        end = await store.last_seq(found.key)
        changed = _rolled(found.record, end, now_ms)
        transaction = Transaction().put(found.key, changed.pack(), expect=found.version)
        # No record may come between: whoever read the old shard must not have seen beyond its end.
        transaction.append(found.key, [], expect_last=end)
        try:
            await store.commit(transaction)
            return changed
        except Conflict:  # a write came in between, or another look did it
            record = await store.get(found.key)
            if record is None:
                break
            found = FoundStream(found.key, StreamRecord.unpack(record.value), record.version)
    return found.record  # a stream that is written to all the time: the next look does it


def _must_close(record: StreamRecord, now_ms: int) -> bool:
    last = record.shards[-1]
    is_old = record.disabled_ms is not None or now_ms - last.created_ms >= SHARD_SPAN_MS
    return last.last is None and is_old


def _kept(record: StreamRecord, now_ms: int) -> tuple[Shard, ...]:
    return tuple(
        shard for shard in record.shards if shard.last is None or now_ms - shard.closed_ms < STREAM_KEPT_MS
    )


def _is_due(record: StreamRecord, now_ms: int) -> bool:
    return _must_close(record, now_ms) or len(_kept(record, now_ms)) < len(record.shards)


def _rolled(record: StreamRecord, end: int, now_ms: int) -> StreamRecord:
    """The stream as of now, when `end` is the last number given."""
    kept = _kept(record, now_ms)
    if _must_close(record, now_ms):
        closed = replace(record.shards[-1], last=end, closed_ms=now_ms)
        kept = (*kept[:-1], closed)
        if record.disabled_ms is None:
            salt = f"{end & 0xFFFFFFFF:08x}"
            kept = (*kept, Shard(shard_id(now_ms, salt), end + 1, None, now_ms, closed.id))
    return replace(record, shards=kept[-SHARDS_MAX:])


async def first_kept(store: Store, key: Key, now_ms: int) -> int:
    """The lowest number whose record is not older than a day; behind the last one when there is none."""
    # The end first: a record that is written between the two looks must not lie behind the answer.
    end = await store.last_seq(key)
    entries = await store.read_log(key, from_ms=now_ms - STREAM_KEPT_MS, limit=1)
    return entries[0].seq if entries else end + 1
