"""The resource policies of buses. What they decide is bus_access.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from fogbank.model.call import Call
from fogbank.policies.documents import Policy, PolicyError
from fogbank.services.events import keys
from fogbank.services.events.bus_access import ACTION
from fogbank.services.events.bus_records import BusPlace, decode_bus
from fogbank.services.events.limits import POLICY_CHARS_MAX
from fogbank.services.events.lookup import changed
from fogbank.services.events.lookup_buses import find_bus, no_bus, own_place
from fogbank.services.events.service import SERVICE, not_found, validation
from fogbank.services.events.state import Events
from fogbank.store.api import Record, Transaction

Wire = dict[str, Any]

_VERSION = "2012-10-17"


@SERVICE.operation
async def put_permission(
    ctx: Call[Events],
    *,
    event_bus_name: str | None = None,
    action: str | None = None,
    principal: str | None = None,
    statement_id: str | None = None,
    condition: Wire | None = None,
    policy: str | None = None,
) -> Wire:
    """A statement by its parts, or a whole document."""
    place = own_place(ctx, event_bus_name)
    if policy is not None:
        document = _document(policy)
        await _change(ctx, place, lambda _: document)
        return {}
    if action is None or principal is None or statement_id is None:  # the sentence is a guess
        raise validation("Parameters Action, Principal and StatementId are required without a Policy.")
    if action != ACTION:
        raise validation(f"Provided value in parameter 'action' is not supported: {action}")
    statement: Wire = {
        "Sid": statement_id,
        "Effect": "Allow",
        "Principal": "*" if principal == "*" else {"AWS": f"arn:{ctx.partition}:iam::{principal}:root"},
        "Action": action,
        "Resource": place.arn,
    }
    if condition is not None:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}

    def add(before: Wire | None) -> Wire:
        others = [each for each in _statements(before) if each.get("Sid") != statement_id]
        return {"Version": _VERSION, "Statement": [*others, statement]}

    await _change(ctx, place, add)
    return {}


@SERVICE.operation
async def remove_permission(
    ctx: Call[Events],
    *,
    event_bus_name: str | None = None,
    statement_id: str | None = None,
    remove_all_permissions: bool = False,
) -> Wire:
    place = own_place(ctx, event_bus_name)

    def remove(before: Wire | None) -> Wire | None:
        if remove_all_permissions:
            return None
        statements = _statements(before)
        left = [each for each in statements if each.get("Sid") != statement_id]
        if len(left) == len(statements):
            raise not_found("Statement with the provided id does not exist.")
        return {**(before or {}), "Statement": left} if left else None

    await _change(ctx, place, remove)
    return {}


async def _change(ctx: Call[Events], place: BusPlace, change: Any) -> None:
    store, now_ms = ctx.state.store, ctx.state.clock.now_ms()
    await find_bus(store, place, now_ms)
    key = keys.bus(place.account, place.region, place.name)

    def put(there: Record | None) -> tuple[Transaction, Wire]:
        if there is None:
            raise no_bus(place.name)
        bus = decode_bus(there.value)
        policy = change(bus.policy)
        if policy is not None and len(orjson.dumps(policy)) > POLICY_CHARS_MAX:
            raise SERVICE.error(
                "PolicyLengthExceededException", "The policy exceeds the maximum length."
            )  # a guess
        new = replace(bus, policy=policy, modified_ms=now_ms)
        return Transaction().put(key, new.encode(), expect=there.version), {}

    await changed(store, key, put)
    ctx.state.rules.forget(place)


def _statements(policy: Wire | None) -> list[Wire]:
    found = (policy or {}).get("Statement", [])
    return found if isinstance(found, list) else [found]


def _document(text: str) -> Wire:
    """A policy that can be evaluated; the sentence is a guess."""
    try:
        document: Wire = orjson.loads(text)
        Policy(document)
    except (orjson.JSONDecodeError, PolicyError) as problem:
        raise validation(f"Parameter Policy is not valid. Reason: {problem}") from None
    return document
