"""Versions of managed policies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.core.limits import IAM_POLICY_VERSIONS_MAX
from fogbank.model.call import Call
from fogbank.services.iam import aws_policies, shapes
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import limit_exceeded, no_such_entity
from fogbank.services.iam.managed_policies import PolicyFound, find_policy
from fogbank.services.iam.pages import slice_of
from fogbank.services.iam.policies import checked_managed_document, refuse_aws_owned
from fogbank.services.iam.records import PolicyVersion
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import Transaction

Wire = dict[str, Any]


async def versions_of(ctx: Call[Iam], found: PolicyFound) -> list[PolicyVersion]:
    """Every version, the newest first."""
    if found.aws:
        only = aws_policies.version_of(found.record.arn, 1)
        return [only] if only else [PolicyVersion(1, "", aws_policies.PUBLISHED_MS)]
    stored = await ctx.state.policy_versions.scan(
        realm_of(ctx), found.record.id, limit=IAM_POLICY_VERSIONS_MAX
    )
    return [each.record for each in reversed(stored)]


async def _find_version(ctx: Call[Iam], found: PolicyFound, version_id: str) -> Found[PolicyVersion]:
    number = version_id.removeprefix("v")
    stored = (
        await ctx.state.policy_versions.get(realm_of(ctx), found.record.id, int(number))
        if number.isdecimal()
        else None
    )
    if stored is None:
        raise no_such_entity(
            f"Policy {found.record.arn} version {version_id} does not exist or is not attachable."
        )
    return stored


@SERVICE.operation
@retried
async def create_policy_version(
    ctx: Call[Iam], *, policy_arn: str, policy_document: str, set_as_default: bool = False
) -> Wire:
    found = await find_policy(ctx, policy_arn)
    refuse_aws_owned(ctx, found)
    checked_managed_document(policy_document)
    policy, realm, now_ms = found.record, realm_of(ctx), ctx.state.now_ms()
    count = await ctx.state.policy_versions.count(realm, policy.id, limit=IAM_POLICY_VERSIONS_MAX)
    if count >= IAM_POLICY_VERSIONS_MAX:
        raise limit_exceeded(
            f"A managed policy can have up to {IAM_POLICY_VERSIONS_MAX} versions."
            " Before you create a new version, you must delete an existing version."
        )
    version = PolicyVersion(policy.latest + 1, policy_document, now_ms)
    default = version.number if set_as_default else policy.default
    tx = Transaction()
    found.put(tx, replace(policy, latest=version.number, default=default, updated_ms=now_ms))
    ctx.state.policy_versions.put(tx, realm, policy.id, version.number, record=version, expect=None)
    await ctx.state.store.commit(tx)
    return {"PolicyVersion": shapes.policy_version(version, default=default)}


@SERVICE.operation
async def get_policy_version(ctx: Call[Iam], *, policy_arn: str, version_id: str) -> Wire:
    found = await find_policy(ctx, policy_arn)
    if found.aws:
        version = aws_policies.version_of(policy_arn, 1) if version_id == "v1" else None
        if version_id == "v1" and version is None:
            raise NotSupported(f"the document of AWS's policy {found.record.name}")
        if version is None:
            raise no_such_entity(
                f"Policy {policy_arn} version {version_id} does not exist or is not attachable."
            )
    else:
        version = (await _find_version(ctx, found, version_id)).record
    return {"PolicyVersion": shapes.policy_version(version, default=found.record.default, in_full=True)}


@SERVICE.operation
async def list_policy_versions(
    ctx: Call[Iam], *, policy_arn: str, marker: str | None = None, max_items: int | None = None
) -> Wire:
    found = await find_policy(ctx, policy_arn)
    versions = await versions_of(ctx, found)
    shown, more = slice_of(versions, listing="policy-versions", marker=marker, max_items=max_items)
    return {"Versions": [shapes.policy_version(each, default=found.record.default) for each in shown], **more}


@SERVICE.operation
@retried
async def set_default_policy_version(ctx: Call[Iam], *, policy_arn: str, version_id: str) -> None:
    found = await find_policy(ctx, policy_arn)
    refuse_aws_owned(ctx, found)
    version = await _find_version(ctx, found, version_id)
    tx = Transaction().check(version.key, version.version)
    found.put(tx, replace(found.record, default=version.record.number, updated_ms=ctx.state.now_ms()))
    await ctx.state.store.commit(tx)


@SERVICE.operation
@retried
async def delete_policy_version(ctx: Call[Iam], *, policy_arn: str, version_id: str) -> None:
    found = await find_policy(ctx, policy_arn)
    refuse_aws_owned(ctx, found)
    version = await _find_version(ctx, found, version_id)
    if version.record.number == found.record.default:
        raise SERVICE.error("DeleteConflictException", "Cannot delete the default version of a policy.")
    tx = version.delete(Transaction())
    found.touch(tx)  # making this version the default meanwhile must conflict
    await ctx.state.store.commit(tx)
