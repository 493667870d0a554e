"""Roles: create, read, change, delete."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.attachments import count_boundary
from fogbank.services.iam.entities import EntityKind, find_role, id_key, put_id, realm_of
from fogbank.services.iam.errors import (
    already_exists,
    delete_conflict,
    invalid_input,
    quota_exceeded,
    unmodifiable,
)
from fogbank.services.iam.inline_policies import inline_prefix
from fogbank.services.iam.pages import page
from fogbank.services.iam.principals import checked_trust, trust_of
from fogbank.services.iam.records import Role
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, fold, retried
from fogbank.services.iam.usage import role_last_used, usage_key
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]
SERVICE_PATH = "/aws-service-role/"


def refuse_service_linked(role: Role) -> None:
    """Only the service a role is linked to may change it."""
    if role.linked_to is not None:
        raise unmodifiable(
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS"
        )


async def add_role(ctx: Call[Iam], role: Role) -> None:
    """Commit a new role. EntityAlreadyExists, LimitExceeded."""
    realm = realm_of(ctx)
    if await ctx.state.roles.get(realm, fold(role.name)):
        raise already_exists(f"Role with name {role.name} already exists.")
    quota, maximum = EntityKind.ROLE.quota
    if await ctx.state.roles.count(realm, limit=maximum) >= maximum:
        raise quota_exceeded(quota, maximum)
    tx = Transaction()
    ctx.state.roles.put(tx, realm, fold(role.name), record=role, expect=ABSENT)
    put_id(tx, realm, EntityKind.ROLE, role, expect=ABSENT)
    if role.boundary is not None:
        await count_boundary(ctx, tx, EntityKind.ROLE, role.id, old=None, new=role.boundary)
    await ctx.state.store.commit(tx)


@SERVICE.operation(refuses={"MaxSigninSessionDuration"})
@retried
async def create_role(
    ctx: Call[Iam],
    *,
    role_name: str,
    assume_role_policy_document: str,
    path: str = "/",
    description: str | None = None,
    max_session_duration: int = 3600,
    permissions_boundary: str | None = None,
    tags: tagging.WireTags | None = None,
) -> Wire:
    realm = realm_of(ctx)
    given = tagging.read(tags)
    if path.startswith(SERVICE_PATH):
        raise invalid_input("Only services can create roles with the path /aws-service-role/.")
    trust, trusted = await checked_trust(ctx, assume_role_policy_document)
    role = Role(
        name=role_name,
        path=path,
        id=ctx.state.ids.unique("AROA"),
        arn=realm.arn(f"role{path}{role_name}"),
        created_ms=ctx.state.now_ms(),
        trust=trust,
        trusted=trusted,
        description=description,
        max_session_s=max_session_duration,
        tags=given,
        boundary=permissions_boundary,
    )
    await add_role(ctx, role)
    return {"Role": shapes.role_as_created(role, trust) | shapes.tags_if_any(given)}


@SERVICE.operation
async def get_role(ctx: Call[Iam], *, role_name: str) -> Wire:
    role = (await find_role(ctx, role_name)).record
    return {"Role": shapes.role_in_full(role, await trust_of(ctx, role), await role_last_used(ctx, role.id))}


@SERVICE.operation
async def list_roles(
    ctx: Call[Iam], *, path_prefix: str = "/", marker: str | None = None, max_items: int | None = None
) -> Wire:
    found, more = await page(
        ctx.state.roles,
        realm_of(ctx),
        listing="roles",
        marker=marker,
        max_items=max_items,
        keep=lambda role: role.path.startswith(path_prefix),
    )
    return {"Roles": [shapes.role(each.record, await trust_of(ctx, each.record)) for each in found], **more}


@SERVICE.operation(refuses={"MaxSigninSessionDuration", "ResetMaxSigninSessionDuration"})
@retried
async def update_role(
    ctx: Call[Iam], *, role_name: str, description: str | None = None, max_session_duration: int | None = None
) -> Wire:
    await _change(ctx, role_name, description=description, max_session_s=max_session_duration)
    return {}


@SERVICE.operation
@retried
async def update_role_description(ctx: Call[Iam], *, role_name: str, description: str) -> Wire:
    role = await _change(ctx, role_name, description=description)
    return {"Role": shapes.role(role, await trust_of(ctx, role))}


async def _change(ctx: Call[Iam], name: str, **changes: Any) -> Role:
    """Change what was given; the description of a service-linked role is the only thing a customer may change."""
    found = await find_role(ctx, name)
    given = {member: value for member, value in changes.items() if value is not None}
    if "max_session_s" in given:
        refuse_service_linked(found.record)
    changed = replace(found.record, **given)
    await ctx.state.store.commit(found.put(Transaction(), changed))
    return changed


@SERVICE.operation
@retried
async def update_assume_role_policy(ctx: Call[Iam], *, role_name: str, policy_document: str) -> None:
    found = await find_role(ctx, role_name)
    refuse_service_linked(found.record)
    trust, trusted = await checked_trust(ctx, policy_document)
    changed = replace(found.record, trust=trust, trusted=trusted)
    await ctx.state.store.commit(found.put(Transaction(), changed))


@SERVICE.operation
@retried
async def delete_role(ctx: Call[Iam], *, role_name: str) -> None:
    found = await find_role(ctx, role_name)
    refuse_service_linked(found.record)
    if await ctx.state.store.count(profiles_of_role(ctx, found.record.id), limit=1):
        raise delete_conflict("remove roles from instance profile first")
    if found.record.attached:
        raise delete_conflict("detach all policies first")
    if await ctx.state.store.count(inline_prefix(realm_of(ctx), found.record.id), limit=1):
        raise delete_conflict("delete policies first")
    await remove_role(ctx, Transaction(), found)


async def remove_role(ctx: Call[Iam], tx: Transaction, found: Found[Role]) -> None:
    """Commit `tx` and with it the end of a role that nothing refers to any more."""
    role, realm = found.record, realm_of(ctx)
    found.delete(tx)
    tx.delete(id_key(realm, role.id))
    tx.delete(usage_key(realm, role.id))
    if role.boundary is not None:
        await count_boundary(ctx, tx, EntityKind.ROLE, role.id, old=role.boundary, new=None)
    await ctx.state.store.commit(tx)


def profiles_of_role(ctx: Call[Iam], role_id: str) -> tuple[str, ...]:
    """The prefix of the index from a role to the instance profiles that hold it."""
    return ("iam", *realm_of(ctx), "profile-of", role_id)
