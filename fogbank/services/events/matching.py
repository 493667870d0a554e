"""The rules of buses, compiled and kept at hand, and what an event owes to their targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank.core.ids import Ids
from fogbank.services.events import keys
from fogbank.services.events.bus_records import (
    DEFAULT_BUS,
    ENABLED,
    Bus,
    BusPlace,
    Rule,
    decode_bus,
    decode_rule,
)
from fogbank.services.events.event import Owed
from fogbank.services.events.limits import BUSES_CACHED_MAX, RULES_MAX
from fogbank.services.events.queues import queue_of
from fogbank.store.api import Store, Transaction
from fogbank.streams.filters import Match, parse_pattern


@dataclass(frozen=True, slots=True)
class Served:
    """A bus as it serves: its record (None: `default` before it has one) and its enabled rules with patterns."""

    bus: Bus | None
    rules: tuple[tuple[Rule, Match], ...]

    def matching(self, event: dict[str, Any]) -> list[Rule]:
        return [rule for rule, match in self.rules if match(event)]


class Rules:
    """Of all buses that are in use on this node. What another node changes is seen by the store's news."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._served: dict[BusPlace, Served | None] = {}
        self._generation = 0
        self._unwatch: Callable[[], None] | None = None

    def start(self) -> None:
        self._unwatch = self._store.watch_records(keys.ROOT, self._forget_all)

    def close(self) -> None:
        if self._unwatch is not None:
            self._unwatch()

    def forget(self, place: BusPlace) -> None:
        """Its bus or one of its rules was changed here: the caller's next event is to see it."""
        self._generation += 1
        self._served.pop(place, None)

    def _forget_all(self) -> None:
        self._generation += 1
        self._served.clear()

    async def of(self, place: BusPlace) -> Served | None:
        """None when there is no such bus."""
        if place in self._served:
            return self._served[place]
        generation = self._generation
        served = await self._load(place)
        if generation == self._generation:
            if len(self._served) >= BUSES_CACHED_MAX:
                self._served.clear()
            self._served[place] = served
        return served

    async def _load(self, place: BusPlace) -> Served | None:
        record = await self._store.get(keys.bus(place.account, place.region, place.name))
        if record is None and place.name != DEFAULT_BUS:
            return None
        under = keys.rules(place.account, place.region, place.name)
        rules = [decode_rule(each.value) for each in await self._store.scan(under, limit=2 * RULES_MAX)]
        return Served(
            None if record is None else decode_bus(record.value),
            tuple(
                (rule, parse_pattern(rule.pattern))
                for rule in rules
                if rule.pattern is not None and rule.state == ENABLED
            ),
        )


def owe(
    transaction: Transaction,
    ids: Ids,
    rule: Rule,
    event: dict[str, Any],
    now_ms: int,
    *,
    ingested_ms: int,
    hops: int = 0,
    trace: str = "",
) -> None:
    """Queue the event for each target of a rule. The rule's own role is that of targets without one."""
    role = {} if rule.role_arn is None else {"RoleArn": rule.role_arn}
    for given in rule.targets:
        target = role | given
        owed = Owed(rule.account, rule.region, rule.bus, rule.name, target, event, ingested_ms, hops, trace)
        transaction.enqueue(queue_of(target["Arn"]), ids.uuid(), owed.encode(), due_ms=now_ms)
