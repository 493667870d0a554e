"""APIs: HTTP ones, also in one call with their route, integration and stage (quick create), and WebSocket ones."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Held, Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.cors import cors_of
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, new_id, stamp
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.limits import APIS_MAX
from fogbank.services.apigatewayv2.pages import listed, page_of
from fogbank.services.apigatewayv2.records import given, merged, retried
from fogbank.services.apigatewayv2.route_rules import check_route_key
from fogbank.services.apigatewayv2.rules import check_tags
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, too_many
from fogbank.services.apigatewayv2.stages import leave_plans, new_stage
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Transaction

HTTP_SELECTION = "$request.method $request.path"
KEY_SELECTIONS = ("$request.header.x-api-key", "$context.authorizer.usageIdentifierKey")
DEFAULT_ROUTE = "$default"


def rendered(api: Wire) -> Wire:
    """The Api of an answer."""
    return {"Tags": {}} | api


@SERVICE.operation
@retried
async def create_api(
    ctx: Call[ApiGatewayV2],
    *,
    name: str,
    protocol_type: str,
    api_key_selection_expression: str | None = None,
    cors_configuration: dict[str, Any] | None = None,
    credentials_arn: str | None = None,
    description: str | None = None,
    disable_schema_validation: bool | None = None,
    disable_execute_api_endpoint: bool | None = None,
    ip_address_type: str | None = None,
    route_key: str | None = None,
    route_selection_expression: str | None = None,
    tags: dict[str, str] | None = None,
    target: str | None = None,
    version: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "credentials_arn", "route_key", "target", "tags")
    check_api(asked)
    check_tags(tags)
    if protocol_type == "WEBSOCKET" and (target or route_key or credentials_arn):
        raise bad_request("Quick create is only supported for HTTP APIs")  # ours
    if (route_key or credentials_arn) and not target:
        raise bad_request("routeKey and credentialsArn can only be specified with a target")  # ours
    await check_room(ctx)
    edit = new_api(ctx, asked, tags)
    if target:
        quick_create(edit, target, route_key or DEFAULT_ROUTE, credentials_arn)
    await edit.commit()
    return rendered(edit.api)


async def check_room(ctx: Call[ApiGatewayV2]) -> None:
    if await ctx.state.store.count(keys.apis(place_of(ctx)), limit=APIS_MAX) >= APIS_MAX:
        raise too_many("APIs", APIS_MAX)


def check_api(asked: Wire) -> None:
    """Refuse what AWS does not combine."""
    http = asked["ProtocolType"] == "HTTP"
    if asked.get("Name") == "":
        raise bad_request("name must not be empty")  # ours
    expression = asked.get("RouteSelectionExpression")
    if http and expression not in (None, HTTP_SELECTION, f"${{{HTTP_SELECTION.replace(' $', '} ${')}}}"):
        raise bad_request(
            f"RouteSelectionExpression for HTTP APIs must be '{HTTP_SELECTION}'"  # ours
        )
    if not http and not (expression or "").startswith("$"):
        raise bad_request("The routeSelectionExpression is not valid for API of protocol type WEBSOCKET")
    if not http and asked.get("CorsConfiguration"):
        raise bad_request("CORS is only supported for HTTP APIs")  # ours
    if http and asked.get("DisableSchemaValidation"):
        raise bad_request("disableSchemaValidation is only supported for WebSocket APIs")  # ours
    if (selection := asked.get("ApiKeySelectionExpression")) and selection not in KEY_SELECTIONS:
        raise bad_request(f"Invalid apiKeySelectionExpression specified. Must be one of {KEY_SELECTIONS}")
    if asked.get("CorsConfiguration"):
        asked["CorsConfiguration"] = cors_of(asked["CorsConfiguration"])


def new_api(ctx: Call[ApiGatewayV2], asked: Wire, tags: dict[str, str] | None) -> Edit:
    """The beginning of an API: an edit over nothing."""
    place = place_of(ctx)
    api_id = new_id(ctx, 10)
    scheme = "https" if asked["ProtocolType"] == "HTTP" else "wss"
    suffix = "amazonaws.com.cn" if place.partition == "aws-cn" else "amazonaws.com"
    api: Wire = {
        "ApiEndpoint": f"{scheme}://{api_id}.execute-api.{place.region}.{suffix}",
        "ApiId": api_id,
        "ApiKeySelectionExpression": KEY_SELECTIONS[0],
        "CreatedDate": stamp(ctx),
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "RouteSelectionExpression": HTTP_SELECTION,
    }
    if asked["ProtocolType"] == "WEBSOCKET":
        api["DisableSchemaValidation"] = False
    api |= {name: value for name, value in asked.items() if value != ""}
    if tags:
        api["Tags"] = tags
    edit = Edit(ctx, Held(api, ABSENT, keys.api(place, api_id)), ABSENT)
    edit.tx.put(
        keys.api_index(api_id),
        pack({"account": place.account, "region": place.region, "protocol": asked["ProtocolType"]}),
        expect=ABSENT,
    )
    edit.put_api()
    return edit


def quick_create(edit: Edit, target: str, route_key: str, credentials: str | None) -> None:
    """One route to one integration, on a `$default` stage that deploys by itself."""
    check_route_key(edit.api, route_key)
    integration: Wire = {
        "ApiGatewayManaged": True,
        "ConnectionType": "INTERNET",
        "IntegrationId": new_id(edit.ctx),
        **quick_target(target),
        "TimeoutInMillis": 30_000,
    }
    if credentials:
        integration["CredentialsArn"] = credentials
    route: Wire = {
        "ApiGatewayManaged": True,
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": new_id(edit.ctx),
        "RouteKey": route_key,
        "Target": f"integrations/{integration['IntegrationId']}",
    }
    edit.put(integration, "integration", integration["IntegrationId"])
    edit.put(route, "route", route["RouteId"])
    edit.put({"RouteId": route["RouteId"]}, "route-key", route_key)
    stage = new_stage(edit.ctx, "$default") | {"ApiGatewayManaged": True, "AutoDeploy": True}
    edit.new_stages.append(stage)


def quick_target(target: str) -> Wire:
    """A function's ARN or a URL as integration."""
    arn = parse_arn(target)
    if arn is not None and arn.service in ("lambda", "apigateway"):
        return {
            "IntegrationMethod": "POST",
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": target,
            "PayloadFormatVersion": "2.0",
        }
    if not target.startswith(("http://", "https://")):
        raise bad_request(f"Invalid target specified: {target}")  # ours
    return {
        "IntegrationMethod": "ANY",
        "IntegrationType": "HTTP_PROXY",
        "IntegrationUri": target,
        "PayloadFormatVersion": "1.0",
    }


