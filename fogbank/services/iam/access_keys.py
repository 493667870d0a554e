"""Access keys of users. The secret is sealed under the data directory's key and shown once, when it is made."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import orjson

from fogbank.core.key_ids import LONG_TERM, make_key_id
from fogbank.core.limits import IAM_ACCESS_KEYS_PER_USER_MAX
from fogbank.model.call import Call
from fogbank.model.principal import KeyFound, Principal, PrincipalType
from fogbank.services.iam.entities import (
    EntityKind,
    find_by_ids,
    find_named_user_or_caller,
    realm_of,
)
from fogbank.services.iam.errors import no_such_entity, quota_exceeded
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import AccessKey, Status, User
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, Realm, retried
from fogbank.services.iam.usage import last_used, usage_key
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]
SEAL = "iam-access-key"


def _owner_key(access_key_id: str) -> Key:
    """Where the owner of a key id is kept, whatever the account: what signature checks look up."""
    return ("iam", "key-owner", access_key_id)


@SERVICE.operation
@retried
async def create_access_key(ctx: Call[Iam], *, user_name: str | None = None) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    realm, state = realm_of(ctx), ctx.state
    count = await state.access_keys.count(realm, user.record.id, limit=IAM_ACCESS_KEYS_PER_USER_MAX)
    if count >= IAM_ACCESS_KEYS_PER_USER_MAX:
        raise quota_exceeded("AccessKeysPerUser", IAM_ACCESS_KEYS_PER_USER_MAX)
    key_id = make_key_id(LONG_TERM, ctx.account, state.ids)
    secret = state.ids.secret()
    sealed = state.secrets.seal(SEAL, secret.encode(), key_id.encode())
    key = AccessKey(
        id=key_id,
        user_id=user.record.id,
        sealed=base64.b64encode(sealed).decode(),
        status=Status.ACTIVE.value,
        created_ms=state.now_ms(),
    )
    tx = Transaction()
    user.touch(tx)
    state.access_keys.put(tx, realm, user.record.id, key_id, record=key, expect=ABSENT)
    tx.put(_owner_key(key_id), orjson.dumps([*realm, user.record.id]), expect=ABSENT)
    await state.store.commit(tx)
    return {"AccessKey": _shown(user.record, key) | {"SecretAccessKey": secret}}


def _shown(user: User, key: AccessKey) -> Wire:
    return {
        "UserName": user.name,
        "AccessKeyId": key.id,
        "Status": key.status,
        "CreateDate": key.created_ms,
    }


@SERVICE.operation
async def list_access_keys(
    ctx: Call[Iam], *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    found, more = await page(
        ctx.state.access_keys,
        realm_of(ctx),
        user.record.id,
        listing="access-keys",
        marker=marker,
        max_items=max_items,
    )
    return {"AccessKeyMetadata": [_shown(user.record, each.record) for each in found], **more}


async def _find(ctx: Call[Iam], user: Found[User], key_id: str) -> Found[AccessKey]:
    found = await ctx.state.access_keys.get(realm_of(ctx), user.record.id, key_id)
    if found is None:
        raise no_such_entity(f"The Access Key with id {key_id} cannot be found.")
    return found


@SERVICE.operation
@retried
async def update_access_key(
    ctx: Call[Iam], *, access_key_id: str, status: str, user_name: str | None = None
) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user, access_key_id)
    await ctx.state.store.commit(found.put(Transaction(), replace(found.record, status=status)))


@SERVICE.operation
@retried
async def delete_access_key(ctx: Call[Iam], *, access_key_id: str, user_name: str | None = None) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user, access_key_id)
    tx = found.delete(Transaction())
    tx.delete(_owner_key(access_key_id))
    tx.delete(usage_key(realm_of(ctx), access_key_id))
    await ctx.state.store.commit(tx)


@SERVICE.operation
async def get_access_key_last_used(ctx: Call[Iam], *, access_key_id: str) -> Wire:
    user = await _owner(ctx, access_key_id)
    if user is None or user[0] != realm_of(ctx):
        raise no_such_entity(f"The Access Key with id {access_key_id} cannot be found.")
    never = {"ServiceName": "N/A", "Region": "N/A"}
    return {"UserName": user[1].name, "AccessKeyLastUsed": await last_used(ctx, access_key_id) or never}


async def _owner(ctx: Call[Iam], access_key_id: str) -> tuple[Realm, User] | None:
    owner = await ctx.state.store.get(_owner_key(access_key_id))
    if owner is None:
        return None
    partition, account, user_id = orjson.loads(owner.value)
    realm = Realm(partition, account)
    users = await find_by_ids(ctx, realm, EntityKind.USER, [user_id])
    return (realm, users[0].record) if users else None


@SERVICE.internal
async def find_access_key(ctx: Call[Iam], *, access_key_id: str) -> KeyFound | None:
    """The long-term key of a user in any account: its secret and the user as a principal. None when there is none."""
    owner = await _owner(ctx, access_key_id)
    if owner is None:
        return None
    realm, user = owner
    found = await ctx.state.access_keys.get(realm, user.id, access_key_id)
    if found is None:
        return None
    sealed = base64.b64decode(found.record.sealed)
    secret = ctx.state.secrets.open(SEAL, sealed, access_key_id.encode())
    if secret is None:  # sealed under another data directory's key: it proves nothing here
        return None
    principal = Principal(
        type=PrincipalType.USER,
        account=realm.account,
        arn=user.arn,
        user_id=user.id,
        access_key_id=access_key_id,
        tags=tuple(user.tags.items()),
    )
    return KeyFound(secret.decode(), principal, active=found.record.status == Status.ACTIVE.value)
