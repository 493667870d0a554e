"""Policies that live inside one user, group or role."""

from __future__ import annotations

from typing import Any

from fogbank.core.limits import IAM_INLINE_CHARS_MAX, IAM_PAGE_ITEMS_DEFAULT
from fogbank.model.call import Call
from fogbank.services.iam import identity_policies, shapes
from fogbank.services.iam.entities import Entity, EntityKind, find, realm_of
from fogbank.services.iam.errors import limit_exceeded, malformed_policy, not_found, unmodifiable
from fogbank.services.iam.pages import decode_marker, encode_marker
from fogbank.services.iam.policy_grammar import PolicyFault, chars_of
from fogbank.services.iam.records import Role
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, retried
from fogbank.store.api import Key, Transaction

Wire = dict[str, Any]
# One entity's inline policies fit its quota of characters, and none is shorter than this many.
_POLICY_CHARS_MIN = 40


def inline_prefix(realm: Realm, entity_id: str) -> Key:
    return ("iam", *realm, "inline", entity_id)


def checked_document(text: str) -> None:
    """MalformedPolicyDocument when `text` is not a permission policy."""
    try:
        identity_policies.check(text)
    except PolicyFault as fault:
        raise malformed_policy(str(fault)) from None


def refuse_protected(entity: Entity) -> None:
    """The policies of a service-linked role are its service's own."""
    if isinstance(entity, Role) and entity.linked_to is not None:
        raise unmodifiable(
            f"Cannot perform the operation on the protected role '{entity.name}'"
            " - this role is only modifiable by AWS"
        )


async def inline_documents(ctx: Call[Iam], entity_id: str) -> dict[str, str]:
    """All inline policies of an entity by name (bounded by its quota of characters)."""
    prefix = inline_prefix(realm_of(ctx), entity_id)
    limit = max(IAM_INLINE_CHARS_MAX.values()) // _POLICY_CHARS_MIN
    found = await ctx.state.store.scan(prefix, limit=limit)
    return {str(each.key[-1]): each.value.decode() for each in found}


async def _put(ctx: Call[Iam], kind: EntityKind, name: str, policy_name: str, document: str) -> None:
    found = await find(ctx, kind, name)
    refuse_protected(found.record)
    checked_document(document)
    others = await inline_documents(ctx, found.record.id)
    others.pop(policy_name, None)
    maximum = IAM_INLINE_CHARS_MAX[kind.value]
    if sum(map(chars_of, others.values())) + chars_of(document) > maximum:
        raise limit_exceeded(
            f"Maximum policy size of {maximum} bytes exceeded for {kind.value} {found.record.name}"
        )
    realm = realm_of(ctx)
    tx = Transaction()
    found.touch(tx)
    tx.put((*inline_prefix(realm, found.record.id), policy_name), document.encode())
    await ctx.state.store.commit(tx)


async def _get(ctx: Call[Iam], kind: EntityKind, name: str, policy_name: str) -> Wire:
    found = await find(ctx, kind, name)
    document = await ctx.state.store.get((*inline_prefix(realm_of(ctx), found.record.id), policy_name))
    if document is None:
        raise not_found(f"{kind.value} policy", policy_name)
    return {
        f"{kind.title}Name": found.record.name,
        "PolicyName": policy_name,
        "PolicyDocument": shapes.document(document.value.decode()),
    }


async def _delete(ctx: Call[Iam], kind: EntityKind, name: str, policy_name: str) -> None:
    found = await find(ctx, kind, name)
    refuse_protected(found.record)
    key = (*inline_prefix(realm_of(ctx), found.record.id), policy_name)
    document = await ctx.state.store.get(key)
    if document is None:
        raise not_found(f"{kind.value} policy", policy_name)
    await ctx.state.store.commit(Transaction().delete(key, expect=document.version))


async def _list(
    ctx: Call[Iam], kind: EntityKind, name: str, marker: str | None, max_items: int | None
) -> Wire:
    found = await find(ctx, kind, name)
    prefix = inline_prefix(realm_of(ctx), found.record.id)
    listing = f"{kind.value}-policies"
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    position = decode_marker(listing, marker)
    after = None if position is None else (*prefix, position)
    policies = await ctx.state.store.scan(prefix, after=after, limit=wanted + 1)
    names = [str(each.key[-1]) for each in policies[:wanted]]
    if len(policies) <= wanted:
        return {"PolicyNames": names, "IsTruncated": False}
    return {"PolicyNames": names, "IsTruncated": True, "Marker": encode_marker(listing, names[-1])}


@SERVICE.operation
@retried
async def put_user_policy(ctx: Call[Iam], *, user_name: str, policy_name: str, policy_document: str) -> None:
    await _put(ctx, EntityKind.USER, user_name, policy_name, policy_document)


@SERVICE.operation
async def get_user_policy(ctx: Call[Iam], *, user_name: str, policy_name: str) -> Wire:
    return await _get(ctx, EntityKind.USER, user_name, policy_name)


@SERVICE.operation
@retried
async def delete_user_policy(ctx: Call[Iam], *, user_name: str, policy_name: str) -> None:
    await _delete(ctx, EntityKind.USER, user_name, policy_name)


@SERVICE.operation
async def list_user_policies(
    ctx: Call[Iam], *, user_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, EntityKind.USER, user_name, marker, max_items)


@SERVICE.operation
@retried
async def put_group_policy(
    ctx: Call[Iam], *, group_name: str, policy_name: str, policy_document: str
) -> None:
    await _put(ctx, EntityKind.GROUP, group_name, policy_name, policy_document)


@SERVICE.operation
async def get_group_policy(ctx: Call[Iam], *, group_name: str, policy_name: str) -> Wire:
    return await _get(ctx, EntityKind.GROUP, group_name, policy_name)


@SERVICE.operation
@retried
async def delete_group_policy(ctx: Call[Iam], *, group_name: str, policy_name: str) -> None:
    await _delete(ctx, EntityKind.GROUP, group_name, policy_name)


@SERVICE.operation
async def list_group_policies(
    ctx: Call[Iam], *, group_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, EntityKind.GROUP, group_name, marker, max_items)


@SERVICE.operation
@retried
async def put_role_policy(ctx: Call[Iam], *, role_name: str, policy_name: str, policy_document: str) -> None:
    await _put(ctx, EntityKind.ROLE, role_name, policy_name, policy_document)


@SERVICE.operation
async def get_role_policy(ctx: Call[Iam], *, role_name: str, policy_name: str) -> Wire:
    return await _get(ctx, EntityKind.ROLE, role_name, policy_name)


@SERVICE.operation
@retried
async def delete_role_policy(ctx: Call[Iam], *, role_name: str, policy_name: str) -> None:
    await _delete(ctx, EntityKind.ROLE, role_name, policy_name)


@SERVICE.operation
async def list_role_policies(
    ctx: Call[Iam], *, role_name: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    return await _list(ctx, EntityKind.ROLE, role_name, marker, max_items)
