from __future__ import annotations

import base64
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.core.key_ids import account_of_key_id
from fogbank.model.principal import Principal, PrincipalType, root_of
from fogbank.services.iam import totp
from tests.services.iam.support import ACCOUNT, caller, policy, trust, user_principal
from tests.support.house import House

ARN = f"arn:aws:iam::{ACCOUNT}:role/app/worker"


async def make_role(house: House, document: str = trust("*"), **more: object) -> str:
    params = {"RoleName": "worker", "Path": "/app/", "AssumeRolePolicyDocument": document, **more}
    return str((await house.call("iam", "CreateRole", params))["Role"]["RoleId"])


async def assume(house: House, by: Principal | None = None, **params: object) -> Any:
    who = caller(by or root_of(ACCOUNT, open_mode=True))
    wanted = {"RoleArn": ARN, "RoleSessionName": "s1", **params}
    return await house.calls.call("sts", "AssumeRole", wanted, who)


async def refused(house: House, by: Principal | None = None, **params: object) -> AwsError:
    with pytest.raises(AwsError) as caught:
        await assume(house, by, **params)
    return caught.value


def opened(house: House, answer: Any) -> Principal:
    credentials = answer["Credentials"]
    found = house.states["sts"].sessions.open(credentials["AccessKeyId"], credentials["SessionToken"])
    assert found.secret == credentials["SecretAccessKey"]
    assert found.expires_ms == credentials["Expiration"]
    principal: Principal = found.principal
    return principal


async def test_session(house: House) -> None:
    role_id = await make_role(house)
    answer = await assume(house)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/s1"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:s1", "Arn": session}
    assert set(answer) == {"Credentials", "AssumedRoleUser"}
    credentials = answer["Credentials"]
    assert account_of_key_id(credentials["AccessKeyId"]) == ACCOUNT
    assert credentials["AccessKeyId"].startswith("ASIA")
    assert credentials["Expiration"] == house.clock.now_ms() + 3_600_000
    principal = opened(house, answer)
    assert (principal.type, principal.issuer_arn) == (PrincipalType.ASSUMED_ROLE, ARN)
    identity = await house.calls.call("sts", "GetCallerIdentity", {}, caller(principal))
    assert identity == {"UserId": f"{role_id}:s1", "Account": ACCOUNT, "Arn": session}


async def test_a_role_that_is_not_there_is_denied(house: House) -> None:
    bob = await user_principal(house, "bob")
    error = await refused(house, bob)
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message == (
        f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: sts:AssumeRole on resource: {ARN}"
    )
    error = await refused(house, RoleArn="arn:aws:iam::123456789012:user/bob")
    assert (error.code, error.status) == ("ValidationError", 400)


async def test_the_trust_policy_decides(house: House) -> None:
    bob, eve = await user_principal(house, "bob"), await user_principal(house, "eve")
    condition = {"StringEquals": {"sts:ExternalId": "42"}}
    await make_role(house, trust({"AWS": bob.arn}, Condition=condition))
    assert opened(house, await assume(house, bob, ExternalId="42")).account == ACCOUNT
    assert (await refused(house, bob)).code == "AccessDenied"
    assert (await refused(house, bob, ExternalId="43")).code == "AccessDenied"
    assert (await refused(house, eve, ExternalId="42")).code == "AccessDenied"
    assert (await refused(house)).code == "AccessDenied"


async def test_root_proper_assumes_nothing(house: House) -> None:
    await make_role(house)
    error = await refused(house, root_of(ACCOUNT))
    assert (error.code, error.message) == ("AccessDenied", "Roles may not be assumed by root accounts.")


async def test_durations(house: House) -> None:
    await make_role(house, MaxSessionDuration=7200)
    answer = await assume(house, DurationSeconds=7200)
    assert answer["Credentials"]["Expiration"] == house.clock.now_ms() + 7_200_000
    error = await refused(house, DurationSeconds=7201)
    assert error.message == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    error = await refused(house, DurationSeconds=899)
    assert "durationSeconds" in error.message
    session = opened(house, answer)
    error = await refused(house, session, DurationSeconds=3601)
    assert error.message == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )
    assert (await assume(house, session, DurationSeconds=3600))["AssumedRoleUser"]


