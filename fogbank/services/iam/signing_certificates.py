"""X.509 signing certificates of users."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.limits import IAM_SIGNING_CERTIFICATES_PER_USER_MAX
from fogbank.model.call import Call
from fogbank.services.iam.certificates import read_certificate
from fogbank.services.iam.entities import find_named_user_or_caller, realm_of
from fogbank.services.iam.errors import no_such_entity, quota_exceeded
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import SigningCertificate, Status
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]
_ID_CHARS = 32


def _shown(user_name: str, certificate: SigningCertificate) -> Wire:
    return {
        "UserName": user_name,
        "CertificateId": certificate.id,
        "CertificateBody": certificate.body,
        "Status": certificate.status,
        "UploadDate": certificate.uploaded_ms,
    }


async def _find(ctx: Call[Iam], user_id: str, certificate_id: str) -> Found[SigningCertificate]:
    found = await ctx.state.signing_certificates.get(realm_of(ctx), user_id, certificate_id)
    if found is None:
        raise no_such_entity(f"The Certificate with id {certificate_id} cannot be found.")
    return found


@SERVICE.operation
@retried
async def upload_signing_certificate(
    ctx: Call[Iam], *, certificate_body: str, user_name: str | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    read_certificate(certificate_body)
    body = certificate_body.strip()
    realm, table = realm_of(ctx), ctx.state.signing_certificates
    present = await table.scan(realm, user.record.id, limit=IAM_SIGNING_CERTIFICATES_PER_USER_MAX)
    if any(each.record.body == body for each in present):
        raise SERVICE.error("DuplicateCertificateException", "The certificate is already in use.")
    if len(present) >= IAM_SIGNING_CERTIFICATES_PER_USER_MAX:
        raise quota_exceeded("CertificatesPerUser", IAM_SIGNING_CERTIFICATES_PER_USER_MAX)
    certificate_id = ctx.state.ids.unique("", _ID_CHARS)
    certificate = SigningCertificate(certificate_id, body, Status.ACTIVE.value, ctx.state.now_ms())
    tx = Transaction()
    user.touch(tx)
    table.put(tx, realm, user.record.id, certificate_id, record=certificate, expect=ABSENT)
    await ctx.state.store.commit(tx)
    return {"Certificate": _shown(user.record.name, certificate)}


@SERVICE.operation
async def list_signing_certificates(
    ctx: Call[Iam], *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    found, more = await page(
        ctx.state.signing_certificates,
        realm_of(ctx),
        user.record.id,
        listing="signing-certificates",
        marker=marker,
        max_items=max_items,
    )
    return {"Certificates": [_shown(user.record.name, each.record) for each in found], **more}


@SERVICE.operation
@retried
async def update_signing_certificate(
    ctx: Call[Iam], *, certificate_id: str, status: str, user_name: str | None = None
) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user.record.id, certificate_id)
    changed = replace(found.record, status=status)
    await ctx.state.store.commit(found.put(Transaction(), changed))


@SERVICE.operation
@retried
async def delete_signing_certificate(
    ctx: Call[Iam], *, certificate_id: str, user_name: str | None = None
) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user.record.id, certificate_id)
    await ctx.state.store.commit(found.delete(Transaction()))
