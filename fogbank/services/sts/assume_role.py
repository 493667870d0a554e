"""AssumeRole: a session of a role, for whom its trust policy trusts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.limits import STS_CHAINED_SESSION_S_MAX
from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.names import keys_of
from fogbank.services.sts import trust
from fogbank.services.sts.errors import access_denied, missing_token, not_authorized, validation_error
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.session_policy import packed_percent
from fogbank.services.sts.sessions import passed_policy, read_tags, shown, verify_mfa
from fogbank.services.sts.state import Sts

Wire = dict[str, Any]


@SERVICE.operation(refuses={"ProvidedContexts", "MinimumSessionTokenSize"})
async def assume_role(
    ctx: Call[Sts],
    *,
    role_arn: str,
    role_session_name: str,
    policy_arns: list[dict[str, str]] | None = None,
    policy: str | None = None,
    duration_seconds: int | None = None,
    tags: list[dict[str, str]] | None = None,
    transitive_tag_keys: list[str] | None = None,
    external_id: str | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
    source_identity: str | None = None,
) -> Wire:
    caller = ctx.principal
    if caller.type is PrincipalType.ANONYMOUS:
        raise missing_token()
    _check_role_arn(role_arn)
    if caller.type is PrincipalType.ROOT and not caller.acts_as_root:
        raise access_denied("Roles may not be assumed by root accounts.")
    inherited = {key: value for key, value in caller.tags if key in caller.transitive_tags}
    given = read_tags(tags)
    if changed := given.keys() & inherited.keys():
        raise access_denied(f"One of the specified transitive tag keys can't be set: {sorted(changed)[0]}")
    if caller.source_identity and source_identity not in (None, caller.source_identity):
        raise access_denied("The source identity of a session cannot be changed.")
    identity = caller.source_identity or source_identity or ""
    mfa = await verify_mfa(ctx, serial_number, token_code)
    role = await ctx.calls.internal("iam", "resolve_role", ctx.caller, role_arn=role_arn)
    if role is None:
        raise not_authorized(caller.arn, "sts:AssumeRole", role_arn)
    wanted = _Wanted(
        role_session_name, external_id, {**inherited, **given}, transitive_tag_keys or [], identity, mfa
    )
    _check_trust(ctx, role, wanted)
    duration_s = _duration_s(caller, role, duration_seconds)
    session_policy = await passed_policy(ctx, policy, policy_arns, account=role["Account"])
    packed = packed_percent(session_policy, given.items())
    session_tags = {**role["Tags"], **inherited, **given}
    session = Principal(
        type=PrincipalType.ASSUMED_ROLE,
        account=role["Account"],
        arn=f"arn:{ctx.partition}:sts::{role['Account']}:assumed-role/{role['RoleName']}/{role_session_name}",
        user_id=f"{role['RoleId']}:{role_session_name}",
        issuer_arn=role["Arn"],
        session_policy=session_policy,
        tags=tuple(session_tags.items()),
        mfa=mfa,
        transitive_tags=tuple({*inherited, *(transitive_tag_keys or [])}),
        source_identity=identity,
    )
    credentials = ctx.state.sessions.issue(session, duration_s=duration_s)
    answer: Wire = {
        "Credentials": shown(credentials),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
    }
    if packed is not None:
        answer["PackedPolicySize"] = packed
    if identity:
        answer["SourceIdentity"] = identity
    return answer


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the caller asks the session to be: the material of the trust policy's conditions."""

    name: str
    external_id: str | None
    tags: dict[str, str]
    transitive: list[str]
    source_identity: str
    mfa: bool


def _check_role_arn(role_arn: str) -> None:
    arn = parse_arn(role_arn)
    if arn is None or arn.service != "iam" or arn.region or not arn.resource.startswith("role/"):
        raise validation_error(f"{role_arn} is invalid")


def _check_trust(ctx: Call[Sts], role: dict[str, Any], wanted: _Wanted) -> None:
    """AccessDenied, naming the first action that the trust policy does not allow the caller."""
    actions = ["sts:AssumeRole"]
    if wanted.tags:
        actions.append("sts:TagSession")
    if wanted.source_identity:
        actions.append("sts:SetSourceIdentity")
    context = _context(ctx, role, wanted)
    for action in actions:
        if not trust.allows(
            role["AssumeRolePolicyDocument"],
            action,
            ctx.principal,
            context,
            trusted_ids=role["TrustedIds"],
            # Open mode knows no callers, so it waives who may assume a role, but not under which conditions.
            anyone=ctx.principal.acts_as_root,
        ):
            raise not_authorized(ctx.principal.arn, action, role["Arn"])


def _context(ctx: Call[Sts], role: dict[str, Any], wanted: _Wanted) -> dict[str, list[str]]:
    """The condition keys of an AssumeRole request, lower-cased."""
    caller = ctx.principal
    context = keys_of(ctx.caller, ctx.state.clock.now_ms()) | {
        "sts:rolesessionname": [wanted.name],
        "aws:resourceaccount": [role["Account"]],
    }
    if caller.access_key_id.startswith("ASIA") or wanted.mfa:
        context["aws:multifactorauthpresent"] = [str(caller.mfa or wanted.mfa).lower()]
    if wanted.external_id is not None:
        context["sts:externalid"] = [wanted.external_id]
    if wanted.source_identity:
        context["sts:sourceidentity"] = [wanted.source_identity]
    if wanted.transitive:
        context["sts:transitivetagkeys"] = wanted.transitive
    if wanted.tags:
        context["aws:tagkeys"] = list(wanted.tags)
    for prefix, tags in (
        ("aws:requesttag/", wanted.tags),
        ("aws:resourcetag/", role["Tags"]),
        ("iam:resourcetag/", role["Tags"]),
    ):
        context |= {f"{prefix}{key.lower()}": [value] for key, value in tags.items()}
    return context


def _duration_s(caller: Principal, role: dict[str, Any], wanted_s: int | None) -> int:
    maximum_s: int = role["MaxSessionDuration"]
    if caller.type is PrincipalType.ASSUMED_ROLE:
        if wanted_s is not None and wanted_s > STS_CHAINED_SESSION_S_MAX:
            raise validation_error(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            )
        maximum_s = min(maximum_s, STS_CHAINED_SESSION_S_MAX)
    if wanted_s is None:
        return STS_CHAINED_SESSION_S_MAX
    if wanted_s > maximum_s:
        raise validation_error(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return wanted_s
