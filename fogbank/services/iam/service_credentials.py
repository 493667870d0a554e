"""Service-specific credentials: a user's name and password for one service, such as CodeCommit or Keyspaces.

fogbank has none of those services, so nothing asks for the password; only its hash is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import IAM_SERVICE_CREDENTIALS_PER_SERVICE_MAX
from fogbank.model.call import Call
from fogbank.services.iam.entities import find_named_user_or_caller, find_user, realm_of
from fogbank.services.iam.errors import no_such_entity, quota_exceeded
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import ServiceSpecificCredential, Status, User
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import Transaction

Wire = dict[str, Any]
SERVICES = frozenset({"codecommit.amazonaws.com", "cassandra.amazonaws.com"})
_PASSWORD_CHARS = 44


def _check_service(service: str) -> None:
    if service == "bedrock.amazonaws.com":
        raise NotSupported("service-specific credentials of bedrock.amazonaws.com")
    if service not in SERVICES:
        raise no_such_entity(f"No such service {service} is supported for Service Specific Credentials")


def _shown(user: User, credential: ServiceSpecificCredential) -> Wire:
    return {
        "CreateDate": credential.created_ms,
        "ServiceName": credential.service,
        "ServiceUserName": credential.user_name,
        "ServiceSpecificCredentialId": credential.id,
        "UserName": user.name,
        "Status": credential.status,
    }


def _hash(credential_id: str, password: str) -> str:
    # The password is 44 random characters: nothing to guess, so a plain hash serves.
    return hashlib.sha256(f"{credential_id}:{password}".encode()).hexdigest()


async def _find(ctx: Call[Iam], user: Found[User], credential_id: str) -> Found[ServiceSpecificCredential]:
    found = await ctx.state.service_credentials.get(realm_of(ctx), user.record.id, credential_id)
    if found is None:
        raise no_such_entity(f"No such credential {credential_id} exists")
    return found


async def _put(
    ctx: Call[Iam], user: Found[User], credential: ServiceSpecificCredential, expect: int | None
) -> None:
    realm = realm_of(ctx)
    tx = Transaction()
    user.touch(tx)
    ctx.state.service_credentials.put(
        tx, realm, user.record.id, credential.id, record=credential, expect=expect
    )
    await ctx.state.store.commit(tx)


@SERVICE.operation(refuses={"CredentialAgeDays"})
@retried
async def create_service_specific_credential(ctx: Call[Iam], *, user_name: str, service_name: str) -> Wire:
    user = await find_user(ctx, user_name)
    _check_service(service_name)
    realm, ids = realm_of(ctx), ctx.state.ids
    present = await ctx.state.service_credentials.scan(
        realm, user.record.id, limit=IAM_SERVICE_CREDENTIALS_PER_SERVICE_MAX * len(SERVICES)
    )
    same = [each for each in present if each.record.service == service_name]
    if len(same) >= IAM_SERVICE_CREDENTIALS_PER_SERVICE_MAX:
        raise quota_exceeded("ServiceSpecificCredentialsPerUser", IAM_SERVICE_CREDENTIALS_PER_SERVICE_MAX)
    password, credential_id = ids.secret(_PASSWORD_CHARS), ids.unique("ACCA")
    number = f"+{len(same)}" if same else ""
    credential = ServiceSpecificCredential(
        id=credential_id,
        service=service_name,
        user_name=f"{user.record.name}{number}-at-{ctx.account}",
        status=Status.ACTIVE.value,
        created_ms=ctx.state.now_ms(),
        hash=_hash(credential_id, password),
    )
    await _put(ctx, user, credential, None)
    return {"ServiceSpecificCredential": _shown(user.record, credential) | {"ServicePassword": password}}


@SERVICE.operation(refuses={"AllUsers"})
async def list_service_specific_credentials(
    ctx: Call[Iam],
    *,
    user_name: str | None = None,
    service_name: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    if service_name is not None:
        _check_service(service_name)
    found, more = await page(
        ctx.state.service_credentials,
        realm_of(ctx),
        user.record.id,
        listing="service-credentials",
        marker=marker,
        max_items=max_items,
        keep=lambda credential: service_name in (None, credential.service),
    )
    shown: Wire = {"ServiceSpecificCredentials": [_shown(user.record, each.record) for each in found]}
    # AWS leaves IsTruncated out of a whole list here, unlike everywhere else.
    return shown | more if more["IsTruncated"] else shown


@SERVICE.operation
@retried
async def update_service_specific_credential(
    ctx: Call[Iam], *, service_specific_credential_id: str, status: str, user_name: str | None = None
) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user, service_specific_credential_id)
    await _put(ctx, user, replace(found.record, status=status), found.version)


@SERVICE.operation
@retried
async def reset_service_specific_credential(
    ctx: Call[Iam], *, service_specific_credential_id: str, user_name: str | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user, service_specific_credential_id)
    password = ctx.state.ids.secret(_PASSWORD_CHARS)
    changed = replace(found.record, hash=_hash(found.record.id, password))
    await _put(ctx, user, changed, found.version)
    return {"ServiceSpecificCredential": _shown(user.record, changed) | {"ServicePassword": password}}


@SERVICE.operation
@retried
async def delete_service_specific_credential(
    ctx: Call[Iam], *, service_specific_credential_id: str, user_name: str | None = None
) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user, service_specific_credential_id)
    await ctx.state.store.commit(found.delete(Transaction()))
