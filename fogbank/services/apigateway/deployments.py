"""Deployments: frozen snapshots of an API, and the stages that they are made on."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import (
    api_of,
    change,
    check_room,
    check_untouched,
    new_id,
    part_of,
    stamp,
)
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import DEPLOYMENTS_PER_API_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request
from fogbank.services.apigateway.snapshot import draft_snapshot, load_snapshot, put_snapshot
from fogbank.services.apigateway.stage_rules import canary_of, check_variables, new_stage, set_cache
from fogbank.services.apigateway.stages import all_stages, check_stage_room
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Transaction

NO_DEPLOYMENT = "Invalid Deployment identifier specified"
INVALID = "Invalid deployment content specified."


@SERVICE.operation
@retried
async def create_deployment(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    stage_name: str | None = None,
    stage_description: str | None = None,
    description: str | None = None,
    cache_cluster_enabled: bool | None = None,
    cache_cluster_size: str | None = None,
    variables: dict[str, str] | None = None,
    canary_settings: dict[str, Any] | None = None,
    tracing_enabled: bool | None = None,
) -> dict[str, Any]:
    """Freeze the draft; with a stage's name, make the stage serve it, or its canary."""
    api = await api_of(ctx, rest_api_id)
    store = ctx.state.store
    revision = await store.get(keys.revision(rest_api_id))
    content = await draft_snapshot(store, place_of(ctx), rest_api_id)
    if content is None or revision is None:
        raise bad_request(NO_DEPLOYMENT)
    stage = await read(store, keys.stage(rest_api_id, stage_name)) if stage_name else None
    if canary_settings is not None:
        _check_canary(stage_name, stage)
    _check_deployable(content)
    await check_room(ctx, rest_api_id, "deployment", DEPLOYMENTS_PER_API_MAX)
    now_ms = stamp(ctx)
    deployment = shape(id=new_id(ctx), description=description or None, createdDate=now_ms)
    tx = Transaction().check(keys.revision(rest_api_id), revision.version)
    tx.check(api.key, api.version)
    tx.put(keys.part(rest_api_id, "deployment", deployment["id"]), pack(deployment), expect=ABSENT)
    put_snapshot(tx, rest_api_id, deployment["id"], content)
    if stage_name:
        asked = {
            "description": stage_description,
            "cacheClusterEnabled": cache_cluster_enabled,
            "cacheClusterSize": cache_cluster_size,
            "variables": variables,
            "tracingEnabled": tracing_enabled,
        }
        if stage is None:
            await check_stage_room(ctx, rest_api_id)
            tx.put(
                keys.stage(rest_api_id, stage_name),
                pack(_stage_for(stage_name, deployment["id"], now_ms, asked)),
                expect=ABSENT,
            )
        else:
            _serve(stage.wire, deployment["id"], now_ms, asked, canary_settings)
            tx.put(stage.key, pack(stage.wire), expect=stage.version)
    tx.put(keys.revision(rest_api_id), b"{}")
    await store.commit(tx)
    return deployment


def _check_canary(stage_name: str | None, stage: Held | None) -> None:
    if not stage_name:
        shown = "null" if stage_name is None else stage_name
        raise bad_request(
            f"{INVALID}Non null and non empty stageName must be provided for canary deployment. "
            f"Provided value is {shown}"
        )
    if stage is None:
        raise bad_request(
            f"{INVALID}Stage {stage_name} must already be created before making a canary release deployment"
        )


def _check_deployable(content: Wire) -> None:
    methods = [
        method for resource in content["resources"] for method in resource.get("resourceMethods", {}).values()
    ]
    if not methods:
        raise bad_request("The REST API doesn't contain any methods")
    if any("methodIntegration" not in method for method in methods):
        raise bad_request("No integration defined for method")


def _stage_for(name: str, deployment_id: str, now_ms: int, asked: Wire) -> Wire:
    return new_stage(
        name,
        deployment_id,
        now_ms,
        description=asked["description"],
        variables=asked["variables"],
        cache_cluster_enabled=bool(asked["cacheClusterEnabled"]),
        cache_cluster_size=asked["cacheClusterSize"],
        tracing_enabled=bool(asked["tracingEnabled"]),
    )


def _serve(stage: Wire, deployment_id: str, now_ms: int, asked: Wire, canary: Wire | None) -> None:
    """A stage that is there serves the new deployment; what is not asked for stays as it is."""
    check_variables(asked["variables"])
    if canary is not None:
        stage["canarySettings"] = canary_of(canary, deployment_id)
    else:
        stage["deploymentId"] = deployment_id
    for member in ("description", "variables", "tracingEnabled"):
        if asked[member] is not None:
            stage[member] = asked[member]
    if asked["cacheClusterEnabled"] is not None or asked["cacheClusterSize"] is not None:
        enabled = asked["cacheClusterEnabled"]
        set_cache(
            stage, stage["cacheClusterEnabled"] if enabled is None else enabled, asked["cacheClusterSize"]
        )
    stage["lastUpdatedDate"] = now_ms


@SERVICE.operation
async def get_deployment(
    ctx: Call[ApiGateway], *, rest_api_id: str, deployment_id: str, embed: list[str] | None = None
) -> dict[str, Any]:
    """`embed=apisummary`: which methods it serves, by path."""
    _, found = await part_of(ctx, rest_api_id, "deployment", deployment_id, missing=NO_DEPLOYMENT)
    if not embed or "apisummary" not in embed:
        return found.wire
    content = await load_snapshot(ctx.state.store, rest_api_id, deployment_id)
    return found.wire | {"apiSummary": summary_of(content or {"resources": []})}


def summary_of(content: Wire) -> Wire:
    return {
        resource["path"]: {
            name: {
                "authorizationType": method["authorizationType"],
                "apiKeyRequired": method["apiKeyRequired"],
            }
            for name, method in resource["resourceMethods"].items()
        }
        for resource in content["resources"]
        if resource.get("resourceMethods")
    }


@SERVICE.operation
async def get_deployments(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    return await answer_page(ctx, keys.part(rest_api_id, "deployment"), position, limit)


@SERVICE.operation
@retried
async def delete_deployment(ctx: Call[ApiGateway], *, rest_api_id: str, deployment_id: str) -> None:
    """Refused while a stage, or its canary, serves it."""
    tx = Transaction()
    await check_untouched(ctx, tx, rest_api_id)
    api, found = await part_of(ctx, rest_api_id, "deployment", deployment_id, missing=NO_DEPLOYMENT)
    for stage in await all_stages(ctx, rest_api_id):
        if deployment_id in (stage["deploymentId"], stage.get("canarySettings", {}).get("deploymentId")):
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
    tx.check(api.key, api.version).delete(found.key, expect=found.version)
    await ctx.state.store.commit(tx.delete_prefix(keys.snapshot(rest_api_id, deployment_id)))


PATCHES = Patches({"/description": Rule(REPLACE, text("description"))})


@SERVICE.operation
@retried
async def update_deployment(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    deployment_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, found = await part_of(ctx, rest_api_id, "deployment", deployment_id, missing=NO_DEPLOYMENT)
    PATCHES.apply(found.wire, patch_operations)
    await ctx.state.store.commit(change(api).put(found.key, pack(found.wire), expect=found.version))
    return found.wire
