"""Deployments: what an API is made of, frozen into a snapshot that stages serve.

A snapshot is everything that answers requests, in AWS's wire shapes:

    {"api": Api, "routes": [Route, …], "integrations": {id: Integration}, "authorizers": {id: Authorizer},
     "models": [Model, …], "routeResponses": {routeId: [RouteResponse, …]},
     "integrationResponses": {integrationId: [IntegrationResponse, …]}}

A deployment that auto-deploy made goes as soon as no stage serves it any more: each change would leave one behind.
"""

from __future__ import annotations

import zlib
from typing import Any

import orjson

from fogbank.gateway.records import Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.limits import (
    AUTHORIZERS_PER_API_MAX,
    INTEGRATIONS_PER_API_MAX,
    MODELS_PER_API_MAX,
    RESPONSES_PER_PART_MAX,
    ROUTES_PER_API_MAX,
    SNAPSHOT_CHUNK_BYTES,
    STAGES_PER_API_MAX,
)
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import Part, Store, Transaction

NO_ROUTES = "At least one route is required before deploying the Api."
#: What a deployment freezes, beside the API itself, and how many there can be.
FROZEN = {
    "route": ROUTES_PER_API_MAX,
    "integration": INTEGRATIONS_PER_API_MAX,
    "authorizer": AUTHORIZERS_PER_API_MAX,
    "model": MODELS_PER_API_MAX,
    "route-response": ROUTES_PER_API_MAX * RESPONSES_PER_PART_MAX,
    "integration-response": INTEGRATIONS_PER_API_MAX * RESPONSES_PER_PART_MAX,
}
CHUNKS_MAX = 1024
Changes = dict[tuple[Part, ...], Wire | None]


async def draft_snapshot(store: Store, api: Wire, changes: Changes | None = None) -> Wire:
    """What a deployment would freeze now, or after those changes."""
    prefix = keys.parts(api["ApiId"])
    parts: dict[tuple[Part, ...], Wire] = {}
    for noun, limit in FROZEN.items():
        for each in await scan(store, (*prefix, noun), limit=limit):
            parts[each.key[len(prefix) :]] = each.wire
    for at, wire in (changes or {}).items():
        if wire is None:
            parts.pop(at, None)
        else:
            parts[at] = wire
    content: Wire = {
        "api": api,
        "routes": [],
        "integrations": {},
        "authorizers": {},
        "models": [],
        "routeResponses": {},
        "integrationResponses": {},
    }
    for at, wire in parts.items():
        match at:
            case ("route", _):
                content["routes"].append(wire)
            case ("integration" | "authorizer" as noun, identifier):
                content[f"{noun}s"][identifier] = wire
            case ("model", _):
                content["models"].append(wire)
            case ("route-response", owner, _):
                content["routeResponses"].setdefault(owner, []).append(wire)
            case ("integration-response", owner, _):
                content["integrationResponses"].setdefault(owner, []).append(wire)
    return content


def put_snapshot(tx: Transaction, api_id: str, deployment_id: str, content: Wire) -> None:
    raw = zlib.compress(pack(content), 1)
    for number, at in enumerate(range(0, len(raw), SNAPSHOT_CHUNK_BYTES)):
        tx.put((*keys.snapshot(api_id, deployment_id), number), raw[at : at + SNAPSHOT_CHUNK_BYTES])


async def load_snapshot(store: Store, api_id: str, deployment_id: str) -> Wire | None:
    """What that deployment froze; None when there is no such deployment."""
    chunks = await store.scan(keys.snapshot(api_id, deployment_id), limit=CHUNKS_MAX)
    if not chunks:
        return None
    content: Wire = orjson.loads(zlib.decompress(b"".join(chunk.value for chunk in chunks)))
    return content


def new_deployment(
    ctx: Call[ApiGatewayV2], tx: Transaction, content: Wire, *, description: str | None, auto: bool
) -> Wire:
    """Put a deployment of `content`."""
    api_id = content["api"]["ApiId"]
    deployment: Wire = {
        "AutoDeployed": auto,
        "CreatedDate": ctx.state.clock.now_ms() // 1000 * 1000,
        "DeploymentId": ctx.state.ids.alnum(6),
        "DeploymentStatus": "DEPLOYED",
    }
    if description:
        deployment["Description"] = description
    tx.put(keys.part(api_id, "deployment", deployment["DeploymentId"]), pack(deployment))
    put_snapshot(tx, api_id, deployment["DeploymentId"], content)
    return deployment


def deployed(stage: Wire, deployment_id: str, now_ms: int) -> Wire:
    """The stage when it serves that deployment."""
    message = f"Successfully deployed stage with deployment ID '{deployment_id}'"
    return stage | {
        "DeploymentId": deployment_id,
        "LastDeploymentStatusMessage": message,
        "LastUpdatedDate": now_ms // 1000 * 1000,
    }


async def stages_of(store: Store, api_id: str) -> list[Wire]:
    return [each.wire for each in await scan(store, keys.stages(api_id), limit=STAGES_PER_API_MAX)]


async def auto_deploy(
    ctx: Call[ApiGatewayV2], tx: Transaction, api: Wire, changes: Changes, new_stages: list[Wire]
) -> None:
    """Deploy the changed draft to the stages that want it, those that come with the change included."""
    stages = new_stages + await stages_of(ctx.state.store, api["ApiId"])
    wanting = [stage for stage in stages if stage.get("AutoDeploy")]
    if wanting:
        content = await draft_snapshot(ctx.state.store, api, changes)
        await deploy_to(ctx, tx, content, wanting, stages)


async def deploy_to(
    ctx: Call[ApiGatewayV2], tx: Transaction, content: Wire, wanting: list[Wire], stages: list[Wire]
) -> list[Wire]:
    """Put an automatic deployment for the stages `wanting` it; they as they are now. `stages` are all of the API's."""
    api_id, now_ms = content["api"]["ApiId"], ctx.state.clock.now_ms()
    deployment: Wire | None = None
    if content["routes"]:
        deployment = new_deployment(
            ctx,
            tx,
            content,
            description="Automatic deployment triggered by changes to the Api configuration",
            auto=True,
        )
    after: dict[str, Any] = {stage["StageName"]: stage for stage in stages}
    for stage in wanting:
        if deployment is not None:
            after[stage["StageName"]] = deployed(stage, deployment["DeploymentId"], now_ms)
        else:
            message = f"Deployment attempt failed: {NO_ROUTES}"
            after[stage["StageName"]] = stage | {"LastDeploymentStatusMessage": message}
        tx.put(keys.stage(api_id, stage["StageName"]), pack(after[stage["StageName"]]))
    await drop_unserved(ctx, tx, api_id, stages, list(after.values()))
    return [after[stage["StageName"]] for stage in wanting]


async def drop_unserved(
    ctx: Call[ApiGatewayV2], tx: Transaction, api_id: str, before: list[Wire], after: list[Wire]
) -> None:
    """Drop the automatic deployments that stages served and serve no longer."""
    served = {stage.get("DeploymentId") for stage in after}
    left = {stage["DeploymentId"] for stage in before if stage.get("DeploymentId")} - served
    for deployment_id in left:
        record = await ctx.state.store.get(keys.part(api_id, "deployment", deployment_id))
        if record is not None and orjson.loads(record.value).get("AutoDeployed"):
            drop_deployment(tx, api_id, deployment_id)


def drop_deployment(tx: Transaction, api_id: str, deployment_id: str) -> None:
    tx.delete(keys.part(api_id, "deployment", deployment_id))
    tx.delete_prefix(keys.snapshot(api_id, deployment_id))
