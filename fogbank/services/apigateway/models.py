"""Models: JSON Schemas of bodies. Checked here for shape, applied by the data plane."""

from __future__ import annotations

import re
from typing import Any

import orjson

from fogbank.gateway.model_templates import template_of
from fogbank.gateway.records import Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import api_of, change, check_room, new_id, part_of
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import MODELS_PER_API_MAX, NESTING_MAX, RESOURCES_PER_API_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, text
from fogbank.services.apigateway.records import nests_deeper, retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, conflict, not_found
from fogbank.services.apigateway.state import ApiGateway

REFERENCE = re.compile(r"https?://apigateway\.amazonaws\.com/restapis/[^/]+/models/([a-zA-Z0-9]+)")


def no_model(name: str) -> str:
    return f"Invalid model name specified: {name}"


def check_schema(schema: str | None, content_type: str) -> None:
    """Refuse what is no JSON Schema (draft 4). Other content than JSON may have any schema text."""
    if not schema:
        raise bad_request("Model schema must have at least 1 property or array items defined")
    if not content_type.startswith("application/json"):
        return
    try:
        content = orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"Invalid model schema specified: {error}") from None
    if not isinstance(content, dict):
        raise bad_request("Invalid model schema specified: a schema is an object")
    if nests_deeper(content, NESTING_MAX):
        raise bad_request(f"Invalid model schema specified: it nests deeper than {NESTING_MAX} levels")


def references(schema: str) -> set[str]:
    """The names of the models that a schema refers to by their URL."""
    return set(REFERENCE.findall(schema))


@SERVICE.operation
@retried
async def create_model(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    name: str,
    content_type: str,
    description: str | None = None,
    schema: str | None = None,
) -> dict[str, Any]:
    api = await read(ctx.state.store, keys.api(place_of(ctx), rest_api_id))
    if api is None:
        raise not_found("Invalid Rest API Id specified")
    if not re.fullmatch(r"[a-zA-Z0-9]+", name):
        raise bad_request("Model name must be alphanumeric")
    if not re.fullmatch(r"[\w.+*-]+/[\w.+*-]+(\s*;.*)?", content_type):
        raise bad_request(f"Invalid content type specified: {content_type}")
    key = keys.part(rest_api_id, "model", name)
    if await read(ctx.state.store, key) is not None:
        raise conflict("Model name already exists for this REST API")
    check_schema(schema, content_type)
    await check_room(ctx, rest_api_id, "model", MODELS_PER_API_MAX)
    model = shape(
        id=new_id(ctx), name=name, description=description or None, schema=schema, contentType=content_type
    )
    await ctx.state.store.commit(change(api).put(key, pack(model), expect=0))
    return model


@SERVICE.operation
async def get_model(
    ctx: Call[ApiGateway], *, rest_api_id: str, model_name: str, flatten: bool = False
) -> dict[str, Any]:
    """`flatten`: the models that the schema refers to are put in its `definitions`."""
    _, model = await part_of(ctx, rest_api_id, "model", model_name, missing=no_model(model_name))
    if not flatten:
        return model.wire
    return model.wire | {"schema": await _flattened(ctx, rest_api_id, model.wire)}


async def _flattened(ctx: Call[ApiGateway], api_id: str, model: Wire) -> str:
    found: dict[str, Any] = {}
    waiting = sorted(references(model["schema"]))
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        other = await read(ctx.state.store, keys.part(api_id, "model", name))
        if other is None:
            raise bad_request(no_model(name))
        found[name] = orjson.loads(_local(other.wire["schema"]))
        waiting += sorted(references(other.wire["schema"]))
    content = orjson.loads(_local(model["schema"]))
    if found:
        content.setdefault("definitions", {}).update(found)
    flattened: str = orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
    return flattened


def _local(schema: str) -> str:
    return REFERENCE.sub(r"#/definitions/\1", schema)


@SERVICE.operation
async def get_models(
    ctx: Call[ApiGateway], *, rest_api_id: str, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    await api_of(ctx, rest_api_id)
    return await answer_page(ctx, keys.part(rest_api_id, "model"), position, limit)


@SERVICE.operation
async def get_model_template(ctx: Call[ApiGateway], *, rest_api_id: str, model_name: str) -> dict[str, Any]:
    """A mapping template that copies what the model describes."""
    _, model = await part_of(ctx, rest_api_id, "model", model_name, missing=no_model(model_name))
    return {"value": template_of(orjson.loads(await _flattened(ctx, rest_api_id, model.wire)))}


@SERVICE.operation
@retried
async def delete_model(ctx: Call[ApiGateway], *, rest_api_id: str, model_name: str) -> None:
    """Refused while a method or another model refers to it."""
    api, model = await part_of(ctx, rest_api_id, "model", model_name, missing=no_model(model_name))
    await _check_unused(ctx, rest_api_id, model_name)
    tx = change(api).delete(model.key, expect=model.version)
    await ctx.state.store.commit(tx)


async def _check_unused(ctx: Call[ApiGateway], api_id: str, name: str) -> None:
    store = ctx.state.store
    for resource in await scan(store, keys.part(api_id, "resource"), limit=RESOURCES_PER_API_MAX):
        for method in resource.wire.get("resourceMethods", {}).values():
            where = f"{resource.wire['path']}/{method['httpMethod']}"
            if name in (method.get("requestModels") or {}).values():
                raise conflict(f"Cannot delete model '{name}', is referenced in method request: {where}")
            for response in (method.get("methodResponses") or {}).values():
                if name in (response.get("responseModels") or {}).values():
                    raise conflict(f"Cannot delete model '{name}', is referenced in method response: {where}")
    for model in await scan(store, keys.part(api_id, "model"), limit=MODELS_PER_API_MAX):
        if model.wire["name"] != name and name in references(model.wire.get("schema", "")):
            raise conflict(
                f"Cannot delete model '{name}', is referenced in other model: {model.wire['name']}"
            )


PATCHES = Patches(
    {"/description": Rule(REPLACE, text("description")), "/schema": Rule(REPLACE, text("schema"))}
)


@SERVICE.operation
@retried
async def update_model(
    ctx: Call[ApiGateway],
    *,
    rest_api_id: str,
    model_name: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    api, model = await part_of(ctx, rest_api_id, "model", model_name, missing=no_model(model_name))
    PATCHES.apply(model.wire, patch_operations)
    check_schema(model.wire.get("schema"), model.wire["contentType"])
    await ctx.state.store.commit(change(api).put(model.key, pack(model.wire), expect=model.version))
    return model.wire
