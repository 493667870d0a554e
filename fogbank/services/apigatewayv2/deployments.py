"""Deployments as clients see them."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import pack
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.deploying import (
    NO_ROUTES,
    deployed,
    draft_snapshot,
    drop_deployment,
    drop_unserved,
    new_deployment,
    stages_of,
)
from fogbank.services.apigatewayv2.drafts import api_of, edit_of, part_of
from fogbank.services.apigatewayv2.limits import DEPLOYMENTS_PER_API_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import merged, retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, not_found
from fogbank.services.apigatewayv2.state import ApiGatewayV2


@SERVICE.operation
@retried
async def create_deployment(
    ctx: Call[ApiGatewayV2], *, api_id: str, description: str | None = None, stage_name: str | None = None
) -> dict[str, Any]:
    """Freeze the API; with `stageName` that stage serves it from now on."""
    edit = await edit_of(ctx, api_id)
    await edit.room("deployment", DEPLOYMENTS_PER_API_MAX, "Deployments")
    content = await draft_snapshot(ctx.state.store, edit.api)
    if not content["routes"]:
        raise bad_request(NO_ROUTES)
    deployment = new_deployment(ctx, edit.tx, content, description=description, auto=False)
    if stage_name:
        stages = await stages_of(ctx.state.store, api_id)
        old = next((each for each in stages if each["StageName"] == stage_name), None)
        if old is None:
            raise not_found("Invalid stage identifier specified")
        if old.get("AutoDeploy"):
            raise bad_request("The stage deploys by itself: autoDeploy is enabled")  # ours
        stage = deployed(old, deployment["DeploymentId"], ctx.state.clock.now_ms())
        edit.tx.put(keys.stage(api_id, stage_name), pack(stage))
        after = [each for each in stages if each is not old] + [stage]
        await drop_unserved(ctx, edit.tx, api_id, stages, after)
    await edit.commit()
    return deployment


@SERVICE.operation
async def get_deployment(ctx: Call[ApiGatewayV2], *, api_id: str, deployment_id: str) -> dict[str, Any]:
    return (await part_of(ctx, api_id, "deployment", deployment_id)).wire


@SERVICE.operation
async def get_deployments(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.part(api_id, "deployment"), max_results, next_token)


@SERVICE.operation
@retried
async def update_deployment(
    ctx: Call[ApiGatewayV2], *, api_id: str, deployment_id: str, description: str | None = None
) -> dict[str, Any]:
    edit = await edit_of(ctx, api_id)
    deployment = merged(
        await edit.part("deployment", deployment_id),
        {} if description is None else {"Description": description},
    )
    edit.put(deployment, "deployment", deployment_id)
    await edit.commit()
    return deployment


@SERVICE.operation
@retried
async def delete_deployment(ctx: Call[ApiGatewayV2], *, api_id: str, deployment_id: str) -> None:
    edit = await edit_of(ctx, api_id)
    await edit.part("deployment", deployment_id)
    for stage in await stages_of(ctx.state.store, api_id):
        if stage.get("DeploymentId") == deployment_id:
            raise bad_request("Active stages pointing to this deployment must be moved or deleted")
    drop_deployment(edit.tx, api_id, deployment_id)
    await edit.commit()
