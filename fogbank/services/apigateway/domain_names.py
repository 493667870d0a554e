"""Custom domain names: hosts under which APIs answer besides their own address.

A name is unique over all accounts and regions. Certificates are named by ARN and not fetched: over TLS every name is
served with a certificate of fogbank's own authority.
"""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn, url_suffix_of
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Held, Wire, held, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.domain_uses import forget
from fogbank.services.apigateway.drafts import stamp
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import DOMAIN_NAMES_MAX, MAPPINGS_PER_DOMAIN_MAX
from fogbank.services.apigateway.mutual_tls import change_mutual_tls, read_trust
from fogbank.services.apigateway.pages import listed, opened, page_size, sealed
from fogbank.services.apigateway.patching import REPLACE, Patch, Patches, Rule, given, set_or_drop
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, limit_exceeded, not_found
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_DOMAIN = "Invalid domain name identifier specified"
EDGE_ZONE = "Z2FDTNDATAQYW2"  # CloudFront's hosted zone, the same for all
LABEL = re.compile(r"[a-z0-9_]([a-z0-9\-]{0,61}[a-z0-9])?")
TLS_SERVED = "TLS_1_2"


async def domain_of(ctx: Call[ApiGateway], domain_name: str) -> Held:
    """The record, when it is this account's and region's: `{account, region, domainName}`."""
    found = await read(ctx.state.store, keys.domain(domain_name))
    if found is None or (found.wire["account"], found.wire["region"]) != place_of(ctx):
        raise not_found(NO_DOMAIN)
    return found


def check_domain_name(name: str) -> str:
    lowered = name.lower()
    labels = lowered.removeprefix("*.").split(".")
    if len(labels) < 2 or len(lowered) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise bad_request(f"The domain name {name} is invalid")
    return lowered


def _check_certificate(arn: str | None) -> None:
    parsed = parse_arn(arn or "")
    if parsed is None or parsed.service not in ("acm", "iam"):
        raise bad_request("Invalid certificate ARN specified")


def _check_security(policy: str) -> None:
    if policy != TLS_SERVED:
        raise NotSupported(f"apigateway domain names with securityPolicy {policy}")


@SERVICE.operation(
    refuses={
        "certificateName",
        "certificateBody",
        "certificatePrivateKey",
        "certificateChain",
        "regionalCertificateName",
        "ownershipVerificationCertificateArn",
        "policy",
        "routingMode",
        "endpointAccessMode",
    }
)
@retried
async def create_domain_name(
    ctx: Call[ApiGateway],
    *,
    domain_name: str,
    certificate_arn: str | None = None,
    regional_certificate_arn: str | None = None,
    endpoint_configuration: dict[str, Any] | None = None,
    tags: dict[str, str] | None = None,
    security_policy: str | None = None,
    mutual_tls_authentication: dict[str, Any] | None = None,
) -> dict[str, Any]:
    name = check_domain_name(domain_name)
    check_tags(tags)
    _check_security(security_policy or TLS_SERVED)
    place, store, ids = place_of(ctx), ctx.state.store, ctx.state.ids
    endpoint = endpoint_configuration or {}
    types = endpoint.get("types") or ["EDGE"]
    if len(types) > 1:
        raise bad_request("Cannot create a domain name with multiple Endpoint Types.")
    if types[0] == "PRIVATE":
        raise NotSupported("apigateway private custom domain names")
    regional = types[0] == "REGIONAL"
    _check_certificate(regional_certificate_arn if regional else certificate_arn)
    if await store.get(keys.domain(name)) is not None or await _is_http_domain(ctx, name):
        raise bad_request("The domain name you provided already exists.")
    count = await store.count(keys.owned(place, "domain-name"), limit=DOMAIN_NAMES_MAX)
    if count >= DOMAIN_NAMES_MAX:
        raise limit_exceeded(
            f"Maximum number of domain names in this region has been reached. Limit: {DOMAIN_NAMES_MAX}"
        )
    suffix = url_suffix_of(place.partition)
    now_ms = stamp(ctx)
    domain = shape(
        domainName=name,
        domainNameArn=place.arn(f"domainnames/{name}"),
        certificateArn=None if regional else certificate_arn,
        certificateUploadDate=now_ms,
        regionalCertificateArn=regional_certificate_arn if regional else None,
        regionalDomainName=f"d-{ids.alnum(10)}.execute-api.{place.region}.{suffix}" if regional else None,
        regionalHostedZoneId=ids.unique("Z", 14) if regional else None,
        distributionDomainName=None if regional else f"d{ids.alnum(13)}.cloudfront.net",
        distributionHostedZoneId=None if regional else EDGE_ZONE,
        endpointConfiguration={"types": [types[0]], "ipAddressType": endpoint.get("ipAddressType") or "ipv4"},
        domainNameStatus="AVAILABLE",
        securityPolicy=TLS_SERVED,
        tags=tags or None,
    )
    record: Wire = {"account": place.account, "region": place.region, "domainName": domain}
    if mutual_tls_authentication:
        if not mutual_tls_authentication.get("truststoreUri"):
            raise bad_request("A truststoreUri is required for mutual TLS")  # ours
        domain["mutualTlsAuthentication"] = dict(mutual_tls_authentication)
        await read_trust(ctx, record)
    tx = Transaction().put(keys.domain(name), pack(record), expect=ABSENT)
    await store.commit(tx.put(keys.owned(place, "domain-name", name), b"{}", expect=ABSENT))
    return domain


