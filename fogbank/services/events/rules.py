"""Rules: which events of a bus, or which times, lead to their targets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.events import keys
from fogbank.services.events.bus_records import DEFAULT_BUS, DISABLED, ENABLED, BusPlace, Rule, decode_rule
from fogbank.services.events.limits import RULES_MAX
from fogbank.services.events.lookup import changed
from fogbank.services.events.lookup_buses import check_bus, no_rule, own_place
from fogbank.services.events.pages import page
from fogbank.services.events.patterns import check_pattern
from fogbank.services.events.schedules import BadSchedule, parse_schedule
from fogbank.services.events.scheduling import reschedule
from fogbank.services.events.service import SERVICE, limit_exceeded, validation
from fogbank.services.events.state import Events
from fogbank.services.events.tag_rules import with_tags
from fogbank.store.api import ABSENT, Record, Transaction

Wire = dict[str, Any]


@SERVICE.operation
async def put_rule(
    ctx: Call[Events],
    *,
    name: str,
    schedule_expression: str | None = None,
    event_pattern: str | None = None,
    state: str = ENABLED,
    description: str | None = None,
    role_arn: str | None = None,
    tags: list[Wire] | None = None,
    event_bus_name: str | None = None,
) -> Wire:
    """Make a rule or replace one: what is not given is not kept, but for targets and tags."""
    place = own_place(ctx, event_bus_name)
    _check(place, schedule_expression, event_pattern, state)
    store, now_ms = ctx.state.store, ctx.state.clock.now_ms()
    await check_bus(store, place)
    count = await store.count(keys.rules(place.account, place.region, place.name), limit=RULES_MAX)
    key = _key(place, name)
    made = Rule(
        place.account,
        place.region,
        place.name,
        name,
        state,
        ctx.account,
        event_pattern or None,
        schedule_expression or None,
        description,
        role_arn,
        with_tags({}, tags or []),
    )

    def put(there: Record | None) -> tuple[Transaction, Wire]:
        new, expect = made, ABSENT
        if there is not None:
            old = decode_rule(there.value)
            new, expect = replace(made, tags=old.tags, targets=old.targets), there.version
        elif count >= RULES_MAX:
            raise limit_exceeded("The requested resource exceeds the maximum number allowed.")
        transaction = Transaction().put(key, new.encode(), expect=expect)
        reschedule(transaction, new, now_ms)
        return transaction, {"RuleArn": new.arn}

    answer = await changed(store, key, put)
    ctx.state.rules.forget(place)
    return answer


def _check(place: BusPlace, schedule: str | None, pattern: str | None, state: str) -> None:
    if not schedule and not pattern:
        raise validation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if state not in (ENABLED, DISABLED):
        raise NotSupported(f"events PutRule with State {state}")
    if pattern:
        check_pattern(pattern)
    if schedule:
        if place.name != DEFAULT_BUS:
            raise validation("ScheduleExpression is supported only on the default event bus.")
        try:
            parse_schedule(schedule)
        except BadSchedule:
            raise validation("Parameter ScheduleExpression is not valid.") from None


@SERVICE.operation
async def describe_rule(ctx: Call[Events], *, name: str, event_bus_name: str | None = None) -> Wire:
    rule = await _find(ctx, own_place(ctx, event_bus_name), name)
    return _shown(rule) | {"CreatedBy": rule.created_by}


@SERVICE.operation
async def list_rules(
    ctx: Call[Events],
    *,
    name_prefix: str | None = None,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    place = own_place(ctx, event_bus_name)
    await check_bus(ctx.state.store, place)
    found, more = await page(
        ctx.state.store,
        "ListRules",
        keys.rules(place.account, place.region, place.name),
        decode_rule,
        prefix=name_prefix,
        token=next_token,
        limit=limit,
    )
    return {"Rules": [_shown(rule) for rule in found], **more}


@SERVICE.operation
async def list_rule_names_by_target(
    ctx: Call[Events],
    *,
    target_arn: str,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    place = own_place(ctx, event_bus_name)
    await check_bus(ctx.state.store, place)
    found, more = await page(
        ctx.state.store,
        f"ListRuleNamesByTarget {target_arn}",
        keys.rules(place.account, place.region, place.name),
        decode_rule,
        token=next_token,
        limit=limit,
        keep=lambda rule: any(target["Arn"] == target_arn for target in rule.targets),
    )
    return {"RuleNames": [rule.name for rule in found], **more}


@SERVICE.operation
async def delete_rule(
    ctx: Call[Events], *, name: str, event_bus_name: str | None = None, force: bool = False
) -> Wire:
    """`force` is for rules that AWS's services manage; there are none here."""
    place = own_place(ctx, event_bus_name)
    await check_bus(ctx.state.store, place)
    key = _key(place, name)

    def delete(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            return Transaction(), {}  # one that is not there is deleted too
        rule = decode_rule(there.value)
        if rule.targets:
            raise validation("Rule can't be deleted since it has targets.")
        transaction = Transaction().delete(key, expect=there.version)
        reschedule(transaction, replace(rule, state=DISABLED), 0)
        return transaction, {}

    answer = await changed(ctx.state.store, key, delete)
    ctx.state.rules.forget(place)
    return answer


@SERVICE.operation
async def enable_rule(ctx: Call[Events], *, name: str, event_bus_name: str | None = None) -> Wire:
    return await _switch(ctx, name, event_bus_name, ENABLED)


@SERVICE.operation
async def disable_rule(ctx: Call[Events], *, name: str, event_bus_name: str | None = None) -> Wire:
    return await _switch(ctx, name, event_bus_name, DISABLED)


async def _switch(ctx: Call[Events], name: str, bus: str | None, state: str) -> Wire:
    place = own_place(ctx, bus)
    await check_bus(ctx.state.store, place)
    key, now_ms = _key(place, name), ctx.state.clock.now_ms()

    def switch(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_rule(name, place.name)
        old = decode_rule(there.value)
        transaction = Transaction()
        if old.state != state:
            new = replace(old, state=state)
            transaction.put(key, new.encode(), expect=there.version)
            reschedule(transaction, new, now_ms)
        return transaction, {}

    answer = await changed(ctx.state.store, key, switch)
    ctx.state.rules.forget(place)
    return answer


async def _find(ctx: Call[Events], place: BusPlace, name: str) -> Rule:
    record = await ctx.state.store.get(_key(place, name))
    if record is None:
        await check_bus(ctx.state.store, place)
        raise no_rule(name, place.name)
    return decode_rule(record.value)


def _key(place: BusPlace, name: str) -> Any:
    return keys.rule(place.account, place.region, place.name, name)


def _shown(rule: Rule) -> Wire:
    answer: Wire = {
        "Name": rule.name,
        "Arn": rule.arn,
        "State": rule.state,
        "EventBusName": rule.bus,
    }
    for member, value in (
        ("EventPattern", rule.pattern),
        ("ScheduleExpression", rule.schedule),
        ("Description", rule.description),
        ("RoleArn", rule.role_arn),
    ):
        if value is not None:
            answer[member] = value
    return answer
