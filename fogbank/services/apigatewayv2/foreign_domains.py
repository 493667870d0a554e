"""Domain names that services/apigateway made, as this generation of the API shows and maps them: on AWS they are one and the same."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, read, scan
from fogbank.model.call import Call
from fogbank.services.apigatewayv2 import keys
from fogbank.services.apigatewayv2.service import SERVICE
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import ABSENT, Transaction

OWNER = "apigateway"
FOREIGN = "foreign"  # in the record: nothing but its mappings is ours


async def foreign_domain(ctx: Call[ApiGatewayV2], name: str) -> Held | None:
    """One of the caller's, with the record that its mappings are written with; None when there is none."""
    if OWNER not in ctx.calls.services:
        return None
    shown: Wire | None = await ctx.calls.internal(OWNER, "domain_shown", ctx.caller, host=name)
    if shown is None:
        return None
    held = await read(ctx.state.store, keys.foreign_domain(name))
    record = {"account": ctx.account, "region": ctx.region, "domain": _domain(shown), FOREIGN: True}
    return Held(record, ABSENT if held is None else held.version, keys.foreign_domain(name))


def _domain(shown: Wire) -> Wire:
    endpoint = shown["endpointConfiguration"]
    regional = endpoint["types"] == ["REGIONAL"]
    domain: Wire = {
        "ApiMappingSelectionExpression": "$request.basepath",
        "DomainName": shown["domainName"],
        "DomainNameArn": shown["domainNameArn"],
        "DomainNameConfigurations": [
            {
                "ApiGatewayDomainName": shown["regionalDomainName" if regional else "distributionDomainName"],
                "CertificateArn": shown["regionalCertificateArn" if regional else "certificateArn"],
                "DomainNameStatus": shown["domainNameStatus"],
                "EndpointType": endpoint["types"][0],
                "HostedZoneId": shown["regionalHostedZoneId" if regional else "distributionHostedZoneId"],
                "IpAddressType": endpoint["ipAddressType"],
                "SecurityPolicy": shown["securityPolicy"],
            }
        ],
        "RoutingMode": "API_MAPPING_ONLY",
        "Tags": shown.get("tags") or {},
    }
    if (mutual := shown.get("mutualTlsAuthentication")) is not None:
        domain["MutualTlsAuthentication"] = {
            name[:1].upper() + name[1:]: value for name, value in mutual.items()
        }
    return domain


@SERVICE.internal
async def forget_mappings(ctx: Call[ApiGatewayV2], *, host: str) -> None:
    """A domain name of services/apigateway is gone."""
    store = ctx.state.store
    tx = Transaction().delete(keys.foreign_domain(host))
    found = await scan(store, keys.mappings(host), limit=1000)
    for mapping in found:
        wire: dict[str, Any] = mapping.wire
        tx.delete(mapping.key)
        tx.delete(keys.mapping_use(wire["ApiId"], wire["Stage"], host, wire["ApiMappingId"]))
    await store.commit(tx)
