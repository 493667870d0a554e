"""Request validators: whether a method's parameters and body are checked before it runs."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, new_id, part_of
from fogbank.services.apigateway.limits import RESOURCES_PER_API_MAX, VALIDATORS_PER_API_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule, boolean
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT

NO_VALIDATOR = "Invalid Request Validator identifier specified"


def check_name(name: str | None) -> None:
    if not name:
        raise bad_request("Request Validator name cannot be blank")


@SERVICE.operation
@retried
async def create_request_validator(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    name: str | None = None,
    validate_request_body: bool = False,
    validate_request_parameters: bool = False,
) -> dict[str, Any]:
    api = await api_of(ctx, rest_api_id)
    check_name(name)
    await check_room(ctx, rest_api_id, "validator", VALIDATORS_PER_API_MAX)
    validator: Wire = {
        "id": new_id(ctx),
        "name": name,
        "validateRequestBody": validate_request_body,
        "validateRequestParameters": validate_request_parameters,
    }
    key = keys.part(rest_api_id, "validator", validator["id"])
    await ctx.state.store.commit(change(api).put(key, pack(validator), expect=ABSENT))
    return validator


@SERVICE.operation
async def get_request_validator(
    ctx: Call[ApiGateway], *, rest_api_id: str, request_validator_id: str
) -> dict[str, Any]:
    _, found = await part_of(ctx, rest_api_id, "validator", request_validator_id, missing=NO_VALIDATOR)
    return found.wire


@SERVICE.operation
async def get_request_validators(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    return await answer_page(ctx, keys.part(rest_api_id, "validator"), position, limit)


@SERVICE.operation
@retried
async def delete_request_validator(
    ctx: Call[ApiGateway], *, rest_api_id: str, request_validator_id: str
) -> None:
    """Refused while a method uses it."""
    api, found = await part_of(ctx, rest_api_id, "validator", request_validator_id, missing=NO_VALIDATOR)
    await check_unused(ctx, rest_api_id, "requestValidatorId", request_validator_id, "request validator")
    await ctx.state.store.commit(change(api).delete(found.key, expect=found.version))


async def check_unused(ctx: Call[ApiGateway], api_id: str, member: str, identifier: str, what: str) -> None:
    """ConflictException while a method names it. AWS's words are not known but for models."""
    resources = await scan(ctx.state.store, keys.part(api_id, "resource"), limit=RESOURCES_PER_API_MAX)
    for resource in resources:
        for method in resource.wire.get("resourceMethods", {}).values():
            if method.get(member) == identifier:
                where = f"{resource.wire['path']}/{method['httpMethod']}"
                raise conflict(f"Cannot delete {what} '{identifier}', is referenced in method: {where}")


def _replace_name(wire: Wire, patch: Patch) -> None:
    check_name(patch.value)
    wire["name"] = patch.value


PATCHES = Patches(
    {
        "/name": Rule(REPLACE, _replace_name),
        "/validateRequestParameters": Rule(REPLACE, boolean("validateRequestParameters")),
        "/validateRequestBody": Rule(REPLACE, boolean("validateRequestBody")),
    }
)


@SERVICE.operation
@retried
async def update_request_validator(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    request_validator_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, found = await part_of(ctx, rest_api_id, "validator", request_validator_id, missing=NO_VALIDATOR)
    PATCHES.apply(found.wire, patch_operations)
    await ctx.state.store.commit(change(api).put(found.key, pack(found.wire), expect=found.version))
    return found.wire
