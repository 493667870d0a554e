"""The permissions that STS's operations need. A role's trust policy is its resource policy."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.model.call import Call, Caller
from fogbank.model.permissions import Need, Params, Permissions
from fogbank.policies.documents import Policy, policy_of
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.state import Sts


def _assume_role(caller: Caller, params: Params) -> Iterable[Need]:
    role = str(params.get("RoleArn"))
    yield Need("sts:AssumeRole", role)
    if params.get("Tags"):
        yield Need("sts:TagSession", role)
    if params.get("SourceIdentity") is not None:
        yield Need("sts:SetSourceIdentity", role)


@SERVICE.internal
async def resource_policies(ctx: Call[Sts], *, resource: str) -> tuple[Policy, ...]:
    """The trust policy of a role. AssumeRole itself looks at it again, more closely."""
    role = await ctx.calls.internal("iam", "resolve_role", ctx.caller, role_arn=resource)
    return () if role is None else (policy_of(role["AssumeRolePolicyDocument"]),)


SERVICE.needs(
    Permissions(
        "sts",
        {"federated-user/{Name}": "GetFederationToken", "*": "GetAccessKeyInfo"},
        special={"AssumeRole": _assume_role},
        free=frozenset({"GetCallerIdentity", "GetSessionToken"}),
        is_global=True,
        keys={
            "sts:externalid": "ExternalId",
            "sts:rolesessionname": "RoleSessionName",
            "sts:sourceidentity": "SourceIdentity",
            "sts:transitivetagkeys": "TransitiveTagKeys",
        },
        has_policies=True,
    )
)
