"""Users: create, read, rename, delete."""

from __future__ import annotations

from typing import Any

from fogbank.model.call import Call
from fogbank.model.principal import PrincipalType
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.attachments import count_boundary
from fogbank.services.iam.entities import (
    EntityKind,
    find_named_user_or_caller,
    find_user,
    id_key,
    put_id,
    realm_of,
)
from fogbank.services.iam.errors import already_exists, delete_conflict, quota_exceeded
from fogbank.services.iam.inline_policies import inline_prefix
from fogbank.services.iam.pages import page
from fogbank.services.iam.records import User
from fogbank.services.iam.renames import renamed
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import fold, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]


@SERVICE.operation
@retried
async def create_user(
    ctx: Call[Iam],
    *,
    user_name: str,
    path: str = "/",
    permissions_boundary: str | None = None,
    tags: tagging.WireTags | None = None,
) -> Wire:
    realm = realm_of(ctx)
    given = tagging.read(tags)
    if await ctx.state.users.get(realm, fold(user_name)):
        raise already_exists(f"User with name {user_name} already exists.")
    quota, maximum = EntityKind.USER.quota
    if await ctx.state.users.count(realm, limit=maximum) >= maximum:
        raise quota_exceeded(quota, maximum)
    user = User(
        name=user_name,
        path=path,
        id=ctx.state.ids.unique("AIDA"),
        arn=realm.arn(f"user{path}{user_name}"),
        created_ms=ctx.state.now_ms(),
        tags=given,
        boundary=permissions_boundary,
    )
    tx = Transaction()
    ctx.state.users.put(tx, realm, fold(user_name), record=user, expect=ABSENT)
    put_id(tx, realm, EntityKind.USER, user, expect=ABSENT)
    if permissions_boundary is not None:
        await count_boundary(ctx, tx, EntityKind.USER, user.id, old=None, new=permissions_boundary)
    await ctx.state.store.commit(tx)
    return {"User": shapes.user_in_full(user)}


@SERVICE.operation
async def get_user(ctx: Call[Iam], *, user_name: str | None = None) -> Wire:
    if user_name is None and ctx.principal.type is PrincipalType.ROOT:
        # AWS shows the account's root as a user without path and name. Accounts are not made here, they are
        # there: the date that the model requires is the beginning of time.
        realm = realm_of(ctx)
        return {"User": {"UserId": ctx.account, "Arn": realm.arn("root"), "CreateDate": 0}}
    return {"User": shapes.user_in_full((await find_named_user_or_caller(ctx, user_name)).record)}


@SERVICE.operation
async def list_users(
    ctx: Call[Iam], *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Wire:
    found, more = await page(
        ctx.state.users,
        realm_of(ctx),
        listing="users",
        marker=marker,
        max_items=max_items,
        keep=lambda user: user.path.startswith(path_prefix),
    )
    return {"Users": [shapes.user(each.record) for each in found], **more}


@SERVICE.operation
@retried
async def update_user(
    ctx: Call[Iam], *, user_name: str, new_path: str | None = None, new_user_name: str | None = None
) -> None:
    found = await find_user(ctx, user_name)
    tx, user = await renamed(ctx, ctx.state.users, found, new_user_name, new_path, kind="user", title="User")
    put_id(tx, realm_of(ctx), EntityKind.USER, user)
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def delete_user(ctx: Call[Iam], *, user_name: str) -> None:
    found = await find_user(ctx, user_name)
    user, realm, state = found.record, realm_of(ctx), ctx.state
    if user.groups:
        raise delete_conflict("remove users from group first")
    if user.attached:
        raise delete_conflict("detach all policies first")
    if await state.store.count(inline_prefix(realm, user.id), limit=1):
        raise delete_conflict("delete policies first")
    if await state.access_keys.count(realm, user.id, limit=1):
        raise delete_conflict("delete access keys first")
    if await state.login_profiles.get(realm, user.id):
        raise delete_conflict("delete login profile first")
    if await state.store.count(("iam", *realm, "mfa-of", user.id), limit=1):
        raise delete_conflict("delete MFA device first")
    for table in (state.service_credentials, state.ssh_public_keys, state.signing_certificates):
        if await table.count(realm, user.id, limit=1):
            raise delete_conflict("remove referenced objects first")
    tx = found.delete(Transaction())
    tx.delete(id_key(realm, user.id))
    if user.boundary is not None:
        await count_boundary(ctx, tx, EntityKind.USER, user.id, old=user.boundary, new=None)
    await state.store.commit(tx)
