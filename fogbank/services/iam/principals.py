"""Trust policies against the users and roles that exist.

IAM remembers the unique id of every user and role a trust policy names. When one is deleted, the policy shows the id
in the place of the ARN, and a new entity of the same name is not trusted.
"""

from __future__ import annotations

from fogbank.core.arn import parse_arn
from fogbank.core.limits import IAM_TRUST_CHARS_MAX
from fogbank.model.call import Call
from fogbank.services.iam import trust_policies
from fogbank.services.iam.entities import EntityKind, id_key, table_of
from fogbank.services.iam.errors import malformed_policy, quota_exceeded
from fogbank.services.iam.policy_grammar import PolicyFault, chars_of
from fogbank.services.iam.records import Role
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Realm, fold


async def checked_trust(ctx: Call[Iam], text: str) -> tuple[str, dict[str, str]]:
    """A trust policy as IAM keeps it, and the unique ids of those it names. MalformedPolicyDocument, LimitExceeded."""
    try:
        named = trust_policies.check(text)
    except PolicyFault as fault:
        raise malformed_policy(str(fault)) from None
    if chars_of(text) > IAM_TRUST_CHARS_MAX:
        raise quota_exceeded("ACLSizePerRole", IAM_TRUST_CHARS_MAX)
    trusted: dict[str, str] = {}
    for arn in sorted(named):
        unique_id = await unique_id_of(ctx, arn)
        if unique_id is None:
            raise malformed_policy(str(trust_policies.invalid_principal("AWS", arn)))
        trusted[arn] = unique_id
    return trust_policies.canonical(text, ctx.partition), trusted


async def unique_id_of(ctx: Call[Iam], arn: str) -> str | None:
    """The unique id of the user or role with exactly that ARN, in whichever account."""
    parts = parse_arn(arn)
    if parts is None:
        return None
    kind_name, _, path = parts.resource.partition("/")
    kind = EntityKind(kind_name)
    table = table_of(ctx.state, kind)
    found = await table.get(Realm(parts.partition, parts.account), fold(path.rpartition("/")[2]))
    return str(found.record.id) if found is not None and found.record.arn == arn else None


async def trust_of(ctx: Call[Iam], role: Role) -> str:
    """The trust policy to show: ids in the place of those who were deleted since."""
    if not role.trusted:
        return role.trust
    keys = []
    for arn, unique_id in role.trusted.items():
        parts = parse_arn(arn)
        assert parts is not None, "only parsed ARNs are kept"
        keys.append(id_key(Realm(parts.partition, parts.account), unique_id))
    there = await ctx.state.store.get_many(keys)
    gone = {arn: id_ for (arn, id_), found in zip(role.trusted.items(), there, strict=True) if found is None}
    if not gone:
        return role.trust
    return trust_policies.rewrite_principals(role.trust, lambda value: gone.get(value, value))
