"""Integration responses of WebSocket APIs: what a backend's answer becomes, by the key that its selection expression gives."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.integration_rules import check_handling
from fogbank.services.apigatewayv2.limits import RESPONSES_PER_PART_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, merged_map, retried
from fogbank.services.apigatewayv2.rules import check_templates
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict
from fogbank.services.apigatewayv2.state import ApiGatewayV2

NOUN = "integration-response"


@SERVICE.operation
@retried
async def create_integration_response(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    integration_id: str,
    integration_response_key: str,
    content_handling_strategy: str | None = None,
    response_parameters: dict[str, str] | None = None,
    response_templates: dict[str, str] | None = None,
    template_selection_expression: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "integration_id")
    edit = await edit_of(ctx, api_id)
    await _check(edit, integration_id, asked, None)
    await edit.room(NOUN, RESPONSES_PER_PART_MAX, "Integration responses", integration_id)
    response = merged({"IntegrationResponseId": new_id(ctx)}, asked)
    edit.put(response, NOUN, integration_id, response["IntegrationResponseId"])
    await edit.commit()
    return response


async def _check(edit: Edit, integration_id: str, response: Wire, own_id: str | None) -> None:
    """Refuse what is not for WebSocket APIs, and a key twice."""
    if edit.is_http:
        raise bad_request("Integration responses are only supported for WebSocket APIs")  # ours
    await edit.part("integration", integration_id)
    check_templates(response.get("ResponseTemplates"))
    check_handling(response)
    if response.get("ResponseParameters"):
        # A message has no headers: AWS keeps such parameters and nothing ever reads them.
        raise bad_request("responseParameters of WebSocket APIs have no effect and are not taken")  # ours
    key = response["IntegrationResponseKey"]
    if key != "$default" and not (key.startswith("/") and key.endswith("/")):
        raise bad_request(
            f"Invalid integrationResponseKey specified: {key}. Must be $default or /regex/"
        )  # ours
    prefix = keys.part(edit.api_id, NOUN, integration_id)
    for other in await scan(edit.ctx.state.store, prefix, limit=RESPONSES_PER_PART_MAX):
        if other.wire["IntegrationResponseKey"] == key and other.wire["IntegrationResponseId"] != own_id:
            raise conflict(f"Integration response with key {key} already exists")  # ours


@SERVICE.operation
async def get_integration_response(
    ctx: Call[ApiGatewayV2], *, api_id: str, integration_id: str, integration_response_id: str
) -> dict[str, Any]:
    return (await part_of(ctx, api_id, NOUN, integration_id, integration_response_id)).wire


@SERVICE.operation
async def get_integration_responses(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    integration_id: str,
    max_results: str | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    await part_of(ctx, api_id, "integration", integration_id)
    return await answer_page(ctx, keys.part(api_id, NOUN, integration_id), max_results, next_token)


@SERVICE.operation
@retried
async def update_integration_response(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    integration_id: str,
    integration_response_id: str,
    content_handling_strategy: str | None = None,
    integration_response_key: str | None = None,
    response_parameters: dict[str, str] | None = None,
    response_templates: dict[str, str] | None = None,
    template_selection_expression: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "integration_id", "integration_response_id")
    edit = await edit_of(ctx, api_id)
    old = await edit.part(NOUN, integration_id, integration_response_id)
    if "ResponseTemplates" in asked:
        asked["ResponseTemplates"] = merged_map(old.get("ResponseTemplates"), asked["ResponseTemplates"])
    response = merged(old, asked)
    await _check(edit, integration_id, response, integration_response_id)
    edit.put(response, NOUN, integration_id, integration_response_id)
    await edit.commit()
    return response


@SERVICE.operation
@retried
async def delete_integration_response(
    ctx: Call[ApiGatewayV2], *, api_id: str, integration_id: str, integration_response_id: str
) -> None:
    edit = await edit_of(ctx, api_id)
    await edit.part(NOUN, integration_id, integration_response_id)
    edit.drop(NOUN, integration_id, integration_response_id)
    await edit.commit()
