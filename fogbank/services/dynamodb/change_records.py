"""The records of a stream: what is written to the log, and what GetRecords and functions see of it. Pure.

An entry of the log is four lines of JSON, so that a reader puts a record together without parsing its images:

    INSERT
    {"pk":{"S":"a"}}
    ,"NewImage":{…},"OldImage":{…}
    "SizeBytes":12,"StreamViewType":"NEW_AND_OLD_IMAGES"},"userIdentity":{…}

JSON within a line has no line ends: orjson escapes them. The third line has what the stream's view shows, the fourth closes the
record's `dynamodb`, and has `userIdentity` when the service made the change. Until 0.1 an entry was one JSON array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from fogbank.core.records import hot_record
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
_ENTRY = b'%b\n%b\n%b\n"SizeBytes":%d,"StreamViewType":"%b"}%b'
_EVENT = (
    b'{"eventID":"%016x%016x","eventName":"%b","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"%b",'
    b'"dynamodb":{"ApproximateCreationDateTime":%d,"Keys":%b%b,"SequenceNumber":"%b",%b%b}'
)
TTL_IDENTITY = b',"userIdentity":{"principalId":"dynamodb.amazonaws.com","type":"Service"}'


def change_record(table: Table, before: Held, after: Held, *, by_service: bool) -> bytes:
    """The log's entry."""
    stream, item = table.record.stream, before.item if after.is_absent else after.item
    assert stream is not None and item is not None  # who writes to the log has a stream and a change
    key = table.key_of(item)
    name = b"INSERT" if before.is_absent else b"REMOVE" if after.is_absent else b"MODIFY"
    size, images = size_of(key), b""
    for held, member, views in ((after, b',"NewImage":', _NEW), (before, b',"OldImage":', _OLD)):
        stored = held.stored if stream.view in views else None
        if stored is not None:
            images += member + stored[HEAD_BYTES:]
            size += held.size
    return _ENTRY % (
        name,
        orjson.dumps(key),
        images,
        size,
        stream.view.encode(),
        TTL_IDENTITY if by_service else b"",
    )


def sequence_number(seq: int) -> str:
    return str(SEQUENCE_BASE + seq)


def seq_of(sequence: str) -> int | None:
    """The number in the log of a SequenceNumber, negative for one before all of ours; None for what can be none."""
    if not sequence.isdecimal() or len(sequence) > 40:
        return None
    number = int(sequence) - SEQUENCE_BASE
    return number if number <= SEQ_MAX else None


@hot_record
class Change:
    """A record as its readers want it. `json`: as GetRecords has it on the wire, times in seconds, binaries in base64."""

    seq: int
    sequence: str
    time_ms: int  # of its second
    keys: bytes  # JSON
    json: bytes


def change_of(entry: Entry, region: str, shard_start: int, source: str = "") -> Change:
    """`source`: the ARN that functions find in their records, and GetRecords' callers do not."""
    name, keys, images, rest = _parts(entry.body)
    sequence, time_s = sequence_number(entry.seq), entry.time_ms // 1000
    json = _EVENT % (
        entry.seq,
        shard_start,
        name,
        region.encode(),
        time_s,
        keys,
        images,
        sequence.encode(),
        rest,
        b',"eventSourceARN":"%b"' % source.encode() if source else b"",
    )
    return Change(entry.seq, sequence, time_s * 1000, keys, json)


def _parts(body: bytes) -> list[bytes]:
    if not body.startswith(b"["):
        return body.split(b"\n")
    # As it was written until 0.1; such entries are a day old at most.
    name, by_service, key, new, old, size, view = orjson.loads(body)
    images = b"" if new is None else b',"NewImage":' + orjson.dumps(new)
    images += b"" if old is None else b',"OldImage":' + orjson.dumps(old)
    identity = TTL_IDENTITY if by_service else b""
    return (_ENTRY % (name.encode(), orjson.dumps(key), images, size, view.encode(), identity)).split(b"\n")
