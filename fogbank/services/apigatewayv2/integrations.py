"""Integrations: the backend that a route leads to."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, read, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.integration_rules import check_integration, defaults
from fogbank.services.apigatewayv2.limits import INTEGRATIONS_PER_API_MAX, ROUTES_PER_API_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, merged_map, retried
from fogbank.services.apigatewayv2.routes import drop_below, managed
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict
from fogbank.services.apigatewayv2.state import ApiGatewayV2


@SERVICE.operation
@retried
async def create_integration(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    integration_type: str,
    connection_id: str | None = None,
    connection_type: str | None = None,
    content_handling_strategy: str | None = None,
    credentials_arn: str | None = None,
    description: str | None = None,
    integration_method: str | None = None,
    integration_subtype: str | None = None,
    integration_uri: str | None = None,
    passthrough_behavior: str | None = None,
    payload_format_version: str | None = None,
    request_parameters: dict[str, str] | None = None,
    request_templates: dict[str, str] | None = None,
    response_parameters: dict[str, dict[str, str]] | None = None,
    template_selection_expression: str | None = None,
    timeout_in_millis: int | None = None,
    tls_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id")
    edit = await edit_of(ctx, api_id)
    await edit.room("integration", INTEGRATIONS_PER_API_MAX, "Integrations")
    integration = await new_integration(edit, asked)
    await edit.commit()
    return integration


async def new_integration(edit: Edit, asked: Wire) -> Wire:
    integration = merged(defaults(edit.api, asked) | {"IntegrationId": new_id(edit.ctx)}, asked)
    check_integration(edit.ctx, edit.api, integration)
    await _check_link(edit, integration)
    edit.put(integration, "integration", integration["IntegrationId"])
    return integration


async def _check_link(edit: Edit, integration: Wire) -> None:
    link_id = integration.get("ConnectionId")
    if not link_id or not edit.is_http or integration["ConnectionType"] != "VPC_LINK":
        return
    place = keys.place_of(edit.ctx)
    if await read(edit.ctx.state.store, keys.owned(place, "vpclink", link_id)) is None:
        raise bad_request(f"Invalid VPC link identifier specified: {link_id}")  # ours


@SERVICE.operation
async def get_integration(ctx: Call[ApiGatewayV2], *, api_id: str, integration_id: str) -> dict[str, Any]:
    return (await part_of(ctx, api_id, "integration", integration_id)).wire


@SERVICE.operation
async def get_integrations(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.part(api_id, "integration"), max_results, next_token)


@SERVICE.operation
@retried
async def update_integration(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    integration_id: str,
    connection_id: str | None = None,
    connection_type: str | None = None,
    content_handling_strategy: str | None = None,
    credentials_arn: str | None = None,
    description: str | None = None,
    integration_method: str | None = None,
    integration_subtype: str | None = None,
    integration_type: str | None = None,
    integration_uri: str | None = None,
    passthrough_behavior: str | None = None,
    payload_format_version: str | None = None,
    request_parameters: dict[str, str] | None = None,
    request_templates: dict[str, str] | None = None,
    response_parameters: dict[str, dict[str, str]] | None = None,
    template_selection_expression: str | None = None,
    timeout_in_millis: int | None = None,
    tls_config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Members that are given replace the old ones; parameter maps are merged, an empty value takes its key away."""
    asked = given(locals(), "api_id", "integration_id")
    edit = await edit_of(ctx, api_id)
    old = await edit.part("integration", integration_id)
    if old.get("ApiGatewayManaged"):
        raise managed("Integration", integration_id)
    for name in ("RequestParameters", "ResponseParameters"):
        if name in asked:
            asked[name] = merged_map(old.get(name), asked[name])
    integration = merged(old, asked)
    check_integration(ctx, edit.api, integration)
    await _check_link(edit, integration)
    edit.put(integration, "integration", integration_id)
    await edit.commit()
    return integration


@SERVICE.operation
@retried
async def delete_integration(ctx: Call[ApiGatewayV2], *, api_id: str, integration_id: str) -> None:
    """With its responses; not while a route leads to it."""
    edit = await edit_of(ctx, api_id)
    await edit.part("integration", integration_id)
    target = f"integrations/{integration_id}"
    for route in await scan(ctx.state.store, keys.part(api_id, "route"), limit=ROUTES_PER_API_MAX):
        if route.wire.get("Target") == target:
            raise conflict(
                f"Cannot delete Integration '{integration_id}', it is still used by route '{route.wire['RouteKey']}'"
            )  # ours
    edit.drop("integration", integration_id)
    drop_below(edit.tx, api_id, "integration-response", integration_id)
    await edit.commit()
