"""Who may use a function: the resource policies of functions, versions and aliases, evaluated.

A caller of the function's own account is judged by its identity before it comes here. Everyone else needs a statement of the
policy of exactly what they name (a version's or an alias's, where one is named), in every mode: open mode makes nobody root
of other accounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Asked, Decision
from fogbank.policies.documents import Policy as Evaluated
from fogbank.policies.names import principals_of
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import access_denied
from fogbank.services.lambda_.names import LATEST, FunctionName, parse_name
from fogbank.services.lambda_.records import decode_policy
from fogbank.services.lambda_.service import SERVICE
from fogbank.services.lambda_.state import Lambda
from fogbank.store.api import Store

_VERSION = "2012-10-17"
_POLICIES_CACHED_MAX = 1024  # compiled ones, by what is stored; ours


async def check_access(ctx: Call[Lambda], name: FunctionName, action: str) -> None:
    """AccessDeniedException for a function of another account whose policy does not let the caller."""
    if name.account == ctx.account:
        return
    principal = ctx.principal
    conditions = conditions_of(principal, ctx.account, ctx.caller.source_arn)
    if not await policy_allows(ctx.state.store, name, action, principals_of(principal), conditions):
        raise access_denied(principal.arn, action, name.qualified_arn)


async def policy_allows(
    store: Store,
    name: FunctionName,
    action: str,
    principals: tuple[str, ...],
    conditions: Mapping[str, list[str]],
) -> bool:
    """The resource policy of what `name` names allows it. `conditions` by lower-case keys."""
    policy = await policy_of(store, name)
    if policy is None:
        return False
    return policy.decide(Asked(action, name.qualified_arn, conditions, principals)) is Decision.ALLOW


async def policy_of(store: Store, name: FunctionName) -> Evaluated | None:
    """The resource policy of exactly what `name` names."""
    if name.qualifier == LATEST:
        name = name.with_qualifier(None)
    record = await store.get(keys.policy(name))
    return None if record is None else _compiled(record.value)


@SERVICE.internal
async def resource_policies(ctx: Call[Lambda], *, resource: str) -> tuple[Evaluated, ...]:
    """The resource policy of the function, version, alias or layer version with that ARN."""
    arn = parse_arn(resource)
    if arn is None:
        return ()
    kind, _, rest = arn.resource.partition(":")
    if kind == "layer":
        name, _, number = rest.rpartition(":")
        if not (name and number.isascii() and number.isdigit()):
            return ()
        record = await ctx.state.store.get(keys.layer_policy(arn.account, arn.region, name, int(number)))
        return () if record is None else (_compiled(record.value),)
    try:
        policy = await policy_of(ctx.state.store, parse_name(resource, arn.account, arn.region))
    except AwsError:  # no function's ARN
        return ()
    return () if policy is None else (policy,)


@lru_cache(maxsize=_POLICIES_CACHED_MAX)
def _compiled(stored: bytes) -> Evaluated:
    return Evaluated({"Version": _VERSION, "Statement": list(decode_policy(stored).statements)})


def conditions_of(principal: Principal, account: str, source_arn: str = "") -> dict[str, list[str]]:
    """What the conditions of AddPermission are about. `source_arn`: on which resource's behalf a service calls, where it says so."""
    if principal.type is PrincipalType.SERVICE:
        source = {"aws:sourcearn": [source_arn]} if source_arn else {}
        return {"aws:sourceaccount": [account], **source}
    return {"aws:principalaccount": [account], "aws:principalarn": [principal.issuer_arn or principal.arn]}
