"""Usage plans: which stages their keys may call, how often (throttle) and how much (quota)."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Held, Wire, held, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys, plan_stages
from fogbank.services.apigateway.drafts import new_id, touch
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import API_KEYS_MAX, STAGES_PER_PLAN_MAX, USAGE_PLANS_MAX
from fogbank.services.apigateway.pages import listed, page_of, page_size
from fogbank.services.apigateway.patching import (
    ADD_REMOVE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    set_or_drop,
    text,
    to_float,
    to_integer,
    whole,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, limit_exceeded, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_PLAN = "Invalid Usage Plan ID specified"
OFFSET_MAX = {"DAY": 0, "WEEK": 6, "MONTH": 27}


async def plan_of(ctx: Call[ApiGateway], plan_id: str) -> Held:
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "plan", plan_id))
    if found is None:
        raise not_found(NO_PLAN)
    return found


def shown(plan: Wire, *, tags: bool) -> Wire:
    """The UsagePlan of an answer; `tags`: shown even when there are none."""
    return plan | {"tags": {}} if tags and "tags" not in plan else plan


def check_plan(plan: Wire) -> None:
    if not plan.get("name"):
        raise bad_request("Usage Plan name must be non-empty")
    quota = plan.get("quota")
    if quota is not None:
        period = quota.get("period")
        if period not in OFFSET_MAX:
            raise bad_request("Usage Plan quota period must be one of: [DAY, WEEK, MONTH]")
        if quota.get("limit", 0) <= 0:
            raise bad_request("Usage Plan quota limit must be greater than zero")
        if not 0 <= quota["offset"] <= OFFSET_MAX[period]:
            rule = "zero" if period == "DAY" else f"between zero and {OFFSET_MAX[period]} inclusive"
            raise bad_request(f"Usage Plan quota offset must be {rule} in the {period} period")
    for throttle in (plan.get("throttle"), *_method_throttles(plan)):
        if throttle is not None and (throttle["burstLimit"] < 0 or throttle["rateLimit"] < 0):
            raise bad_request("Usage Plan throttle limits must not be negative")


def _method_throttles(plan: Wire) -> list[Wire]:
    return [each for stage in plan["apiStages"] for each in stage.get("throttle", {}).values()]


async def check_stages(ctx: Call[ApiGateway], plan: Wire, known: list[Wire]) -> None:
    """The stages that are not in `known` are there, and this account's."""
    if len(plan["apiStages"]) > STAGES_PER_PLAN_MAX:
        raise limit_exceeded(f"Maximum number of API stages for this usage plan is {STAGES_PER_PLAN_MAX}")
    before = {_named(stage) for stage in known}
    for stage in plan["apiStages"]:
        api_id, name = stage.get("apiId"), stage.get("stage")
        if not api_id or not name:
            raise bad_request("Invalid API Stage specified")
        if _named(stage) in before:
            continue
        api, found = await ctx.state.store.get_many(
            [keys.api(place_of(ctx), api_id), keys.stage(api_id, name)]
        )
        if (api is None or found is None) and not await _is_socket_stage(ctx, api_id, name):
            raise no_stage(plan, api_id, name)


async def _is_socket_stage(ctx: Call[ApiGateway], api_id: str, stage: str) -> bool:
    """WebSocket APIs share API keys and usage plans with REST APIs."""
    if "apigatewayv2" not in ctx.calls.services:
        return False
    found: bool = await ctx.calls.internal(
        "apigatewayv2", "owns_socket_stage", ctx.caller, api_id=api_id, stage=stage
    )
    return found


def no_stage(plan: Wire, api_id: str, stage: str) -> Exception:
    return not_found(
        f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {plan['id']}"
    )


def _named(stage: Wire) -> tuple[str, str]:
    return stage.get("apiId") or "", stage.get("stage") or ""


def _throttle(given: Wire) -> Wire:
    return {"burstLimit": given.get("burstLimit", 0), "rateLimit": float(given.get("rateLimit", 0.0))}


def _api_stage(given: Wire) -> Wire:
    throttles = {path: _throttle(each) for path, each in (given.get("throttle") or {}).items()}
    return shape(apiId=given.get("apiId"), stage=given.get("stage"), throttle=throttles or None)


