"""What all session-giving operations share: the credentials' shape, session tags, the policy passed in, and MFA."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.call import Call
from fogbank.model.principal import Principal, PrincipalType, SessionCredentials
from fogbank.services.sts import session_policy
from fogbank.services.sts.errors import access_denied, missing_token, validation_error
from fogbank.services.sts.state import Sts

Wire = dict[str, Any]


def shown(credentials: SessionCredentials) -> Wire:
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires_ms,
    }


def refuse_sessions(caller: Principal, operation: str) -> None:
    """GetSessionToken and GetFederationToken want long-term credentials."""
    if caller.type is PrincipalType.ANONYMOUS:
        raise missing_token()
    if caller.access_key_id.startswith("ASIA") or caller.type not in (PrincipalType.USER, PrincipalType.ROOT):
        raise access_denied(f"Cannot call {operation} with session credentials")


def read_tags(tags: list[dict[str, str]] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    folded: set[str] = set()
    for tag in tags or []:
        if tag["Key"].lower() in folded:
            message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            raise AwsError("InvalidParameterValue", message)
        folded.add(tag["Key"].lower())
        found[tag["Key"]] = tag["Value"]
    return found


async def passed_policy(
    ctx: Call[Sts], policy: str | None, policy_arns: list[dict[str, str]] | None, *, account: str
) -> str:
    """The session policy as one document; empty when none was passed. Managed ones are those of `account`, the
    session's own. MalformedPolicyDocument, NoSuchEntity, ValidationError."""
    owner = replace(ctx.caller, account=account)
    arns = [each["arn"] for each in policy_arns or []]
    if len(arns) > session_policy.POLICY_ARNS_MAX:
        raise validation_error(
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint:"
            f" Member must have length less than or equal to {session_policy.POLICY_ARNS_MAX}"
        )
    documents = [policy] if policy is not None else []
    if policy is not None:
        await ctx.calls.internal("iam", "check_session_policy", ctx.caller, document=policy)
    for arn in arns:
        document = await ctx.calls.internal("iam", "policy_document", owner, policy_arn=arn)
        if document is None:
            raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", status=404)
        documents.append(document)
    return session_policy.combined(documents)


async def verify_mfa(ctx: Call[Sts], serial: str | None, code: str | None) -> bool:
    """Whether the caller proved an MFA device. AccessDenied for a wrong code."""
    if serial is None and code is None:
        return False
    verified = serial is not None and code is not None
    if verified:
        user_arn = ctx.principal.arn
        verified = await ctx.calls.internal(
            "iam", "verify_mfa", ctx.caller, user_arn=user_arn, serial_number=serial, code=code
        )
    if not verified:
        raise access_denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
    return True
