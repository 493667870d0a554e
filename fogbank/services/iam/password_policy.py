"""The account's password policy, and what a password must be under it."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.services.iam.entities import realm_of
from fogbank.services.iam.errors import no_such_entity
from fogbank.services.iam.records import PasswordPolicy
from fogbank.services.iam.service import SERVICE
from fogbank.services.iam.state import Iam
from fogbank.services.iam.table import retried
from fogbank.store.api import Transaction

Wire = dict[str, Any]
SYMBOLS = frozenset("!@#$%^&*()_+-=[]{}|'")
_DEFAULT_LENGTH_MIN = 8
_DEFAULT_KINDS_MIN = 3  # of upper case, lower case, digits and symbols


def violates(policy: PasswordPolicy | None, password: str, account: str) -> bool:
    """Whether the account's policy, or AWS's default one (None), forbids `password`. Pure."""
    upper = any(char.isascii() and char.isupper() for char in password)
    lower = any(char.isascii() and char.islower() for char in password)
    digit = any(char.isascii() and char.isdigit() for char in password)
    symbol = any(char in SYMBOLS for char in password)
    if policy is None:
        kinds = upper + lower + digit + symbol
        return len(password) < _DEFAULT_LENGTH_MIN or kinds < _DEFAULT_KINDS_MIN or password == account
    return (
        len(password) < policy.length_min
        or (policy.uppercase and not upper)
        or (policy.lowercase and not lower)
        or (policy.numbers and not digit)
        or (policy.symbols and not symbol)
    )


async def policy_of(ctx: Call[Iam]) -> PasswordPolicy | None:
    found = await ctx.state.password_policies.get(realm_of(ctx))
    return found.record if found else None


@SERVICE.operation
@retried
async def update_account_password_policy(
    ctx: Call[Iam],
    *,
    minimum_password_length: int = 6,
    require_symbols: bool = False,
    require_numbers: bool = False,
    require_uppercase_characters: bool = False,
    require_lowercase_characters: bool = False,
    allow_users_to_change_password: bool = False,
    max_password_age: int | None = None,
    password_reuse_prevention: int | None = None,
    hard_expiry: bool | None = None,
) -> None:
    """What is left out goes back to its default, as in AWS: the policy is replaced, not amended."""
    policy = PasswordPolicy(
        length_min=minimum_password_length,
        symbols=require_symbols,
        numbers=require_numbers,
        uppercase=require_uppercase_characters,
        lowercase=require_lowercase_characters,
        may_change=allow_users_to_change_password,
        age_days_max=max_password_age or None,
        reuse_prevention=password_reuse_prevention or None,
        hard_expiry=hard_expiry,
    )
    tx = Transaction()
    ctx.state.password_policies.put(tx, realm_of(ctx), record=policy, expect=None)
    await ctx.state.store.commit(tx)


def _none(ctx: Call[Iam]) -> AwsError:
    return no_such_entity(f"The Password Policy with domain name {ctx.account} cannot be found.")


@SERVICE.operation
async def get_account_password_policy(ctx: Call[Iam]) -> Wire:
    policy = await policy_of(ctx)
    if policy is None:
        raise _none(ctx)
    shown: Wire = {
        "MinimumPasswordLength": policy.length_min,
        "RequireSymbols": policy.symbols,
        "RequireNumbers": policy.numbers,
        "RequireUppercaseCharacters": policy.uppercase,
        "RequireLowercaseCharacters": policy.lowercase,
        "AllowUsersToChangePassword": policy.may_change,
        "ExpirePasswords": policy.age_days_max is not None,
    }
    for name, value in (
        ("MaxPasswordAge", policy.age_days_max),
        ("PasswordReusePrevention", policy.reuse_prevention),
        ("HardExpiry", policy.hard_expiry),
    ):
        if value is not None:
            shown[name] = value
    return {"PasswordPolicy": shown}


@SERVICE.operation
@retried
async def delete_account_password_policy(ctx: Call[Iam]) -> None:
    found = await ctx.state.password_policies.get(realm_of(ctx))
    if found is None:
        raise _none(ctx)
    await ctx.state.store.commit(found.delete(Transaction()))
