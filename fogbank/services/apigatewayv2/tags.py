"""Tags of every noun that has an ARN: APIs, stages, domain names, VPC links."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import api_of
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.rules import check_tags
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, not_found
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import Key, Transaction


async def _tagged(ctx: Call[ApiGatewayV2], resource_arn: str) -> tuple[Held, Wire]:
    """(the record, the shape in it that carries the tags). An ARN names no account: the caller's is meant."""
    arn = parse_arn(resource_arn)
    if arn is None or arn.service != "apigateway" or not arn.resource.startswith("/"):
        raise bad_request(f"Invalid ARN specified: {resource_arn}")
    place = place_of(ctx)
    key: Key
    match arn.resource[1:].split("/"):
        case ["apis", api_id]:
            key = keys.api(place, api_id)
        case ["apis", api_id, "stages", name]:
            await api_of(ctx, api_id)
            key = keys.stage(api_id, name)
        case ["domainnames", host]:
            key = keys.domain(host.lower())
        case ["vpclinks", link_id]:
            key = keys.owned(place, "vpclink", link_id)
        case _:
            raise bad_request(f"Invalid ARN specified: {resource_arn}")
    found = await read(ctx.state.store, key)
    if found is None:
        raise not_found(f"Invalid resource identifier specified: {resource_arn}")
    if "domain" not in found.wire:
        return found, found.wire
    if (found.wire["account"], found.wire["region"]) != place:
        raise not_found(f"Invalid resource identifier specified: {resource_arn}")
    return found, found.wire["domain"]


@SERVICE.operation
async def get_tags(ctx: Call[ApiGatewayV2], *, resource_arn: str) -> dict[str, Any]:
    _, shown = await _tagged(ctx, resource_arn)
    return {"Tags": shown.get("Tags") or {}}


@SERVICE.operation
@retried
async def tag_resource(
    ctx: Call[ApiGatewayV2], *, resource_arn: str, tags: dict[str, str] | None = None
) -> dict[str, Any]:
    found, shown = await _tagged(ctx, resource_arn)
    both = (shown.get("Tags") or {}) | (tags or {})
    check_tags(both)
    shown["Tags"] = both
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return {}


@SERVICE.operation
@retried
async def untag_resource(ctx: Call[ApiGatewayV2], *, resource_arn: str, tag_keys: list[str]) -> None:
    found, shown = await _tagged(ctx, resource_arn)
    shown["Tags"] = {key: value for key, value in (shown.get("Tags") or {}).items() if key not in tag_keys}
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
