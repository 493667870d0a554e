"""`MutualTlsAuthentication` of a domain name: its truststore is read from S3 when it is set, as on AWS, and kept with the name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fogbank.core.errors import AwsError
from fogbank.core.limits import TRUSTSTORE_BYTES_MAX
from fogbank.gateway.mutual_tls import BadTruststore, object_of, read_truststore
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.records import Wire
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
    content = await _content(ctx, uri, settings.get("TruststoreVersion"))
    try:
        found = read_truststore(content, datetime.fromtimestamp(ctx.state.clock.now_ms() / 1000, UTC))
    except BadTruststore as problem:
        raise bad_request(f"Invalid truststore {uri}: {problem}") from None
    record["truststore"] = found.pem
    domain[MEMBER] = settings | ({"TruststoreWarnings": found.warnings} if found.warnings else {})


async def _content(ctx: Call[ApiGatewayV2], uri: str, version: str | None) -> bytes:
    where = object_of(uri)
    if where is None:
        raise bad_request(f"Invalid truststoreUri: {uri}")
    wanted = {"Bucket": where[0], "Key": where[1]} | ({"VersionId": version} if version else {})
    try:
        found = await ctx.calls.call("s3", "GetObject", wanted, ctx.caller)
    except AwsError as error:
        raise bad_request(f"The truststore {uri} cannot be read: {error.message}") from None
    if found["ContentLength"] > TRUSTSTORE_BYTES_MAX:
        raise bad_request(f"Invalid truststore {uri}: it is larger than {TRUSTSTORE_BYTES_MAX} bytes")
    body: bytes | AsyncIterator[bytes] = found["Body"]
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])