@SERVICE.operation
@retried
async def create_usage_plan(
    ctx: Call[ApiGateway],
    *,
    name: str,
    description: str | None = None,
    api_stages: list[dict[str, Any]] | None = None,
    throttle: dict[str, Any] | None = None,
    quota: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    check_tags(tags)
    place, store = place_of(ctx), ctx.state.store
    if await store.count(keys.owned(place, "plan"), limit=USAGE_PLANS_MAX) >= USAGE_PLANS_MAX:
        raise limit_exceeded(
            f"Maximum number of usage plans in this region has been reached. Limit: {USAGE_PLANS_MAX}"
        )
    plan = shape(
        id=new_id(ctx),
        name=name,
        description=description or None,
        apiStages=[_api_stage(each) for each in api_stages or ()],
        throttle=_throttle(throttle) if throttle else None,
        quota={"limit": 0, "offset": 0} | quota if quota else None,
        tags=tags or None,
    )
    check_plan(plan)
    await check_stages(ctx, plan, [])
    tx = Transaction().put(keys.owned(place, "plan", plan["id"]), pack(plan), expect=ABSENT)
    for stage in plan["apiStages"]:
        await _attach(ctx, tx, plan, stage)
    await store.commit(tx)
    return shown(plan, tags=False)


async def _attach(ctx: Call[ApiGateway], tx: Transaction, plan: Wire, stage: Wire) -> None:
    """The plan refers to the stage from now on: its API must not go meanwhile."""
    api = await read(ctx.state.store, keys.api(place_of(ctx), stage["apiId"]))
    if api is not None:
        touch(tx, api)
    elif not await _is_socket_stage(ctx, stage["apiId"], stage["stage"]):
        raise no_stage(plan, stage["apiId"], stage["stage"])
    plan_stages.attach(tx, plan["id"], stage)


@SERVICE.operation
async def get_usage_plan(ctx: Call[ApiGateway], *, usage_plan_id: str) -> dict[str, Any]:
    return shown((await plan_of(ctx, usage_plan_id)).wire, tags=True)


@SERVICE.operation
async def get_usage_plans(
    ctx: Call[ApiGateway], *, position: str | None = None, key_id: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """All, or those that a key belongs to."""
    place = place_of(ctx)
    if key_id is None:
        found, following = await page_of(ctx, keys.owned(place, "plan"), position, limit)
        return listed([shown(each.wire, tags=False) for each in found], following)
    named, following = await page_of(ctx, keys.owned(place, "key-plan", key_id), position, page_size(limit))
    plans = await ctx.state.store.get_many([keys.owned(place, "plan", each.position) for each in named])
    return listed([shown(held(each).wire, tags=False) for each in plans if each is not None], following)


@SERVICE.operation
@retried
async def delete_usage_plan(ctx: Call[ApiGateway], *, usage_plan_id: str) -> None:
    """The plan, its keys' places in it, and what they used."""
    found = await plan_of(ctx, usage_plan_id)
    place, store = place_of(ctx), ctx.state.store
    tx = Transaction().delete(found.key, expect=found.version)
    for stage in found.wire["apiStages"]:
        plan_stages.release(tx, usage_plan_id, stage)
    prefix = keys.owned(place, "plan-key", usage_plan_id)
    for member in await store.scan(prefix, limit=API_KEYS_MAX):
        tx.delete(keys.owned(place, "key-plan", member.key[-1], usage_plan_id))
    await store.commit(tx.delete_prefix(prefix).delete_prefix(keys.usage_of_plan(place, usage_plan_id)))


# --- patches ----------------------------------------------------------------------------------------------------------


def _change_stages(wire: Wire, patch: Patch) -> None:
    """`API:STAGE` as the value."""
    api_id, _, stage = (patch.value or "").partition(":")
    if not api_id or not stage:
        raise bad_request("Invalid API Stage specified")
    named = {"apiId": api_id, "stage": stage}
    kept = [each for each in wire["apiStages"] if _named(each) != (api_id, stage)]
    if patch.op == "remove" and len(kept) == len(wire["apiStages"]):
        raise no_stage(wire, api_id, stage)
    if patch.op == "add":
        held_now = [each for each in wire["apiStages"] if _named(each) == (api_id, stage)]
        kept += held_now or [named]
    wire["apiStages"] = kept


def _set_throttle(member: str) -> Any:
    def change(wire: Wire, patch: Patch) -> None:
        throttle = wire.setdefault("throttle", _throttle({}))
        throttle[member] = to_integer(patch) if member == "burstLimit" else to_float(patch)

    return change


def _set_quota(member: str) -> Any:
    def change(wire: Wire, patch: Patch) -> None:
        quota = wire.setdefault("quota", {"limit": 0, "offset": 0})
        quota[member] = patch.value if member == "period" else to_integer(patch)

    return change


def _stage_named(wire: Wire, name: str) -> Wire:
    api_id, _, stage = name.partition(":")
    for each in wire["apiStages"]:
        found: Wire = each
        if _named(found) == (api_id, stage):
            return found
    raise not_found(
        f"Invalid API Stage {{api: {api_id}, stage: {stage}}} specified for usageplan {wire['id']}"
    )


def _method_path(resource_path: str, http_method: str) -> str:
    """`/pets` and GET as keys of a stage's throttles: `/pets/GET`."""
    if not re.fullmatch(r"GET|PUT|POST|DELETE|PATCH|OPTIONS|HEAD|ANY|\*", http_method):
        raise bad_request(f"Invalid method specified for usage plan throttle: {http_method}")
    return f"/{resource_path.strip('/')}/{http_method}" if resource_path.strip("/") else f"//{http_method}"


def _change_method_throttle(wire: Wire, patch: Patch) -> None:
    """`/apiStages/{api:stage}/throttle/{resourcePath}/{httpMethod}/rateLimit`, or without the last to remove it."""
    stage = _stage_named(wire, patch.names[0])
    throttles: dict[str, Wire] = stage.get("throttle") or {}
    path = _method_path(patch.names[1], patch.names[2])
    if patch.op == "remove":
        throttles.pop(path, None)
    else:
        throttle = throttles.setdefault(path, _throttle({}))
        member = patch.names[3]
        if member not in throttle:
            raise bad_request(f"Invalid patch path  '{patch.path}' specified for op '{patch.op}'.")
        throttle[member] = to_integer(patch) if member == "burstLimit" else to_float(patch)
    set_or_drop(stage, "throttle", throttles or None)


def _drop_method_throttles(wire: Wire, patch: Patch) -> None:
    _stage_named(wire, patch.name).pop("throttle", None)


#: How Terraform sends it: `/apiStages/API:STAGE/throttle//pets/{id}/GET/rateLimit`, the resource's slashes as they are.
UNESCAPED = re.compile(
    r"(?P<stage>/apiStages/[^/]+/throttle)/(?P<path>/.*)/(?P<rest>(?:GET|PUT|POST|DELETE|PATCH|OPTIONS|HEAD|ANY|\*)"
    r"(?:/(?:rateLimit|burstLimit))?)"
)


def _escaped(operation: dict[str, Any]) -> dict[str, Any]:
    """A patch operation whose resource path is one step."""
    found = UNESCAPED.fullmatch(operation.get("path") or "")
    if found is None:
        return operation
    path = found["path"].replace("~", "~0").replace("/", "~1") if "~1" not in found["path"] else found["path"]
    return operation | {"path": f"{found['stage']}/{path}/{found['rest']}"}


METHOD = "/apiStages/{api:stage}/throttle/{resourcePath}/{httpMethod}"
PATCHES = Patches(
    {
        "/name": Rule(REPLACE, text("name")),
        "/description": Rule(REPLACE, text("description")),
        "/productCode": Rule(REPLACE, text("productCode")),
        "/apiStages": Rule(ADD_REMOVE, _change_stages),
        "/apiStages/{api:stage}/throttle": Rule(("remove",), _drop_method_throttles),
        METHOD: Rule(("remove",), _change_method_throttle),
        METHOD + "/{limit}": Rule(("add", "replace"), _change_method_throttle),
        "/throttle": Rule(("remove",), whole("throttle")),
        "/throttle/burstLimit": Rule(("add", "replace"), _set_throttle("burstLimit")),
        "/throttle/rateLimit": Rule(("add", "replace"), _set_throttle("rateLimit")),
        "/quota": Rule(("remove",), whole("quota")),
        "/quota/limit": Rule(("add", "replace"), _set_quota("limit")),
        "/quota/offset": Rule(("add", "replace"), _set_quota("offset")),
        "/quota/period": Rule(("add", "replace"), _set_quota("period")),
    }
)


@SERVICE.operation
@retried
async def update_usage_plan(
    ctx: Call[ApiGateway], *, usage_plan_id: str, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    found = await plan_of(ctx, usage_plan_id)
    before = list(found.wire["apiStages"])
    PATCHES.apply(found.wire, [_escaped(each) for each in patch_operations or ()])
    check_plan(found.wire)
    await check_stages(ctx, found.wire, before)
    tx = Transaction().put(found.key, pack(found.wire), expect=found.version)
    now = {_named(stage) for stage in found.wire["apiStages"]}
    for stage in before:
        if _named(stage) not in now:
            plan_stages.release(tx, usage_plan_id, stage)
    for stage in found.wire["apiStages"]:
        if stage not in before:
            await _attach(ctx, tx, found.wire, stage)
    await ctx.state.store.commit(tx)
    return shown(found.wire, tags=True)
