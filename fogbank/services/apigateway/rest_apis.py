"""REST APIs: the container that everything else of an API lies in."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Wire, pack
from fogbank.model.call import Call
from fogbank.services.apigateway import endpoints, keys
from fogbank.services.apigateway.cloning import cloned_parts
from fogbank.services.apigateway.default_models import default_models
from fogbank.services.apigateway.domain_uses import check_unmapped
from fogbank.services.apigateway.drafts import api_of, check_untouched, new_id, stamp
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import PAYLOAD_COMPRESSION_BYTES_MAX, REST_APIS_MAX
from fogbank.services.apigateway.pages import listed, page_of
from fogbank.services.apigateway.patching import (
    ADD_REMOVE,
    ADD_REMOVE_REPLACE,
    REPLACE,
    Patch,
    Patches,
    Rule,
    boolean,
    given,
    set_or_drop,
    text,
)
from fogbank.services.apigateway.plan_stages import detach
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.resource_policies import policy_of, shown
from fogbank.services.apigateway.service import SERVICE, bad_request, limit_exceeded
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

KEY_SOURCES = ("HEADER", "AUTHORIZER")


def rendered(api: Wire, *, tags: bool) -> Wire:
    """The RestApi of an answer; `tags`: shown even when there are none, as GetRestApi and UpdateRestApi do."""
    answer = dict(api)
    if "policy" in answer:
        answer["policy"] = shown(answer["policy"])
    if not answer.get("tags"):
        answer.pop("tags", None)
        if tags:
            answer["tags"] = {}
    return answer


@SERVICE.operation(refuses={"securityPolicy", "endpointAccessMode"})
@retried
async def create_rest_api(
    ctx: Call[ApiGateway],
    *,
    name: str,
    description: str | None = None,
    version: str | None = None,
    clone_from: str | None = None,
    binary_media_types: list[str] | None = None,
    minimum_compression_size: int | None = None,
    api_key_source: str | None = None,
    endpoint_configuration: dict[str, Any] | None = None,
    policy: str | None = None,
    tags: dict[str, str] | None = None,
    disable_execute_api_endpoint: bool | None = None,
) -> dict[str, Any]:
    """An API with its root resource, and the two models that every new API begins with."""
    place, store = place_of(ctx), ctx.state.store
    check_name(name)
    if description == "":
        raise bad_request("Description cannot be an empty string")
    check_compression(minimum_compression_size)
    check_tags(tags)
    await check_apis_room(ctx)
    api_id = new_id(ctx, 10)
    api = shape(
        id=api_id,
        name=name,
        description=description or None,
        createdDate=stamp(ctx),
        version=version or None,
        binaryMediaTypes=binary_media_types or None,
        minimumCompressionSize=minimum_compression_size,
        apiKeySource=api_key_source or "HEADER",
        endpointConfiguration=endpoints.endpoint_of(endpoint_configuration),
        policy=policy_of(policy, place, api_id) if policy else None,
        tags=tags or None,
        disableExecuteApiEndpoint=bool(disable_execute_api_endpoint),
        rootResourceId=new_id(ctx, 10),
    )
    tx = new_api(ctx, api)
    if clone_from:
        await cloned_parts(ctx, clone_from, api, tx)
    else:
        root = {"id": api["rootResourceId"], "path": "/"}
        tx.put(keys.part(api_id, "resource", root["id"]), pack(root))
        for model in default_models(new_id(ctx), new_id(ctx)):
            tx.put(keys.part(api_id, "model", model["name"]), pack(model))
    await store.commit(tx)
    return rendered(api, tags=False)


async def check_apis_room(ctx: Call[ApiGateway]) -> None:
    if await ctx.state.store.count(keys.apis(place_of(ctx)), limit=REST_APIS_MAX) >= REST_APIS_MAX:
        raise limit_exceeded(
            f"Maximum number of APIs in this region has been reached. Limit: {REST_APIS_MAX}"
        )


def new_api(ctx: Call[ApiGateway], api: Wire) -> Transaction:
    """What makes an API exist, without its parts."""
    place = place_of(ctx)
    return (
        Transaction()
        .put(
            keys.api_index(api["id"]), pack({"account": place.account, "region": place.region}), expect=ABSENT
        )
        .put(keys.api(place, api["id"]), pack(api), expect=ABSENT)
        .put(keys.revision(api["id"]), b"{}")
    )


def check_name(name: str | None) -> None:
    if not name or not name.strip():
        raise bad_request("Invalid API name specified")  # ours
    if len(name) > 1024:
        raise bad_request("API name must be at most 1024 characters")


def check_compression(size: int | None) -> None:
    if size is not None and not 0 <= size <= PAYLOAD_COMPRESSION_BYTES_MAX:
        raise bad_request(
            f"Invalid minimum compression size, must be between 0 and {PAYLOAD_COMPRESSION_BYTES_MAX}"
        )


@SERVICE.operation
async def get_rest_api(ctx: Call[ApiGateway], *, rest_api_id: str) -> dict[str, Any]:
    return rendered((await api_of(ctx, rest_api_id)).wire, tags=True)


@SERVICE.operation
async def get_rest_apis(
    ctx: Call[ApiGateway], *, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    found, following = await page_of(ctx, keys.apis(place_of(ctx)), position, limit)
    return listed([rendered(each.wire, tags=False) for each in found], following)


@SERVICE.operation
@retried
async def delete_rest_api(ctx: Call[ApiGateway], *, rest_api_id: str) -> None:
    """The API and everything that belongs to it, in one transaction."""
    api = await api_of(ctx, rest_api_id)
    place, store = place_of(ctx), ctx.state.store
    tx = Transaction()
    await check_untouched(ctx, tx, rest_api_id)
    await check_unmapped(ctx, rest_api_id, None)
    (
        tx.delete(api.key, expect=api.version)
        .delete(keys.revision(rest_api_id))
        .delete(keys.api_index(rest_api_id))
        .delete_prefix(keys.parts(rest_api_id))
        .delete_prefix(keys.stages(rest_api_id))
        .delete_prefix(keys.epochs(rest_api_id))
        .delete_prefix(keys.snapshots(rest_api_id))
    )
    await detach(store, tx, place, rest_api_id, None)
    await store.commit(tx)


def _change_media_type(wire: Wire, patch: Patch) -> None:
    held: list[str] = list(wire.get("binaryMediaTypes") or ())
    if patch.op == "add":
        if patch.name not in held:
            held.append(patch.name)
    elif patch.name not in held:
        raise bad_request(f"Invalid binary media type specified in path {patch.path}")  # ours
    elif patch.op == "remove":
        held.remove(patch.name)
    else:
        held[held.index(patch.name)] = given(patch)
    set_or_drop(wire, "binaryMediaTypes", held or None)


def _replace_compression(wire: Wire, patch: Patch) -> None:
    """No value, or an empty one, ends the compression."""
    try:
        size = int(patch.value) if patch.value else None
    except ValueError:
        size = -1
    check_compression(size)
    set_or_drop(wire, "minimumCompressionSize", size)


def _replace_key_source(wire: Wire, patch: Patch) -> None:
    if patch.value not in KEY_SOURCES:
        raise bad_request(f"Invalid API key source specified. Must be one of: [{', '.join(KEY_SOURCES)}]")
    wire["apiKeySource"] = patch.value


def _patches(place: keys.Place) -> Patches:
    def replace_policy(wire: Wire, patch: Patch) -> None:
        set_or_drop(wire, "policy", policy_of(patch.value, place, wire["id"]) if patch.value else None)

    return Patches(
        {
            "/name": Rule(REPLACE, text("name", check_name)),
            "/description": Rule(REPLACE, text("description")),
            "/version": Rule(REPLACE, text("version")),
            "/apiKeySource": Rule(REPLACE, _replace_key_source),
            "/binaryMediaTypes/{media_type}": Rule(ADD_REMOVE_REPLACE, _change_media_type),
            "/minimumCompressionSize": Rule(REPLACE, _replace_compression),
            "/disableExecuteApiEndpoint": Rule(REPLACE, boolean("disableExecuteApiEndpoint")),
            "/policy": Rule(REPLACE, replace_policy),
            "/endpointConfiguration/types/{type}": Rule(REPLACE, endpoints.replace_type),
            "/endpointConfiguration/ipAddressType": Rule(REPLACE, endpoints.replace_ip_type),
            "/endpointConfiguration/vpcEndpointIds": Rule(ADD_REMOVE, endpoints.change_vpc_endpoints),
        },
        plain=True,
    )


@SERVICE.operation
@retried
async def update_rest_api(
    ctx: Call[ApiGateway], *, rest_api_id: str, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    api = await api_of(ctx, rest_api_id)
    _patches(place_of(ctx)).apply(api.wire, patch_operations)
    tx = Transaction().put(api.key, pack(api.wire), expect=api.version)
    await ctx.state.store.commit(tx.put(keys.revision(rest_api_id), b"{}"))
    return rendered(api.wire, tags=True)
