"""Records of API Gateway: the wire shape of their noun as JSON, times in Unix milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.core.conflicts import retrying
from fogbank.services.apigateway.limits import CONFLICT_RETRIES_MAX
from fogbank.services.apigateway.service import too_many_requests
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


def shape(**members: Any) -> Wire:
    """A wire shape from those members that are there."""
    return {name: value for name, value in members.items() if value is not None}


def nests_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects of a JSON value lie deeper in each other than that."""
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for each in layer
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not layer:
            return False
    return any(isinstance(each, dict | list) for each in layer)


retried = retrying(CONFLICT_RETRIES_MAX, too_many_requests)
