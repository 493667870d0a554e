"""Records of APIs: a wire shape as JSON, times in Unix milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.store.api import Key, Part, Record, Store

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A record as read, and what a conditional write needs. `wire` is the reader's own copy."""

    wire: Wire
    version: int
    key: Key

    @property
    def position(self) -> Part:
        """The last part of the key: what a page's position names."""
        return self.key[-1]


def held(record: Record) -> Held:
    return Held(orjson.loads(record.value), record.version, record.key)


def pack(wire: Wire) -> bytes:
    return orjson.dumps(wire)


async def read(store: Store, key: Key) -> Held | None:
    record = await store.get(key)
    return None if record is None else held(record)


async def scan(store: Store, prefix: Key, *, after: Key | None = None, limit: int) -> list[Held]:
    return [held(record) for record in await store.scan(prefix, after=after, limit=limit)]
