"""`mutualTlsAuthentication` of a domain name: its truststore is read from S3 when it is set, as on AWS, and kept with the name."""

from __future__ import annotations

from fogbank.gateway.mutual_tls import BadTruststore, truststore_at
from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigateway.patching import Patch, set_or_drop
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.state import ApiGateway

MEMBER = "mutualTlsAuthentication"
_MEMBERS = ("truststoreUri", "truststoreVersion")


def change_mutual_tls(wire: Wire, patch: Patch) -> None:
    """An empty URI turns it off."""
    if patch.name not in _MEMBERS:
        raise bad_request(f"Invalid patch path {patch.path}")
    settings: Wire = dict(wire.get(MEMBER) or {})
    settings.pop(patch.name, None)
    if patch.op != "remove" and patch.value:
        settings[patch.name] = patch.value
    set_or_drop(wire, MEMBER, settings if settings.get("truststoreUri") else None)


async def read_trust(ctx: Call[ApiGateway], record: Wire) -> None:
    """Bring a domain's record in line with its settings. Raises BadRequestException, in words of ours: AWS's are not known."""
    domain: Wire = record["domainName"]
    record.pop("truststore", None)
    settings: Wire | None = domain.get(MEMBER)
    if settings is None:
        return
    if domain["endpointConfiguration"]["types"] != ["REGIONAL"]:
        raise bad_request("Mutual TLS is supported for regional custom domain names only")
    settings.pop("truststoreWarnings", None)
    uri, version = settings["truststoreUri"], settings.get("truststoreVersion")
    try:
        found = await truststore_at(ctx, uri, version, ctx.state.clock.now_ms())
    except BadTruststore as problem:
        raise bad_request(str(problem)) from None
    record["truststore"] = found.pem
    if found.warnings:
        settings["truststoreWarnings"] = found.warnings
