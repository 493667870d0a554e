"""What other services ask IAM: a role by its ARN, and whether a document is a permission policy."""

from __future__ import annotations

from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.model.call import Call
from fogbank.services.iam import aws_policies
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.inline_policies import checked_document
from fogbank.services.iam.managed_policies import look_up
from fogbank.services.iam.principals import trust_of
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, fold


@SERVICE.internal
async def resolve_role(ctx: Call[Iam], *, role_arn: str) -> dict[str, Any] | None:
    """The role with exactly that ARN in whichever account, or None.

    `{RoleName, RoleId, Arn, Path, Account, MaxSessionDuration (s), AssumeRolePolicyDocument (JSON text), Tags (map),
    TrustedIds (ARN in the trust policy → unique id), PermissionsBoundary (ARN or None), LinkedTo (service or None)}`
    """
    parts = parse_arn(role_arn)
    if parts is None or parts.service != "iam" or not parts.resource.startswith("role/"):
        return None
    realm = Realm(parts.partition, parts.account)
    found = await ctx.state.roles.get(realm, fold(parts.resource.rpartition("/")[2]))
    if found is None or found.record.arn != role_arn:
        return None
    role = found.record
    return {
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "Path": role.path,
        "Account": parts.account,
        "MaxSessionDuration": role.max_session_s,
        "AssumeRolePolicyDocument": await trust_of(ctx, role),
        "TrustedIds": dict(role.trusted),
        "Tags": dict(role.tags),
        "PermissionsBoundary": role.boundary,
        "LinkedTo": role.linked_to,
    }


@SERVICE.internal
async def check_session_policy(ctx: Call[Iam], *, document: str) -> None:
    """MalformedPolicyDocument when `document` could not restrict a session."""
    checked_document(document)


@SERVICE.internal
async def policy_document(ctx: Call[Iam], *, policy_arn: str) -> str | None:
    """The default version's document of a managed policy that the caller's account may use; None when there is none."""
    found = await look_up(ctx, policy_arn)
    if found is None:
        return None
    if found.aws:
        version = aws_policies.version_of(policy_arn, found.record.default)
        if version is None:
            raise NotSupported(f"the document of AWS's policy {found.record.name}")
        return version.document
    stored = await ctx.state.policy_versions.get(realm_of(ctx), found.record.id, found.record.default)
    return stored.record.document if stored else None
