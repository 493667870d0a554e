"""Gateway responses: what a caller gets when a request does not come to its integration, or that fails."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, part_of
from fogbank.services.apigateway.gateway_defaults import STATUS, TEMPLATE, default_response
from fogbank.services.apigateway.integration_rules import check_templates
from fogbank.services.apigateway.pages import listed, opened, page_size, sealed
from fogbank.services.apigateway.patching import ADD_REMOVE_REPLACE, REPLACE, Patch, Patches, Rule
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request
from fogbank.services.apigateway.state import ApiGateway

NOT_DEFINED = "Gateway response type not defined on api"
PARAMETER = re.compile(r"gatewayresponse\.header\.[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
SOURCE = re.compile(
    r"'.*'|context\..+|stageVariables\..+"
    r"|method\.request\.(?:(?:multivalue)?(?:header|querystring)\..+|path\..+|body(?:[.\[].+)?)",
    re.DOTALL,
)


def check_response(response: Wire) -> None:
    status = response.get("statusCode")
    if status is not None and not re.fullmatch(r"[1-5]\d\d", status):
        raise bad_request(f"Invalid status code specified: {status}")  # ours
    for name, source in (response.get("responseParameters") or {}).items():
        if not PARAMETER.fullmatch(name):
            raise bad_request(f"Invalid parameter name specified: {name}")
        if not SOURCE.fullmatch(source):
            raise bad_request(f"Invalid mapping expression specified: {source}")
    check_templates(response.get("responseTemplates"))


@SERVICE.operation
@retried
async def put_gateway_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    response_type: str,
    status_code: str | None = None,
    response_parameters: dict[str, str] | None = None,
    response_templates: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Set, or replace, the response of a type. What is not given is as by default."""
    api = await api_of(ctx, rest_api_id)
    response = gateway_response(response_type, status_code, response_parameters, response_templates)
    key = keys.part(rest_api_id, "gatewayresponse", response_type)
    await ctx.state.store.commit(change(api).put(key, pack(response)))
    return response


def gateway_response(
    response_type: str,
    status_code: str | None,
    parameters: dict[str, str] | None,
    templates: dict[str, str] | None,
) -> Wire:
    response = shape(
        responseType=response_type,
        statusCode=status_code or STATUS[response_type],
        responseParameters=parameters or {},
        responseTemplates={"application/json": TEMPLATE} if templates is None else templates,
        defaultResponse=False,
    )
    check_response(response)
    return response


@SERVICE.operation
async def get_gateway_response(
    ctx: Call[ApiGateway], *, rest_api_id: str, response_type: str
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    found = await read(ctx.state.store, keys.part(rest_api_id, "gatewayresponse", response_type))
    return found.wire if found is not None else default_response(response_type)


@SERVICE.operation
async def get_gateway_responses(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    """All types, set or not. AWS answers them on one page where no limit is given."""
    await api_of(ctx, rest_api_id)
    prefix = keys.part(rest_api_id, "gatewayresponse")
    own = {
        each.wire["responseType"]: each.wire
        for each in await scan(ctx.state.store, prefix, limit=len(STATUS))
    }
    types = list(STATUS)
    if position:
        types = [each for each in types if each > opened(prefix, position)]
    size = page_size(limit)
    answer = [own.get(each) or default_response(each) for each in types[:size]]
    return listed(answer, sealed(prefix, types[size - 1]) if len(types) > size else None)


@SERVICE.operation
@retried
async def delete_gateway_response(ctx: Call[ApiGateway], *, rest_api_id: str, response_type: str) -> None:
    """Back to the default."""
    api, found = await part_of(ctx, rest_api_id, "gatewayresponse", response_type, missing=NOT_DEFINED)
    await ctx.state.store.commit(change(api).delete(found.key, expect=found.version))


def _change_entry(member: str) -> Any:
    def change_entry(wire: Wire, patch: Patch) -> None:
        held = wire.setdefault(member, {})
        if patch.op == "remove":
            if patch.name not in held:
                raise bad_request("Invalid parameter name specified")
            del held[patch.name]
            return
        if patch.value is None:
            raise bad_request(f"Invalid null or empty value in {patch.path}")
        held[patch.name] = patch.value

    return change_entry


def _replace_status(wire: Wire, patch: Patch) -> None:
    wire["statusCode"] = patch.value
    if not patch.value:
        del wire["statusCode"]


PATCHES = Patches(
    {
        "/statusCode": Rule(REPLACE, _replace_status),
        "/responseParameters/{name}": Rule(ADD_REMOVE_REPLACE, _change_entry("responseParameters")),
        "/responseTemplates/{content_type}": Rule(ADD_REMOVE_REPLACE, _change_entry("responseTemplates")),
    },
    plain=True,
)


@SERVICE.operation
@retried
async def update_gateway_response(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    response_type: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Change the response of a type, the default one included."""
    api = await api_of(ctx, rest_api_id)
    key = keys.part(rest_api_id, "gatewayresponse", response_type)
    found = await read(ctx.state.store, key)
    response = found.wire if found is not None else default_response(response_type)
    PATCHES.apply(response, patch_operations)
    check_response(response)
    response["defaultResponse"] = False
    tx = change(api).put(key, pack(response), expect=0 if found is None else found.version)
    await ctx.state.store.commit(tx)
    return response
