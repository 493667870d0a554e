"""`MutualTlsAuthentication` of a domain name: its truststore is read from S3 when it is set, as on AWS, and kept with the name."""

from __future__ import annotations

from fogbank.gateway.mutual_tls import BadTruststore, truststore_at
from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.service import bad_request
from fogbank.services.apigatewayv2.state import ApiGatewayV2

MEMBER = "MutualTlsAuthentication"


async def set_mutual_tls(ctx: Call[ApiGatewayV2], record: Wire, asked: Wire | None) -> None:
    """Put it into a domain's record; None leaves it, an empty URI turns it off. Raises BadRequestException, in words of ours:
    AWS's are not known."""
    if asked is None:
        return
    domain: Wire = record["domain"]
    settings = {**(domain.get(MEMBER) or {}), **asked}
    if "TruststoreUri" in asked and "TruststoreVersion" not in asked:
        settings.pop("TruststoreVersion", None)  # it was the other object's
    settings.pop("TruststoreWarnings", None)
    record.pop("truststore", None)
    domain.pop(MEMBER, None)
    uri = settings.get("TruststoreUri")
    if not uri:
        return
    try:
        found = await truststore_at(ctx, uri, settings.get("TruststoreVersion"), ctx.state.clock.now_ms())
    except BadTruststore as problem:
        raise bad_request(str(problem)) from None
    record["truststore"] = found.pem
    domain[MEMBER] = settings | ({"TruststoreWarnings": found.warnings} if found.warnings else {})
