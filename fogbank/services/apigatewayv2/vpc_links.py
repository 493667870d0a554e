"""VPC links: what private integrations go through. Here there is no VPC: a link leads to the host of the integration's URI
as this machine resolves it, and is available at once."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import new_id, stamp
from fogbank.services.apigatewayv2.keys import place_of
from fogbank.services.apigatewayv2.limits import VPC_LINKS_MAX
from fogbank.services.apigatewayv2.pages import answer_page
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.rules import check_tags
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, not_found, too_many
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Transaction


async def link_of(ctx: Call[ApiGatewayV2], link_id: str) -> Held:
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "vpclink", link_id))
    if found is None:
        raise not_found("Invalid Vpc Link identifier specified")
    return found


@SERVICE.operation
@retried
async def create_vpc_link(
    ctx: Call[ApiGatewayV2],
    *,
    name: str,
    subnet_ids: list[str],
    security_group_ids: list[str] | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    check_tags(tags)
    if not subnet_ids:
        raise bad_request("At least one subnet must be specified")  # ours
    place, store = place_of(ctx), ctx.state.store
    if await store.count(keys.owned(place, "vpclink"), limit=VPC_LINKS_MAX) >= VPC_LINKS_MAX:
        raise too_many("VPC links", VPC_LINKS_MAX)
    link: Wire = {
        "CreatedDate": stamp(ctx),
        "Name": name,
        "SecurityGroupIds": security_group_ids or [],
        "SubnetIds": subnet_ids,
        "Tags": tags or {},
        "VpcLinkId": new_id(ctx, 6),
        "VpcLinkStatus": "AVAILABLE",
        "VpcLinkStatusMessage": "VPC link is ready to route traffic",
        "VpcLinkVersion": "V2",
    }
    key = keys.owned(place, "vpclink", link["VpcLinkId"])
    await store.commit(Transaction().put(key, pack(link), expect=ABSENT))
    return link


@SERVICE.operation
async def get_vpc_link(ctx: Call[ApiGatewayV2], *, vpc_link_id: str) -> dict[str, Any]:
    return (await link_of(ctx, vpc_link_id)).wire


@SERVICE.operation
async def get_vpc_links(
    ctx: Call[ApiGatewayV2], *, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    return await answer_page(ctx, keys.owned(place_of(ctx), "vpclink"), max_results, next_token)


@SERVICE.operation
@retried
async def update_vpc_link(
    ctx: Call[ApiGatewayV2], *, vpc_link_id: str, name: str | None = None
) -> dict[str, Any]:
    found = await link_of(ctx, vpc_link_id)
    if name:
        found.wire["Name"] = name
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return found.wire


@SERVICE.operation
@retried
async def delete_vpc_link(ctx: Call[ApiGatewayV2], *, vpc_link_id: str) -> dict[str, Any]:
    found = await link_of(ctx, vpc_link_id)
    await ctx.state.store.commit(Transaction().delete(found.key, expect=found.version))
    return {}
