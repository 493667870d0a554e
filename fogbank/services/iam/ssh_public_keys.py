"""SSH public keys of users (for CodeCommit)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

from fogbank.core.limits import IAM_SSH_KEYS_PER_USER_MAX
from fogbank.model.call import Call
from fogbank.services.iam.certificates import openssh_key, pem_of_openssh
from fogbank.services.iam.entities import find_named_user_or_caller, find_user, realm_of
from fogbank.services.iam.errors import no_such_entity, quota_exceeded
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import SshPublicKey, Status
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]


def _fingerprint(openssh: str) -> str:
    digest = hashlib.md5(base64.b64decode(openssh.split(" ")[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def _shown(user_name: str, key: SshPublicKey) -> Wire:
    return {
        "UserName": user_name,
        "SSHPublicKeyId": key.id,
        "Status": key.status,
        "UploadDate": key.uploaded_ms,
    }


async def _find(ctx: Call[Iam], user_id: str, key_id: str) -> Found[SshPublicKey]:
    found = await ctx.state.ssh_public_keys.get(realm_of(ctx), user_id, key_id)
    if found is None:
        raise no_such_entity(f"The Public Key with id {key_id} cannot be found.")
    return found


@SERVICE.operation
@retried
async def upload_ssh_public_key(ctx: Call[Iam], *, user_name: str, ssh_public_key_body: str) -> Wire:
    user = await find_user(ctx, user_name)
    body = openssh_key(ssh_public_key_body)
    realm, table = realm_of(ctx), ctx.state.ssh_public_keys
    present = await table.scan(realm, user.record.id, limit=IAM_SSH_KEYS_PER_USER_MAX)
    if any(each.record.body == body for each in present):
        raise SERVICE.error("DuplicateSSHPublicKeyException", "The SSH public key is already in use.")
    if len(present) >= IAM_SSH_KEYS_PER_USER_MAX:
        raise quota_exceeded("SSHPublicKeysPerUser", IAM_SSH_KEYS_PER_USER_MAX)
    key_id = ctx.state.ids.unique("APKA")
    key = SshPublicKey(key_id, body, _fingerprint(body), Status.ACTIVE.value, ctx.state.now_ms())
    tx = Transaction()
    user.touch(tx)
    table.put(tx, realm, user.record.id, key_id, record=key, expect=ABSENT)
    await ctx.state.store.commit(tx)
    in_full = {"Fingerprint": key.fingerprint, "SSHPublicKeyBody": body}
    return {"SSHPublicKey": _shown(user.record.name, key) | in_full}


@SERVICE.operation
async def get_ssh_public_key(
    ctx: Call[Iam], *, user_name: str, ssh_public_key_id: str, encoding: str
) -> Wire:
    user = await find_user(ctx, user_name)
    key = (await _find(ctx, user.record.id, ssh_public_key_id)).record
    body = pem_of_openssh(key.body) if encoding == "PEM" else key.body
    in_full = {"Fingerprint": key.fingerprint, "SSHPublicKeyBody": body}
    return {"SSHPublicKey": _shown(user.record.name, key) | in_full}


@SERVICE.operation
async def list_ssh_public_keys(
    ctx: Call[Iam], *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    found, more = await page(
        ctx.state.ssh_public_keys,
        realm_of(ctx),
        user.record.id,
        listing="ssh-public-keys",
        marker=marker,
        max_items=max_items,
    )
    return {"SSHPublicKeys": [_shown(user.record.name, each.record) for each in found], **more}


@SERVICE.operation
@retried
async def update_ssh_public_key(
    ctx: Call[Iam], *, user_name: str, ssh_public_key_id: str, status: str
) -> None:
    user = await find_user(ctx, user_name)
    found = await _find(ctx, user.record.id, ssh_public_key_id)
    await ctx.state.store.commit(found.put(Transaction(), replace(found.record, status=status)))


@SERVICE.operation
@retried
async def delete_ssh_public_key(ctx: Call[Iam], *, user_name: str, ssh_public_key_id: str) -> None:
    user = await find_user(ctx, user_name)
    found = await _find(ctx, user.record.id, ssh_public_key_id)
    await ctx.state.store.commit(found.delete(Transaction()))
