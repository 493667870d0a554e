"""Integration responses: how what the backend answered becomes the method's response."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigateway.integration_rules import check_templates
from fogbank.services.apigateway.integrations import check_content_handling, integration_of
from fogbank.services.apigateway.mapping import check_response_mapping
from fogbank.services.apigateway.method_responses import check_status_code, drop_response, response_of
from fogbank.services.apigateway.patching import (
    ADD_REMOVE_REPLACE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    entry,
    given,
    template,
    text,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request
from fogbank.services.apigateway.state import ApiGateway

MEMBER = "integrationResponses"


def check_response(response: Wire, method: Wire) -> None:
    """Refuse what AWS refuses. Raises BadRequestException."""
    if pattern := response.get("selectionPattern"):
        try:
            re.compile(pattern)
        except re.error:
            raise bad_request(f"Invalid selection pattern specified: {pattern}") from None
    check_templates(response.get("responseTemplates"))
    declared = method.get("methodResponses", {}).get(response["statusCode"])
    for target, source in (response.get("responseParameters") or {}).items():
        check_response_mapping(target, source, declared)


@SERVICE.operation
@retried
async def put_integration_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    status_code: str,
    selection_pattern: str | None = None,
    response_parameters: dict[str, str] | None = None,
    response_templates: dict[str, str] | None = None,
    content_handling: str | None = None,
) -> dict[str, Any]:
    """Set, or replace, a response. An empty selection pattern is kept: it marks the default response, as none does."""
    found, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    check_status_code(status_code)
    response = shape(
        statusCode=status_code,
        selectionPattern=selection_pattern,
        responseParameters=response_parameters or None,
        responseTemplates=response_templates or None,
        contentHandling=content_handling,
    )
    check_response(response, found.method)
    integration.setdefault(MEMBER, {})[status_code] = response
    await found.save(ctx)
    return response


@SERVICE.operation
async def get_integration_response(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
) -> dict[str, Any]:
    _, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    return response_of(integration, status_code, MEMBER)


@SERVICE.operation
@retried
async def delete_integration_response(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
) -> None:
    found, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    drop_response(integration, status_code, MEMBER)
    await found.save(ctx)


def _replace_pattern(wire: Wire, patch: Patch) -> None:
    wire["selectionPattern"] = patch.value or ""


PATCHES = Patches(
    {
        "/contentHandling": Rule(("replace", "remove"), text("contentHandling", check_content_handling)),
        "/responseParameters/{name}": Rule(ADD_REMOVE_REPLACE, entry("responseParameters", given)),
        "/responseTemplates/{content_type}": Rule(ADD_REMOVE_REPLACE, entry("responseTemplates", template)),
        "/selectionPattern": Rule(REPLACE, _replace_pattern),
    },
    plain=True,
)


@SERVICE.operation
@retried
async def update_integration_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    status_code: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    found, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    response = response_of(integration, status_code, MEMBER)
    PATCHES.apply(response, patch_operations)
    check_response(response, found.method)
    await found.save(ctx)
    return response
