"""GetAccountAuthorizationDetails: users, groups, roles and policies with everything that decides what they may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.limits import IAM_PAGE_ITEMS_DEFAULT, IAM_SCAN_CHUNK
from fogbank.model.call import Call
from fogbank.services.iam import shapes
from fogbank.services.iam.entities import EntityKind, find_by_ids, realm_of, table_of
from fogbank.services.iam.inline_policies import inline_documents
from fogbank.services.iam.instance_profiles import shown_profile
from fogbank.services.iam.managed_policies import find_policy
from fogbank.services.iam.pages import decode_marker, encode_marker
from fogbank.services.iam.policy_versions import versions_of
from fogbank.services.iam.principals import trust_of
from fogbank.services.iam.records import Group, Policy, Role, User
from fogbank.services.iam.roles import profiles_of_role
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.usage import role_last_used

Wire = dict[str, Any]
SECTIONS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
_PROFILES_OF_ROLE_MAX = 1000


async def _policies(ctx: Call[Iam], id_: str, attached: tuple[str, ...], list_name: str) -> Wire:
    inline = await inline_documents(ctx, id_)
    return {
        list_name: [{"PolicyName": k, "PolicyDocument": shapes.document(v)} for k, v in inline.items()],
        "AttachedManagedPolicies": [shapes.attached_policy(arn) for arn in attached],
    }


async def _user(ctx: Call[Iam], user: User) -> Wire:
    groups = await find_by_ids(ctx, realm_of(ctx), EntityKind.GROUP, list(user.groups))
    policies = await _policies(ctx, user.id, user.attached, "UserPolicyList")
    return shapes.user_in_full(user) | policies | {"GroupList": [each.record.name for each in groups]}


async def _group(ctx: Call[Iam], group: Group) -> Wire:
    return shapes.group(group) | await _policies(ctx, group.id, group.attached, "GroupPolicyList")


async def _role(ctx: Call[Iam], role: Role) -> Wire:
    entries = await ctx.state.store.scan(profiles_of_role(ctx, role.id), limit=_PROFILES_OF_ROLE_MAX)
    names = [(str(entry.key[-1]),) for entry in entries]
    profiles = await ctx.state.instance_profiles.get_many(realm_of(ctx), names)
    last_used = await role_last_used(ctx, role.id)
    return {
        **shapes.role_as_created(role, await trust_of(ctx, role)),
        **shapes.boundary(role.boundary),
        **shapes.tags_if_any(role.tags),
        **await _policies(ctx, role.id, role.attached, "RolePolicyList"),
        "InstanceProfileList": [await shown_profile(ctx, each.record) for each in profiles if each],
        "RoleLastUsed": last_used,
    }


async def _policy(ctx: Call[Iam], policy: Policy) -> Wire:
    found = await find_policy(ctx, policy.arn)
    versions = [
        shapes.policy_version(each, default=policy.default, in_full=bool(each.document))
        for each in await versions_of(ctx, found)
    ]
    return shapes.policy(policy) | {"PolicyVersionList": versions}


async def _section(ctx: Call[Iam], section: str, after: Any) -> AsyncIterator[tuple[Any, Wire]]:
    """The details of one kind, behind the key `after`."""
    state, realm = ctx.state, realm_of(ctx)
    tables: dict[str, tuple[Any, Any]] = {
        "User": (table_of(state, EntityKind.USER), _user),
        "Group": (table_of(state, EntityKind.GROUP), _group),
        "Role": (table_of(state, EntityKind.ROLE), _role),
        "LocalManagedPolicy": (state.policies, _policy),
        "AWSManagedPolicy": (state.aws_policies, _policy),
    }
    table, detail = tables[section]
    while True:
        found = await table.scan(realm, after=after, limit=IAM_SCAN_CHUNK)
        for each in found:
            # AWS lists its own policies here only when the account uses them.
            if section != "AWSManagedPolicy" or each.record.attachments or each.record.boundaries:
                yield each.position, await detail(ctx, each.record)
        if len(found) < IAM_SCAN_CHUNK:
            return
        after = found[-1].position


@SERVICE.operation
async def get_account_authorization_details(
    ctx: Call[Iam],
    *,
    filter: list[str] | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    sections = [name for name in SECTIONS if not filter or name in filter]
    start: Any = decode_marker("authorization-details", marker) or [sections[0], None]
    shown: dict[str, list[Wire]] = {name: [] for name in SECTIONS.values()}
    count, last = 0, start
    for section in sections[sections.index(start[0]) if start[0] in sections else 0 :]:
        async for position, detail in _section(ctx, section, start[1] if section == start[0] else None):
            if count == wanted:
                more = {"IsTruncated": True, "Marker": encode_marker("authorization-details", last)}
                return {**shown, **more}
            shown[SECTIONS[section]].append(detail)
            count, last = count + 1, [section, position]
    return {**shown, "IsTruncated": False}
