"""Instance profiles and the one role that each may hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.limits import IAM_INSTANCE_PROFILES_MAX, IAM_PAGE_ITEMS_DEFAULT
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.entities import find_role, realm_of
from fogbank.services.iam.errors import already_exists, delete_conflict, no_such_entity, quota_exceeded
from fogbank.services.iam.pages import decode_marker, encode_marker, page
from fogbank.services.iam.principals import trust_of
from fogbank.services.iam.records import InstanceProfile
from fogbank.services.iam.roles import profiles_of_role, refuse_service_linked
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, fold, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]


async def find_profile(ctx: Call[Iam], name: str) -> Found[InstanceProfile]:
    found = await ctx.state.instance_profiles.get(realm_of(ctx), fold(name))
    if found is None:
        raise no_such_entity(f"Instance Profile {name} cannot be found.")
    return found


async def shown_profile(ctx: Call[Iam], profile: InstanceProfile) -> Wire:
    if profile.role is None:
        return shapes.instance_profile(profile, [])
    role = (await find_role(ctx, profile.role)).record
    return shapes.instance_profile(profile, [shapes.role_as_created(role, await trust_of(ctx, role))])


def _in_full(profile: InstanceProfile, shown: Wire) -> Wire:
    return {"InstanceProfile": shown | {"Tags": tagging.wire(profile.tags)}}


@SERVICE.operation
@retried
async def create_instance_profile(
    ctx: Call[Iam], *, instance_profile_name: str, path: str = "/", tags: tagging.WireTags | None = None
) -> Wire:
    realm, table = realm_of(ctx), ctx.state.instance_profiles
    given = tagging.read(tags)
    if await table.get(realm, fold(instance_profile_name)):
        raise already_exists(f"Instance Profile {instance_profile_name} already exists.")
    if await table.count(realm, limit=IAM_INSTANCE_PROFILES_MAX) >= IAM_INSTANCE_PROFILES_MAX:
        raise quota_exceeded("InstanceProfilesPerAccount", IAM_INSTANCE_PROFILES_MAX)
    profile = InstanceProfile(
        name=instance_profile_name,
        path=path,
        id=ctx.state.ids.unique("AIPA"),
        arn=realm.arn(f"instance-profile{path}{instance_profile_name}"),
        created_ms=ctx.state.now_ms(),
        tags=given,
    )
    await ctx.state.store.commit(
        table.put(Transaction(), realm, fold(instance_profile_name), record=profile, expect=ABSENT)
    )
    return _in_full(profile, shapes.instance_profile(profile, []))


@SERVICE.operation
async def get_instance_profile(ctx: Call[Iam], *, instance_profile_name: str) -> Wire:
    profile = (await find_profile(ctx, instance_profile_name)).record
    return _in_full(profile, await shown_profile(ctx, profile))


@SERVICE.operation
async def list_instance_profiles(
    ctx: Call[Iam], *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Wire:
    found, more = await page(
        ctx.state.instance_profiles,
        realm_of(ctx),
        listing="instance-profiles",
        marker=marker,
        max_items=max_items,
        keep=lambda profile: profile.path.startswith(path_prefix),
    )
    return {"InstanceProfiles": [await shown_profile(ctx, each.record) for each in found], **more}


@SERVICE.operation
async def list_instance_profiles_for_role(
    ctx: Call[Iam], *, role_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    role = (await find_role(ctx, role_name)).record
    prefix = profiles_of_role(ctx, role.id)
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    position = decode_marker("profiles-for-role", marker)
    after = None if position is None else (*prefix, position)
    entries = await ctx.state.store.scan(prefix, after=after, limit=wanted + 1)
    names = [str(entry.key[-1]) for entry in entries[:wanted]]
    found = await ctx.state.instance_profiles.get_many(realm_of(ctx), [(name,) for name in names])
    shown = [await shown_profile(ctx, each.record) for each in found if each is not None]
    if len(entries) <= wanted:
        return {"InstanceProfiles": shown, "IsTruncated": False}
    more = {"IsTruncated": True, "Marker": encode_marker("profiles-for-role", names[-1])}
    return {"InstanceProfiles": shown, **more}


@SERVICE.operation
@retried
async def add_role_to_instance_profile(ctx: Call[Iam], *, instance_profile_name: str, role_name: str) -> None:
    found = await find_profile(ctx, instance_profile_name)
    role = await find_role(ctx, role_name)
    refuse_service_linked(role.record)
    if found.record.role is not None:
        raise quota_exceeded("InstanceSessionsPerInstanceProfile", 1)
    name = fold(instance_profile_name)
    tx = Transaction()
    changed = replace(found.record, role=role.record.name)
    found.put(tx, changed)
    role.touch(tx)
    tx.put((*profiles_of_role(ctx, role.record.id), name), b"")
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def remove_role_from_instance_profile(
    ctx: Call[Iam], *, instance_profile_name: str, role_name: str
) -> None:
    found = await find_profile(ctx, instance_profile_name)
    role = await find_role(ctx, role_name)
    if found.record.role is None or fold(found.record.role) != fold(role_name):
        raise no_such_entity(f"Role {role_name} is not in Instance Profile {instance_profile_name}.")
    name = fold(instance_profile_name)
    tx = Transaction()
    changed = replace(found.record, role=None)
    found.put(tx, changed)
    tx.delete((*profiles_of_role(ctx, role.record.id), name))
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def delete_instance_profile(ctx: Call[Iam], *, instance_profile_name: str) -> None:
    found = await find_profile(ctx, instance_profile_name)
    if found.record.role is not None:
        raise delete_conflict("remove roles from instance profile first")
    await ctx.state.store.commit(found.delete(Transaction()))
