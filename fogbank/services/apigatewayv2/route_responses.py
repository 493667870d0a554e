"""Route responses of WebSocket APIs: a route with one answers the message that it served."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.limits import RESPONSES_PER_PART_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict
from fogbank.services.apigatewayv2.state import ApiGatewayV2

NOUN = "route-response"


@SERVICE.operation
@retried
async def create_route_response(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    route_id: str,
    route_response_key: str,
    model_selection_expression: str | None = None,
    response_models: dict[str, str] | None = None,
    response_parameters: dict[str, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "route_id")
    edit = await edit_of(ctx, api_id)
    await _check(edit, route_id, asked, None)
    response = merged({"RouteResponseId": new_id(ctx)}, asked)
    edit.put(response, NOUN, route_id, response["RouteResponseId"])
    await edit.commit()
    return response


async def _check(edit: Edit, route_id: str, response: Wire, own_id: str | None) -> None:
    if edit.is_http:
        raise bad_request("Route responses are only supported for WebSocket APIs")  # ours
    await edit.part("route", route_id)
    key = response["RouteResponseKey"]
    if key != "$default":
        raise bad_request("The only supported routeResponseKey is $default")  # AWS documents no other
    for model in (response.get("ResponseModels") or {}).values():
        if not await edit.has("model-name", model):
            raise bad_request(f"Invalid model name specified: {model}")
    prefix = keys.part(edit.api_id, NOUN, route_id)
    for other in await scan(edit.ctx.state.store, prefix, limit=RESPONSES_PER_PART_MAX):
        if other.wire["RouteResponseKey"] == key and other.wire["RouteResponseId"] != own_id:
            raise conflict(f"Route response with key {key} already exists")  # ours


@SERVICE.operation
async def get_route_response(
    ctx: Call[ApiGatewayV2], *, api_id: str, route_id: str, route_response_id: str
) -> dict[str, Any]:
    return (await part_of(ctx, api_id, NOUN, route_id, route_response_id)).wire


@SERVICE.operation
async def get_route_responses(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    route_id: str,
    max_results: str | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    await part_of(ctx, api_id, "route", route_id)
    return await answer_page(ctx, keys.part(api_id, NOUN, route_id), max_results, next_token)


@SERVICE.operation
@retried
async def update_route_response(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    route_id: str,
    route_response_id: str,
    model_selection_expression: str | None = None,
    response_models: dict[str, str] | None = None,
    response_parameters: dict[str, dict[str, Any]] | None = None,
    route_response_key: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "route_id", "route_response_id")
    edit = await edit_of(ctx, api_id)
    response = merged(await edit.part(NOUN, route_id, route_response_id), asked)
    await _check(edit, route_id, response, route_response_id)
    edit.put(response, NOUN, route_id, route_response_id)
    await edit.commit()
    return response


@SERVICE.operation
@retried
async def delete_route_response(
    ctx: Call[ApiGatewayV2], *, api_id: str, route_id: str, route_response_id: str
) -> None:
    edit = await edit_of(ctx, api_id)
    await edit.part(NOUN, route_id, route_response_id)
    edit.drop(NOUN, route_id, route_response_id)
    await edit.commit()
