"""Method responses: the status codes that a method declares, their headers and models."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigateway.mapping import check_method_response_parameter
from fogbank.services.apigateway.methods import check_models, method_of
from fogbank.services.apigateway.patching import (
    ADD_REMOVE_REPLACE,
    Patch,
    Patches,
    Rule,
    entry,
    given,
    to_boolean,
)
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, not_found
from fogbank.services.apigateway.state import ApiGateway

NO_RESPONSE = "Invalid Response status code specified"


def check_status_code(status_code: str) -> None:
    if not re.fullmatch(r"[1-5]\d\d", status_code):
        raise bad_request(f"Invalid status code specified: {status_code}")  # ours


@SERVICE.operation
@retried
async def put_method_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    status_code: str,
    response_parameters: dict[str, bool] | None = None,
    response_models: dict[str, str] | None = None,
) -> dict[str, Any]:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    check_status_code(status_code)
    responses = found.method.setdefault("methodResponses", {})
    if status_code in responses:
        raise conflict("Response already exists for this resource")
    for name in response_parameters or ():
        check_method_response_parameter(name)
    await check_models(ctx, rest_api_id, response_models)
    responses[status_code] = response = shape(
        statusCode=status_code,
        responseParameters=response_parameters or None,
        responseModels=response_models or None,
    )
    await found.save(ctx)
    return response


@SERVICE.operation
async def get_method_response(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
) -> dict[str, Any]:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    return response_of(found.method, status_code)


def response_of(holder: Wire, status_code: str, member: str = "methodResponses") -> Wire:
    """A response of a method, or of an integration."""
    response: Wire | None = holder.get(member, {}).get(status_code)
    if response is None:
        raise not_found(NO_RESPONSE)
    return response


def drop_response(holder: Wire, status_code: str, member: str = "methodResponses") -> None:
    response_of(holder, status_code, member)
    del holder[member][status_code]
    if not holder[member]:
        del holder[member]


@SERVICE.operation
@retried
async def delete_method_response(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, http_method: str, status_code: str
) -> None:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    drop_response(found.method, status_code)
    await found.save(ctx)


def _change_parameter(wire: Wire, patch: Patch) -> None:
    if patch.op != "remove":
        check_method_response_parameter(patch.name)
    entry("responseParameters", to_boolean)(wire, patch)


PATCHES = Patches(
    {
        "/responseParameters/{name}": Rule(ADD_REMOVE_REPLACE, _change_parameter),
        "/responseModels/{content_type}": Rule(ADD_REMOVE_REPLACE, entry("responseModels", given)),
    },
    plain=True,
)


@SERVICE.operation
@retried
async def update_method_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    http_method: str,
    status_code: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    found = await method_of(ctx, rest_api_id, resource_id, http_method)
    response = response_of(found.method, status_code)
    PATCHES.apply(response, patch_operations)
    await check_models(ctx, rest_api_id, response.get("responseModels"))
    await found.save(ctx)
    return response
