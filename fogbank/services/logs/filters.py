"""Metric filters and subscription filters as stored, and compiled for those who write events.

A change of a group's filters also writes the group's record, whose version every writer checks; so filters compiled for one
version of a group are exactly the ones that hold.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from fogbank.core.limits import METADATA_CACHED_MAX
from fogbank.services.logs import keys
from fogbank.services.logs.directory import Found
from fogbank.services.logs.keys import Place
from fogbank.services.logs.pattern import Pattern, parse_pattern
from fogbank.services.logs.records import LogGroup
from fogbank.store.api import Store


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """A metric filter. `dimensions` map names to selectors or fields of the pattern."""

    name: str
    pattern: str
    metric: str
    namespace: str
    value: str
    created_ms: int
    default: float | None = None
    dimensions: dict[str, str] = field(default_factory=dict)
    unit: str = ""

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> MetricFilter:
        return cls(**orjson.loads(value))


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """A subscription of a Lambda function."""

    name: str
    pattern: str
    destination_arn: str
    distribution: str
    created_ms: int

    def pack(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def unpack(cls, value: bytes) -> SubscriptionFilter:
        return cls(**orjson.loads(value))


@dataclass(frozen=True, slots=True)
class GroupFilters:
    """A group's filters with their patterns compiled."""

    metrics: tuple[tuple[MetricFilter, Pattern], ...]
    subscriptions: tuple[tuple[SubscriptionFilter, Pattern], ...]


class Filters:
    """Compiled filters by group, for the version of the group they were read at."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._compiled: dict[str, tuple[int, GroupFilters]] = {}

    async def of(self, place: Place, group: Found[LogGroup]) -> GroupFilters:
        group_id = group.record.id
        known = self._compiled.get(group_id)
        if known is not None and known[0] == group.version:
            return known[1]
        metrics = await self._store.scan(keys.metric_filters(place, group_id), limit=1000)
        subscriptions = await self._store.scan(keys.subscription_filters(place, group_id), limit=100)
        compiled = GroupFilters(
            tuple(_compile(MetricFilter.unpack(record.value)) for record in metrics),
            tuple(_compile(SubscriptionFilter.unpack(record.value)) for record in subscriptions),
        )
        if len(self._compiled) >= METADATA_CACHED_MAX:
            del self._compiled[next(iter(self._compiled))]
        self._compiled[group_id] = (group.version, compiled)
        return compiled


def _compile(stored: Any) -> tuple[Any, Pattern]:
    return stored, parse_pattern(stored.pattern)
