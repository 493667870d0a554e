"""Custom domain names of HTTP and WebSocket APIs. A name belongs to one account; it works at once.

Certificates are named by ARN and not fetched: over TLS every name is served with a certificate of fogbank's own authority.
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Held, Wire, pack, read
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.drafts import new_id
from fogbank.services.apigatewayv2.foreign_domains import FOREIGN, foreign_domain
from fogbank.services.apigatewayv2.keys import Place, place_of
from fogbank.services.apigatewayv2.limits import DOMAIN_NAMES_MAX
from fogbank.services.apigatewayv2.mutual_tls import set_mutual_tls
from fogbank.services.apigatewayv2.pages import listed, page_of
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.rules import check_tags
from fogbank.services.apigatewayv2.service import SERVICE, bad_request, conflict, not_found, too_many
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Transaction

NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
TAKES = {"CertificateArn", "CertificateName", "EndpointType", "IpAddressType", "SecurityPolicy"}
NO_DOMAIN = "Invalid domain name identifier specified"
BY_MAPPINGS = "API_MAPPING_ONLY"
HOSTED_ZONE = "Z1UJRXOUMOOFQ8"  # of us-east-1; AWS has one a region


async def domain_of(ctx: Call[ApiGatewayV2], name: str) -> Held:
    """The record `{account, region, domain}`. Raises NotFoundException."""
    name = name.lower()
    found = await read(ctx.state.store, keys.domain(name)) or await foreign_domain(ctx, name)
    if found is None or (found.wire["account"], found.wire["region"]) != place_of(ctx):
        raise not_found(NO_DOMAIN)
    return found


@SERVICE.operation
@retried
async def create_domain_name(
    ctx: Call[ApiGatewayV2],
    *,
    domain_name: str,
    domain_name_configurations: list[dict[str, Any]] | None = None,
    mutual_tls_authentication: dict[str, Any] | None = None,
    routing_mode: str | None = None,
    tags: dict[str, str] | None = None,
) -> dict[str, Any]:
    check_tags(tags)
    _check_routing(routing_mode)
    place, store = place_of(ctx), ctx.state.store
    name = domain_name.lower()
    if not NAME.fullmatch(name) or len(name) > 255:
        raise bad_request(f"Invalid domain name specified: {domain_name}")  # ours
    rest = "apigateway" in ctx.calls.services
    taken = rest and await ctx.calls.internal("apigateway", "owns_domain", ctx.caller, host=name)
    if taken or await store.get(keys.domain(name)) is not None:
        raise conflict("The domain name you provided already exists.")
    if await store.count(keys.owned(place, "own-domain"), limit=DOMAIN_NAMES_MAX) >= DOMAIN_NAMES_MAX:
        raise too_many("Domain names", DOMAIN_NAMES_MAX)
    domain: Wire = {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": name,
        "DomainNameArn": place.arn(f"domainnames/{name}"),
        "DomainNameConfigurations": _configurations(ctx, place, domain_name_configurations, []),
        "RoutingMode": BY_MAPPINGS,
        "Tags": tags or {},
    }
    record = _record(place, domain)
    await set_mutual_tls(ctx, record, mutual_tls_authentication)
    tx = Transaction().put(keys.domain(name), pack(record), expect=ABSENT)
    tx.put(keys.owned(place, "own-domain", name), b"{}")
    await store.commit(tx)
    return domain


def _check_routing(mode: str | None) -> None:
    if mode not in (None, BY_MAPPINGS):
        raise NotSupported(f"apigatewayv2 domain names with the RoutingMode {mode}")


def _record(place: Place, domain: Wire) -> Wire:
    return {"account": place.account, "region": place.region, "domain": domain}


def _configurations(
    ctx: Call[ApiGatewayV2], place: Place, asked: list[Wire] | None, old: list[Wire]
) -> list[Wire]:
    if not asked or len(asked) != 1:
        raise bad_request("Only one domain name configuration can be specified")  # ours
    wanted = dict(asked[0])
    if sent := wanted.keys() - TAKES - {"ApiGatewayDomainName", "DomainNameStatus", "HostedZoneId"}:
        raise NotSupported(f"apigatewayv2 domain names with {', '.join(sorted(sent))}")
    kind = wanted.get("EndpointType") or "REGIONAL"
    if kind != "REGIONAL":
        raise bad_request("The only endpoint type of HTTP and WebSocket APIs is REGIONAL")  # ours
    policy = wanted.get("SecurityPolicy") or "TLS_1_2"
    if policy != "TLS_1_2":
        raise NotSupported(f"apigatewayv2 domain names with the security policy {policy}")
    arn = parse_arn(wanted.get("CertificateArn") or "")
    if arn is None or arn.service not in ("acm", "iam"):
        raise bad_request("Invalid ARN specified in the request for certificateArn")
    own = old[0]["ApiGatewayDomainName"] if old else None
    return [
        {
            "ApiGatewayDomainName": own or f"d-{new_id(ctx, 10)}.execute-api.{place.region}.amazonaws.com",
            "CertificateArn": wanted["CertificateArn"],
            **({"CertificateName": wanted["CertificateName"]} if wanted.get("CertificateName") else {}),
            "DomainNameStatus": "AVAILABLE",
            "EndpointType": "REGIONAL",
            "HostedZoneId": HOSTED_ZONE,
            "IpAddressType": wanted.get("IpAddressType") or "ipv4",
            "SecurityPolicy": policy,
        }
    ]


@SERVICE.operation
async def get_domain_name(ctx: Call[ApiGatewayV2], *, domain_name: str) -> dict[str, Any]:
    found: Wire = (await domain_of(ctx, domain_name)).wire["domain"]
    return found


@SERVICE.operation
async def get_domain_names(
    ctx: Call[ApiGatewayV2], *, max_results: str | None = None, next_token: str | None = None
) -> dict[str, Any]:
    prefix = keys.owned(place_of(ctx), "own-domain")
    found, following = await page_of(ctx, prefix, max_results, next_token)
    names = [str(each.key[-1]) for each in found]
    records = await ctx.state.store.get_many([keys.domain(name) for name in names])
    domains = [await domain_of(ctx, name) for name, record in zip(names, records, strict=True) if record]
    return listed([each.wire["domain"] for each in domains], following)


@SERVICE.operation
@retried
async def update_domain_name(
    ctx: Call[ApiGatewayV2],
    *,
    domain_name: str,
    domain_name_configurations: list[dict[str, Any]] | None = None,
    mutual_tls_authentication: dict[str, Any] | None = None,
    routing_mode: str | None = None,
) -> dict[str, Any]:
    _check_routing(routing_mode)
    found = await domain_of(ctx, domain_name)
    if FOREIGN in found.wire:
        raise NotSupported("apigatewayv2 UpdateDomainName of a domain name that apigateway made")
    domain: Wire = found.wire["domain"]
    if domain_name_configurations is not None:
        old = domain["DomainNameConfigurations"]
        place = place_of(ctx)
        domain["DomainNameConfigurations"] = _configurations(ctx, place, domain_name_configurations, old)
    await set_mutual_tls(ctx, found.wire, mutual_tls_authentication)
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return domain


@SERVICE.operation
@retried
async def delete_domain_name(ctx: Call[ApiGatewayV2], *, domain_name: str) -> None:
    """With its mappings."""
    found = await domain_of(ctx, domain_name)
    name = found.wire["domain"]["DomainName"]
    if FOREIGN in found.wire:
        await ctx.calls.call("apigateway", "DeleteDomainName", {"domainName": name}, ctx.caller)
        return
    tx = Transaction().delete(found.key, expect=found.version)
    tx.delete(keys.owned(place_of(ctx), "own-domain", name))
    for record in await ctx.state.store.scan(keys.mappings(name), limit=1000):
        mapping = await read(ctx.state.store, record.key)
        if mapping is not None:
            wire = mapping.wire
            tx.delete(mapping.key, expect=mapping.version)
            tx.delete(keys.mapping_use(wire["ApiId"], wire["Stage"], name, wire["ApiMappingId"]))
    await ctx.state.store.commit(tx)


@SERVICE.internal
async def owns_http_domain(ctx: Call[ApiGatewayV2], *, host: str) -> bool:
    """A custom domain name is taken here."""
    return await ctx.state.store.get(keys.domain(host)) is not None
