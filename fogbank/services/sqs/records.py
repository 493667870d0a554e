"""What SQS stores, and its codec."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.core.records import hot_record
from fogbank.services.sqs.limits import INLINE_BODY_BYTES_MAX, MESSAGE_BYTES_MAX, RETENTION_S_DEFAULT
from fogbank.store.api import Key

SEQUENCE_BASE = 17_000_000_000_000_000_000  # AWS's sequence numbers have 20 digits


@dataclass(frozen=True, slots=True)
class Queue:
    """One queue. Times in milliseconds unless they say seconds."""

    account: str
    region: str
    name: str
    uid: str
    created_ms: int
    modified_ms: int
    fifo: bool = False
    delay_s: int = 0
    size_max: int = MESSAGE_BYTES_MAX
    retention_s: int = RETENTION_S_DEFAULT
    wait_s: int = 0
    visibility_s: int = 30
    content_deduplication: bool = False
    deduplication_scope: str = "queue"
    throughput_limit: str = "perQueue"
    sse: bool = True  # SqsManagedSseEnabled
    kms_key: str | None = None
    kms_reuse_s: int | None = None
    policy: str | None = None
    dead_letter_arn: str | None = None
    receives_max: int = 0  # maxReceiveCount
    redrive_allow: str | None = None
    purged_ms: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        return orjson.dumps(self)

    def is_expired(self, message: Message, now_ms: int) -> bool:
        """MessageRetentionPeriod is over."""
        return message.sent_ms + self.retention_s * 1000 <= now_ms


def decode_queue(raw: bytes) -> Queue:
    stored = orjson.loads(raw)
    stored.pop("created_with", None)  # written until November 2026, never read
    return Queue(**stored)


@hot_record
class Message:
    """One message. What changes while it is in the queue: `count`, `first_ms`, `due_ms`."""

    seq: int
    id: str
    sent_ms: int
    sender: str
    body: bytes
    md5: str
    due_ms: int
    count: int = 0  # how often it was received
    first_ms: int = 0
    group: str | None = None
    deduplication: str | None = None
    attributes: dict[str, Any] | None = None  # as on the wire, binary values as base64
    md5_attributes: str | None = None
    trace: str | None = None  # AWSTraceHeader
    source_arn: str | None = None  # the queue whose dead letter it is
    size: int = 0  # of the body, also when it is a record of its own
    received_ms: int = 0  # when it was received last
    entered: int = 0  # how often other queues had delivered it when it came as a dead letter

    @property
    def is_long(self) -> bool:
        return self.size > INLINE_BODY_BYTES_MAX

    @property
    def sequence(self) -> str:
        return str(SEQUENCE_BASE + self.seq)

    def received(self, now_ms: int, due_ms: int) -> Message:
        """The message after one more delivery, hidden until `due_ms`."""
        return Message(
            self.seq,
            self.id,
            self.sent_ms,
            self.sender,
            self.body,
            self.md5,
            due_ms,
            self.count + 1,
            self.first_ms or now_ms,
            self.group,
            self.deduplication,
            self.attributes,
            self.md5_attributes,
            self.trace,
            self.source_arn,
            self.size,
            now_ms,
            self.entered,
        )

    def encode(self) -> bytes:
        """A line of JSON, then the body, unless it is long."""
        head = orjson.dumps(
            (
                self.id,
                self.sent_ms,
                self.sender,
                self.md5,
                self.due_ms,
                self.count,
                self.first_ms,
                self.group,
                self.deduplication,
                self.attributes,
                self.md5_attributes,
                self.trace,
                self.source_arn,
                self.size,
                self.received_ms,
                self.entered,
            )
        )
        return head if self.size > INLINE_BODY_BYTES_MAX else head + b"\n" + self.body


def decode_message(key: Key, raw: bytes) -> Message:
    head, _, body = raw.partition(b"\n")
    id, sent_ms, sender, md5, due_ms, count, first_ms, *rest = orjson.loads(head)
    seq = key[-1]
    assert isinstance(seq, int)
    return Message(seq, id, sent_ms, sender, body, md5, due_ms, count, first_ms, *rest)


@hot_record
class Group:
    """The state of one message group. (`ready_ms`, `head`) is its place among the groups that can be received."""

    ready_ms: int
    head: int
    flying: dict[int, int]  # messages in flight: seq → when each becomes visible again

    def encode(self) -> bytes:
        return orjson.dumps((self.ready_ms, self.head, list(self.flying.items())))


def decode_group(raw: bytes) -> Group:
    ready_ms, head, flying = orjson.loads(raw)
    return Group(ready_ms, head, dict(flying))
