"""Which blobs are used, and the end of those that are not.

Each use is a record (`keys.uses`), written and deleted in the transaction of the object or part that uses the blob. Content
that lost a use is looked at later, when nobody can be reading it any more; so are the parts of what was replaced, deleted or
aborted, a batch at a time. At the start, blobs are looked for that a killed process wrote and never committed a use of.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.s3 import keys
from fogbank.services.s3.limits import COLLECT_AFTER_MS, COLLECT_BATCH
from fogbank.services.s3.records import Object, Part, decode_part, decode_upload
from fogbank.store.api import Leased, Store, Transaction
from fogbank.store.blobs import FileBlobs

log = logging.getLogger("fogbank.s3")

_LEASE_MS = 120_000
_RETRY_MS = 30_000


class Collector:
    """Counts uses, and collects what has none."""

    def __init__(self, store: Store, blobs: FileBlobs, clock: Clock, ids: Ids, lanes: Lanes) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._lanes = lanes
        self._owner = ids.uuid()
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._pinned: Counter[str] = Counter()
        self._going: dict[str, asyncio.Event] = {}

    def start(self) -> None:
        self._unwatch = self._store.watch_queue(keys.COLLECT_QUEUE, self._news.set)
        self._tasks = [
            self._lanes.loop("s3 collect", self._work),
            self._lanes.spawn("s3 sweep", self._sweep()),
        ]

    async def close(self) -> None:
        self._unwatch()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- uses -------------------------------------------------------------------------------------------------------

    async def keep(self, content: bytes, sha: str) -> None:
        """Store a blob that is `pinned`."""
        while (going := self._going.get(sha)) is not None:
            await going.wait()
        await self._blobs.put(content)

    @contextmanager
    def pinned(self, *shas: str) -> Iterator[None]:
        """These blobs are not collected meanwhile: from before they are stored, or their use is read, to the commit."""
        self._pinned.update(shas)
        try:
            yield
        finally:
            self._pinned.subtract(shas)
            for sha in shas:
                if not self._pinned[sha]:
                    del self._pinned[sha]

    def use(self, transaction: Transaction, sha: str, owner: str) -> None:
        transaction.put((*keys.uses(sha), owner), b"")

    def use_part(self, transaction: Transaction, part: Part) -> None:
        for sha in {segment.sha for segment in part.segments}:
            self.use(transaction, sha, part.use)

    def release(self, transaction: Transaction, held: Object) -> None:
        """With the commit that replaces or deletes an object."""
        if held.sha:
            self._release(transaction, held.sha, held.generation)
        else:
            self.release_parts(transaction, held.generation)

    def release_part(self, transaction: Transaction, part: Part) -> None:
        for sha in {segment.sha for segment in part.segments}:
            self._release(transaction, sha, part.use)

    def release_parts(self, transaction: Transaction, owner: str) -> None:
        """The parts under a generation or upload go, soon."""
        self._add(transaction, "parts", owner)

    def release_uploads(self, transaction: Transaction, bucket_id: str) -> None:
        """The uploads into a bucket that was deleted."""
        self._add(transaction, "uploads", bucket_id)

    def _release(self, transaction: Transaction, sha: str, owner: str) -> None:
        transaction.delete((*keys.uses(sha), owner))
        self._add(transaction, "blob", sha)

    def _add(self, transaction: Transaction, kind: str, subject: str) -> None:
        due_ms = self._clock.now_ms() + COLLECT_AFTER_MS
        body = orjson.dumps([kind, subject])
        transaction.enqueue(keys.COLLECT_QUEUE, f"{kind} {subject}", body, due_ms=due_ms)

    # --- work -------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        self._news.clear()
        items = await self._store.lease(keys.COLLECT_QUEUE, owner=self._owner, limit=16, lease_ms=_LEASE_MS)
        for item in items:
            await self._do(item)
        if items:
            return
        due_ms = await self._store.next_due_ms(keys.COLLECT_QUEUE)
        timer = None if due_ms is None else self._lanes.spawn("s3 collect timer", self._ring(due_ms))
        try:
            await self._news.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _ring(self, due_ms: int) -> None:
        await self._clock.sleep_until_ms(due_ms)
        self._news.set()

    async def _do(self, item: Leased) -> None:
        kind, subject = orjson.loads(item.body)
        transaction = Transaction()
        match kind:
            case "blob":
                done = await self._discard(subject)
            case "parts":
                done = await self._drop_parts(transaction, subject)
            case _:
                done = await self._drop_uploads(transaction, subject)
        if done:
            transaction.ack(item)
        else:
            pause_ms = _RETRY_MS if kind == "blob" else 0
            transaction.retry(item, due_ms=self._clock.now_ms() + pause_ms)
        try:
            await self._store.commit(transaction)
        except Conflict:
            log.debug("%s of %s is in other hands", kind, subject)

    async def _discard(self, sha: str) -> bool:
        """Delete a blob that nobody uses; False while somebody is about to."""
        if self._pinned[sha] or sha in self._going:
            return False
        self._going[sha] = asyncio.Event()
        try:
            if not await self._store.count(keys.uses(sha), limit=1) and not self._pinned[sha]:
                await self._blobs.delete(sha)
        finally:
            self._going.pop(sha).set()
        return True

    async def _drop_parts(self, transaction: Transaction, owner: str) -> bool:
        records = await self._store.scan(keys.parts(owner), limit=COLLECT_BATCH)
        for record in records:
            transaction.delete(record.key, expect=record.version)
            self.release_part(transaction, decode_part(record.value))
        return len(records) < COLLECT_BATCH

    async def _drop_uploads(self, transaction: Transaction, bucket_id: str) -> bool:
        records = await self._store.scan(keys.uploads(bucket_id), limit=COLLECT_BATCH)
        for record in records:
            transaction.delete(record.key, expect=record.version)
            self.release_parts(transaction, decode_upload(record.value).id)
        return len(records) < COLLECT_BATCH

    async def _sweep(self) -> None:
        before_ms = self._clock.now_ms() - COLLECT_AFTER_MS  # what is younger may be about to be used
        async for shas in self._blobs.older_than(before_ms):
            for sha in shas:
                await self._discard(sha)
