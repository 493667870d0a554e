"""Managed policies: create, read, list, delete."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.limits import IAM_PAGE_ITEMS_DEFAULT, IAM_POLICIES_MAX, IAM_POLICY_CHARS_MAX, IAM_SCAN_CHUNK
from fogbank.model.call import Call
from fogbank.services.iam import aws_policies, shapes
from fogbank.services.iam import tags as tagging
from fogbank.services.iam.attachments import BOUNDARY, PERMISSIONS
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import already_exists, quota_exceeded
from fogbank.services.iam.inline_policies import checked_document
from fogbank.services.iam.managed_policies import PolicyFound, find_policy
from fogbank.services.iam.pages import decode_marker, encode_marker
from fogbank.services.iam.policy_grammar import chars_of
from fogbank.services.iam.records import Policy, PolicyVersion
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import fold, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]


def checked_managed_document(text: str) -> None:
    checked_document(text)
    if chars_of(text) > IAM_POLICY_CHARS_MAX:
        raise quota_exceeded("PolicySize", IAM_POLICY_CHARS_MAX)


@SERVICE.operation
@retried
async def create_policy(
    ctx: Call[Iam],
    *,
    policy_name: str,
    policy_document: str,
    path: str = "/",
    description: str | None = None,
    tags: tagging.WireTags | None = None,
) -> Wire:
    realm = realm_of(ctx)
    given = tagging.read(tags)
    checked_managed_document(policy_document)
    if await ctx.state.policies.get(realm, fold(policy_name)):
        raise already_exists(
            f"A policy called {policy_name} already exists. Duplicate names are not allowed."
        )
    if await ctx.state.policies.count(realm, limit=IAM_POLICIES_MAX) >= IAM_POLICIES_MAX:
        raise quota_exceeded("PoliciesPerAccount", IAM_POLICIES_MAX)
    now_ms = ctx.state.now_ms()
    policy = Policy(
        name=policy_name,
        path=path,
        id=ctx.state.ids.unique("ANPA"),
        arn=realm.arn(f"policy{path}{policy_name}"),
        created_ms=now_ms,
        updated_ms=now_ms,
        description=description,
        tags=given,
    )
    tx = Transaction()
    ctx.state.policies.put(tx, realm, fold(policy_name), record=policy, expect=ABSENT)
    version = PolicyVersion(1, policy_document, now_ms)
    ctx.state.policy_versions.put(tx, realm, policy.id, 1, record=version, expect=None)
    await ctx.state.store.commit(tx)
    return {"Policy": shapes.policy(policy) | shapes.tags_if_any(given)}


@SERVICE.operation
async def get_policy(ctx: Call[Iam], *, policy_arn: str) -> Wire:
    return {"Policy": shapes.policy_in_full((await find_policy(ctx, policy_arn)).record)}


@SERVICE.operation
@retried
async def delete_policy(ctx: Call[Iam], *, policy_arn: str) -> None:
    found = await find_policy(ctx, policy_arn)
    refuse_aws_owned(ctx, found)
    policy, realm = found.record, realm_of(ctx)
    if policy.attachments or policy.boundaries:
        raise SERVICE.error("DeleteConflictException", "Cannot delete a policy attached to entities.")
    if await ctx.state.policy_versions.count(realm, policy.id, limit=2) > 1:
        raise SERVICE.error(
            "DeleteConflictException",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's"
            " versions. The default version is deleted with the policy.",
        )
    tx = Transaction()
    found.delete(tx)
    tx.delete_prefix(ctx.state.policy_versions.key(realm, policy.id))
    await ctx.state.store.commit(tx)


def refuse_aws_owned(ctx: Call[Iam], found: PolicyFound) -> None:
    """Nobody but AWS changes AWS's policies, whatever the caller's rights."""
    if found.aws:
        raise AwsError("AccessDenied", "Policy is outside your own account.", status=403)


async def _local(ctx: Call[Iam], after: Any) -> AsyncIterator[tuple[Any, Policy]]:
    while True:
        found = await ctx.state.policies.scan(realm_of(ctx), after=after, limit=IAM_SCAN_CHUNK)
        for each in found:
            yield each.position, each.record
        if len(found) < IAM_SCAN_CHUNK:
            return
        after = found[-1].position


async def _aws(ctx: Call[Iam], after: Any) -> AsyncIterator[tuple[Any, Policy]]:
    """The whole catalogue, with the counts of those this account uses."""
    used = await ctx.state.aws_policies.scan(realm_of(ctx), limit=len(aws_policies.catalogue()))
    records = {each.record.arn: each.record for each in used}
    for full_name, known in aws_policies.catalogue().items():
        if after is None or full_name > after:
            arn = known.arn(ctx.partition)
            yield full_name, records.get(arn) or known.record(arn)


@SERVICE.operation
async def list_policies(
    ctx: Call[Iam],
    *,
    scope: str = "All",
    only_attached: bool = False,
    path_prefix: str = "/",
    policy_usage_filter: str | None = None,
    marker: str | None = None,
    max_items: int | None = None,
) -> Wire:
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    position: Any = decode_marker("policies", marker) or ["Local", None]
    sources = {"All": ("Local", "AWS"), "Local": ("Local",), "AWS": ("AWS",)}[scope]
    kept: list[tuple[str, Any, Policy]] = []
    for source in sources[sources.index(position[0]) if position[0] in sources else 0 :]:
        after = position[1] if source == position[0] else None
        async for at, policy in _local(ctx, after) if source == "Local" else _aws(ctx, after):
            if policy.path.startswith(path_prefix) and _is_used_as(
                policy, policy_usage_filter, only_attached
            ):
                kept.append((source, at, policy))
                if len(kept) > wanted:
                    break
        if len(kept) > wanted:
            break
    shown = {"Policies": [shapes.policy(policy) for _, _, policy in kept[:wanted]]}
    if len(kept) <= wanted:
        return shown | {"IsTruncated": False}
    last_source, last_at, _ = kept[wanted - 1]
    return shown | {"IsTruncated": True, "Marker": encode_marker("policies", [last_source, last_at])}


def _is_used_as(policy: Policy, usage: str | None, only_attached: bool) -> bool:
    if usage == PERMISSIONS:
        return policy.attachments > 0
    if usage == BOUNDARY:
        return policy.boundaries > 0
    return policy.attachments > 0 if only_attached else True
