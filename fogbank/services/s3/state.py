"""What one fogbank keeps for S3: the store, the blobs, and the collector of those that are not used any more."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fogbank.core.clock import Clock
from fogbank.core.conflicts import again
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.s3.collecting import Collector
from fogbank.services.s3.limits import CONFLICTS_MAX
from fogbank.services.s3.service import conflicting
from fogbank.store.api import Store
from fogbank.store.blobs import FileBlobs

T = TypeVar("T")


class S3:
    """The state behind the s3 service. `blobs` are S3's alone: whoever else keeps the same content counts for itself."""

    def __init__(self, *, store: Store, blobs: FileBlobs, clock: Clock, ids: Ids, lanes: Lanes) -> None:
        self.store = store
        self.blobs = blobs
        self.clock = clock
        self.ids = ids
        self.collector = Collector(store, blobs, clock, ids, lanes)

    async def start(self) -> None:
        """Begin to collect."""
        self.collector.start()

    async def close(self) -> None:
        await self.collector.close()

    def now_ms(self) -> int:
        """S3's times are whole seconds."""
        return self.clock.now_ms() // 1000 * 1000

    def new_generation(self) -> str:
        return self.ids.hex(32)

    def new_upload_id(self, key: str) -> str:
        """Ids of later uploads sort behind those of earlier ones, and tell what they are for."""
        return f"{self.clock.now_ms():012x}{_mark(key)}{self.ids.alnum(40)}"


def is_upload_of(upload_id: str, key: str) -> bool:
    """Whether an upload id was given out for a key, be the upload over or not."""
    return upload_id[12:24] == _mark(key)


def _mark(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def retried(attempt: Callable[[], Awaitable[T]]) -> Awaitable[T]:
    """A read-decide-commit. Raises OperationAborted when it never succeeds."""
    return again(attempt, CONFLICTS_MAX, conflicting)
