"""Client certificates: what a stage shows to its HTTP backends, so that they know who calls."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from fogbank.gateway.records import Held, Wire, pack, read, scan
from fogbank.model.call import Call
from fogbank.services.apigateway import keys
from fogbank.services.apigateway.drafts import new_id, stamp
from fogbank.services.apigateway.keys import place_of
from fogbank.services.apigateway.limits import CLIENT_CERTIFICATES_MAX, REST_APIS_MAX
from fogbank.services.apigateway.pages import listed, page_of
from fogbank.services.apigateway.patching import REPLACE, Patches, Rule, text
from fogbank.services.apigateway.records import retried, shape
from fogbank.services.apigateway.service import SERVICE, bad_request, limit_exceeded, not_found
from fogbank.services.apigateway.snapshot import CERTIFICATE_SECRET
from fogbank.services.apigateway.state import ApiGateway
from fogbank.services.apigateway.tags import check_tags
from fogbank.store.api import ABSENT, Transaction

NO_CERTIFICATE = "Invalid Client Certificate identifier specified"
VALID_DAYS = 365


async def certificate_of(ctx: Call[ApiGateway], certificate_id: str) -> Held:
    found = await read(ctx.state.store, keys.owned(place_of(ctx), "certificate", certificate_id))
    if found is None:
        raise not_found(NO_CERTIFICATE)
    return found


def shown(certificate: Wire) -> Wire:
    """Without its private key, which never leaves."""
    return {name: value for name, value in certificate.items() if name != "sealedKey"}


def _make(now_ms: int, serial: int) -> tuple[str, bytes]:
    """(certificate, private key) in PEM, self-signed for a year. Takes a good while: not for the event loop."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fogbank"),
            x509.NameAttribute(NameOID.COMMON_NAME, "ApiGateway"),
        ]
    )
    start = datetime.fromtimestamp(now_ms // 1000, UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=VALID_DAYS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private


@SERVICE.operation
async def generate_client_certificate(
    ctx: Call[ApiGateway], *, description: str | None = None, tags: dict[str, str] | None = None
) -> dict[str, Any]:
    check_tags(tags)
    place, state = place_of(ctx), ctx.state
    count = await state.store.count(keys.owned(place, "certificate"), limit=CLIENT_CERTIFICATES_MAX)
    if count >= CLIENT_CERTIFICATES_MAX:
        raise limit_exceeded(
            f"Maximum number of client certificates has been reached. Limit: {CLIENT_CERTIFICATES_MAX}"
        )
    now_ms = stamp(ctx)
    pem, private = await asyncio.to_thread(_make, now_ms, int(state.ids.hex(30), 16) | 1)
    certificate = shape(
        clientCertificateId=new_id(ctx),
        description=description or None,
        pemEncodedCertificate=pem,
        createdDate=now_ms,
        expirationDate=now_ms + VALID_DAYS * 86_400_000,
        tags=tags or None,
        sealedKey=state.secrets.seal(CERTIFICATE_SECRET, private).hex(),
    )
    key = keys.owned(place, "certificate", certificate["clientCertificateId"])
    await state.store.commit(Transaction().put(key, pack(certificate), expect=ABSENT))
    return shown(certificate)


@SERVICE.operation
async def get_client_certificate(ctx: Call[ApiGateway], *, client_certificate_id: str) -> dict[str, Any]:
    return shown((await certificate_of(ctx, client_certificate_id)).wire)


@SERVICE.operation
async def get_client_certificates(
    ctx: Call[ApiGateway], *, position: str | None = None, limit: int | None = None
) -> dict[str, Any]:
    found, following = await page_of(ctx, keys.owned(place_of(ctx), "certificate"), position, limit)
    return listed([shown(each.wire) for each in found], following)


@SERVICE.operation
@retried
async def delete_client_certificate(ctx: Call[ApiGateway], *, client_certificate_id: str) -> None:
    """Refused while a stage shows it."""
    found = await certificate_of(ctx, client_certificate_id)
    for api in await scan(ctx.state.store, keys.apis(place_of(ctx)), limit=REST_APIS_MAX):
        for stage in await scan(ctx.state.store, keys.stages(api.wire["id"]), limit=100):
            if stage.wire.get("clientCertificateId") == client_certificate_id:
                raise bad_request(
                    f"Client certificate {client_certificate_id} is used by stage {stage.wire['stageName']} of API "
                    f"{api.wire['id']}"
                )
    await ctx.state.store.commit(Transaction().delete(found.key, expect=found.version))


PATCHES = Patches({"/description": Rule(REPLACE, text("description"))})


@SERVICE.operation
@retried
async def update_client_certificate(
    ctx: Call[ApiGateway],
    *,
    client_certificate_id: str,
    patch_operations: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    found = await certificate_of(ctx, client_certificate_id)
    PATCHES.apply(found.wire, patch_operations)
    await ctx.state.store.commit(Transaction().put(found.key, pack(found.wire), expect=found.version))
    return shown(found.wire)
