"""Targets of rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.model.page_tokens import ForeignToken, seal, unseal
from fogbank.services.events import keys
from fogbank.services.events.bus_records import Rule, decode_rule
from fogbank.services.events.limits import PAGE_ITEMS_MAX, TARGETS_MAX
from fogbank.services.events.lookup import changed
from fogbank.services.events.lookup_buses import check_bus, no_rule, own_place
from fogbank.services.events.service import SERVICE, limit_exceeded, validation
from fogbank.services.events.state import Events
from fogbank.services.events.target_checks import check_target
from fogbank.store.api import Record, Transaction

Wire = dict[str, Any]


@SERVICE.operation
async def put_targets(
    ctx: Call[Events], *, rule: str, event_bus_name: str | None = None, targets: list[Wire]
) -> Wire:
    """One of an Id that is there takes its place."""
    given = {target["Id"]: target for target in targets}

    def put(old: Rule) -> list[Wire]:
        for target in targets:
            check_target(target, has_role=old.role_arn is not None)
        merged = {target["Id"]: target for target in old.targets} | given
        if len(merged) > TARGETS_MAX:
            raise limit_exceeded("The requested resource exceeds the maximum number allowed.")
        return list(merged.values())

    await _change(ctx, rule, event_bus_name, put)
    return {"FailedEntryCount": 0, "FailedEntries": []}


@SERVICE.operation
async def remove_targets(
    ctx: Call[Events],
    *,
    rule: str,
    event_bus_name: str | None = None,
    ids: list[str],
    force: bool = False,
) -> Wire:
    """`force` is for rules that AWS's services manage; there are none here."""
    failed: list[Wire] = []

    def remove(old: Rule) -> list[Wire]:
        there = {target["Id"] for target in old.targets}
        failed[:] = [
            {
                "TargetId": identifier,
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": f"Rule {rule} does not have a target with the Id {identifier}.",  # a guess
            }
            for identifier in ids
            if identifier not in there
        ]
        return [target for target in old.targets if target["Id"] not in ids]

    await _change(ctx, rule, event_bus_name, remove)
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


@SERVICE.operation
async def list_targets_by_rule(
    ctx: Call[Events],
    *,
    rule: str,
    event_bus_name: str | None = None,
    next_token: str | None = None,
    limit: int | None = None,
) -> Wire:
    place = own_place(ctx, event_bus_name)
    record = await ctx.state.store.get(keys.rule(place.account, place.region, place.name, rule))
    if record is None:
        await check_bus(ctx.state.store, place)
        raise no_rule(rule, place.name)
    found = decode_rule(record.value)
    kind = f"events ListTargetsByRule {found.arn}"
    try:
        start = 0 if next_token is None else int(unseal(kind, next_token))
    except ForeignToken:
        raise validation("NextToken is not valid.") from None  # a guess
    end = start + (limit or PAGE_ITEMS_MAX)
    answer: Wire = {"Targets": found.targets[start:end]}
    if end < len(found.targets):
        answer["NextToken"] = seal(kind, end)
    return answer


async def _change(ctx: Call[Events], name: str, bus: str | None, change: Any) -> None:
    place = own_place(ctx, bus)
    await check_bus(ctx.state.store, place)
    key = keys.rule(place.account, place.region, place.name, name)

    def put(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_rule(name, place.name)
        old = decode_rule(there.value)
        new = replace(old, targets=change(old))
        return Transaction().put(key, new.encode(), expect=there.version), {}

    await changed(ctx.state.store, key, put)
    ctx.state.rules.forget(place)
