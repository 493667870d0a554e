"""Resources: the tree of paths. Each record holds its methods; children are found by parent and path part."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, new_id, part_of
from fogbank.services.apigateway.limits import RESOURCES_PER_API_MAX
from fogbank.services.apigateway.pages import listed, page_of
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule, given
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Transaction

NO_RESOURCE = "Invalid Resource identifier specified"
PATH_PART = re.compile(r"[a-zA-Z0-9._\-:]+|\{[a-zA-Z0-9._\-:]+\+?\}")


def shown(resource: Wire, embed: list[str] | None) -> Wire:
    """The Resource of an answer: methods are only named unless they are asked for."""
    methods = resource.get("resourceMethods")
    if not methods:
        return {name: value for name, value in resource.items() if name != "resourceMethods"}
    if embed and "methods" in embed:
        return resource
    return resource | {"resourceMethods": {name: {} for name in methods}}


def check_path_part(path_part: str | None) -> None:
    if path_part is None or not PATH_PART.fullmatch(path_part):
        raise bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
            "beginning and the end."
        )


def path_of(parent: Wire, path_part: str) -> str:
    return f"{parent['path'].rstrip('/')}/{path_part}"


async def check_place(
    ctx: Call[ApiGateway], api_id: str, parent: Wire, path_part: str, *, moving: str = ""
) -> None:
    """Whether a resource `path_part` may be below `parent`; `moving` is the one that moves there."""
    if parent.get("pathPart", "").endswith("+}"):
        raise bad_request(
            f"Cannot create a child of a resource with a greedy path variable: {parent['pathPart']}"
        )
    siblings = await scan(
        ctx.state.store, keys.part(api_id, "child", parent["id"]), limit=RESOURCES_PER_API_MAX
    )
    for sibling in siblings:
        if sibling.wire["id"] == moving:
            continue
        if sibling.position == path_part:
            raise conflict(f"Another resource with the same parent already has this name: {path_part}")
        if path_part.startswith("{") and str(sibling.position).startswith("{"):
            raise bad_request(
                f"A sibling ({sibling.position!s}) of this resource already has a variable path part -- "
                "only one is allowed"
            )


@SERVICE.operation
@retried
async def create_resource(
    ctx: Call[ApiGateway], *, rest_api_id: str, parent_id: str, path_part: str
) -> dict[str, Any]:
    api, parent = await part_of(ctx, rest_api_id, "resource", parent_id, missing=NO_RESOURCE)
    check_path_part(path_part)
    await check_place(ctx, rest_api_id, parent.wire, path_part)
    await check_room(ctx, rest_api_id, "resource", RESOURCES_PER_API_MAX)
    resource = {
        "id": new_id(ctx),
        "parentId": parent_id,
        "pathPart": path_part,
        "path": path_of(parent.wire, path_part),
    }
    tx = (
        change(api)
        .check(parent.key, parent.version)
        .put(keys.part(rest_api_id, "resource", resource["id"]), pack(resource), expect=ABSENT)
        .put(
            keys.part(rest_api_id, "child", parent_id, path_part), pack({"id": resource["id"]}), expect=ABSENT
        )
    )
    await ctx.state.store.commit(tx)
    return resource


@SERVICE.operation
async def get_resource(
    ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str, embed: list[str] | None = None
) -> dict[str, Any]:
    _, resource = await part_of(ctx, rest_api_id, "resource", resource_id, missing=NO_RESOURCE)
    return shown(resource.wire, embed)


@SERVICE.operation
async def get_resources(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    position: str | None = None,
    limit: int | None = None,
    embed: list[str] | None = None,
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    found, following = await page_of(ctx, keys.part(rest_api_id, "resource"), position, limit)
    return listed([shown(each.wire, embed) for each in found], following)


async def children_of(ctx: Call[ApiGateway], api_id: str, resource_id: str) -> list[Held]:
    named = await scan(ctx.state.store, keys.part(api_id, "child", resource_id), limit=RESOURCES_PER_API_MAX)
    found = [await read(ctx.state.store, keys.part(api_id, "resource", each.wire["id"])) for each in named]
    return [each for each in found if each is not None]


async def below(ctx: Call[ApiGateway], api_id: str, resource: Held) -> list[Held]:
    """A resource and everything below it, parents first."""
    found = [resource]
    for each in found:  # grows while it is walked; an API has at most 300
        found += await children_of(ctx, api_id, each.wire["id"])
    return found


@SERVICE.operation
@retried
async def delete_resource(ctx: Call[ApiGateway], *, rest_api_id: str, resource_id: str) -> None:
    """The resource and all below it."""
    api, resource = await part_of(ctx, rest_api_id, "resource", resource_id, missing=NO_RESOURCE)
    if "parentId" not in resource.wire:
        raise bad_request("Root resource cannot be removed")  # AWS's words are not known
    tx = change(api)
    for each in await below(ctx, rest_api_id, resource):
        tx.delete(each.key, expect=each.version)
        tx.delete(keys.part(rest_api_id, "child", each.wire["parentId"], each.wire["pathPart"]))
    await ctx.state.store.commit(tx)


def _replace_part(wire: Wire, patch: Patch) -> None:
    check_path_part(patch.value)
    wire["pathPart"] = patch.value


def _replace_parent(wire: Wire, patch: Patch) -> None:
    wire["parentId"] = given(patch)


PATCHES = Patches({"/parentId": Rule(REPLACE, _replace_parent), "/pathPart": Rule(REPLACE, _replace_part)})


@SERVICE.operation
@retried
async def update_resource(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    resource_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Rename it, or move it below another parent: all below it moves along."""
    api, resource = await part_of(ctx, rest_api_id, "resource", resource_id, missing=NO_RESOURCE)
    before = dict(resource.wire)
    PATCHES.apply(resource.wire, patch_operations)
    if resource.wire == before:
        return shown(resource.wire, None)
    if "parentId" not in before:
        raise bad_request("Root resource cannot be updated")  # AWS's words are not known
    _, parent = await part_of(ctx, rest_api_id, "resource", resource.wire["parentId"], missing=NO_RESOURCE)
    moved = await below(ctx, rest_api_id, resource)
    if any(each.wire["id"] == parent.wire["id"] for each in moved):
        raise bad_request("Resource cannot be an ancestor of itself")
    part = resource.wire["pathPart"]
    if part.endswith("+}") and len(moved) > 1:
        raise bad_request(f"Cannot create a child of a resource with a greedy path variable: {part}")
    await check_place(ctx, rest_api_id, parent.wire, part, moving=resource_id)
    tx = change(api).check(parent.key, parent.version)
    tx.delete(keys.part(rest_api_id, "child", before["parentId"], before["pathPart"]))
    tx.put(keys.part(rest_api_id, "child", parent.wire["id"], part), pack({"id": resource_id}))
    _move(tx, moved, parent.wire)
    await ctx.state.store.commit(tx)
    return shown(resource.wire, None)


def _move(tx: Transaction, moved: list[Held], parent: Wire) -> None:
    """Write the new paths; `moved` has parents first."""
    paths = {parent["id"]: parent}
    for each in moved:
        each.wire["path"] = path_of(paths[each.wire["parentId"]], each.wire["pathPart"])
        paths[each.wire["id"]] = each.wire
        tx.put(each.key, pack(each.wire), expect=each.version)
