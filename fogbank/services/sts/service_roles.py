"""Whether one of AWS's services may act as a role: asked when the role is given to it."""

from __future__ import annotations

from dataclasses import replace

from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.names import keys_of
from fogbank.services.sts import trust
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.state import Sts


@SERVICE.internal
async def service_may_assume(
    ctx: Call[Sts], *, role_arn: str, services: tuple[str, ...], source_arn: str = ""
) -> bool:
    """The role is there and its trust policy lets one of `services` (global and regional names of one) assume it, on behalf of
    `source_arn` in the caller's account."""
    role = await ctx.calls.internal("iam", "resolve_role", ctx.caller, role_arn=role_arn)
    if role is None:
        return False
    for service in services:
        principal = Principal(PrincipalType.SERVICE, ctx.account, service, service)
        caller = replace(ctx.caller, principal=principal, source_arn=source_arn)
        context = keys_of(caller, ctx.state.clock.now_ms())
        document = role["AssumeRolePolicyDocument"]
        if trust.allows(document, "sts:AssumeRole", principal, context, trusted_ids=role["TrustedIds"]):
            return True
    return False
