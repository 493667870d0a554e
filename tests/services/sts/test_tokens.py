from __future__ import annotations

import pytest

from fogbank.core.errors import AwsError
from fogbank.model.principal import Principal, PrincipalType, root_of
from tests.services.iam.support import ACCOUNT, caller, policy, user_principal
from tests.support.house import House

ANONYMOUS = Principal(PrincipalType.ANONYMOUS, ACCOUNT, "", "")


async def test_caller_identity(house: House) -> None:
    bob = await user_principal(house, "bob")
    identity = await house.calls.call("sts", "GetCallerIdentity", {}, caller(bob))
    assert identity == {"UserId": bob.user_id, "Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/bob"}
    root = await house.call("sts", "GetCallerIdentity", account="123456789012")
    assert root == {
        "UserId": "123456789012",
        "Account": "123456789012",
        "Arn": "arn:aws:iam::123456789012:root",
    }
    with pytest.raises(AwsError) as caught:
        await house.calls.call("sts", "GetCallerIdentity", {}, caller(ANONYMOUS))
    assert (caught.value.code, caught.value.status) == ("MissingAuthenticationToken", 403)


async def test_access_key_info(house: House) -> None:
    made = await house.call("iam", "CreateUser", {"UserName": "u"}, account="345678901234")
    assert made["User"]["Arn"].startswith("arn:aws:iam::345678901234:")
    key = await house.call("iam", "CreateAccessKey", {"UserName": "u"}, account="345678901234")
    params = {"AccessKeyId": key["AccessKey"]["AccessKeyId"]}
    assert await house.call("sts", "GetAccessKeyInfo", params) == {"Account": "345678901234"}
    error = await house.fails("sts", "GetAccessKeyInfo", {"AccessKeyId": "NOTAKEYOFANYKIND"})
    assert error.code == "InvalidClientTokenId"


async def test_session_token(house: House) -> None:
    bob = await user_principal(house, "bob")
    answer = await house.calls.call("sts", "GetSessionToken", {"DurationSeconds": 900}, caller(bob))
    credentials = answer["Credentials"]
    assert credentials["Expiration"] == house.clock.now_ms() + 900_000
    found = house.states["sts"].sessions.open(credentials["AccessKeyId"], credentials["SessionToken"])
    assert (found.principal.arn, found.principal.user_id) == (bob.arn, bob.user_id)
    with pytest.raises(AwsError) as caught:
        await house.calls.call("sts", "GetSessionToken", {}, caller(found.principal))
    assert caught.value.message == "Cannot call GetSessionToken with session credentials"


async def test_root_sessions_last_an_hour_and_stay_what_they_are(house: House) -> None:
    for open_mode in (False, True):
        root = root_of(ACCOUNT, open_mode=open_mode)
        answer = await house.calls.call("sts", "GetSessionToken", {"DurationSeconds": 43200}, caller(root))
        credentials = answer["Credentials"]
        assert credentials["Expiration"] == house.clock.now_ms() + 3_600_000
        found = house.states["sts"].sessions.open(credentials["AccessKeyId"], credentials["SessionToken"])
        assert found.principal.acts_as_root is open_mode


async def test_federation_token(house: House) -> None:
    bob = await user_principal(house, "bob")
    params = {"Name": "guest", "Policy": policy(), "Tags": [{"Key": "k", "Value": "v"}]}
    answer = await house.calls.call("sts", "GetFederationToken", params, caller(bob))
    user = {"FederatedUserId": f"{ACCOUNT}:guest", "Arn": f"arn:aws:sts::{ACCOUNT}:federated-user/guest"}
    assert answer["FederatedUser"] == user
    credentials = answer["Credentials"]
    found = house.states["sts"].sessions.open(credentials["AccessKeyId"], credentials["SessionToken"])
    assert found.principal.type is PrincipalType.FEDERATED_USER
    assert "s3:GetObject" in found.principal.session_policy
    assert dict(found.principal.tags) == {"k": "v"}


@pytest.mark.parametrize(
    "operation", ["AssumeRoleWithWebIdentity", "AssumeRoleWithSAML", "DecodeAuthorizationMessage"]
)
async def test_what_cannot_be_verified_is_refused_by_name(house: House, operation: str) -> None:
    error = await house.fails("sts", operation, {})
    assert (error.status, operation in error.message) == (501, True)
