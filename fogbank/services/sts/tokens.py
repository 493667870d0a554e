"""Sessions of the caller's own: GetSessionToken and GetFederationToken."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.sts.service import SERVICE
from fogbank.services.sts.session_policy import packed_percent
from fogbank.services.sts.sessions import passed_policy, read_tags, refuse_sessions, shown, verify_mfa
from fogbank.services.sts.state import Sts

Wire = dict[str, Any]
_ROOT_DURATION_S_MAX = 3600
_DURATION_S_DEFAULT = 43_200


def _duration_s(caller: Principal, wanted_s: int | None) -> int:
    """Root's own sessions never last longer than an hour; AWS shortens them without an error."""
    wanted_s = wanted_s or _DURATION_S_DEFAULT
    return min(wanted_s, _ROOT_DURATION_S_MAX) if caller.type is PrincipalType.ROOT else wanted_s


@SERVICE.operation(refuses={"MinimumSessionTokenSize"})
async def get_session_token(
    ctx: Call[Sts],
    *,
    duration_seconds: int | None = None,
    serial_number: str | None = None,
    token_code: str | None = None,
) -> Wire:
    caller = ctx.principal
    refuse_sessions(caller, "GetSessionToken")
    mfa = await verify_mfa(ctx, serial_number, token_code)
    # What open mode's root made stays marked as such: it must not be root's own in enforced mode.
    session = replace(caller, mfa=mfa)
    credentials = ctx.state.sessions.issue(session, duration_s=_duration_s(caller, duration_seconds))
    return {"Credentials": shown(credentials)}


@SERVICE.operation(refuses={"MinimumSessionTokenSize"})
async def get_federation_token(
    ctx: Call[Sts],
    *,
    name: str,
    policy: str | None = None,
    policy_arns: list[dict[str, str]] | None = None,
    duration_seconds: int | None = None,
    tags: list[dict[str, str]] | None = None,
) -> Wire:
    caller = ctx.principal
    refuse_sessions(caller, "GetFederationToken")
    given = read_tags(tags)
    session_policy = await passed_policy(ctx, policy, policy_arns, account=caller.account)
    packed = packed_percent(session_policy, given.items())
    session = Principal(
        type=PrincipalType.FEDERATED_USER,
        account=caller.account,
        arn=f"arn:{ctx.partition}:sts::{caller.account}:federated-user/{name}",
        user_id=f"{caller.account}:{name}",
        issuer_arn=caller.arn,
        session_policy=session_policy,
        tags=tuple({**dict(caller.tags), **given}.items()),
    )
    credentials = ctx.state.sessions.issue(session, duration_s=_duration_s(caller, duration_seconds))
    answer: Wire = {
        "Credentials": shown(credentials),
        "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
    }
    return answer if packed is None else answer | {"PackedPolicySize": packed}
