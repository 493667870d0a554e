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
    keys = {"sts:rolesessionname": [str(params.get("RoleSessionName"))]}
    if (external := params.get("ExternalId")) is not None:
        keys["sts:externalid"] = [str(external)]
    if (source := params.get("SourceIdentity")) is not None:
        keys["sts:sourceidentity"] = [str(source)]
    if transitive := params.get("TransitiveTagKeys"):
        keys["sts:transitivetagkeys"] = [str(each) for each in transitive]
    yield Need("sts:AssumeRole", role, keys)
    if params.get("Tags"):
        yield Need("sts:TagSession", role, keys)
    if source is not None:
        yield Need("sts:SetSourceIdentity", role, keys)


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
        has_policies=True,
    )
)
