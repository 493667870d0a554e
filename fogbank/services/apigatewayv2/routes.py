"""Routes: what a request or message must look like, who may send it, and the integration that serves it."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.limits import ROUTES_PER_API_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, retried
from fogbank.services.apigatewayv2.route_rules import check_route
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict, not_found
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import Transaction


@SERVICE.operation
@retried
async def create_route(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    route_key: str,
    api_key_required: bool | None = None,
    authorization_scopes: list[str] | None = None,
    authorization_type: str | None = None,
    authorizer_id: str | None = None,
    model_selection_expression: str | None = None,
    operation_name: str | None = None,
    request_models: dict[str, str] | None = None,
    request_parameters: dict[str, dict[str, Any]] | None = None,
    route_response_selection_expression: str | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id")
    edit = await edit_of(ctx, api_id)
    await edit.room("route", ROUTES_PER_API_MAX, "Routes")
    route = await new_route(edit, asked)
    await edit.commit()
    return route


async def new_route(edit: Edit, asked: Wire) -> Wire:
    """Put a route. Raises ConflictException when there is one with its key."""
    route = merged({"ApiKeyRequired": False, "AuthorizationType": "NONE", "RouteId": new_id(edit.ctx)}, asked)
    await check_route(edit, route)
    await claim_key(edit, route)
    edit.put(route, "route", route["RouteId"])
    return route


async def claim_key(edit: Edit, route: Wire) -> None:
    if await edit.has("route-key", route["RouteKey"]):
        raise conflict(f"Route with key {route['RouteKey']} already exists for this API")
    edit.put({"RouteId": route["RouteId"]}, "route-key", route["RouteKey"])


@SERVICE.operation
async def get_route(ctx: Call[ApiGatewayV2], *, api_id: str, route_id: str) -> dict[str, Any]:
    return (await part_of(ctx, api_id, "route", route_id)).wire


@SERVICE.operation
async def get_routes(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.part(api_id, "route"), max_results, next_token)


@SERVICE.operation
@retried
async def update_route(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    route_id: str,
    api_key_required: bool | None = None,
    authorization_scopes: list[str] | None = None,
    authorization_type: str | None = None,
    authorizer_id: str | None = None,
    model_selection_expression: str | None = None,
    operation_name: str | None = None,
    request_models: dict[str, str] | None = None,
    request_parameters: dict[str, dict[str, Any]] | None = None,
    route_key: str | None = None,
    route_response_selection_expression: str | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "route_id")
    edit = await edit_of(ctx, api_id)
    old = await edit.part("route", route_id)
    if old.get("ApiGatewayManaged"):
        raise managed("Route", route_id)
    route = merged(old, asked)
    if route["AuthorizationType"] in ("NONE", "AWS_IAM"):
        route.pop("AuthorizerId", None)
        if authorization_scopes is None:
            route.pop("AuthorizationScopes", None)
    if not route.get("AuthorizationScopes"):
        route.pop("AuthorizationScopes", None)
    await check_route(edit, route)
    if route["RouteKey"] != old["RouteKey"]:
        await claim_key(edit, route)
        edit.drop("route-key", old["RouteKey"])
    edit.put(route, "route", route_id)
    await edit.commit()
    return route


def managed(noun: str, identifier: str) -> Exception:
    """What quick create made is changed by UpdateApi only."""
    return bad_request(f"{noun} {identifier} is managed by API Gateway and cannot be updated")  # ours


@SERVICE.operation
@retried
async def delete_route(ctx: Call[ApiGatewayV2], *, api_id: str, route_id: str) -> None:
    """With its responses."""
    edit = await edit_of(ctx, api_id)
    route = await edit.part("route", route_id)
    edit.drop("route", route_id)
    edit.drop("route-key", route["RouteKey"])
    drop_below(edit.tx, api_id, "route-response", route_id)
    await edit.commit()


def drop_below(tx: Transaction, api_id: str, noun: str, owner: str) -> None:
    tx.delete_prefix(keys.part(api_id, noun, owner))


@SERVICE.operation
@retried
async def delete_route_request_parameter(
    ctx: Call[ApiGatewayV2], *, api_id: str, route_id: str, request_parameter_key: str
) -> None:
    edit = await edit_of(ctx, api_id)
    route = await edit.part("route", route_id)
    parameters = route.get("RequestParameters") or {}
    if request_parameter_key not in parameters:
        raise not_found("Invalid request parameter key specified")  # ours
    del parameters[request_parameter_key]
    edit.put(merged(route, {"RequestParameters": parameters}), "route", route_id)
    await edit.commit()
