"""Stages: what serves a deployment, under which settings. Live: what changes here holds at once."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys, stage_patches
from fogbank.services.apigateway.domain_uses import check_unmapped
from fogbank.services.apigateway.drafts import api_of, change, check_untouched, no_room, stamp, touch
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import STAGES_PER_API_MAX
from fogbank.services.apigateway.patching import parsed
from fogbank.services.apigateway.plan_stages import detach
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, not_found
from fogbank.services.apigateway.stage_rules import canary_of, check_access_logs, check_stage, new_stage
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_STAGE = "Invalid stage identifier specified"


async def stage_of(ctx: Call[ApiGateway], api_id: str, name: str) -> tuple[Held, Held]:
    """(the API, the stage). Raises NotFoundException."""
    api = await read(ctx.state.store, keys.api(place_of(ctx), api_id))
    stage = await read(ctx.state.store, keys.stage(api_id, name))
    if api is None or stage is None:
        raise not_found(NO_STAGE)
    return api, stage


async def check_stage_room(ctx: Call[ApiGateway], api_id: str) -> None:
    count = await ctx.state.store.count(keys.stages(api_id), limit=STAGES_PER_API_MAX)
    if count >= STAGES_PER_API_MAX:
        raise no_room("stages")


@SERVICE.internal
async def owns_stage(ctx: Call[ApiGateway], *, api_id: str, stage: str) -> bool | None:
    """A REST API of the caller's has that stage; None when there is no such API."""
    if await read(ctx.state.store, keys.api(place_of(ctx), api_id)) is None:
        return None
    return await read(ctx.state.store, keys.stage(api_id, stage)) is not None


@SERVICE.operation
@retried
async def create_stage(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    stage_name: str,
    deployment_id: str,
    description: str | None = None,
    cache_cluster_enabled: bool = False,
    cache_cluster_size: str | None = None,
    variables: dict[str, str] | None = None,
    documentation_version: str | None = None,
    canary_settings: dict[str, Any] | None = None,
    tracing_enabled: bool = False,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    api = await api_of(ctx, rest_api_id)
    check_tags(tags)
    stage = new_stage(
        stage_name,
        deployment_id,
        stamp(ctx),
        description=description,
        variables=variables,
        cache_cluster_enabled=cache_cluster_enabled,
        cache_cluster_size=cache_cluster_size,
        tracing_enabled=tracing_enabled,
        documentation_version=documentation_version,
        canary=canary_of(canary_settings, deployment_id) if canary_settings is not None else None,
        tags=tags,
    )
    key = keys.stage(rest_api_id, stage_name)
    if await read(ctx.state.store, key) is not None:
        raise conflict("Stage already exists")
    if await read(ctx.state.store, keys.part(rest_api_id, "deployment", deployment_id)) is None:
        raise not_found("Invalid Deployment identifier specified")
    await check_stage(ctx, rest_api_id, stage)
    await check_stage_room(ctx, rest_api_id)
    await ctx.state.store.commit(change(api).put(key, pack(stage), expect=ABSENT))
    return stage


@SERVICE.operation
async def get_stage(ctx: Call[ApiGateway], *, rest_api_id: str, stage_name: str) -> dict[str, Any]:
    _, stage = await stage_of(ctx, rest_api_id, stage_name)
    return stage.wire


@SERVICE.operation
async def get_stages(
    ctx: Call[ApiGateway], *, rest_api_id: str, deployment_id: str | None = None
) -> dict[str, Any]:
    """All stages, or those of a deployment. AWS has no pages here: an API has at most ten."""
    await api_of(ctx, rest_api_id)
    found = await all_stages(ctx, rest_api_id)
    return {"item": [each for each in found if deployment_id in (None, each["deploymentId"])]}


async def all_stages(ctx: Call[ApiGateway], api_id: str) -> list[Wire]:
    found = await scan(ctx.state.store, keys.stages(api_id), limit=STAGES_PER_API_MAX)
    return [each.wire for each in found]


@SERVICE.operation
@retried
async def delete_stage(ctx: Call[ApiGateway], *, rest_api_id: str, stage_name: str) -> None:
    """The stage, its cache, and its place in usage plans."""
    api, stage = await stage_of(ctx, rest_api_id, stage_name)
    store = ctx.state.store
    tx = Transaction()
    await check_untouched(ctx, tx, rest_api_id)
    await check_unmapped(ctx, rest_api_id, stage_name)
    touch(tx, api).delete(stage.key, expect=stage.version).delete(keys.cache_epoch(rest_api_id, stage_name))
    await detach(store, tx, place_of(ctx), rest_api_id, stage_name)
    await store.commit(tx)


@SERVICE.operation
@retried
async def update_stage(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    stage_name: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, stage = await stage_of(ctx, rest_api_id, stage_name)
    stage_patches.apply(stage.wire, parsed(patch_operations))
    if not stage.wire.get("deploymentId"):
        raise bad_request("Deployment id does not exist")
    settings = stage.wire.get("accessLogSettings")
    if settings is not None:
        if not settings:
            del stage.wire["accessLogSettings"]
        else:
            check_access_logs(settings)
    await check_stage(ctx, rest_api_id, stage.wire)
    stage.wire["lastUpdatedDate"] = stamp(ctx)
    await ctx.state.store.commit(change(api).put(stage.key, pack(stage.wire), expect=stage.version))
    return stage.wire


@retried
async def _flush(ctx: Call[ApiGateway], api_id: str, stage_name: str, what: str) -> None:
    """Count a flush: the data plane keeps no entry that an earlier count had."""
    _, stage = await stage_of(ctx, api_id, stage_name)
    key = keys.cache_epoch(api_id, stage_name)
    epoch = await read(ctx.state.store, key)
    counts = epoch.wire if epoch is not None else {}
    counts[what] = counts.get(what, 0) + 1
    tx = Transaction().check(stage.key, stage.version)
    await ctx.state.store.commit(
        tx.put(key, pack(counts), expect=epoch.version if epoch is not None else ABSENT)
    )


@SERVICE.operation
async def flush_stage_cache(ctx: Call[ApiGateway], *, rest_api_id: str, stage_name: str) -> None:
    await _flush(ctx, rest_api_id, stage_name, "cache")


@SERVICE.operation
async def flush_stage_authorizers_cache(ctx: Call[ApiGateway], *, rest_api_id: str, stage_name: str) -> None:
    await _flush(ctx, rest_api_id, stage_name, "authorizers")
