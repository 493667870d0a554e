"""VPC links: what private integrations go through. Here there is no VPC: a link leads to the host of the integration's
URI as this machine resolves it, and is available at once."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Held, pack, read
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import new_id
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import VPC_LINKS_MAX
from fogbank.services.apigateway.pages import answer_page
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, limit_exceeded, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_LINK = "Invalid Vpc Link identifier specified"


async def link_of(ctx: Call[ApiGateway], link_id: str) -> Held:
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "vpclink", link_id))
    if found is None:
        raise not_found(NO_LINK)
    return found


@SERVICE.operation
@retried
async def create_vpc_link(
    ctx: Call[ApiGateway],
    *,
    name: str,
    target_arns: list[str],
    description: str | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    check_tags(tags)
    if not name:
        raise bad_request("VPC link name must be non-empty")
    if len(target_arns) != 1:
        raise bad_request("VPC link must have exactly one target ARN")
    arn = parse_arn(target_arns[0])
    if (
        arn is None
        or arn.service != "elasticloadbalancing"
        or not arn.resource.startswith("loadbalancer/net/")
    ):
        raise bad_request(
            f"Invalid target ARN specified: {target_arns[0]}. It must name a Network Load Balancer"
        )
    place, store = place_of(ctx), ctx.state.store
    if await store.count(keys.owned(place, "vpclink"), limit=VPC_LINKS_MAX) >= VPC_LINKS_MAX:
        raise limit_exceeded(
            f"Maximum number of VPC links in this region has been reached. Limit: {VPC_LINKS_MAX}"
        )
    link = shape(
        id=new_id(ctx),
        name=name,
        description=description or None,
        targetArns=target_arns,
        status="AVAILABLE",
        statusMessage="Your vpc link is ready for use",
        tags=tags or None,
    )
    await store.commit(Transaction().put(keys.owned(place, "vpclink", link["id"]), pack(link), expect=ABSENT))
    return link


@SERVICE.operation
async def get_vpc_link(ctx: Call[ApiGateway], *, vpc_link_id: str) -> dict[str, Any]:
    return (await link_of(ctx, vpc_link_id)).wire


@SERVICE.operation
async def get_vpc_links(
    ctx: Call[ApiGateway], *, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    return await answer_page(ctx, keys.owned(place_of(ctx), "vpclink"), position, limit)


@SERVICE.operation
@retried
async def delete_vpc_link(ctx: Call[ApiGateway], *, vpc_link_id: str) -> None:
    found = await link_of(ctx, vpc_link_id)
    await ctx.state.store.commit(Transaction().delete(found.key, expect=found.version))


PATCHES = Patches({"/name": Rule(REPLACE, text("name")), "/description": Rule(REPLACE, text("description"))})


@SERVICE.operation
@retried
async def update_vpc_link(
    ctx: Call[ApiGateway], *, vpc_link_id: str, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    found = await link_of(ctx, vpc_link_id)
    PATCHES.apply(found.wire, patch_operations)
    if not found.wire.get("name"):
        raise bad_request("VPC link name must be non-empty")
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return found.wire
