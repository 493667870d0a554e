"""Login profiles: a user's password. There is no console to sign in to yet; ChangePassword is what checks it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.principal import PrincipalType
from fogbank.services.iam.entities import find_named_user_or_caller, find_user, realm_of
from fogbank.services.iam.errors import already_exists, no_such_entity, validation_error
from fogbank.services.iam.password_policy import policy_of, violates
from fogbank.services.iam.records import LoginProfile, PasswordPolicy, User
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import Found, retried
from fogbank.store.api import ABSENT, Transaction

Wire = dict[str, Any]
_SALT_CHARS = 32
_DAY_MS = 86_400_000


def _hash(salt: str, password: str) -> str:
    """About 50 ms of work: call it off the event loop."""
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()


def _violation() -> AwsError:
    return SERVICE.error(
        "PasswordPolicyViolationException", "Password does not conform to the account password policy."
    )


def _shown(user: User, profile: LoginProfile) -> Wire:
    return {
        "LoginProfile": {
            "UserName": user.name,
            "CreateDate": profile.created_ms,
            "PasswordResetRequired": profile.reset_required,
        }
    }


async def _find(ctx: Call[Iam], user: Found[User]) -> Found[LoginProfile]:
    found = await ctx.state.login_profiles.get(realm_of(ctx), user.record.id)
    if found is None:
        raise no_such_entity(f"Login Profile for User {user.record.name} cannot be found.")
    return found


async def _put(ctx: Call[Iam], user: Found[User], profile: LoginProfile, expect: int) -> None:
    realm = realm_of(ctx)
    tx = Transaction()
    user.touch(tx)
    ctx.state.login_profiles.put(tx, realm, user.record.id, record=profile, expect=expect)
    await ctx.state.store.commit(tx)


async def _with_password(
    ctx: Call[Iam], profile: LoginProfile, password: str, policy: PasswordPolicy | None
) -> LoginProfile:
    """`profile` with a new password. PasswordPolicyViolation, also for one that was used too lately."""
    if violates(policy, password, ctx.account):
        raise _violation()
    new = await asyncio.to_thread(_hash, profile.salt, password)
    remembered = policy.reuse_prevention or 0 if policy else 0
    if new in profile.hashes[:remembered]:
        raise _violation()
    hashes = (new, *profile.hashes[: max(remembered - 1, 0)])
    return replace(profile, hashes=hashes, changed_ms=ctx.state.now_ms())


@SERVICE.operation(refuses={"MaxSigninSessionDuration"})
@retried
async def create_login_profile(
    ctx: Call[Iam],
    *,
    user_name: str | None = None,
    password: str | None = None,
    password_reset_required: bool = False,
) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    if password is None:
        raise validation_error("Password must be specified.")
    if await ctx.state.login_profiles.get(realm_of(ctx), user.record.id):
        raise already_exists(f"Login Profile for user {user.record.name} already exists.")
    now_ms = ctx.state.now_ms()
    blank = LoginProfile(now_ms, now_ms, password_reset_required, ctx.state.ids.secret(_SALT_CHARS), ())
    profile = await _with_password(ctx, blank, password, await policy_of(ctx))
    await _put(ctx, user, profile, ABSENT)
    return _shown(user.record, profile)


@SERVICE.operation
async def get_login_profile(ctx: Call[Iam], *, user_name: str | None = None) -> Wire:
    user = await find_named_user_or_caller(ctx, user_name)
    return _shown(user.record, (await _find(ctx, user)).record)


@SERVICE.operation(refuses={"MaxSigninSessionDuration", "ResetMaxSigninSessionDuration"})
@retried
async def update_login_profile(
    ctx: Call[Iam],
    *,
    user_name: str,
    password: str | None = None,
    password_reset_required: bool | None = None,
) -> None:
    user = await find_user(ctx, user_name)
    found = await _find(ctx, user)
    profile = found.record
    if password is not None:
        profile = await _with_password(ctx, profile, password, await policy_of(ctx))
    if password_reset_required is not None:
        profile = replace(profile, reset_required=password_reset_required)
    await _put(ctx, user, profile, found.version)


@SERVICE.operation
@retried
async def delete_login_profile(ctx: Call[Iam], *, user_name: str | None = None) -> None:
    user = await find_named_user_or_caller(ctx, user_name)
    found = await _find(ctx, user)
    await ctx.state.store.commit(found.delete(Transaction()))


@SERVICE.operation
@retried
async def change_password(ctx: Call[Iam], *, old_password: str, new_password: str) -> None:
    if ctx.principal.type is not PrincipalType.USER:
        raise SERVICE.error("InvalidUserTypeException", "Only IAM Users can change their own password")
    user = await find_named_user_or_caller(ctx, None)
    found = await _find(ctx, user)
    policy = await policy_of(ctx)
    if _may_not_change(policy, found.record, ctx.state.now_ms()):
        raise AwsError(
            "AccessDenied",
            f"User: {user.record.arn} is not authorized to perform: iam:ChangePassword"
            f" on resource: user {user.record.name}",
            status=403,
        )
    old = await asyncio.to_thread(_hash, found.record.salt, old_password)
    if not hmac.compare_digest(old, found.record.hashes[0]):
        raise AwsError("AccessDenied", "The old password was incorrect.", status=403)
    profile = await _with_password(ctx, found.record, new_password, policy)
    await _put(ctx, user, replace(profile, reset_required=False), found.version)


def _may_not_change(policy: PasswordPolicy | None, profile: LoginProfile, now_ms: int) -> bool:
    """A policy with hard expiry leaves an expired password to an administrator."""
    if policy is None or policy.age_days_max is None or not policy.hard_expiry:
        return False
    return now_ms - profile.changed_ms > policy.age_days_max * _DAY_MS
