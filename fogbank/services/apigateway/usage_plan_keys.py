"""Usage plan keys: which API keys belong to which usage plan, and what they have used of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.api_keys import key_of, keys_of
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import PLANS_PER_KEY_MAX
from fogbank.services.apigateway.pages import listed, opened, page_of, page_size, sealed
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule, to_integer
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, limit_exceeded, not_found
from fogbank.services.apigateway.snapshot import plans_of_key
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.usage import day_of, used_of
from fogbank.services.apigateway.usage_plans import plan_of
from fogbank.store.api import ABSENT, Transaction

NO_PLAN_KEY = "Invalid Usage Plan Key ID specified"
READ_MAX = 500
DAYS_MAX = 90


def shown(key: Wire) -> Wire:
    return {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": key.get("name", "")}


async def _member_of(ctx: Call[ApiGateway], plan_id: str, key_id: str) -> tuple[Held, Held]:
    """(the plan, the key's place in it). Raises NotFoundException."""
    plan = await plan_of(ctx, plan_id)
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "plan-key", plan_id, key_id))
    if found is None:
        raise not_found(NO_PLAN_KEY)
    return plan, found


@SERVICE.operation
@retried
async def create_usage_plan_key(
    ctx: Call[ApiGateway], *, usage_plan_id: str, key_id: str, key_type: str
) -> dict[str, Any]:
    """A key may be in several plans, but in one only for each stage."""
    plan = await plan_of(ctx, usage_plan_id)
    if key_type != "API_KEY":
        raise bad_request("Invalid key type specified. Must be API_KEY")
    key = await key_of(ctx, key_id)
    place, store = place_of(ctx), ctx.state.store
    others = await plans_of_key(store, place, key_id)
    stages = {(stage["apiId"], stage["stage"]) for stage in plan.wire["apiStages"]}
    for other in others:
        if other["id"] == usage_plan_id:
            raise conflict(f"API Key {key_id} is already in usage plan {usage_plan_id}")
        if shared := stages & {(stage["apiId"], stage["stage"]) for stage in other["apiStages"]}:
            api_id, stage = min(shared)
            raise conflict(
                f"API Key {key_id} cannot be added to more than one usage plan for API Stage {api_id}:{stage}"
            )
    if len(others) >= PLANS_PER_KEY_MAX:
        raise limit_exceeded(
            f"Maximum number of usage plans for an API key has been reached. Limit: {PLANS_PER_KEY_MAX}"
        )
    tx = (
        Transaction()
        .put(plan.key, pack(plan.wire), expect=plan.version)  # written anew, so that a deletion of either
        .put(key.key, pack(key.wire), expect=key.version)  # that goes on meanwhile notices
        .put(keys.owned(place, "plan-key", usage_plan_id, key_id), b"{}", expect=ABSENT)
        .put(keys.owned(place, "key-plan", key_id, usage_plan_id), b"{}", expect=ABSENT)
    )
    await store.commit(tx)
    return shown(key.wire)


@SERVICE.operation
async def get_usage_plan_key(ctx: Call[ApiGateway], *, usage_plan_id: str, key_id: str) -> dict[str, Any]:
    await _member_of(ctx, usage_plan_id, key_id)
    return shown((await key_of(ctx, key_id)).wire)


@SERVICE.operation
async def get_usage_plan_keys(
    ctx: Call[ApiGateway],
    *,
    usage_plan_id: str,
    position: str | None = None,
    limit: int | None = None,
    name_query: str | None = None,
) -> dict[str, Any]:
    """Those whose name begins with `name_query`."""
    await plan_of(ctx, usage_plan_id)
    prefix = keys.owned(place_of(ctx), "plan-key", usage_plan_id)
    size = page_size(limit)
    after = (*prefix, opened(prefix, position)) if position else None
    found: list[Wire] = []
    while len(found) <= size:  # a filter may leave little of each read
        members = await scan(ctx.state.store, prefix, after=after, limit=READ_MAX)
        named = await keys_of(ctx, [str(each.position) for each in members])
        found += [each for each in named if each.get("name", "").startswith(name_query or "")]
        if len(members) < READ_MAX:
            break
        after = members[-1].key
    following = sealed(prefix, found[size - 1]["id"]) if len(found) > size else None
    return listed([shown(each) for each in found[:size]], following)


