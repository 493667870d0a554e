"""Tags of event buses and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.bus_records import BusPlace, decode_bus, decode_rule
from fogbank.services.events.lookup import changed
from fogbank.services.events.lookup_buses import check_bus, find_bus, no_bus, no_rule, tagged_of_arn
from fogbank.services.events.service import SERVICE
from fogbank.services.events.state import Events
from fogbank.services.events.tag_rules import wire_tags, with_tags
from fogbank.store.api import Record, Transaction

Wire = dict[str, Any]
Change = Callable[[Mapping[str, str]], dict[str, str]]


@SERVICE.operation
async def tag_resource(ctx: Call[Events], *, resource_arn: str, tags: list[Wire]) -> Wire:
    await _change(ctx, resource_arn, lambda before: with_tags(before, tags))
    return {}


@SERVICE.operation
async def untag_resource(ctx: Call[Events], *, resource_arn: str, tag_keys: list[str]) -> Wire:
    await _change(
        ctx,
        resource_arn,
        lambda before: {key: value for key, value in before.items() if key not in tag_keys},
    )
    return {}


@SERVICE.operation
async def list_tags_for_resource(ctx: Call[Events], *, resource_arn: str) -> Wire:
    place, rule = tagged_of_arn(ctx, resource_arn)
    store = ctx.state.store
    if rule is None:
        bus, _ = await find_bus(store, place, ctx.state.clock.now_ms())
        return {"Tags": wire_tags(bus.tags)}
    record = await store.get(keys.rule(place.account, place.region, place.name, rule))
    if record is None:
        raise no_rule(rule, place.name)
    return {"Tags": wire_tags(decode_rule(record.value).tags)}


async def _change(ctx: Call[Events], arn: str, change: Change) -> None:
    place, rule = tagged_of_arn(ctx, arn)
    if rule is None:
        await _change_bus(ctx, place, change)
    else:
        await _change_rule(ctx, place, rule, change)


async def _change_bus(ctx: Call[Events], place: BusPlace, change: Change) -> None:
    store = ctx.state.store
    await find_bus(store, place, ctx.state.clock.now_ms())
    key = keys.bus(place.account, place.region, place.name)

    def tag(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_bus(place.name)
        bus = decode_bus(there.value)
        return Transaction().put(key, replace(bus, tags=change(bus.tags)).encode(), expect=there.version), {}

    await changed(store, key, tag)


async def _change_rule(ctx: Call[Events], place: BusPlace, name: str, change: Change) -> None:
    store = ctx.state.store
    await check_bus(store, place)
    key = keys.rule(place.account, place.region, place.name, name)

    def tag(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_rule(name, place.name)
        rule = decode_rule(there.value)
        return Transaction().put(
            key, replace(rule, tags=change(rule.tags)).encode(), expect=there.version
        ), {}

    await changed(store, key, tag)
