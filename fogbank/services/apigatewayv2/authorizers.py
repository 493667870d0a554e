"""Authorizers: JWT ones of HTTP APIs, and functions (REQUEST) of both."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Wire, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import Edit, api_of, edit_of, new_id, part_of
from fogbank.services.apigatewayv2.limits import (
    AUDIENCES_MAX,
    AUTHORIZER_TTL_S_MAX,
    AUTHORIZERS_PER_API_MAX,
    ROUTES_PER_API_MAX,
)
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import given, merged, retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict
from fogbank.services.apigatewayv2.state import ApiGatewayV2

HTTP_SOURCE = re.compile(r"\$request\.(header|querystring)\.[^\s,]+|\$(context|stageVariables)\.[^\s,]+")
WEBSOCKET_SOURCE = re.compile(
    r"route\.request\.(header|querystring)\.[^\s,]+|(context|stageVariables)\.[^\s,]+"
)
FUNCTION_URI = re.compile(r"arn:[^:]+:apigateway:[^:]*:lambda:path/+2015-03-31/functions/.+/invocations/?")


@SERVICE.operation(refuses={"IdentityValidationExpression"})
@retried
async def create_authorizer(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    authorizer_type: str,
    identity_source: list[str] | None = None,
    name: str,
    authorizer_credentials_arn: str | None = None,
    authorizer_payload_format_version: str | None = None,
    authorizer_result_ttl_in_seconds: int | None = None,
    authorizer_uri: str | None = None,
    enable_simple_responses: bool | None = None,
    jwt_configuration: dict[str, Any] | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id")
    edit = await edit_of(ctx, api_id)
    await edit.room("authorizer", AUTHORIZERS_PER_API_MAX, "Authorizers")
    authorizer = await new_authorizer(edit, asked)
    await edit.commit()
    return authorizer


async def new_authorizer(edit: Edit, asked: Wire) -> Wire:
    authorizer = merged({"AuthorizerId": new_id(edit.ctx, 6)}, asked)
    if asked["AuthorizerType"] == "REQUEST" and edit.is_http:
        authorizer.setdefault("EnableSimpleResponses", False)
    check_authorizer(edit, authorizer)
    await _check_name(edit, authorizer)
    edit.put(authorizer, "authorizer", authorizer["AuthorizerId"])
    return authorizer


def check_authorizer(edit: Edit, authorizer: Wire) -> None:
    """Refuse what AWS does not combine."""
    sources = authorizer.get("IdentitySource") or []
    pattern = HTTP_SOURCE if edit.is_http else WEBSOCKET_SOURCE
    for source in sources:
        if not pattern.fullmatch(source):
            raise bad_request(f"Invalid mapping expression specified: {source}")
    ttl_s = authorizer.get("AuthorizerResultTtlInSeconds")
    if ttl_s is not None and not 0 <= ttl_s <= AUTHORIZER_TTL_S_MAX:
        raise bad_request(f"authorizerResultTtlInSeconds must be between 0 and {AUTHORIZER_TTL_S_MAX}")
    if authorizer["AuthorizerType"] == "JWT":
        _check_jwt(edit, authorizer, sources)
    else:
        _check_request(edit, authorizer, sources)


def _check_jwt(edit: Edit, authorizer: Wire, sources: list[str]) -> None:
    if not edit.is_http:
        raise bad_request("JWT authorizers are only supported for HTTP APIs")  # ours
    for member in (
        "AuthorizerCredentialsArn",
        "AuthorizerPayloadFormatVersion",
        "AuthorizerUri",
        "EnableSimpleResponses",
        "AuthorizerResultTtlInSeconds",
    ):
        if authorizer.get(member):
            raise bad_request(f"{member[0].lower()}{member[1:]} is not supported for JWT authorizers")  # ours
    if len(sources) != 1:
        raise bad_request("A JWT authorizer has exactly one identity source")  # ours
    configuration = authorizer.get("JwtConfiguration") or {}
    issuer, audience = configuration.get("Issuer"), configuration.get("Audience")
    if not issuer or not issuer.startswith(("https://", "http://")):
        raise bad_request(
            "Invalid issuer: must be a valid HTTPS URL"
        )  # ours: http, for issuers on this machine
    if not audience:
        raise bad_request("A JWT authorizer needs at least one audience")  # ours
    if len(audience) > AUDIENCES_MAX:
        raise bad_request(f"A JWT authorizer can have at most {AUDIENCES_MAX} audiences")


def _check_request(edit: Edit, authorizer: Wire, sources: list[str]) -> None:
    uri = authorizer.get("AuthorizerUri") or ""
    if not FUNCTION_URI.fullmatch(uri):
        raise bad_request(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN that "
            "represents a Lambda function invocation."
        )
    if authorizer.get("JwtConfiguration"):
        raise bad_request("jwtConfiguration is only supported for JWT authorizers")  # ours
    if credentials := authorizer.get("AuthorizerCredentialsArn"):
        arn = parse_arn(credentials)
        if arn is None or arn.service != "iam":
            raise bad_request("Invalid ARN specified in the request for authorizerCredentialsArn")
    version = authorizer.get("AuthorizerPayloadFormatVersion")
    if not edit.is_http:
        for member in (
            "AuthorizerPayloadFormatVersion",
            "EnableSimpleResponses",
            "AuthorizerResultTtlInSeconds",
        ):
            if authorizer.get(member):
                raise bad_request(f"{member[0].lower()}{member[1:]} is only supported for HTTP APIs")  # ours
        return
    if version not in ("1.0", "2.0"):
        raise bad_request("AuthorizerPayloadFormatVersion is a required parameter for HTTP APIs: 1.0 or 2.0")
    if authorizer.get("EnableSimpleResponses") and version != "2.0":
        raise bad_request(
            "enableSimpleResponses is only supported with authorizerPayloadFormatVersion 2.0"
        )  # ours
    if authorizer.get("AuthorizerResultTtlInSeconds") and not sources:
        raise bad_request("Identity sources are required when caching is enabled")  # ours


async def _check_name(edit: Edit, authorizer: Wire) -> None:
    prefix = keys.part(edit.api_id, "authorizer")
    for other in await scan(edit.ctx.state.store, prefix, limit=AUTHORIZERS_PER_API_MAX):
        same = other.wire["Name"] == authorizer["Name"]
        if same and other.wire["AuthorizerId"] != authorizer["AuthorizerId"]:
            raise bad_request(
                f"Authorizer name must be unique. Authorizer {authorizer['Name']} already exists in this API."
            )


@SERVICE.operation
async def get_authorizer(ctx: Call[ApiGatewayV2], *, api_id: str, authorizer_id: str) -> dict[str, Any]:
    return (await part_of(ctx, api_id, "authorizer", authorizer_id)).wire


@SERVICE.operation
async def get_authorizers(
    ctx: Call[ApiGatewayV2], *, api_id: str, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    await api_of(ctx, api_id)
    return await answer_page(ctx, keys.part(api_id, "authorizer"), max_results, next_token)


@SERVICE.operation(refuses={"IdentityValidationExpression"})
@retried
async def update_authorizer(
    ctx: Call[ApiGatewayV2],
    *,
    api_id: str,
    authorizer_id: str,
    authorizer_credentials_arn: str | None = None,
    authorizer_payload_format_version: str | None = None,
    authorizer_result_ttl_in_seconds: int | None = None,
    authorizer_type: str | None = None,
    authorizer_uri: str | None = None,
    enable_simple_responses: bool | None = None,
    identity_source: list[str] | None = None,
    jwt_configuration: dict[str, Any] | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    asked = given(locals(), "api_id", "authorizer_id")
    edit = await edit_of(ctx, api_id)
    old = await edit.part("authorizer", authorizer_id)
    authorizer = merged(old, asked)
    if authorizer["AuthorizerType"] != old["AuthorizerType"]:
        await _check_unused(edit, authorizer_id)
    check_authorizer(edit, authorizer)
    await _check_name(edit, authorizer)
    edit.put(authorizer, "authorizer", authorizer_id)
    await edit.commit()
    return authorizer


@SERVICE.operation
@retried
async def delete_authorizer(ctx: Call[ApiGatewayV2], *, api_id: str, authorizer_id: str) -> None:
    edit = await edit_of(ctx, api_id)
    await edit.part("authorizer", authorizer_id)
    await _check_unused(edit, authorizer_id)
    edit.drop("authorizer", authorizer_id)
    await edit.commit()


async def _check_unused(edit: Edit, authorizer_id: str) -> None:
    for route in await scan(edit.ctx.state.store, keys.part(edit.api_id, "route"), limit=ROUTES_PER_API_MAX):
        if route.wire.get("AuthorizerId") == authorizer_id:
            raise conflict(
                f"Cannot delete authorizer '{authorizer_id}', is referenced by route '{route.wire['RouteKey']}'"
            )  # ours