@SERVICE.operation
@retried
async def delete_usage_plan_key(ctx: Call[ApiGateway], *, usage_plan_id: str, key_id: str) -> None:
    _, found = await _member_of(ctx, usage_plan_id, key_id)
    place = place_of(ctx)
    tx = Transaction().delete(found.key, expect=found.version)
    tx.delete(keys.owned(place, "key-plan", key_id, usage_plan_id))
    await ctx.state.store.commit(tx.delete_prefix(keys.usage_of_key(place, usage_plan_id, key_id)))


# --- usage ------------------------------------------------------------------------------------------------------------


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"Invalid date specified: {text}. Dates are YYYY-MM-DD") from None


@SERVICE.operation
async def get_usage(
    ctx: Call[ApiGateway],
    *,
    usage_plan_id: str,
    start_date: str,
    end_date: str,
    key_id: str | None = None,
    position: str | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """For each key and day of the range: requests used, and left of the quota at the day's end."""
    plan = await plan_of(ctx, usage_plan_id)
    first, last = _day(start_date), _day(end_date)
    if first > last:
        raise bad_request("Start date must not be after the end date")
    if (last - first).days >= DAYS_MAX:
        raise bad_request(f"Usage can be read for {DAYS_MAX} days at most")
    prefix = keys.owned(place_of(ctx), "plan-key", usage_plan_id)
    following = None
    if key_id is not None:
        await _member_of(ctx, usage_plan_id, key_id)
        key_ids = [key_id]
    else:
        members, following = await page_of(ctx, prefix, position, limit)
        key_ids = [str(each.position) for each in members]
    items = {each: await _usage_of(ctx, plan.wire, each, first, last) for each in key_ids}
    answer: Wire = {
        "usagePlanId": usage_plan_id,
        "startDate": start_date,
        "endDate": end_date,
        "items": items,
    }
    return answer | {"position": following} if following is not None else answer


async def _usage_of(
    ctx: Call[ApiGateway], plan: Wire, key_id: str, first: date, last: date
) -> list[list[int]]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    found = []
    for day in days:
        usage, _ = await used_of(ctx.state.store, place_of(ctx), plan, key_id, day)
        found.append([usage["used"], usage["remaining"]])
    return found


def _replace_remaining(wire: Wire, patch: Patch) -> None:
    wire["remaining"] = to_integer(patch)
    if wire["remaining"] < 0:
        raise bad_request("Remaining quota must not be negative")


PATCHES = Patches({"/remaining": Rule(REPLACE, _replace_remaining)})


@SERVICE.operation
@retried
async def update_usage(
    ctx: Call[ApiGateway],
    *,
    usage_plan_id: str,
    key_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Grant a key more, or less, of what is left of the current period's quota."""
    plan, _ = await _member_of(ctx, usage_plan_id, key_id)
    if "quota" not in plan.wire:
        raise bad_request(f"Usage Plan {usage_plan_id} has no quota")
    place, store = place_of(ctx), ctx.state.store
    today = day_of(ctx.state.clock.now_ms())
    usage, version = await used_of(store, place, plan.wire, key_id, today)
    PATCHES.apply(usage, patch_operations)
    key = keys.usage(place, usage_plan_id, key_id, today.isoformat())
    await store.commit(Transaction().put(key, pack(usage), expect=version))
    return {
        "usagePlanId": usage_plan_id,
        "startDate": today.isoformat(),
        "endDate": today.isoformat(),
        "items": {key_id: [[usage["used"], usage["remaining"]]]},
    }
