"""Managed policies attached to users, groups and roles, as permissions or as permissions boundary.

An entity's record lists what is attached to it; the index `used-by` leads from a policy back to the entities by unique
id; the policy's record counts both. One transaction changes all three.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.limits import IAM_ATTACHED_POLICIES_MAX
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam.aws_policies import is_service_linked
from fogbank.services.iam.entities import EntityKind, find, realm_of
from fogbank.services.iam.errors import no_such_entity, quota_exceeded
from fogbank.services.iam.inline_policies import refuse_protected
from fogbank.services.iam.managed_policies import checked_arn, find_attachable, look_up
from fogbank.services.iam.pages import slice_of
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, retried
from fogbank.store.api import Key, Transaction

Wire = dict[str, Any]
PERMISSIONS = "PermissionsPolicy"
BOUNDARY = "PermissionsBoundary"


def used_by(realm: Realm, policy_arn: str, *rest: str) -> Key:
    """Index key: policy → how it is used → kind of entity → the entity's unique id."""
    return ("iam", *realm, "used-by", policy_arn, *rest)


async def _attach(ctx: Call[Iam], kind: EntityKind, name: str, arn: str) -> None:
    checked_arn(arn)
    found = await find(ctx, kind, name)
    refuse_protected(found.record)
    policy = await find_attachable(ctx, arn)
    if is_service_linked(arn):
        raise SERVICE.error(
            "PolicyNotAttachableException", "Cannot attach a Service Role Policy to a Customer Role."
        )
    if arn in found.record.attached:
        return
    if len(found.record.attached) >= IAM_ATTACHED_POLICIES_MAX:
        raise quota_exceeded(f"PoliciesPer{kind.title}", IAM_ATTACHED_POLICIES_MAX)
    realm = realm_of(ctx)
    changed = replace(found.record, attached=(*found.record.attached, arn))
    tx = Transaction()
    found.put(tx, changed)
    policy.put(tx, replace(policy.record, attachments=policy.record.attachments + 1))
    tx.put(used_by(realm, arn, PERMISSIONS, kind.value, found.record.id), b"")
    await ctx.state.store.commit(tx)


async def _detach(ctx: Call[Iam], kind: EntityKind, name: str, arn: str) -> None:
    checked_arn(arn)
    found = await find(ctx, kind, name)
    refuse_protected(found.record)
    policy = await look_up(ctx, arn)
    if policy is None or arn not in found.record.attached:
        raise no_such_entity(f"Policy {arn} was not found.")
    realm = realm_of(ctx)
    left = tuple(each for each in found.record.attached if each != arn)
    tx = Transaction()
    found.put(tx, replace(found.record, attached=left))
    policy.put(tx, replace(policy.record, attachments=policy.record.attachments - 1))
    tx.delete(used_by(realm, arn, PERMISSIONS, kind.value, found.record.id))
    await ctx.state.store.commit(tx)


async def _list(
    ctx: Call[Iam], kind: EntityKind, name: str, path_prefix: str, marker: str | None, max_items: int | None
) -> Wire:
    found = await find(ctx, kind, name)
    arns = [arn for arn in found.record.attached if checked_arn(arn)[1].startswith(path_prefix)]
    shown, more = slice_of(arns, listing=f"attached-{kind.value}", marker=marker, max_items=max_items)
    return {"AttachedPolicies": [shapes.attached_policy(arn) for arn in shown], **more}


async def count_boundary(
    ctx: Call[Iam], tx: Transaction, kind: EntityKind, entity_id: str, *, old: str | None, new: str | None
) -> None:
    """Add to `tx` what changes with an entity's permissions boundary; NoSuchEntity when `new` is no policy."""
    realm = realm_of(ctx)
    if old == new:
        return
    if new is not None:
        policy = await find_attachable(ctx, new)
        policy.put(tx, replace(policy.record, boundaries=policy.record.boundaries + 1))
        tx.put(used_by(realm, new, BOUNDARY, kind.value, entity_id), b"")
    if old is not None and (former := await look_up(ctx, old)) is not None:
        former.put(tx, replace(former.record, boundaries=former.record.boundaries - 1))
        tx.delete(used_by(realm, old, BOUNDARY, kind.value, entity_id))


async def _set_boundary(ctx: Call[Iam], kind: EntityKind, name: str, arn: str | None) -> None:
    if arn is not None:
        checked_arn(arn)
    found = await find(ctx, kind, name)
    refuse_protected(found.record)
    if arn is None and found.record.boundary is None:
        raise no_such_entity(f"{kind.title} with name {name} does not have a permissions boundary.")
    tx = Transaction()
    await count_boundary(ctx, tx, kind, found.record.id, old=found.record.boundary, new=arn)
    changed = replace(found.record, boundary=arn)
    found.put(tx, changed)
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def attach_user_policy(ctx: Call[Iam], *, user_name: str, policy_arn: str) -> None:
    await _attach(ctx, EntityKind.USER, user_name, policy_arn)


@SERVICE.operation
@retried
async def detach_user_policy(ctx: Call[Iam], *, user_name: str, policy_arn: str) -> None:
    await _detach(ctx, EntityKind.USER, user_name, policy_arn)


@SERVICE.operation
async def list_attached_user_policies(
    ctx: Call[Iam],
    *,
    user_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    return await _list(ctx, EntityKind.USER, user_name, path_prefix, marker, max_items)


@SERVICE.operation
@retried
async def attach_group_policy(ctx: Call[Iam], *, group_name: str, policy_arn: str) -> None:
    await _attach(ctx, EntityKind.GROUP, group_name, policy_arn)


@SERVICE.operation
@retried
async def detach_group_policy(ctx: Call[Iam], *, group_name: str, policy_arn: str) -> None:
    await _detach(ctx, EntityKind.GROUP, group_name, policy_arn)


@SERVICE.operation
async def list_attached_group_policies(
    ctx: Call[Iam],
    *,
    group_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    return await _list(ctx, EntityKind.GROUP, group_name, path_prefix, marker, max_items)


@SERVICE.operation
@retried
async def attach_role_policy(ctx: Call[Iam], *, role_name: str, policy_arn: str) -> None:
    await _attach(ctx, EntityKind.ROLE, role_name, policy_arn)


@SERVICE.operation
@retried
async def detach_role_policy(ctx: Call[Iam], *, role_name: str, policy_arn: str) -> None:
    await _detach(ctx, EntityKind.ROLE, role_name, policy_arn)


@SERVICE.operation
async def list_attached_role_policies(
    ctx: Call[Iam],
    *,
    role_name: str,
    path_prefix: str = "/",
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    return await _list(ctx, EntityKind.ROLE, role_name, path_prefix, marker, max_items)


@SERVICE.operation
@retried
async def put_user_permissions_boundary(ctx: Call[Iam], *, user_name: str, permissions_boundary: str) -> None:
    await _set_boundary(ctx, EntityKind.USER, user_name, permissions_boundary)


@SERVICE.operation
@retried
async def delete_user_permissions_boundary(ctx: Call[Iam], *, user_name: str) -> None:
    await _set_boundary(ctx, EntityKind.USER, user_name, None)


@SERVICE.operation
@retried
async def put_role_permissions_boundary(ctx: Call[Iam], *, role_name: str, permissions_boundary: str) -> None:
    await _set_boundary(ctx, EntityKind.ROLE, role_name, permissions_boundary)


@SERVICE.operation
@retried
async def delete_role_permissions_boundary(ctx: Call[Iam], *, role_name: str) -> None:
    await _set_boundary(ctx, EntityKind.ROLE, role_name, None)
