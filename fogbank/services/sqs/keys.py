"""Where SQS's records lie. Queues by name; what is in a queue by the uid of that one life of the queue.

m   seq                the message; `b` its body, when that is long
d   due, seq           standard: when the message can be received. FIFO: when the group of that head can
f   group, due, seq    standard: the same for messages of groups, by group, for fair queues
g   group              FIFO: the group's state
o   group, seq         FIFO: the group's messages in order
u   id / ut time, id   FIFO: deduplication ids, and when each is forgotten
"""

from __future__ import annotations

from fogbank.store.api import Key

QUEUES: Key = ("sqs",)
DELETED: Key = ("sqs-deleted",)
_LAST = 1 << 80


def queues(account: str, region: str) -> Key:
    return ("sqs", account, region, "queue")


def queue(account: str, region: str, name: str) -> Key:
    return ("sqs", account, region, "queue", name)


def deleted(account: str, region: str, name: str) -> Key:
    """When a queue of that name was deleted."""
    return ("sqs-deleted", account, region, name)


def sources(account: str, region: str, name: str) -> Key:
    """The queues whose dead letters go to `name`."""
    return ("sqs-source", account, region, name)


def source(account: str, region: str, name: str, source: str) -> Key:
    return ("sqs-source", account, region, name, source)


def moves(account: str, region: str, source: str) -> Key:
    return ("sqs-move", account, region, source)


def move(account: str, region: str, source: str, started_ms: int, id: str) -> Key:
    return ("sqs-move", account, region, source, started_ms, id)


def content(uid: str) -> Key:
    return ("sqs-q", uid)


def message(uid: str, seq: int) -> Key:
    return ("sqs-q", uid, "m", seq)


def messages(uid: str) -> Key:
    return ("sqs-q", uid, "m")


def body(uid: str, seq: int) -> Key:
    return ("sqs-q", uid, "b", seq)


def dues(uid: str) -> Key:
    return ("sqs-q", uid, "d")


def due(uid: str, due_ms: int, seq: int) -> Key:
    return ("sqs-q", uid, "d", due_ms, seq)


def due_until(uid: str, now_ms: int) -> Key:
    """Lies behind everything that is due at `now_ms`."""
    return ("sqs-q", uid, "d", now_ms, _LAST)


def fairs(uid: str, *group: str) -> Key:
    return ("sqs-q", uid, "f", *group)


def fair(uid: str, group: str, due_ms: int, seq: int) -> Key:
    return ("sqs-q", uid, "f", group, due_ms, seq)


def fair_until(uid: str, group: str, now_ms: int = _LAST) -> Key:
    """Lies behind everything of the group that is due at `now_ms`, and by default behind all of it."""
    return ("sqs-q", uid, "f", group, now_ms, _LAST)


def group(uid: str, name: str) -> Key:
    return ("sqs-q", uid, "g", name)


def ordered(uid: str, group: str) -> Key:
    return ("sqs-q", uid, "o", group)


def order(uid: str, group: str, seq: int) -> Key:
    return ("sqs-q", uid, "o", group, seq)


def deduplication(uid: str, id: str) -> Key:
    return ("sqs-q", uid, "u", id)


def deduplication_times(uid: str) -> Key:
    return ("sqs-q", uid, "ut")


def deduplication_time(uid: str, expires_ms: int, id: str) -> Key:
    return ("sqs-q", uid, "ut", expires_ms, id)


def attempt(uid: str, id: str) -> Key:
    """A receive attempt: kept, and forgotten, as a deduplication id of the group that no message can have."""
    return ("sqs-q", uid, "u", "\n" + id)


def attempt_time(uid: str, expires_ms: int, id: str) -> Key:
    return ("sqs-q", uid, "ut", expires_ms, "\n" + id)
