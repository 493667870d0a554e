"""Who may use a function: the resource policies of functions, versions and aliases, evaluated.

A caller of the function's own account is judged by its identity before it comes here. Everyone else needs a statement of the
policy of exactly what they name (a version's or an alias's, where one is named), in every mode: open mode makes nobody root
of other accounts.
"""

from __future__ import annotations

from collections.abc import Mapping

from fogbank.gateway.policies import Asked, Decision
from fogbank.gateway.policies import Policy as Evaluated
from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.errors import access_denied
from fogbank.services.lambda_.names import LATEST, FunctionName
from fogbank.services.lambda_.records import decode_policy
from fogbank.services.lambda_.state import Lambda
from fogbank.store.api import Store

_VERSION = "2012-10-17"


async def check_access(ctx: Call[Lambda], name: FunctionName, action: str) -> None:
    """AccessDeniedException for a function of another account whose policy does not let the caller."""
    if name.account == ctx.account:
        return
    principal = ctx.principal
    conditions = conditions_of(principal, ctx.account)
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
    if name.qualifier == LATEST:
        name = name.with_qualifier(None)
    record = await store.get(keys.policy(name))
    if record is None:
        return False
    statements = list(decode_policy(record.value).statements)
    evaluated = Evaluated({"Version": _VERSION, "Statement": statements})
    return evaluated.decide(Asked(action, name.qualified_arn, conditions, principals)) is Decision.ALLOW


def principals_of(principal: Principal) -> tuple[str, ...]:
    """The names that a statement's Principal may know a caller by: itself, its role, its account; a service by its name."""
    if principal.type is PrincipalType.ANONYMOUS:
        return ()
    if principal.type is PrincipalType.SERVICE:
        return (principal.arn,)
    role = (principal.issuer_arn,) if principal.issuer_arn else ()
    return (principal.arn, *role, principal.account)


def conditions_of(principal: Principal, account: str) -> dict[str, list[str]]:
    """What the conditions of AddPermission are about. Services do not say on which resource's behalf they call, so a
    statement with SourceArn lets none in from another account."""
    if principal.type is PrincipalType.SERVICE:
        return {"aws:sourceaccount": [account]}
    return {"aws:principalaccount": [account], "aws:principalarn": [principal.issuer_arn or principal.arn]}
