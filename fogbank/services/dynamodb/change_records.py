"""The records of a stream: what is written to the log, and what GetRecords and functions see of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import HEAD_BYTES, size_of
from fogbank.store.api import Entry

if TYPE_CHECKING:
    from fogbank.services.dynamodb.writes import Held

# Sequence numbers have 21 digits and rise; what stands before the log's own number says nothing.
SEQUENCE_BASE = 100_000_000_000_000_000_000
SEQ_MAX = 2**63 - 1
_NEW = ("NEW_IMAGE", "NEW_AND_OLD_IMAGES")
_OLD = ("OLD_IMAGE", "NEW_AND_OLD_IMAGES")
TTL_IDENTITY = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}


def change_record(table: Table, before: Held, after: Held, *, by_service: bool) -> bytes:
    """The log's entry: event name, mark of the service, keys, images by the stream's view, size."""
    stream, item = table.record.stream, before.item if after.is_absent else after.item
    assert stream is not None and item is not None  # who writes to the log has a stream and a change
    key = table.key_of(item)
    name = "INSERT" if before.is_absent else "REMOVE" if after.is_absent else "MODIFY"
    size = size_of(key)
    images: list[orjson.Fragment | None] = []
    for held, views in ((after, _NEW), (before, _OLD)):
        stored = held.stored if stream.view in views else None
        images.append(orjson.Fragment(stored[HEAD_BYTES:]) if stored is not None else None)
        size += held.size if stored is not None else 0
    return orjson.dumps([name, by_service, key, *images, size, stream.view])


def sequence_number(seq: int) -> str:
    return str(SEQUENCE_BASE + seq)


def seq_of(sequence: str) -> int | None:
    """The number in the log of a SequenceNumber, negative for one before all of ours; None for what can be none."""
    if not sequence.isdecimal() or len(sequence) > 40:
        return None
    number = int(sequence) - SEQUENCE_BASE
    return number if number <= SEQ_MAX else None


def event_of(entry: Entry, region: str, shard_start: int) -> dict[str, Any]:
    """A record as GetRecords has it on the wire: times in seconds, binaries in base64."""
    name, by_service, key, new, old, size, view = orjson.loads(entry.body)
    change: dict[str, Any] = {"ApproximateCreationDateTime": entry.time_ms // 1000, "Keys": key}
    if new is not None:
        change["NewImage"] = new
    if old is not None:
        change["OldImage"] = old
    change |= {"SequenceNumber": sequence_number(entry.seq), "SizeBytes": size, "StreamViewType": view}
    event: dict[str, Any] = {
        "eventID": f"{entry.seq:016x}{shard_start:016x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": region,
        "dynamodb": change,
    }
    if by_service:
        event["userIdentity"] = TTL_IDENTITY
    return event
