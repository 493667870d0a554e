"""Base path mappings: which API and stage answers under which first path step of a custom domain name."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.domain_names import domain_of
from fogbank.services.apigateway.domain_uses import forget, note
from fogbank.services.apigateway.drafts import touch
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule, given, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, limit_exceeded, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Transaction

NO_MAPPING = "Invalid base path mapping identifier specified"
NONE = "(none)"


def check_base_path(base_path: str | None) -> str:
    """The base path as it is kept; no path is `(none)`."""
    found = base_path or NONE
    if "/" in found:
        raise bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. "
            "To create a multi-level base path mapping, use API Gateway V2."
        )
    if found != NONE and not re.fullmatch(r"[a-zA-Z0-9\-._~$+!*'(),]{1,300}", found):
        raise bad_request(f"Invalid base path specified: {found}")
    return found


async def _check_target(ctx: Call[ApiGateway], mapping: Wire) -> Held:
    """The API that it leads to."""
    api_id, stage = mapping["restApiId"], mapping.get("stage")
    api = await read(ctx.state.store, keys.api(place_of(ctx), api_id))
    if api is None:
        raise bad_request("Invalid REST API identifier specified")
    if stage and await read(ctx.state.store, keys.stage(api_id, stage)) is None:
        raise bad_request("Invalid stage identifier specified")
    return api


@SERVICE.internal
async def has_base_path(ctx: Call[ApiGateway], *, host: str, base_path: str) -> bool:
    """A domain name has a mapping of that base path."""
    return await read(ctx.state.store, keys.mapping(host, base_path or NONE)) is not None


async def mapping_of(ctx: Call[ApiGateway], domain_name: str, base_path: str) -> tuple[Held, Held]:
    domain = await domain_of(ctx, domain_name)
    found = await read(ctx.state.store, keys.mapping(domain_name, base_path or NONE))
    if found is None:
        raise not_found(NO_MAPPING)
    return domain, found


@SERVICE.operation(refuses={"domainNameId"})
@retried
async def create_base_path_mapping(
    ctx: Call[ApiGateway],
    *,
    domain_name: str,
    rest_api_id: str,
    base_path: str | None = None,
    stage: str | None = None,
) -> dict[str, Any]:
    """Without a stage, the first step behind the base path names it."""
    name, store = domain_name.lower(), ctx.state.store
    domain = await domain_of(ctx, name)
    mapping = shape(basePath=check_base_path(base_path), restApiId=rest_api_id, stage=stage or None)
    api = await _check_target(ctx, mapping)
    key = keys.mapping(name, mapping["basePath"])
    if await read(store, key) is not None:
        raise conflict("Base path already exists for this domain name")
    if await store.count(keys.mappings(name), limit=MAPPINGS_PER_DOMAIN_MAX) >= MAPPINGS_PER_DOMAIN_MAX:
        raise limit_exceeded(
            f"Maximum number of base path mappings has been reached. Limit: {MAPPINGS_PER_DOMAIN_MAX}"
        )
    tx = Transaction().check(domain.key, domain.version).put(key, pack(mapping), expect=ABSENT)
    touch(tx, api)
    note(tx, name, mapping)
    await store.commit(tx)
    return mapping


@SERVICE.operation(refuses={"domainNameId"})
async def get_base_path_mapping(ctx: Call[ApiGateway], *, domain_name: str, base_path: str) -> dict[str, Any]:
    _, found = await mapping_of(ctx, domain_name.lower(), base_path)
    return found.wire


@SERVICE.operation(refuses={"domainNameId"})
async def get_base_path_mappings(
    ctx: Call[ApiGateway], *, domain_name: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    name = domain_name.lower()
    await domain_of(ctx, name)
    return await answer_page(ctx, keys.mappings(name), position, limit)


@SERVICE.operation(refuses={"domainNameId"})
@retried
async def delete_base_path_mapping(ctx: Call[ApiGateway], *, domain_name: str, base_path: str) -> None:
    name = domain_name.lower()
    _, found = await mapping_of(ctx, name, base_path)
    tx = Transaction().delete(found.key, expect=found.version)
    forget(tx, name, found.wire)
    await ctx.state.store.commit(tx)


def _replace_path(wire: Wire, patch: Patch) -> None:
    wire["basePath"] = check_base_path(patch.value)


def _replace_api(wire: Wire, patch: Patch) -> None:
    wire["restApiId"] = given(patch)


PATCHES = Patches(
    {
        "/basePath": Rule(REPLACE, _replace_path),
        "/restapiId": Rule(REPLACE, _replace_api),
        "/stage": Rule(REPLACE, text("stage")),
    }
)


@SERVICE.operation(refuses={"domainNameId"})
@retried
async def update_base_path_mapping(
    ctx: Call[ApiGateway],
    *,
    domain_name: str,
    base_path: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    name, store = domain_name.lower(), ctx.state.store
    domain, found = await mapping_of(ctx, name, base_path)
    before, mapping = dict(found.wire), found.wire
    PATCHES.apply(mapping, patch_operations)
    api = await _check_target(ctx, mapping)
    tx = Transaction().check(domain.key, domain.version)
    touch(tx, api)
    key = keys.mapping(name, mapping["basePath"])
    if key == found.key:
        tx.put(key, pack(mapping), expect=found.version)
    elif await read(store, key) is not None:
        raise conflict("Base path already exists for this domain name")
    else:
        tx.delete(found.key, expect=found.version).put(key, pack(mapping), expect=ABSENT)
    forget(tx, name, before)
    note(tx, name, mapping)
    await store.commit(tx)
    return mapping
