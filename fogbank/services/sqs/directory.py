"""Queues by name. Kept in memory as last seen; whoever writes checks the version, and forgets after a Conflict."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.core.records import hot_record
from fogbank.services.sqs import keys
from fogbank.services.sqs.names import Place
from fogbank.services.sqs.records import Queue, decode_queue
from fogbank.services.sqs.service import no_queue
from fogbank.store.api import Key, Store


@hot_record
class Found:
    """A queue with where it is stored, and the version to check it by."""

    queue: Queue
    version: int
    key: Key


class Directory:
    """The cache of one node."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cached: dict[Place, Found] = {}
        self._generation = 0
        self._end_watch: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._end_watch = self._store.watch_records(keys.QUEUES, self.clear)

    def close(self) -> None:
        self._end_watch()

    def clear(self) -> None:
        """A queue changed somewhere."""
        self._generation += 1
        self._cached.clear()

    def at_hand(self, place: Place) -> Found | None:
        """As last seen."""
        return self._cached.get(place)

    async def find(self, place: Place) -> Found:
        """The queue; QueueDoesNotExist."""
        found = self._cached.get(place) or await self.look(place)
        if found is None:
            raise no_queue()
        return found

    async def look(self, place: Place) -> Found | None:
        """As stored at this moment; None when there is none."""
        generation, key = self._generation, keys.queue(*place)
        record = await self._store.get(key)
        if record is None:
            self._cached.pop(place, None)
            return None
        found = Found(decode_queue(record.value), record.version, key)
        if generation == self._generation:
            if len(self._cached) >= METADATA_CACHED_MAX:
                self._cached.clear()
            self._cached[place] = found
        return found
