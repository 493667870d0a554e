"""Methods of resources: who may call, with which parameters and models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.default_models import EMPTY
from fogbank.services.apigateway.drafts import change, part_of
from fogbank.services.apigateway.mapping import check_method_parameter, check_method_parameters
from fogbank.services.apigateway.patching import (
    ADD_REMOVE,
    ADD_REMOVE_REPLACE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    boolean,
    entry,
    given,
    items,
    set_or_drop,
    text,
    to_boolean,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.resources import NO_RESOURCE
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, not_found
from fogbank.services.apigateway.state import ApiGateway

HTTP_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
AUTHORIZATION_TYPES = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
NO_METHOD = "Invalid Method identifier specified"
NO_AUTHORIZER = (
    "Invalid authorizer ID specified. "
    "Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
)


@dataclass(frozen=True, slots=True)
class Found:
    """A method within its resource: change `method` in place, then `save`."""

    api: Held
    resource: Held
    method: Wire

    @property
    def path(self) -> str:
        path: str = self.resource.wire["path"]
        return path

    async def save(self, ctx: Call[ApiGateway]) -> None:
        tx = change(self.api).put(self.resource.key, pack(self.resource.wire), expect=self.resource.version)
        await ctx.state.store.commit(tx)


async def method_of(ctx: Call[ApiGateway], api_id: str, resource_id: str, http_method: str) -> Found:
    api, resource = await part_of(ctx, api_id, "resource", resource_id, missing=NO_RESOURCE)
    method = resource.wire.get("resourceMethods", {}).get(http_method.upper())
    if method is None:
        raise not_found(NO_METHOD)
    return Found(api, resource, method)


def check_http_method(http_method: str) -> str:
    if http_method.upper() not in HTTP_METHODS:
        raise bad_request(f"Invalid HttpMethod specified. Valid options are {','.join(HTTP_METHODS)}")
    return http_method.upper()


def authorization_type_of(given_type: str | None) -> str:
    """AWS takes it in any case."""
    if given_type is None or given_type.upper() not in AUTHORIZATION_TYPES:
        raise bad_request(
            f"Invalid authorization type specified. Valid options are {','.join(AUTHORIZATION_TYPES)}"
        )
    return given_type.upper()


async def check_references(ctx: Call[ApiGateway], api_id: str, method: Wire) -> None:
    """The authorizer, validator and models that a method names are there, and fit."""
    store = ctx.state.store
    authorizer = None
    if (authorizer_id := method.get("authorizerId")) is not None:
        authorizer = await read(store, keys.part(api_id, "authorizer", authorizer_id))
    kind = method["authorizationType"]
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        is_pool = authorizer is not None and authorizer.wire["type"] == "COGNITO_USER_POOLS"
        if authorizer is None or is_pool != (kind == "COGNITO_USER_POOLS"):
            raise bad_request(NO_AUTHORIZER)
    validator_id = method.get("requestValidatorId")
    if validator_id is not None and await read(store, keys.part(api_id, "validator", validator_id)) is None:
        raise bad_request("Invalid Request Validator identifier specified")
    await check_models(ctx, api_id, method.get("requestModels"))


async def check_models(ctx: Call[ApiGateway], api_id: str, models: dict[str, str] | None) -> None:
    for name in (models or {}).values():
        if name != EMPTY and await read(ctx.state.store, keys.part(api_id, "model", name)) is None:
            raise bad_request(f"Invalid model identifier specified: {name}")


@SERVICE.operation
@retried
async def put_method(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    authorization_type: str,
    authorizer_id: str | None = None,
    api_key_required: bool = False,
    operation_name: str | None = None,
    request_parameters: dict[str, bool] | None = None,
    request_models: dict[str, str] | None = None,
    request_validator_id: str | None = None,
    authorization_scopes: list[str] | None = None,
) -> dict[str, Any]:
    api, resource = await part_of(ctx, rest_api_id, "resource", resource_id, missing=NO_RESOURCE)
    http_method = check_http_method(http_method)
    methods = resource.wire.setdefault("resourceMethods", {})
    if http_method in methods:
        raise conflict("Method already exists for this resource")
    check_method_parameters(request_parameters)
    kind = authorization_type_of(authorization_type)
    method = shape(
        httpMethod=http_method,
        authorizationType=kind,
        authorizerId=authorizer_id if kind in ("CUSTOM", "COGNITO_USER_POOLS") else None,
        apiKeyRequired=api_key_required,
        requestValidatorId=request_validator_id or None,
        operationName=operation_name or None,
        requestParameters=request_parameters or None,
        requestModels=request_models or None,
        authorizationScopes=authorization_scopes or None,
    )
    check_scopes(method)
    await check_references(ctx, rest_api_id, method)
    methods[http_method] = method
    await Found(api, resource, method).save(ctx)
    return method


def check_scopes(method: Wire) -> None:
    if method.get("authorizationScopes") and method["authorizationType"] != "COGNITO_USER_POOLS":
        raise bad_request(
            "Authorization scopes are only supported for methods with COGNITO_USER_POOLS authorizers"
        )
    for scope in method.get("authorizationScopes") or ():
        if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}", scope):
            raise bad_request(f"Invalid authorization scope specified: {scope}")


@SERVICE.operation
async def get_method(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str
) -> dict[str, Any]:
    return (await method_of(ctx, rest_api_id, resource_id, http_method)).method


@SERVICE.operation
@retried
async def delete_method(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str
) -> None:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    del found.resource.wire["resourceMethods"][http_method.upper()]
    await found.save(ctx)


def _replace_type(wire: Wire, patch: Patch) -> None:
    wire["authorizationType"] = authorization_type_of(patch.value)
    if wire["authorizationType"] in ("NONE", "AWS_IAM"):
        wire.pop("authorizerId", None)


def _change_parameter(wire: Wire, patch: Patch) -> None:
    if patch.op != "remove":
        check_method_parameter(patch.name)
    entry("requestParameters", to_boolean)(wire, patch)
    check_method_parameters(wire.get("requestParameters"))


def _replace_validator(wire: Wire, patch: Patch) -> None:
    set_or_drop(wire, "requestValidatorId", patch.value or None)


PATCHES = Patches(
    {
        "/authorizationScopes": Rule(ADD_REMOVE, items("authorizationScopes")),
        "/authorizationType": Rule(REPLACE, _replace_type),
        "/authorizerId": Rule(REPLACE, text("authorizerId")),
        "/apiKeyRequired": Rule(REPLACE, boolean("apiKeyRequired")),
        "/operationName": Rule(REPLACE, text("operationName")),
        "/requestParameters/{name}": Rule(ADD_REMOVE_REPLACE, _change_parameter),
        "/requestModels/{content_type}": Rule(ADD_REMOVE_REPLACE, entry("requestModels", given)),
        "/requestValidatorId": Rule(REPLACE, _replace_validator),
    },
    plain=True,
)


@SERVICE.operation
@retried
async def update_method(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    PATCHES.apply(found.method, patch_operations)
    check_scopes(found.method)
    await check_references(ctx, rest_api_id, found.method)
    await found.save(ctx)
    return found.method
