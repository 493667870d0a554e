"""Integrations: what a method calls."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.integration_rules import HTTP_TYPES, check_cache_keys, check_integration
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import INTEGRATION_TIMEOUT_MS_MAX
from fogbank.services.apigateway.methods import Found, method_of
from fogbank.services.apigateway.patching import (
    ADD_REMOVE,
    ADD_REMOVE_REPLACE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    entry,
    given,
    template,
    text,
    to_boolean,
    to_integer,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, not_found
from fogbank.services.apigateway.state import ApiGateway

NO_INTEGRATION = "Invalid Integration identifier specified"


async def integration_of(
    ctx: Call[ApiGateway], api_id: str, resource_id: str, http_method: str
) -> tuple[Found, Wire]:
    """(the method, its integration). Raises NotFoundException."""
    found = await method_of(ctx, api_id, resource_id, http_method)
    integration = found.method.get("methodIntegration")
    if integration is None:
        raise not_found(NO_INTEGRATION)
    return found, integration


async def check_link(ctx: Call[ApiGateway], integration: Wire) -> None:
    """The VPC link is there; one that a stage variable names is found when it is called."""
    link_id = integration.get("connectionId")
    if link_id is None or "${stageVariables." in link_id:
        return
    if await read(ctx.state.store, keys.owned(place_of(ctx), "vpclink", link_id)) is None:
        raise not_found("Invalid Vpc Link identifier specified")


@SERVICE.operation(refuses={"integrationTarget"})
@retried
async def put_integration(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    type: str,
    integration_http_method: str | None = None,
    uri: str | None = None,
    connection_type: str | None = None,
    connection_id: str | None = None,
    credentials: str | None = None,
    request_parameters: dict[str, str] | None = None,
    request_templates: dict[str, str] | None = None,
    passthrough_behavior: str | None = None,
    cache_namespace: str | None = None,
    cache_key_parameters: list[str] | None = None,
    content_handling: str | None = None,
    timeout_in_millis: int | None = None,
    tls_config: dict[str, Any] | None = None,
    response_transfer_mode: str | None = None,
) -> dict[str, Any]:
    """Set, or replace, a method's integration."""
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    integration = shape(
        type=type,
        httpMethod=integration_http_method.upper() if integration_http_method else None,
        uri=uri or None,
        connectionType=connection_type,
        connectionId=connection_id or None,
        credentials=credentials or None,
        requestParameters=request_parameters or None,
        requestTemplates=request_templates or None,
        passthroughBehavior=passthrough_behavior or "WHEN_NO_MATCH",
        contentHandling=content_handling,
        timeoutInMillis=INTEGRATION_TIMEOUT_MS_MAX if timeout_in_millis is None else timeout_in_millis,
        cacheNamespace=cache_namespace or resource_id,
        cacheKeyParameters=cache_key_parameters or [],
        tlsConfig=tls_config or None,
        responseTransferMode=response_transfer_mode,
    )
    check_integration(integration, found.method, found.path)
    check_cache_keys(integration, found.method)
    await check_link(ctx, integration)
    found.method["methodIntegration"] = integration
    await found.save(ctx)
    return integration


@SERVICE.operation
async def get_integration(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str
) -> dict[str, Any]:
    _, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    return integration


@SERVICE.operation
@retried
async def delete_integration(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str
) -> None:
    found, _ = await integration_of(ctx, rest_api_id, resource_id, http_method)
    del found.method["methodIntegration"]
    await found.save(ctx)


def _change_cache_keys(wire: Wire, patch: Patch) -> None:
    """`/cacheKeyParameters` with the name as value, or `/cacheKeyParameters/NAME`."""
    name = patch.names[0] if patch.names else given(patch)
    held: list[str] = [each for each in wire["cacheKeyParameters"] if each != name]
    wire["cacheKeyParameters"] = held if patch.op == "remove" else [*held, name]


def _replace_timeout(wire: Wire, patch: Patch) -> None:
    wire["timeoutInMillis"] = to_integer(patch)


def _replace_tls(wire: Wire, patch: Patch) -> None:
    wire.setdefault("tlsConfig", {})["insecureSkipVerification"] = to_boolean(patch)


def _replace_method(wire: Wire, patch: Patch) -> None:
    wire["httpMethod"] = given(patch).upper()


def _replace_passthrough(wire: Wire, patch: Patch) -> None:
    wire["passthroughBehavior"] = patch.value or "WHEN_NO_MATCH"


def check_content_handling(value: str | None) -> None:
    if value and value not in ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT"):
        raise bad_request(
            f"Invalid content handling specified: {value}. Must be one of: [CONVERT_TO_BINARY, CONVERT_TO_TEXT]"
        )


def _one_of(*allowed: str) -> Any:
    def check(value: str | None) -> None:
        if value and value not in allowed:
            raise bad_request(f"Invalid value specified: {value}. Must be one of: [{', '.join(allowed)}]")

    return check


PATCHES = Patches(
    {
        "/cacheKeyParameters": Rule(ADD_REMOVE, _change_cache_keys),
        "/cacheKeyParameters/{name}": Rule(ADD_REMOVE, _change_cache_keys),
        "/cacheNamespace": Rule(REPLACE, text("cacheNamespace")),
        "/connectionId": Rule(REPLACE, text("connectionId")),
        "/connectionType": Rule(REPLACE, text("connectionType", _one_of("INTERNET", "VPC_LINK"))),
        "/contentHandling": Rule(("replace", "remove"), text("contentHandling", check_content_handling)),
        "/credentials": Rule(REPLACE, text("credentials")),
        "/httpMethod": Rule(REPLACE, _replace_method),
        "/passthroughBehavior": Rule(REPLACE, _replace_passthrough),
        "/requestParameters/{name}": Rule(ADD_REMOVE_REPLACE, entry("requestParameters", given)),
        "/requestTemplates/{content_type}": Rule(ADD_REMOVE_REPLACE, entry("requestTemplates", template)),
        "/responseTransferMode": Rule(REPLACE, text("responseTransferMode", _one_of("BUFFERED", "STREAM"))),
        "/timeoutInMillis": Rule(REPLACE, _replace_timeout),
        "/tlsConfig/insecureSkipVerification": Rule(REPLACE, _replace_tls),
        "/uri": Rule(REPLACE, text("uri")),
    },
    plain=True,
)


@SERVICE.operation
@retried
async def update_integration(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    found, integration = await integration_of(ctx, rest_api_id, resource_id, http_method)
    PATCHES.apply(integration, patch_operations)
    integration.setdefault("cacheNamespace", resource_id)
    if integration["type"] not in HTTP_TYPES and not integration.get("connectionId"):
        integration.pop("connectionType", None)
    check_integration(integration, found.method, found.path)
    check_cache_keys(integration, found.method)
    await check_link(ctx, integration)
    await found.save(ctx)
    return integration