async def test_session_tags_need_tag_session(house: House) -> None:
    await make_role(house, Tags=[{"Key": "team", "Value": "own"}, {"Key": "own", "Value": "1"}])
    tags = [{"Key": "team", "Value": "a"}]
    error = await refused(house, Tags=tags)
    assert "is not authorized to perform: sts:TagSession" in error.message
    document = trust("*", action=["sts:AssumeRole", "sts:TagSession"])
    await house.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "worker", "PolicyDocument": document})
    answer = await assume(house, Tags=tags, TransitiveTagKeys=["team"])
    assert answer["PackedPolicySize"] >= 1
    session = opened(house, answer)
    assert dict(session.tags) == {"team": "a", "own": "1"}
    other = {"RoleName": "plain", "AssumeRolePolicyDocument": trust("*")}
    plain = (await house.call("iam", "CreateRole", other))["Role"]["Arn"]
    error = await refused(house, session, RoleArn=plain)
    assert "sts:TagSession" in error.message
    next_session = opened(house, await assume(house, session, RoleSessionName="s2"))
    assert dict(next_session.tags)["team"] == "a"
    assert (await refused(house, session, Tags=[{"Key": "team", "Value": "b"}])).code == "AccessDenied"


async def test_source_identity_is_set_once(house: House) -> None:
    await make_role(house, trust("*", action="sts:*"))
    answer = await assume(house, SourceIdentity="alice")
    assert answer["SourceIdentity"] == "alice"
    session = opened(house, answer)
    assert (await assume(house, session))["SourceIdentity"] == "alice"
    assert (await refused(house, session, SourceIdentity="mallory")).code == "AccessDenied"
    other = {"RoleName": "plain", "AssumeRolePolicyDocument": trust("*")}
    plain = (await house.call("iam", "CreateRole", other))["Role"]["Arn"]
    assert "sts:SetSourceIdentity" in (await refused(house, session, RoleArn=plain)).message


async def test_session_policies(house: House) -> None:
    await make_role(house)
    made = await house.call(
        "iam", "CreatePolicy", {"PolicyName": "p", "PolicyDocument": policy("s3:PutObject")}
    )
    answer = await assume(house, Policy=policy(), PolicyArns=[{"arn": made["Policy"]["Arn"]}])
    assert 0 < answer["PackedPolicySize"] <= 100
    session = opened(house, answer)
    assert "s3:GetObject" in session.session_policy
    assert "s3:PutObject" in session.session_policy
    error = await refused(house, Policy="{}")
    assert error.code == "MalformedPolicyDocument"
    error = await refused(house, Policy=policy([f"s3:{'a' * 5000}"]))
    assert error.code == "PackedPolicyTooLarge"
    error = await refused(house, PolicyArns=[{"arn": f"arn:aws:iam::{ACCOUNT}:policy/missing"}])
    assert error.code == "NoSuchEntity"


async def test_mfa(house: House) -> None:
    bob = await user_principal(house, "bob")
    await make_role(
        house, trust({"AWS": bob.arn}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    )
    made = await house.call("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "phone"})
    serial = made["VirtualMFADevice"]["SerialNumber"]
    seed = base64.b32decode(made["VirtualMFADevice"]["Base32StringSeed"])
    step = house.clock.now_ms() // 30_000
    await house.call(
        "iam",
        "EnableMFADevice",
        {
            "UserName": "bob",
            "SerialNumber": serial,
            "AuthenticationCode1": totp.code_at(seed, step - 1),
            "AuthenticationCode2": totp.code_at(seed, step),
        },
    )
    assert (await refused(house, bob)).code == "AccessDenied"
    await house.clock.advance_ms(30_000)
    code = totp.code_at(seed, step + 1)
    session = opened(house, await assume(house, bob, SerialNumber=serial, TokenCode=code))
    assert session.mfa is True
    error = await refused(house, bob, SerialNumber=serial, TokenCode=code)
    assert error.message == "MultiFactorAuthentication failed with invalid MFA one time pass code."


@pytest.mark.parametrize("member", ["ProvidedContexts", "MinimumSessionTokenSize"])
async def test_refused_by_name(house: House, member: str) -> None:
    value: Any = (
        10 if member == "MinimumSessionTokenSize" else [{"ProviderArn": ARN, "ContextAssertion": "abcd"}]
    )
    error = await refused(house, **{member: value})
    assert (error.status, member in error.message) == (501, True)
