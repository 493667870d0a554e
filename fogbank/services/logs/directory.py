"""Finds groups and streams by name. Writers use a bounded cache and check versions when they commit.

A cached answer may be old: another node can have deleted the group. So every transaction of a writer checks the versions
it was built on, and `forget` after a Conflict makes the next look fresh. Readers ask the store itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.services.logs import keys
from fogbank.services.logs.keys import Place
from fogbank.services.logs.records import LogGroup, LogStream
from fogbank.store.api import Store

R = TypeVar("R")
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Found(Generic[R]):
    """A record with the version to check it by."""

    record: R
    version: int


class Directory:
    """Names to groups and streams."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._groups: dict[tuple[Place, str], Found[LogGroup]] = {}
        self._streams: dict[tuple[str, str], Found[LogStream]] = {}

    async def group(self, place: Place, name: str) -> Found[LogGroup] | None:
        """The group as stored; None when there is none."""
        record = await self._store.get(keys.group(place, name))
        return None if record is None else Found(LogGroup.unpack(record.value), record.version)

    async def stream(self, place: Place, group_id: str, name: str) -> Found[LogStream] | None:
        record = await self._store.get(keys.stream(place, group_id, name))
        return None if record is None else Found(LogStream.unpack(record.value), record.version)

    async def cached_group(self, place: Place, name: str) -> Found[LogGroup] | None:
        """The group as last seen: for transactions that check its version."""
        if (found := self._groups.get((place, name))) is None:
            if (found := await self.group(place, name)) is None:
                return None
            _make_room(self._groups)
            self._groups[place, name] = found
        return found

    async def cached_stream(self, place: Place, group_id: str, name: str) -> Found[LogStream] | None:
        if (found := self._streams.get((group_id, name))) is None:
            if (found := await self.stream(place, group_id, name)) is None:
                return None
            _make_room(self._streams)
            self._streams[group_id, name] = found
        return found

    def forget(self, place: Place, group: str, stream: str | None = None) -> None:
        """Look anew next time."""
        found = self._groups.pop((place, group), None)
        if found is not None and stream is not None:
            self._streams.pop((found.record.id, stream), None)


def _make_room(cache: dict[K, V]) -> None:
    """Drop the entry that came first: names in use come back with one read."""
    if len(cache) >= METADATA_CACHED_MAX:
        del cache[next(iter(cache))]
