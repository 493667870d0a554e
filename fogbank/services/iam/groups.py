"""Groups and who is in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.limits import IAM_GROUPS_PER_USER_MAX, IAM_PAGE_ITEMS_DEFAULT
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam.entities import (
    EntityKind,
    find_by_ids,
    find_group,
    find_user,
    id_key,
    put_id,
    realm_of,
)
from fogbank.services.iam.errors import already_exists, delete_conflict, quota_exceeded
from fogbank.services.iam.inline_policies import inline_prefix
from fogbank.services.iam.pages import decode_marker, encode_marker, page, slice_of
from fogbank.services.iam.records import Group
from fogbank.services.iam.renames import renamed
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import fold, retried
from fogbank.store.api import ABSENT, Key, Transaction

Wire = dict[str, Any]


def _members(ctx: Call[Iam], group_id: str) -> Key:
    """The prefix of the index from a group to its users' unique ids. The way back lies in the user's record."""
    return ("iam", *realm_of(ctx), "member", group_id)


@SERVICE.operation
@retried
async def create_group(ctx: Call[Iam], *, group_name: str, path: str = "/") -> Wire:
    realm = realm_of(ctx)
    if await ctx.state.groups.get(realm, fold(group_name)):
        raise already_exists(f"Group with name {group_name} already exists.")
    quota, maximum = EntityKind.GROUP.quota
    if await ctx.state.groups.count(realm, limit=maximum) >= maximum:
        raise quota_exceeded(quota, maximum)
    group = Group(
        name=group_name,
        path=path,
        id=ctx.state.ids.unique("AGPA"),
        arn=realm.arn(f"group{path}{group_name}"),
        created_ms=ctx.state.now_ms(),
    )
    tx = Transaction()
    ctx.state.groups.put(tx, realm, fold(group_name), record=group, expect=ABSENT)
    put_id(tx, realm, EntityKind.GROUP, group, expect=ABSENT)
    await ctx.state.store.commit(tx)
    return {"Group": shapes.group(group)}


@SERVICE.operation
async def get_group(
    ctx: Call[Iam], *, group_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    group = (await find_group(ctx, group_name)).record
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    prefix = _members(ctx, group.id)
    position = decode_marker("group-users", marker)
    after = None if position is None else (*prefix, position)
    entries = await ctx.state.store.scan(prefix, after=after, limit=wanted + 1)
    ids = [str(entry.key[-1]) for entry in entries[:wanted]]
    users = await find_by_ids(ctx, realm_of(ctx), EntityKind.USER, ids)
    more: Wire = {"IsTruncated": False}
    if len(entries) > wanted:
        more = {"IsTruncated": True, "Marker": encode_marker("group-users", ids[-1])}
    return {"Group": shapes.group(group), "Users": [shapes.user(each.record) for each in users], **more}


@SERVICE.operation
async def list_groups(
    ctx: Call[Iam], *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Wire:
    found, more = await page(
        ctx.state.groups,
        realm_of(ctx),
        listing="groups",
        marker=marker,
        max_items=max_items,
        keep=lambda group: group.path.startswith(path_prefix),
    )
    return {"Groups": [shapes.group(each.record) for each in found], **more}


@SERVICE.operation
@retried
async def update_group(
    ctx: Call[Iam], *, group_name: str, new_path: str | None = None, new_group_name: str | None = None
) -> None:
    found = await find_group(ctx, group_name)
    tx, group = await renamed(
        ctx, ctx.state.groups, found, new_group_name, new_path, kind="group", title="Group"
    )
    put_id(tx, realm_of(ctx), EntityKind.GROUP, group)
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def delete_group(ctx: Call[Iam], *, group_name: str) -> None:
    found = await find_group(ctx, group_name)
    group, realm = found.record, realm_of(ctx)
    if await ctx.state.store.count(_members(ctx, group.id), limit=1):
        raise delete_conflict("remove users from group first")
    if group.attached:
        raise delete_conflict("detach all policies first")
    if await ctx.state.store.count(inline_prefix(realm, group.id), limit=1):
        raise delete_conflict("delete policies first")
    tx = found.delete(Transaction())
    tx.delete(id_key(realm, group.id))
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def add_user_to_group(ctx: Call[Iam], *, group_name: str, user_name: str) -> None:
    group = await find_group(ctx, group_name)
    user = await find_user(ctx, user_name)
    if group.record.id in user.record.groups:
        return
    if len(user.record.groups) >= IAM_GROUPS_PER_USER_MAX:
        raise quota_exceeded("GroupsPerUser", IAM_GROUPS_PER_USER_MAX)
    changed = replace(user.record, groups=(*user.record.groups, group.record.id))
    tx = Transaction()
    user.put(tx, changed)
    group.touch(tx)
    tx.put((*_members(ctx, group.record.id), user.record.id), b"")
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def remove_user_from_group(ctx: Call[Iam], *, group_name: str, user_name: str) -> None:
    group = await find_group(ctx, group_name)
    user = await find_user(ctx, user_name)
    if group.record.id not in user.record.groups:
        return
    left = tuple(each for each in user.record.groups if each != group.record.id)
    tx = Transaction()
    changed = replace(user.record, groups=left)
    user.put(tx, changed)
    tx.delete((*_members(ctx, group.record.id), user.record.id))
    await ctx.state.store.commit(tx)


@SERVICE.operation
async def list_groups_for_user(
    ctx: Call[Iam], *, user_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    user = (await find_user(ctx, user_name)).record
    groups = await find_by_ids(ctx, realm_of(ctx), EntityKind.GROUP, list(user.groups))
    shown, more = slice_of(groups, listing="groups-for-user", marker=marker, max_items=max_items)
    return {"Groups": [shapes.group(each.record) for each in shown], **more}
