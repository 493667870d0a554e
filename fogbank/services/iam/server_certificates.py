"""Server certificates. The private key is sealed and never shown."""

from __future__ import annotations

import base64
from typing import Any

from fogbank.core.limits import IAM_SERVER_CERTIFICATES_MAX
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.certificates import check_chain, check_private_key, expires_ms, read_certificate
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import already_exists, not_found, quota_exceeded
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import ServerCertificate
from fogbank.services.iam.renames import renamed
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, fold, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]
SEAL = "iam-server-certificate"


async def find_certificate(ctx: Call[Iam], name: str) -> Found[ServerCertificate]:
    found = await ctx.state.server_certificates.get(realm_of(ctx), fold(name))
    if found is None:
        raise not_found("Server Certificate", name)
    return found


def _metadata(certificate: ServerCertificate) -> Wire:
    return {
        "Path": certificate.path,
        "ServerCertificateName": certificate.name,
        "ServerCertificateId": certificate.id,
        "Arn": certificate.arn,
        "UploadDate": certificate.uploaded_ms,
        "Expiration": certificate.expires_ms,
    }


@SERVICE.operation
@retried
async def upload_server_certificate(
    ctx: Call[Iam],
    *,
    server_certificate_name: str,
    certificate_body: str,
    private_key: str,
    path: str = "/",
    certificate_chain: str | None = None,
    tags: tagging.WireTags | None = None,
) -> Wire:
    realm, table = realm_of(ctx), ctx.state.server_certificates
    given = tagging.read(tags)
    parsed = read_certificate(certificate_body)
    check_private_key(parsed, private_key)
    if certificate_chain is not None:
        check_chain(certificate_chain)
    if await table.get(realm, fold(server_certificate_name)):
        raise already_exists(f"The Server Certificate with name {server_certificate_name} already exists.")
    if await table.count(realm, limit=IAM_SERVER_CERTIFICATES_MAX) >= IAM_SERVER_CERTIFICATES_MAX:
        raise quota_exceeded("ServerCertificatesPerAccount", IAM_SERVER_CERTIFICATES_MAX)
    unique_id = ctx.state.ids.unique("ASCA")
    sealed = ctx.state.secrets.seal(SEAL, private_key.encode(), unique_id.encode())
    certificate = ServerCertificate(
        name=server_certificate_name,
        path=path,
        id=unique_id,
        arn=realm.arn(f"server-certificate{path}{server_certificate_name}"),
        uploaded_ms=ctx.state.now_ms(),
        expires_ms=expires_ms(parsed),
        body=certificate_body.strip(),
        chain=certificate_chain.strip() if certificate_chain else None,
        sealed_key=base64.b64encode(sealed).decode(),
        tags=given,
    )
    await ctx.state.store.commit(
        table.put(Transaction(), realm, fold(server_certificate_name), record=certificate, expect=ABSENT)
    )
    return {"ServerCertificateMetadata": _metadata(certificate)} | shapes.tags_if_any(given)


@SERVICE.operation
async def get_server_certificate(ctx: Call[Iam], *, server_certificate_name: str) -> Wire:
    certificate = (await find_certificate(ctx, server_certificate_name)).record
    shown: Wire = {
        "ServerCertificateMetadata": _metadata(certificate),
        "CertificateBody": certificate.body,
        "Tags": tagging.wire(certificate.tags),
    }
    if certificate.chain is not None:
        shown["CertificateChain"] = certificate.chain
    return {"ServerCertificate": shown}


@SERVICE.operation
async def list_server_certificates(
    ctx: Call[Iam], *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Wire:
    found, more = await page(
        ctx.state.server_certificates,
        realm_of(ctx),
        listing="server-certificates",
        marker=marker,
        max_items=max_items,
        keep=lambda certificate: certificate.path.startswith(path_prefix),
    )
    return {"ServerCertificateMetadataList": [_metadata(each.record) for each in found], **more}


@SERVICE.operation
@retried
async def update_server_certificate(
    ctx: Call[Iam],
    *,
    server_certificate_name: str,
    new_path: str | None = None,
    new_server_certificate_name: str | None = None,
) -> None:
    found = await find_certificate(ctx, server_certificate_name)
    tx, _ = await renamed(
        ctx,
        ctx.state.server_certificates,
        found,
        new_server_certificate_name,
        new_path,
        kind="server-certificate",
        title="The Server Certificate",
    )
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def delete_server_certificate(ctx: Call[Iam], *, server_certificate_name: str) -> None:
    found = await find_certificate(ctx, server_certificate_name)
    await ctx.state.store.commit(found.delete(Transaction()))
