"""Event buses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.bus_records import DEFAULT_BUS, Bus, BusPlace, decode_bus
from fogbank.services.events.limits import BUSES_MAX
from fogbank.services.events.lookup import changed
from fogbank.services.events.lookup_buses import find_bus, no_bus, own_place
from fogbank.services.events.pages import page
from fogbank.services.events.service import SERVICE, exists, limit_exceeded, validation
from fogbank.services.events.state import Events
from fogbank.services.events.tag_rules import with_tags
from fogbank.store.api import ABSENT, Record, Transaction

Wire = dict[str, Any]


@SERVICE.operation(refuses={"EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"})
async def create_event_bus(
    ctx: Call[Events],
    *,
    name: str,
    description: str | None = None,
    tags: list[Wire] | None = None,
) -> Wire:
    state, now_ms = ctx.state, ctx.state.clock.now_ms()
    if "/" in name:  # names of partner buses have them; the sentence is a guess
        raise validation("Event bus name must not contain '/'.")
    if await state.store.count(keys.buses(ctx.account, ctx.region), limit=BUSES_MAX) >= BUSES_MAX:
        raise limit_exceeded("The requested resource exceeds the maximum number allowed.")
    made = Bus(ctx.account, ctx.region, name, now_ms, now_ms, description, None, with_tags({}, tags or []))
    key = keys.bus(ctx.account, ctx.region, name)

    def create(there: Record | None) -> tuple[Transaction, Wire]:
        if there is not None or name == DEFAULT_BUS:
            raise exists(f"Event bus {name} already exists.")
        answer = {"EventBusArn": made.place.arn}
        if description is not None:
            answer["Description"] = description
        return Transaction().put(key, made.encode(), expect=ABSENT), answer

    answer = await changed(state.store, key, create)
    state.rules.forget(made.place)
    return answer


@SERVICE.operation
async def describe_event_bus(ctx: Call[Events], *, name: str | None = None) -> Wire:
    bus, _ = await find_bus(ctx.state.store, own_place(ctx, name), ctx.state.clock.now_ms())
    return _shown(bus)


@SERVICE.operation
async def list_event_buses(
    ctx: Call[Events],
    *,
    name_prefix: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    default = BusPlace(ctx.account, ctx.region, DEFAULT_BUS)
    await find_bus(ctx.state.store, default, ctx.state.clock.now_ms())
    found, more = await page(
        ctx.state.store,
        "ListEventBuses",
        keys.buses(ctx.account, ctx.region),
        decode_bus,
        prefix=name_prefix,
        token=next_token,
        limit=limit,
    )
    return {"EventBuses": [_shown(bus) for bus in found], **more}


@SERVICE.operation(refuses={"KmsKeyIdentifier", "DeadLetterConfig", "LogConfig"})
async def update_event_bus(
    ctx: Call[Events], *, name: str | None = None, description: str | None = None
) -> Wire:
    place = own_place(ctx, name)
    now_ms = ctx.state.clock.now_ms()
    await find_bus(ctx.state.store, place, now_ms)
    key = keys.bus(place.account, place.region, place.name)

    def update(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_bus(place.name)
        bus = replace(decode_bus(there.value), description=description, modified_ms=now_ms)
        answer = {"Arn": place.arn, "Name": place.name}
        if description is not None:
            answer["Description"] = description
        return Transaction().put(key, bus.encode(), expect=there.version), answer

    return await changed(ctx.state.store, key, update)


@SERVICE.operation
async def delete_event_bus(ctx: Call[Events], *, name: str) -> Wire:
    """Of a bus without rules, as AWS has it."""
    if name == DEFAULT_BUS:
        raise validation("Cannot delete event bus default.")
    place = own_place(ctx, name)
    store = ctx.state.store
    if await store.count(keys.rules(place.account, place.region, place.name), limit=1):
        raise validation(f"Event bus {name} can't be deleted since it has rules.")  # a guess
    key = keys.bus(place.account, place.region, place.name)

    def delete(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_bus(place.name)
        return Transaction().delete(key, expect=there.version), {}

    answer = await changed(store, key, delete)
    ctx.state.rules.forget(place)
    return answer


def _shown(bus: Bus) -> Wire:
    answer: Wire = {
        "Name": bus.name,
        "Arn": bus.place.arn,
        "CreationTime": bus.created_ms,
        "LastModifiedTime": bus.modified_ms,
    }
    if bus.description is not None:
        answer["Description"] = bus.description
    if bus.policy is not None:
        answer["Policy"] = orjson.dumps(bus.policy).decode()
    return answer