@SERVICE.operation
async def get_api(ctx: Call[ApiGatewayV2], *, api_id: str) -> dict[str, Any]:
    return rendered((await api_of(ctx, api_id)).wire)


@SERVICE.operation
async def get_apis(
    ctx: Call[ApiGatewayV2], *, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    found, following = await page_of(ctx, keys.apis(place_of(ctx)), max_results, next_token)
    return listed([rendered(each.wire) for each in found], following)


@SERVICE.operation
@retried
async def update_api(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    api_key_selection_expression: str | None = None,
    cors_configuration: dict[str, Any] | None = None,
    credentials_arn: str | None = None,
    description: str | None = None,
    disable_schema_validation: bool | None = None,
    disable_execute_api_endpoint: bool | None = None,
    ip_address_type: str | None = None,
    name: str | None = None,
    route_key: str | None = None,
    route_selection_expression: str | None = None,
    target: str | None = None,
    version: str | None = None,
) -> dict[str, Any]:
    """Members that are given replace the old ones. `target`, `routeKey` and `credentialsArn` change what quick create made."""
    asked = given(locals(), "api_id", "credentials_arn", "route_key", "target")
    edit = await edit_of(ctx, api_id)
    kept = {name: edit.api[name] for name in ("RouteSelectionExpression", "ProtocolType")}
    check_api(kept | {name: value for name, value in asked.items() if value != ""})
    if cors_configuration:
        asked["CorsConfiguration"] = cors_of(cors_configuration)
    edit.api = merged(edit.api, asked)
    if target or route_key or credentials_arn is not None:
        await _update_quick(edit, target, route_key, credentials_arn)
    edit.put_api()
    await edit.commit()
    return rendered(edit.api)


async def _update_quick(
    edit: Edit, target: str | None, route_key: str | None, credentials: str | None
) -> None:
    """Change the managed route and integration. BadRequestException when there are none."""
    route = await _managed(edit, "route")
    integration = await _managed(edit, "integration")
    if route is None or integration is None:
        raise bad_request("The API was not created by quick create")  # ours
    if route_key and route_key != route["RouteKey"]:
        check_route_key(edit.api, route_key)
        edit.drop("route-key", route["RouteKey"])
        edit.put({"RouteId": route["RouteId"]}, "route-key", route_key)
        edit.put(route | {"RouteKey": route_key}, "route", route["RouteId"])
    if target:
        integration |= quick_target(target)
    if credentials is not None:
        integration["CredentialsArn"] = credentials
    edit.put(merged(integration, {}), "integration", integration["IntegrationId"])


async def _managed(edit: Edit, noun: str) -> Wire | None:
    parts = await scan(edit.ctx.state.store, keys.part(edit.api_id, noun), limit=1000)
    return next((each.wire for each in parts if each.wire.get("ApiGatewayManaged")), None)


@SERVICE.operation
@retried
async def delete_api(ctx: Call[ApiGatewayV2], *, api_id: str) -> None:
    """With everything that belongs to it."""
    api = await api_of(ctx, api_id)
    store = ctx.state.store
    if await store.count(keys.mapping_use(api_id), limit=1):
        raise SERVICE.error(
            "ConflictException",
            "Please remove all API mappings related to the API in your account.",  # ours
        )
    revision = await store.get(keys.revision(api_id))
    tx = Transaction().delete(api.key, expect=api.version)
    tx.check(keys.revision(api_id), ABSENT if revision is None else revision.version)
    tx.delete(keys.revision(api_id)).delete(keys.api_index(api_id))
    tx.delete_prefix(keys.parts(api_id))
    for prefix in (keys.stages(api_id), keys.snapshots(api_id), (*keys.LIVE, "epoch", api_id)):
        tx.delete_prefix(prefix)
    await store.commit(tx)
    if api.wire["ProtocolType"] == "WEBSOCKET":
        await leave_plans(ctx, api_id)
