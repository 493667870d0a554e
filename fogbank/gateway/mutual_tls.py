"""Mutual TLS of custom domain names: truststores, who is let in, and what APIs are told of a client's certificate."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from fogbank.core.errors import AwsError
from fogbank.core.http import ClientCertificate, Request
from fogbank.core.limits import TRUSTSTORE_BYTES_MAX, TRUSTSTORE_CERTIFICATES_MAX
from fogbank.model.call import Call


class BadTruststore(Exception):
    """What is named as the truststore cannot be read, or cannot be one."""


@dataclass(frozen=True, slots=True)
class Truststore:
    """CA certificates, as they were read."""

    pem: str
    warnings: list[str]


def admits(request: Request, host: str) -> bool:
    """The client has shown, to this very name, a certificate that it trusts."""
    shown = request.certificate
    return shown is not None and shown.server_name == host and shown.problem is None


def described(shown: ClientCertificate) -> dict[str, Any]:
    """`clientCert` of `$context.identity` and of functions' events."""
    return {
        "clientCertPem": shown.pem,
        "subjectDN": shown.subject,
        "issuerDN": shown.issuer,
        "serialNumber": shown.serial,
        "validity": {"notBefore": shown.not_before, "notAfter": shown.not_after},
    }


def object_of(uri: str) -> tuple[str, str] | None:
    """(bucket, key) of `s3://bucket/key`."""
    bucket, slash, key = uri.removeprefix("s3://").partition("/")
    return (bucket, unquote(key)) if uri.startswith("s3://") and bucket and slash and key else None


async def truststore_at(ctx: Call[Any], uri: str, version: str | None, now_ms: int) -> Truststore:
    """What lies there, read from S3 as who calls. Raises BadTruststore, with a message of ours: AWS's are not known."""
    content = await _content(ctx, uri, version)
    try:
        return read_truststore(content, datetime.fromtimestamp(now_ms / 1000, UTC))
    except BadTruststore as problem:
        raise BadTruststore(f"Invalid truststore {uri}: {problem}") from None


async def _content(ctx: Call[Any], uri: str, version: str | None) -> bytes:
    where = object_of(uri)
    if where is None:
        raise BadTruststore(f"Invalid truststoreUri: {uri}")
    wanted = {"Bucket": where[0], "Key": where[1]} | ({"VersionId": version} if version else {})
    try:
        found = await ctx.calls.call("s3", "GetObject", wanted, ctx.caller)
    except AwsError as error:
        raise BadTruststore(f"The truststore {uri} cannot be read: {error.message}") from None
    if found["ContentLength"] > TRUSTSTORE_BYTES_MAX:
        raise BadTruststore(f"Invalid truststore {uri}: it is larger than {TRUSTSTORE_BYTES_MAX} bytes")
    body: bytes | AsyncIterator[bytes] = found["Body"]
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])


def read_truststore(content: bytes, now: datetime) -> Truststore:
    """Certificates in PEM; what is wrong with one of them is a warning. Raises BadTruststore."""
    from cryptography import x509  # much to import, and rarely needed

    if len(content) > TRUSTSTORE_BYTES_MAX:
        raise BadTruststore(f"it is larger than {TRUSTSTORE_BYTES_MAX} bytes")
    try:
        found = x509.load_pem_x509_certificates(content)
        pem = "".join(ssl.DER_cert_to_PEM_cert(each.public_bytes(_der())) for each in found)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=pem)
    except (ValueError, ssl.SSLError):
        raise BadTruststore("it holds no certificates in PEM") from None
    if len(found) > TRUSTSTORE_CERTIFICATES_MAX:
        raise BadTruststore(f"it holds more than {TRUSTSTORE_CERTIFICATES_MAX} certificates")
    warnings: list[str] = []  # AWS's words are not known
    for each in found:
        name = each.subject.rfc4514_string()
        if not each.not_valid_before_utc <= now <= each.not_valid_after_utc:
            warnings.append(f"The certificate {name} is expired or not yet valid")
        if not _is_authority(each):
            warnings.append(f"The certificate {name} is not a certificate authority's")
    return Truststore(pem, warnings)


def _der() -> Any:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def _is_authority(certificate: Any) -> bool:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bool(found.ca)
