"""Records of API Gateway: the wire shape of their noun as JSON, times in Unix milliseconds."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import orjson

from fogbank.core.errors import Conflict
from fogbank.services.apigateway.limits import CONFLICT_RETRIES_MAX
from fogbank.services.apigateway.service import too_many_requests
from fogbank.store.api import Key, Part, Record, Store

Wire = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


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


def retried(function: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run a read-decide-commit operation again when another one was quicker; TooManyRequestsException in the end."""

    @functools.wraps(function)
    async def attempts(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(CONFLICT_RETRIES_MAX):
            try:
                return await function(*args, **kwargs)
            except Conflict:
                continue
        raise too_many_requests()

    return attempts
