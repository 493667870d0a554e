"""What FIFO queues remember of the last five minutes: which deduplication ids were sent."""

from __future__ import annotations

import hashlib

import orjson

from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.records import Message, Queue
from fogbank.services.sqs.work import Work
from fogbank.store.api import ABSENT, Store


def id_of(queue: Queue, group: str, deduplication: str) -> str:
    """What must not repeat. A group's name cannot hold the separator."""
    return f"{group}\n{deduplication}" if queue.deduplication_scope == "messageGroup" else deduplication


def content_id(body: bytes) -> str:
    """What ContentBasedDeduplication makes of a body."""
    return hashlib.sha256(body).hexdigest()


class Deduplication:
    """The ids of one transaction."""

    def __init__(self, store: Store, uid: str, now_ms: int) -> None:
        self._store = store
        self._uid = uid
        self._now_ms = now_ms
        self._sent: dict[str, tuple[str, int]] = {}

    async def earlier(self, work: Work, id: str, message: Message) -> tuple[str, int] | None:
        """(message id, seq) of the message that was sent with that id before; None when this one is the first."""
        if (found := self._sent.get(id)) is not None:
            return found
        key = keys.deduplication(self._uid, id)
        record = await self._store.get(key)
        if record is not None:
            expires_ms, message_id, seq = orjson.loads(record.value)
            if expires_ms > self._now_ms:
                return message_id, seq
        expires_ms = self._now_ms + limits.DEDUPLICATION_MS
        expect = ABSENT if record is None else record.version
        work.transaction.put(key, orjson.dumps([expires_ms, message.id, message.seq]), expect=expect)
        work.transaction.put(keys.deduplication_time(self._uid, expires_ms, id), b"")
        self._sent[id] = message.id, message.seq
        return None

    async def sweep(self, work: Work) -> None:
        """Forget some of what is over, so that it does not add up."""
        before = keys.deduplication_time(self._uid, self._now_ms, "")
        records = await self._store.scan(
            keys.deduplication_times(self._uid), before=before, limit=limits.DEDUPLICATION_SWEPT
        )
        for record in records:
            id = str(record.key[4])
            work.transaction.delete(record.key)
            if id in self._sent:
                continue  # it was sent again in this transaction
            kept = await self._store.get(keys.deduplication(self._uid, id))
            if kept is not None and orjson.loads(kept.value)[0] <= self._now_ms:
                work.transaction.delete(kept.key, expect=kept.version)