@SERVICE.operation(refuses={"domainNameId"})
async def get_domain_name(ctx: Call[ApiGateway], *, domain_name: str) -> dict[str, Any]:
    domain: Wire = (await domain_of(ctx, domain_name.lower())).wire["domainName"]
    return domain


@SERVICE.operation
async def get_domain_names(
    ctx: Call[ApiGateway],
    *,
    position: str | None = None,
    limit: int | None = None,
    resource_owner: str | None = None,
) -> dict[str, Any]:
    """This account's. Other accounts share private domain names only, and there are none here."""
    if resource_owner == "OTHER_ACCOUNTS":
        return listed([], None)
    prefix = keys.owned(place_of(ctx), "domain-name")
    size = page_size(limit)
    after = (*prefix, opened(prefix, position)) if position else None
    names = await ctx.state.store.scan(prefix, after=after, limit=size + 1)
    found = await ctx.state.store.get_many([keys.domain(str(each.key[-1])) for each in names[:size]])
    following = sealed(prefix, names[size - 1].key[-1]) if len(names) > size else None
    return listed([held(each).wire["domainName"] for each in found if each is not None], following)


@SERVICE.operation(refuses={"domainNameId"})
@retried
async def delete_domain_name(ctx: Call[ApiGateway], *, domain_name: str) -> None:
    """The name and its base path mappings."""
    name = domain_name.lower()
    found = await domain_of(ctx, name)
    store = ctx.state.store
    tx = Transaction().delete(found.key, expect=found.version)
    tx.delete(keys.owned(place_of(ctx), "domain-name", name)).delete_prefix(keys.mappings(name))
    for mapping in await scan(store, keys.mappings(name), limit=MAPPINGS_PER_DOMAIN_MAX):
        forget(tx, name, mapping.wire)
    await store.commit(tx)
    if "apigatewayv2" in ctx.calls.services:
        await ctx.calls.internal("apigatewayv2", "forget_mappings", ctx.caller, host=name)


def _replace_arn(member: str) -> Any:
    def change(wire: Wire, patch: Patch) -> None:
        _check_certificate(patch.value)
        set_or_drop(wire, member, patch.value)

    return change


def _replace_security(wire: Wire, patch: Patch) -> None:
    _check_security(given(patch))


def _replace_ip_type(wire: Wire, patch: Patch) -> None:
    if patch.value not in ("ipv4", "dualstack"):
        raise bad_request("ipAddressType must be either ipv4 or dualstack.")
    wire["endpointConfiguration"]["ipAddressType"] = patch.value


def _refuse(what: str) -> Any:
    def change(wire: Wire, patch: Patch) -> None:
        raise NotSupported(f"apigateway UpdateDomainName of {what}")

    return change


PATCHES = Patches(
    {
        "/certificateArn": Rule(REPLACE, _replace_arn("certificateArn")),
        "/regionalCertificateArn": Rule(REPLACE, _replace_arn("regionalCertificateArn")),
        "/securityPolicy": Rule(REPLACE, _replace_security),
        "/endpointConfiguration/ipAddressType": Rule(REPLACE, _replace_ip_type),
        "/endpointConfiguration/types/{type}": Rule(
            ("add", "remove", "replace"), _refuse("/endpointConfiguration/types")
        ),
        "/certificateName": Rule(REPLACE, _refuse("/certificateName")),
        "/regionalCertificateName": Rule(REPLACE, _refuse("/regionalCertificateName")),
        "/mutualTlsAuthentication/{member}": Rule(("add", "remove", "replace"), change_mutual_tls),
        "/ownershipVerificationCertificateArn": Rule(
            REPLACE, _refuse("/ownershipVerificationCertificateArn")
        ),
        "/policy": Rule(REPLACE, _refuse("/policy")),
        "/managementPolicy": Rule(REPLACE, _refuse("/managementPolicy")),
        "/routingMode": Rule(REPLACE, _refuse("/routingMode")),
        "/endpointAccessMode": Rule(REPLACE, _refuse("/endpointAccessMode")),
    }
)


@SERVICE.operation(refuses={"domainNameId"})
@retried
async def update_domain_name(
    ctx: Call[ApiGateway], *, domain_name: str, patch_operations: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    found = await domain_of(ctx, domain_name.lower())
    domain: Wire = found.wire["domainName"]
    before = dict(domain.get("mutualTlsAuthentication") or {})
    PATCHES.apply(domain, patch_operations)
    if (domain.get("mutualTlsAuthentication") or {}) != before:
        await read_trust(ctx, found.wire)
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return domain


async def _is_http_domain(ctx: Call[ApiGateway], name: str) -> bool:
    """HTTP and WebSocket APIs share the name space."""
    if "apigatewayv2" not in ctx.calls.services:
        return False
    found: bool = await ctx.calls.internal("apigatewayv2", "owns_http_domain", ctx.caller, host=name)
    return found


@SERVICE.internal
async def domain_shown(ctx: Call[ApiGateway], *, host: str) -> Wire | None:
    """What GetDomainName shows of a name of the caller's; None when there is none."""
    found = await read(ctx.state.store, keys.domain(host))
    if found is None or (found.wire["account"], found.wire["region"]) != place_of(ctx):
        return None
    shown: Wire = found.wire["domainName"]
    return shown


@SERVICE.internal
async def owns_domain(ctx: Call[ApiGateway], *, host: str) -> bool:
    """A custom domain name is taken here: HTTP and WebSocket APIs share the name space."""
    return await ctx.state.store.get(keys.domain(host)) is not None
