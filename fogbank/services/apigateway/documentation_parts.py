"""Documentation parts: pieces of documentation by what they describe."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.gateway.records import Held, Wire, pack, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, new_id, part_of
from fogbank.services.apigateway.limits import (
    DOCUMENTATION_PARTS_PER_API_MAX,
    PAGE_ITEMS_DEFAULT,
    RESOURCES_PER_API_MAX,
)
from fogbank.services.apigateway.pages import listed, opened, page_size, sealed
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule
from fogbank.services.apigateway.records import retried
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import ABSENT, Key, Transaction

NO_PART = "Invalid Documentation part identifier specified"
EMPTY = "Documentation part properties must be non-empty"

#: The fields that a location may have besides its type, and what they are when they are left out.
FIELDS: dict[str, dict[str, str]] = {
    "API": {},
    "AUTHORIZER": {"name": ""},
    "MODEL": {"name": ""},
    "RESOURCE": {"path": "/"},
    "METHOD": {"path": "/", "method": "*"},
    "PATH_PARAMETER": {"path": "/", "method": "*", "name": ""},
    "QUERY_PARAMETER": {"path": "/", "method": "*", "name": ""},
    "REQUEST_HEADER": {"path": "/", "method": "*", "name": ""},
    "REQUEST_BODY": {"path": "/", "method": "*"},
    "RESPONSE": {"path": "/", "method": "*", "statusCode": "*"},
    "RESPONSE_HEADER": {"path": "/", "method": "*", "statusCode": "*", "name": ""},
    "RESPONSE_BODY": {"path": "/", "method": "*", "statusCode": "*"},
}


def location_of(given: Wire) -> Wire:
    """A location with what it leaves out."""
    allowed = FIELDS[given["type"]]
    for name in given:
        if name != "type" and name not in allowed:
            raise bad_request(
                f"Unsupported field '{name}' for documentation location of type '{given['type']}'"
            )
    found = {"type": given["type"]} | {name: given.get(name) or default for name, default in allowed.items()}
    if found.get("name") == "":
        raise bad_request(f"Name must be specified for documentation location of type '{given['type']}'")
    return found


def check_properties(properties: str | None) -> None:
    """A JSON object that has something in it."""
    if not properties:
        raise bad_request(EMPTY)
    try:
        content = orjson.loads(properties)
    except orjson.JSONDecodeError:
        raise bad_request("Invalid Documentation part properties: must be a JSON object") from None
    if not isinstance(content, dict):
        raise bad_request("Invalid Documentation part properties: must be a JSON object")
    if not content:
        raise bad_request(EMPTY)


def place_key(api_id: str, location: Wire) -> Key:
    """Where it is noted that a location has its part."""
    at = [str(location.get(name, "")) for name in ("path", "method", "statusCode", "name")]
    return keys.part(api_id, "doclocation", location["type"], *at)


def put_part(tx: Transaction, api_id: str, part: Wire, *, expect: int | None = ABSENT) -> None:
    tx.put(keys.part(api_id, "docpart", part["id"]), pack(part), expect=expect)
    tx.put(place_key(api_id, part["location"]), pack({"id": part["id"]}), expect=expect)


@SERVICE.operation
@retried
async def create_documentation_part(
    ctx: Call[ApiGateway], *, rest_api_id: str, location: dict[str, Any], properties: str
) -> dict[str, Any]:
    api = await api_of(ctx, rest_api_id)
    found = location_of(location)
    check_properties(properties)
    if await ctx.state.store.get(place_key(rest_api_id, found)) is not None:
        where = "".join(f", {name} '{value}'" for name, value in found.items() if name != "type")
        raise conflict(
            f"Documentation part already exists for the specified location: type '{found['type']}'{where}."
        )
    await check_room(ctx, rest_api_id, "docpart", DOCUMENTATION_PARTS_PER_API_MAX)
    part = {"id": new_id(ctx), "location": found, "properties": properties}
    tx = change(api)
    put_part(tx, rest_api_id, part)
    await ctx.state.store.commit(tx)
    return part


@SERVICE.operation
async def get_documentation_part(
    ctx: Call[ApiGateway], *, rest_api_id: str, documentation_part_id: str
) -> dict[str, Any]:
    _, found = await part_of(ctx, rest_api_id, "docpart", documentation_part_id, missing=NO_PART)
    return found.wire


@SERVICE.operation
async def get_documentation_parts(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    type: str | None = None,
    name_query: str | None = None,
    path: str | None = None,
    position: str | None = None,
    limit: int | None = None,
    location_status: str | None = None,
) -> dict[str, Any]:
    """Those that match. `location_status` UNDOCUMENTED: the entities of the API that no part describes."""
    await api_of(ctx, rest_api_id)
    prefix = keys.part(rest_api_id, "docpart")
    size = page_size(limit or PAGE_ITEMS_DEFAULT)
    if location_status == "UNDOCUMENTED":
        undocumented = await _undocumented(ctx, rest_api_id)
        matching = [each for each in undocumented if _matches(each["location"], type, name_query, path)]
        start = opened(prefix, position) if position else 0
        shown = matching[start : start + size]
        more = len(matching) > start + size
        return listed(shown, sealed(prefix, start + size) if more else None)
    found: list[Held] = []
    after = (*prefix, opened(prefix, position)) if position else None
    while len(found) <= size:  # a filter may leave little of each read
        read_now = await scan(ctx.state.store, prefix, after=after, limit=500)
        found += [each for each in read_now if _matches(each.wire["location"], type, name_query, path)]
        if len(read_now) < 500:
            break
        after = read_now[-1].key
    more = len(found) > size
    return listed(
        [each.wire for each in found[:size]], sealed(prefix, found[size - 1].position) if more else None
    )


def _matches(location: Wire, type: str | None, name_query: str | None, path: str | None) -> bool:
    if type is not None and location["type"] != type:
        return False
    if name_query is not None and name_query not in location.get("name", ""):
        return False
    return path is None or location.get("path", "").startswith(path)


async def _undocumented(ctx: Call[ApiGateway], api_id: str) -> list[Wire]:
    """Locations of the API's resources, methods and models that have no part."""
    store = ctx.state.store
    locations: list[Wire] = [{"type": "API"}]
    for model in await scan(store, keys.part(api_id, "model"), limit=1000):
        locations.append({"type": "MODEL", "name": model.wire["name"]})
    for resource in await scan(store, keys.part(api_id, "resource"), limit=RESOURCES_PER_API_MAX):
        locations.append({"type": "RESOURCE", "path": resource.wire["path"]})
        for method in resource.wire.get("resourceMethods", {}):
            locations.append({"type": "METHOD", "path": resource.wire["path"], "method": method})
    known = await store.get_many([place_key(api_id, each) for each in locations])
    return [{"location": each} for each, held in zip(locations, known, strict=True) if held is None]


@SERVICE.operation
@retried
async def delete_documentation_part(
    ctx: Call[ApiGateway], *, rest_api_id: str, documentation_part_id: str
) -> None:
    api, found = await part_of(ctx, rest_api_id, "docpart", documentation_part_id, missing=NO_PART)
    tx = change(api).delete(found.key, expect=found.version)
    await ctx.state.store.commit(tx.delete(place_key(rest_api_id, found.wire["location"])))


def _replace_properties(wire: Wire, patch: Patch) -> None:
    check_properties(patch.value)
    wire["properties"] = patch.value


PATCHES = Patches({"/properties": Rule(REPLACE, _replace_properties)})


@SERVICE.operation
@retried
async def update_documentation_part(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    documentation_part_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, found = await part_of(ctx, rest_api_id, "docpart", documentation_part_id, missing=NO_PART)
    PATCHES.apply(found.wire, patch_operations)
    await ctx.state.store.commit(change(api).put(found.key, pack(found.wire), expect=found.version))
    return found.wire
