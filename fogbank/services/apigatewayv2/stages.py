"""Stages: a deployment being served, with its variables, throttles and access log."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire, held, pack, read
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.deploying import (
    deploy_to,
    deployed,
    draft_snapshot,
    drop_unserved,
    stages_of,
)
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, stamp
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.limits import STAGES_PER_API_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, merged_map, retried
from fogbank.services.apigatewayv2.rules import check_tags, check_variables
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict, not_found, too_many
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Transaction

NO_STAGE = "Invalid stage identifier specified"
NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")


def new_stage(ctx: Call[ApiGatewayV2], name: str) -> Wire:
    now_ms = stamp(ctx)
    return {
        "CreatedDate": now_ms,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "LastUpdatedDate": now_ms,
        "RouteSettings": {},
        "StageName": name,
        "StageVariables": {},
        "Tags": {},
    }


@SERVICE.operation(refuses={"ClientCertificateId"})
@retried
async def create_stage(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    stage_name: str,
    access_log_settings: dict[str, Any] | None = None,
    auto_deploy: bool | None = None,
    default_route_settings: dict[str, Any] | None = None,
    deployment_id: str | None = None,
    description: str | None = None,
    route_settings: dict[str, dict[str, Any]] | None = None,
    stage_variables: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id")
    edit = await edit_of(ctx, api_id)
    check_tags(tags)
    is_default = stage_name == "$default" and edit.is_http
    if not is_default and not NAME.fullmatch(stage_name):
        raise bad_request(
            "Stage name only allows a-zA-Z0-9_- characters and must be at most 128 characters long"
        )
    if auto_deploy and deployment_id:
        raise bad_request("deploymentId cannot be specified when autoDeploy is enabled")  # ours
    store = ctx.state.store
    if await store.count(keys.stages(api_id), limit=STAGES_PER_API_MAX) >= STAGES_PER_API_MAX:
        raise too_many("Stages", STAGES_PER_API_MAX)
    if await store.get(keys.stage(api_id, stage_name)) is not None:
        raise conflict("Stage already exists")
    asked["DefaultRouteSettings"] = {"DetailedMetricsEnabled": False} | (default_route_settings or {})
    stage = new_stage(ctx, stage_name) | asked
    await check_stage(edit, stage)
    stage = await _serve(edit, stage, deployment_id, [])
    await edit.commit()
    return stage


async def check_stage(edit: Edit, stage: Wire) -> None:
    """Refuse what AWS does not take."""
    check_variables(stage.get("StageVariables"))
    settings = stage.get("DefaultRouteSettings") or {}
    for each in (settings, *(stage.get("RouteSettings") or {}).values()):
        if each.get("DataTraceEnabled") or each.get("LoggingLevel") not in (None, "OFF"):
            if edit.is_http:
                raise bad_request("Execution logs are not supported on protocolType HTTP")
            await _check_logging_role(edit.ctx)
        for name in ("ThrottlingBurstLimit", "ThrottlingRateLimit"):
            if each.get(name) is not None and each[name] < 0:
                raise bad_request(f"Invalid {name[0].lower()}{name[1:]} specified: must not be negative")
    check_access_log(stage.get("AccessLogSettings"))


async def _check_logging_role(ctx: Call[ApiGatewayV2]) -> None:
    if "apigateway" in ctx.calls.services and not await ctx.calls.internal(
        "apigateway", "has_logging_role", ctx.caller
    ):
        raise bad_request("CloudWatch Logs role ARN must be set in account settings to enable logging")


@SERVICE.internal
async def owns_socket_stage(ctx: Call[ApiGatewayV2], *, api_id: str, stage: str) -> bool:
    """A WebSocket API of the caller's has that stage."""
    api = await read(ctx.state.store, keys.api(place_of(ctx), api_id))
    if api is None or api.wire["ProtocolType"] != "WEBSOCKET":
        return False
    return await ctx.state.store.get(keys.stage(api_id, stage)) is not None


async def leave_plans(ctx: Call[ApiGatewayV2], api_id: str, stage: str | None = None) -> None:
    """Usage plans name a stage that is gone no more."""
    if "apigateway" in ctx.calls.services:
        await ctx.calls.internal("apigateway", "detach_stage", ctx.caller, api_id=api_id, stage=stage)


def check_access_log(settings: Wire | None) -> None:
    if not settings:
        return
    arn = parse_arn(settings.get("DestinationArn") or "")
    if arn is None or arn.service not in ("logs", "firehose"):
        raise bad_request("Invalid ARN specified in the request. ARN must be a CloudWatch Logs log group")
    if arn.service == "firehose":
        raise NotSupported("apigatewayv2 access logs to Firehose")
    if not settings.get("Format"):
        raise bad_request("Access log format must be specified")  # ours
    if (
        "$context.requestId" not in settings["Format"]
        and "$context.extendedRequestId" not in settings["Format"]
    ):
        raise bad_request(
            "Access Log format must be single line, new line character is allowed only at end of the format, and "
            "must include $context.requestId"
        )


async def _serve(edit: Edit, stage: Wire, deployment_id: str | None, old: list[Wire]) -> Wire:
    """Put the stage, serving what it is to serve. `old` is the stage as it was, if it was."""
    ctx, api_id = edit.ctx, edit.api_id
    others = [
        each for each in await stages_of(ctx.state.store, api_id) if each["StageName"] != stage["StageName"]
    ]
    if stage.get("AutoDeploy"):
        was_auto = bool(old and old[0].get("AutoDeploy") and old[0].get("DeploymentId"))
        if not was_auto:
            content = await draft_snapshot(ctx.state.store, edit.api)
            before = [*others, *old]
            [stage] = await deploy_to(ctx, edit.tx, content, [stage], before)
            return stage
    elif deployment_id:
        if not await edit.has("deployment", deployment_id):
            raise not_found("Invalid Deployment identifier specified")
        stage = deployed(stage, deployment_id, ctx.state.clock.now_ms())
    edit.tx.put(keys.stage(api_id, stage["StageName"]), pack(stage))
    await drop_unserved(ctx, edit.tx, api_id, [*others, *old], [*others, stage])
    return stage


