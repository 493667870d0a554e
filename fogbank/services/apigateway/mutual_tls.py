"""`mutualTlsAuthentication` of a domain name: its truststore is read from S3 when it is set, as on AWS, and kept with the name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from fogbank.core.errors import AwsError
from fogbank.core.limits import TRUSTSTORE_BYTES_MAX
from fogbank.gateway.mutual_tls import BadTruststore, object_of, read_truststore
from fogbank.model.call import Call
from fogbank.services.apigateway.patching import Patch, set_or_drop
from fogbank.services.apigateway.records import Wire
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
    content = await _content(ctx, settings["truststoreUri"], settings.get("truststoreVersion"))
    try:
        found = read_truststore(content, datetime.fromtimestamp(ctx.state.clock.now_ms() / 1000, UTC))
    except BadTruststore as problem:
        raise bad_request(f"Invalid truststore {settings['truststoreUri']}: {problem}") from None
    record["truststore"] = found.pem
    if found.warnings:
        settings["truststoreWarnings"] = found.warnings


async def _content(ctx: Call[ApiGateway], uri: str, version: str | None) -> bytes:
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
