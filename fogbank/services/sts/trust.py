"""Whether a role's trust policy lets a caller do an action of STS. Pure.

A trust policy decides by itself about principals it names. For a whole account it delegates to that account's own
policies, which are the authorizer's matter, not this file's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import WITH_VARIABLES, Asked, Statement
from fogbank.policies.templates import Context


def allows(
    document: str,
    action: str,
    caller: Principal,
    context: Context,
    *,
    trusted_ids: Mapping[str, str],
    anyone: bool = False,
) -> bool:
    """True when a statement allows `action` to `caller` and none denies it.

    `trusted_ids` maps the ARNs of users and roles that the policy names to their unique ids when it was written: one
    made later under the same name is not trusted. With `anyone` the Allow statements' `Principal` is not looked at.
    """
    allowed = False
    policy = orjson.loads(document)
    variables = policy.get("Version") == WITH_VARIABLES
    statements = policy["Statement"]
    asked = Asked(action, "*", context)
    for wire in [statements] if isinstance(statements, dict) else statements:
        statement = Statement({name: wire[name] for name in wire if name != "Principal"}, variables=variables)
        if not statement.is_about(action.lower()) or not statement.applies(asked):
            continue
        if not (anyone and statement.allows) and not _names(wire.get("Principal"), caller, trusted_ids):
            continue
        if not statement.allows:
            return False
        allowed = True
    return allowed


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _names(principal: Any, caller: Principal, trusted_ids: Mapping[str, str]) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if caller.type is PrincipalType.SERVICE:
        return caller.arn in _list(principal.get("Service"))
    return any(_is(each, caller, trusted_ids) for each in _list(principal.get("AWS")))


def _is(named: str, caller: Principal, trusted_ids: Mapping[str, str]) -> bool:
    """Whether an `AWS` principal is the caller: anyone, its account, itself, its session or the role behind it."""
    if named in ("*", caller.account):
        return True
    arn = parse_arn(named)
    if arn is None:
        return named == caller.user_id.partition(":")[0]
    if arn.resource == "root":
        return arn.account == caller.account
    if named == caller.arn and caller.type is not PrincipalType.USER:
        return True
    if named not in (caller.arn, caller.issuer_arn):
        return False
    return trusted_ids.get(named) == caller.user_id.partition(":")[0]
