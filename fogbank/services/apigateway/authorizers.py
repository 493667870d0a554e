"""Authorizers: Lambda functions (TOKEN, REQUEST) and Cognito user pools that decide who may call."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, new_id, part_of
from fogbank.services.apigateway.limits import AUTHORIZER_TTL_S_MAX, AUTHORIZERS_PER_API_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import (
    ADD_REMOVE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    items,
    text,
    to_integer,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.request_validators import check_unused
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT

NO_AUTHORIZER = "Invalid Authorizer identifier specified"
SOURCE = re.compile(
    r"method\.request\.(?:multivalue)?(?:header|querystring)\.[\w\-.]+|context\.[\w.]+|stageVariables\.\w+"
)
LAMBDA_URI = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:(?:[^:]*\.)?lambda:path/\d{4}-\d\d-\d\d/functions/.+/invocations"
)
DEFAULT_SOURCE = "method.request.header.Authorization"


def check_authorizer(authorizer: Wire) -> None:
    """Refuse what AWS refuses. Its words are known only in part."""
    kind = authorizer["type"]
    if not re.fullmatch(r"[\w\- ]{1,128}", authorizer.get("name") or ""):
        raise bad_request("Invalid authorizer name specified")
    if kind == "COGNITO_USER_POOLS":
        arns = authorizer.get("providerARNs") or []
        if not arns:
            raise bad_request("Authorizer of type COGNITO_USER_POOLS must have at least one provider ARN")
        for arn in arns:
            parsed = parse_arn(arn)
            if (
                parsed is None
                or parsed.service != "cognito-idp"
                or not parsed.resource.startswith("userpool/")
            ):
                raise bad_request(f"Invalid Cognito User Pool ARN specified: {arn}")
    elif not LAMBDA_URI.fullmatch(authorizer.get("authorizerUri") or ""):
        raise bad_request(
            "Invalid Authorizer URI: "
            f"{authorizer.get('authorizerUri')}. Authorizer URI should be a valid API Gateway ARN that represents a "
            "Lambda function invocation."
        )
    check_ttl(authorizer.get("authorizerResultTtlInSeconds"))
    _check_sources(kind, authorizer)
    credentials = authorizer.get("authorizerCredentials")
    if credentials is not None and parse_arn(credentials) is None:
        raise bad_request("Invalid ARN specified in the request")
    if pattern := authorizer.get("identityValidationExpression"):
        try:
            re.compile(pattern)
        except re.error:
            raise bad_request(f"Invalid identity validation expression specified: {pattern}") from None


def check_ttl(ttl: int | None) -> None:
    if ttl is not None and not 0 <= ttl <= AUTHORIZER_TTL_S_MAX:
        raise bad_request(f"Authorizer result TTL must be between 0 and {AUTHORIZER_TTL_S_MAX} seconds")


def _check_sources(kind: str, authorizer: Wire) -> None:
    sources = [each.strip() for each in (authorizer.get("identitySource") or "").split(",") if each.strip()]
    cached = authorizer.get("authorizerResultTtlInSeconds", 300) != 0
    if kind == "REQUEST" and not sources and cached:
        raise bad_request("Identity source must be specified for REQUEST authorizers when caching is enabled")
    for source in sources:
        if not SOURCE.fullmatch(source):
            raise bad_request(f"Invalid identity source specified: {source}")
    if kind != "REQUEST" and (len(sources) > 1 or (sources and ".header." not in sources[0])):
        raise bad_request(f"Invalid identity source specified: {authorizer['identitySource']}")


@SERVICE.operation(refuses={"jwtConfiguration"})
@retried
async def create_authorizer(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    name: str,
    type: str,
    provider_arns: list[str] | None = None,
    auth_type: str | None = None,
    authorizer_uri: str | None = None,
    authorizer_credentials: str | None = None,
    identity_source: str | None = None,
    identity_validation_expression: str | None = None,
    authorizer_result_ttl_in_seconds: int | None = None,
) -> dict[str, Any]:
    api = await api_of(ctx, rest_api_id)
    if type == "JWT":
        raise NotSupported("apigateway authorizers of type JWT")
    pools = type == "COGNITO_USER_POOLS"
    authorizer = shape(
        id=new_id(ctx),
        name=name,
        type=type,
        providerARNs=provider_arns or None,
        authType=auth_type or ("cognito_user_pools" if pools else "custom"),
        authorizerUri=authorizer_uri or None,
        authorizerCredentials=authorizer_credentials or None,
        identitySource=identity_source or (None if type == "REQUEST" else DEFAULT_SOURCE),
        identityValidationExpression=identity_validation_expression or None,
        authorizerResultTtlInSeconds=authorizer_result_ttl_in_seconds,
    )
    check_authorizer(authorizer)
    await _check_name_free(ctx, rest_api_id, authorizer)
    await check_room(ctx, rest_api_id, "authorizer", AUTHORIZERS_PER_API_MAX)
    key = keys.part(rest_api_id, "authorizer", authorizer["id"])
    await ctx.state.store.commit(change(api).put(key, pack(authorizer), expect=ABSENT))
    return authorizer


async def _check_name_free(ctx: Call[ApiGateway], api_id: str, authorizer: Wire) -> None:
    others = await scan(ctx.state.store, keys.part(api_id, "authorizer"), limit=AUTHORIZERS_PER_API_MAX * 100)
    for other in others:
        if other.wire["name"] == authorizer["name"] and other.wire["id"] != authorizer["id"]:
            raise conflict(
                "Authorizer name must be unique. Authorizer with this name already exists in the API."
            )


@SERVICE.operation
async def get_authorizer(ctx: Call[ApiGateway], *, rest_api_id: str, authorizer_id: str) -> dict[str, Any]:
    _, found = await part_of(ctx, rest_api_id, "authorizer", authorizer_id, missing=NO_AUTHORIZER)
    return found.wire


@SERVICE.operation
async def get_authorizers(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    return await answer_page(ctx, keys.part(rest_api_id, "authorizer"), position, limit)


@SERVICE.operation
@retried
async def delete_authorizer(ctx: Call[ApiGateway], *, rest_api_id: str, authorizer_id: str) -> None:
    """Refused while a method uses it."""
    api, found = await part_of(ctx, rest_api_id, "authorizer", authorizer_id, missing=NO_AUTHORIZER)
    await check_unused(ctx, rest_api_id, "authorizerId", authorizer_id, "authorizer")
    await ctx.state.store.commit(change(api).delete(found.key, expect=found.version))


def _replace_ttl(wire: Wire, patch: Patch) -> None:
    wire["authorizerResultTtlInSeconds"] = to_integer(patch)


def _replace_type(wire: Wire, patch: Patch) -> None:
    if patch.value not in ("TOKEN", "REQUEST", "COGNITO_USER_POOLS"):
        raise bad_request(f"Invalid authorizer type specified: {patch.value}")
    wire["type"] = patch.value


PATCHES = Patches(
    {
        "/authorizerCredentials": Rule(REPLACE, text("authorizerCredentials")),
        "/authorizerResultTtlInSeconds": Rule(REPLACE, _replace_ttl),
        "/authorizerUri": Rule(REPLACE, text("authorizerUri")),
        "/authType": Rule(REPLACE, text("authType")),
        "/identitySource": Rule(REPLACE, text("identitySource")),
        "/identityValidationExpression": Rule(REPLACE, text("identityValidationExpression")),
        "/name": Rule(REPLACE, text("name")),
        "/providerARNs": Rule(ADD_REMOVE, items("providerARNs")),
        "/type": Rule(REPLACE, _replace_type),
    }
)


@SERVICE.operation
@retried
async def update_authorizer(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    authorizer_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, found = await part_of(ctx, rest_api_id, "authorizer", authorizer_id, missing=NO_AUTHORIZER)
    PATCHES.apply(found.wire, patch_operations)
    check_authorizer(found.wire)
    await _check_name_free(ctx, rest_api_id, found.wire)
    await ctx.state.store.commit(change(api).put(found.key, pack(found.wire), expect=found.version))
    return found.wire
