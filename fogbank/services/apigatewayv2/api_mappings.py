"""API mappings: which stage a path of a custom domain name leads to."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.domain_names import domain_of
from fogbank.services.apigatewayv2.drafts import api_of, new_id
from fogbank.services.apigatewayv2.foreign_domains import FOREIGN
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.limits import MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict, not_found, too_many
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import Transaction

KEY = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*")


async def _mapping_of(ctx: Call[ApiGatewayV2], domain: Held, mapping_id: str) -> Held:
    name = domain.wire["domain"]["DomainName"]
    found = await read(ctx.state.store, keys.mapping(name, mapping_id))
    if found is None:
        raise not_found("Invalid API mapping identifier specified")
    return found


async def _check(ctx: Call[ApiGatewayV2], domain: Held, mapping: Wire) -> None:
    """What it leads to is there, and its key is nobody else's."""
    await _check_target(ctx, mapping["ApiId"], mapping["Stage"])
    if FOREIGN in domain.wire:
        await _check_foreign(ctx, domain.wire["domain"], mapping)
    key = mapping["ApiMappingKey"]
    if key and (not KEY.fullmatch(key) or len(key) > 300):
        raise bad_request(f"Invalid apiMappingKey specified: {key}")  # ours
    name = domain.wire["domain"]["DomainName"]
    others = await scan(ctx.state.store, keys.mappings(name), limit=MAPPINGS_PER_DOMAIN_MAX)
    for other in others:
        if other.wire["ApiMappingId"] != mapping["ApiMappingId"] and other.wire["ApiMappingKey"] == key:
            raise conflict("ApiMapping key already exists for this domain name")
    if len(others) >= MAPPINGS_PER_DOMAIN_MAX and all(
        other.wire["ApiMappingId"] != mapping["ApiMappingId"] for other in others
    ):
        raise too_many("API mappings", MAPPINGS_PER_DOMAIN_MAX)


async def _check_foreign(ctx: Call[ApiGatewayV2], domain: Wire, mapping: Wire) -> None:
    """What AWS allows for a name that services/apigateway made, and has not mapped by itself."""
    name, key = domain["DomainName"], mapping["ApiMappingKey"]
    if domain["DomainNameConfigurations"][0]["EndpointType"] != "REGIONAL":
        # Ours: AWS documents that edge-optimized names have neither.
        if "/" in key:
            raise bad_request("Multi-level API mappings are only supported for regional domain names")
        if await ctx.state.store.get(keys.api(place_of(ctx), mapping["ApiId"])) is not None:
            raise bad_request("Only REST APIs can be mapped to edge-optimized domain names")
    if await ctx.calls.internal("apigateway", "has_base_path", ctx.caller, host=name, base_path=key):
        raise conflict("ApiMapping key already exists for this domain name")


async def _check_target(ctx: Call[ApiGatewayV2], api_id: str, stage: str) -> None:
    """The API and its stage are there; it may be a REST API."""
    if "apigateway" in ctx.calls.services:
        owned = await ctx.calls.internal("apigateway", "owns_stage", ctx.caller, api_id=api_id, stage=stage)
        if owned:
            return
        if owned is not None:
            raise not_found("Invalid stage identifier specified")
    await api_of(ctx, api_id)
    if await ctx.state.store.get(keys.stage(api_id, stage)) is None:
        raise not_found("Invalid stage identifier specified")


@SERVICE.internal
async def is_mapped(ctx: Call[ApiGatewayV2], *, api_id: str, stage: str | None) -> bool:
    """A domain name leads to the API, or to that stage of it."""
    at = keys.mapping_use(api_id) if stage is None else keys.mapping_use(api_id, stage)
    return bool(await ctx.state.store.scan(at, limit=1))


def _put(tx: Transaction, domain: Held, mapping: Wire) -> Transaction:
    """Mappings of one domain change one after another: the domain's record is written with each."""
    name = domain.wire["domain"]["DomainName"]
    tx.put(domain.key, pack(domain.wire), expect=domain.version)
    tx.put(keys.mapping(name, mapping["ApiMappingId"]), pack(mapping))
    return tx.put(keys.mapping_use(mapping["ApiId"], mapping["Stage"], name, mapping["ApiMappingId"]), b"{}")


@SERVICE.operation
@retried
async def create_api_mapping(
    ctx: Call[ApiGatewayV2], *, domain_name: str, api_id: str, stage: str, api_mapping_key: str | None = None
) -> dict[str, Any]:
    domain = await domain_of(ctx, domain_name)
    mapping = {
        "ApiId": api_id,
        "ApiMappingId": new_id(ctx, 6),
        "ApiMappingKey": api_mapping_key or "",
        "Stage": stage,
    }
    await _check(ctx, domain, mapping)
    await ctx.state.store.commit(_put(Transaction(), domain, mapping))
    return mapping


@SERVICE.operation
async def get_api_mapping(
    ctx: Call[ApiGatewayV2], *, domain_name: str, api_mapping_id: str
) -> dict[str, Any]:
    return (await _mapping_of(ctx, await domain_of(ctx, domain_name), api_mapping_id)).wire


@SERVICE.operation
async def get_api_mappings(
    ctx: Call[ApiGatewayV2],
    *,
    domain_name: str,
    max_results: str | None = None,
    next_token: str | None = None,
) -> dict[str, Any]:
    domain = await domain_of(ctx, domain_name)
    prefix = keys.mappings(domain.wire["domain"]["DomainName"])
    return await answer_page(ctx, prefix, max_results, next_token)


@SERVICE.operation
@retried
async def update_api_mapping(
    ctx: Call[ApiGatewayV2],
    *,
    domain_name: str,
    api_mapping_id: str,
    api_id: str | None = None,
    api_mapping_key: str | None = None,
    stage: str | None = None,
) -> dict[str, Any]:
    domain = await domain_of(ctx, domain_name)
    old = await _mapping_of(ctx, domain, api_mapping_id)
    changes = {"ApiId": api_id, "ApiMappingKey": api_mapping_key, "Stage": stage}
    mapping = old.wire | {name: value for name, value in changes.items() if value is not None}
    await _check(ctx, domain, mapping)
    tx = Transaction()
    _forget_use(tx, domain, old.wire)
    await ctx.state.store.commit(_put(tx, domain, mapping))
    return mapping


def _forget_use(tx: Transaction, domain: Held, mapping: Wire) -> None:
    name = domain.wire["domain"]["DomainName"]
    tx.delete(keys.mapping_use(mapping["ApiId"], mapping["Stage"], name, mapping["ApiMappingId"]))


@SERVICE.operation
@retried
async def delete_api_mapping(ctx: Call[ApiGatewayV2], *, domain_name: str, api_mapping_id: str) -> None:
    domain = await domain_of(ctx, domain_name)
    old = await _mapping_of(ctx, domain, api_mapping_id)
    tx = Transaction().delete(old.key, expect=old.version)
    _forget_use(tx, domain, old.wire)
    await ctx.state.store.commit(tx)