async def stage_of(ctx: Call[ApiGatewayV2], api_id: str, name: str) -> Wire:
    """Raises NotFoundException."""
    await api_of(ctx, api_id)
    found = await read(ctx.state.store, keys.stage(api_id, name))
    if found is None:
        raise not_found(NO_STAGE)
    return found.wire


@SERVICE.operation
async def get_stage(ctx: Call[ApiGatewayV2], *, api_id: str, stage_name: str) -> dict[str, Any]:
    return await stage_of(ctx, api_id, stage_name)


@SERVICE.operation
async def get_stages(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.stages(api_id), max_results, next_token)


@SERVICE.operation(refuses={"ClientCertificateId"})
@retried
async def update_stage(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    stage_name: str,
    access_log_settings: dict[str, Any] | None = None,
    auto_deploy: bool | None = None,
    default_route_settings: dict[str, Any] | None = None,
    deployment_id: str | None = None,
    description: str | None = None,
    route_settings: dict[str, dict[str, Any]] | None = None,
    stage_variables: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Settings and variables are merged into the old ones; an empty value takes a variable away."""
    asked = given(locals(), "api_id", "stage_name", "deployment_id")
    edit = await edit_of(ctx, api_id)
    old = await _stage_in(edit, stage_name)
    if old.get("ApiGatewayManaged"):
        raise bad_request(f"Stage {stage_name} is managed by API Gateway and cannot be updated")  # ours
    if deployment_id and asked.get("AutoDeploy", old.get("AutoDeploy")):
        raise bad_request("deploymentId cannot be specified when autoDeploy is enabled")  # ours
    if default_route_settings is not None:
        asked["DefaultRouteSettings"] = old["DefaultRouteSettings"] | default_route_settings
    for name in ("StageVariables", "RouteSettings"):
        asked[name] = merged_map(old.get(name), asked.get(name))
    stage = merged(old, asked) | {name: asked[name] for name in ("StageVariables", "RouteSettings")}
    stage |= {"LastUpdatedDate": stamp(ctx), "Tags": old.get("Tags", {})}
    await check_stage(edit, stage)
    stage = await _serve(edit, stage, deployment_id, [old])
    await edit.commit()
    return stage


async def _stage_in(edit: Edit, name: str) -> Wire:
    record = await edit.ctx.state.store.get(keys.stage(edit.api_id, name))
    if record is None:
        raise not_found(NO_STAGE)
    return held(record).wire


@SERVICE.operation
@retried
async def delete_stage(ctx: Call[ApiGatewayV2], *, api_id: str, stage_name: str) -> None:
    edit = await edit_of(ctx, api_id)
    old = await _stage_in(edit, stage_name)
    if await ctx.state.store.count(keys.mapping_use(api_id, stage_name), limit=1):
        raise bad_request("Please remove all API mappings related to the stage in your account.")  # ours
    others = [each for each in await stages_of(ctx.state.store, api_id) if each["StageName"] != stage_name]
    edit.tx.delete(keys.stage(api_id, stage_name)).delete(keys.epoch(api_id, stage_name))
    await drop_unserved(ctx, edit.tx, api_id, [old, *others], others)
    await edit.commit()
    if not edit.is_http:
        await leave_plans(ctx, api_id, stage_name)


async def _change(ctx: Call[ApiGatewayV2], api_id: str, stage_name: str, **changes: Any) -> None:
    """Replace members of a stage; None takes one away."""
    edit = await edit_of(ctx, api_id)
    stage = await _stage_in(edit, stage_name) | changes | {"LastUpdatedDate": stamp(ctx)}
    kept = {name: value for name, value in stage.items() if value is not None}
    edit.tx.put(keys.stage(api_id, stage_name), pack(kept))
    await edit.commit()


@SERVICE.operation
@retried
async def delete_access_log_settings(ctx: Call[ApiGatewayV2], *, api_id: str, stage_name: str) -> None:
    await _change(ctx, api_id, stage_name, AccessLogSettings=None)


@SERVICE.operation
@retried
async def delete_route_settings(
    ctx: Call[ApiGatewayV2], *, api_id: str, stage_name: str, route_key: str
) -> None:
    stage = await stage_of(ctx, api_id, stage_name)
    settings = stage.get("RouteSettings") or {}
    if route_key not in settings:
        raise not_found(f"Invalid route key specified: {route_key}")  # ours
    del settings[route_key]
    await _change(ctx, api_id, stage_name, RouteSettings=settings)


@SERVICE.operation
@retried
async def reset_authorizers_cache(ctx: Call[ApiGatewayV2], *, api_id: str, stage_name: str) -> None:
    """What authorizers of the stage said is asked anew."""
    await stage_of(ctx, api_id, stage_name)
    key = keys.epoch(api_id, stage_name)
    record = await ctx.state.store.get(key)
    count = 0 if record is None else int(held(record).wire["authorizers"])
    version = ABSENT if record is None else record.version
    await ctx.state.store.commit(Transaction().put(key, pack({"authorizers": count + 1}), expect=version))
