"""Documentation versions: frozen copies of an API's documentation parts, to be exported with a stage."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, part_of, stamp
from fogbank.services.apigateway.limits import (
    DOCUMENTATION_PARTS_PER_API_MAX,
    DOCUMENTATION_VERSIONS_PER_API_MAX,
)
from fogbank.services.apigateway.pages import listed, page_of
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict
from fogbank.services.apigateway.stages import all_stages
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT

NO_VERSION = "Invalid Documentation version specified"


def shown(version: Wire) -> Wire:
    """Without the parts that it froze."""
    return {name: value for name, value in version.items() if name != "parts"}


@SERVICE.operation
@retried
async def create_documentation_version(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    documentation_version: str,
    stage_name: str | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Freeze the parts; with a stage's name, the stage is documented by it."""
    api = await api_of(ctx, rest_api_id)
    store = ctx.state.store
    if not documentation_version:
        raise bad_request("Documentation version must be non-empty")
    key = keys.part(rest_api_id, "docversion", documentation_version)
    if await read(store, key) is not None:
        raise conflict("Documentation version already exists")
    await check_room(ctx, rest_api_id, "docversion", DOCUMENTATION_VERSIONS_PER_API_MAX)
    parts = await scan(store, keys.part(rest_api_id, "docpart"), limit=DOCUMENTATION_PARTS_PER_API_MAX)
    version = shape(
        version=documentation_version,
        createdDate=stamp(ctx),
        description=description or None,
        parts=[each.wire for each in parts],
    )
    tx = change(api).put(key, pack(version), expect=ABSENT)
    if stage_name:
        stage = await read(store, keys.stage(rest_api_id, stage_name))
        if stage is None:
            raise bad_request("Invalid stage identifier specified")
        tx.put(
            stage.key,
            pack(stage.wire | {"documentationVersion": documentation_version}),
            expect=stage.version,
        )
    await store.commit(tx)
    return shown(version)


@SERVICE.operation
async def get_documentation_version(
    ctx: Call[ApiGateway], *, rest_api_id: str, documentation_version: str
) -> dict[str, Any]:
    _, found = await part_of(ctx, rest_api_id, "docversion", documentation_version, missing=NO_VERSION)
    return shown(found.wire)


@SERVICE.operation
async def get_documentation_versions(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    found, following = await page_of(ctx, keys.part(rest_api_id, "docversion"), position, limit)
    return listed([shown(each.wire) for each in found], following)


@SERVICE.operation
@retried
async def delete_documentation_version(
    ctx: Call[ApiGateway], *, rest_api_id: str, documentation_version: str
) -> None:
    """Refused while a stage is documented by it."""
    api, found = await part_of(ctx, rest_api_id, "docversion", documentation_version, missing=NO_VERSION)
    for stage in await all_stages(ctx, rest_api_id):
        if stage.get("documentationVersion") == documentation_version:
            raise conflict(f"Documentation version is associated with stage {stage['stageName']}")
    await ctx.state.store.commit(change(api).delete(found.key, expect=found.version))


PATCHES = Patches({"/description": Rule(REPLACE, text("description"))})


@SERVICE.operation
@retried
async def update_documentation_version(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    documentation_version: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, found = await part_of(ctx, rest_api_id, "docversion", documentation_version, missing=NO_VERSION)
    PATCHES.apply(found.wire, patch_operations)
    await ctx.state.store.commit(change(api).put(found.key, pack(found.wire), expect=found.version))
    return shown(found.wire)
