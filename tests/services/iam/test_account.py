"""The account, its providers, and the overview of everything."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import unquote

from tests.services.iam.support import ACCOUNT, BASIC, policy, trust
from tests.support.house import House

URL = "https://token.actions.githubusercontent.com"
OIDC = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">'
    '<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    f"<!-- {'x' * 1000} --></IDPSSODescriptor></EntityDescriptor>"
)


async def test_alias(house: House) -> None:
    await house.call("iam", "CreateAccountAlias", {"AccountAlias": "my-team"})
    assert (await house.call("iam", "ListAccountAliases"))["AccountAliases"] == ["my-team"]
    error = await house.fails(
        "iam", "CreateAccountAlias", {"AccountAlias": "my-team"}, account="111111111111"
    )
    assert (error.code, error.message) == ("EntityAlreadyExists", "The account alias my-team already exists.")
    await house.call("iam", "CreateAccountAlias", {"AccountAlias": "other"})
    assert (await house.call("iam", "ListAccountAliases"))["AccountAliases"] == ["other"]
    await house.call("iam", "CreateAccountAlias", {"AccountAlias": "my-team"}, account="111111111111")
    error = await house.fails("iam", "DeleteAccountAlias", {"AccountAlias": "my-team"})
    assert error.code == "NoSuchEntity"
    await house.call("iam", "DeleteAccountAlias", {"AccountAlias": "other"})
    assert (await house.call("iam", "ListAccountAliases"))["AccountAliases"] == []


async def test_summary_counts(house: House) -> None:
    await house.call("iam", "CreateUser", {"UserName": "u"})
    await house.call("iam", "CreatePolicy", {"PolicyName": "p", "PolicyDocument": policy()})
    await house.call("iam", "CreateVirtualMFADevice", {"VirtualMFADeviceName": "m"})
    summary = (await house.call("iam", "GetAccountSummary"))["SummaryMap"]
    counted = {
        name: summary[name] for name in ("Users", "Roles", "Policies", "PolicyVersionsInUse", "MFADevices")
    }
    assert counted == {"Users": 1, "Roles": 0, "Policies": 1, "PolicyVersionsInUse": 1, "MFADevices": 1}
    assert summary["AccessKeysPerUserQuota"] == 2


async def test_openid_connect_provider(house: House) -> None:
    params = {"Url": URL, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["a" * 40]}
    made = await house.call("iam", "CreateOpenIDConnectProvider", params)
    assert made["OpenIDConnectProviderArn"] == OIDC
    error = await house.fails("iam", "CreateOpenIDConnectProvider", params)
    assert error.code == "EntityAlreadyExists"
    error = await house.fails("iam", "CreateOpenIDConnectProvider", params | {"Url": "http://x.example.com"})
    assert (error.code, error.message) == ("ValidationError", "Invalid Open ID Connect Provider URL")
    error = await house.fails("iam", "CreateOpenIDConnectProvider", {"Url": URL + "/x"})
    assert error.status == 501
    one = {"OpenIDConnectProviderArn": OIDC}
    await house.call("iam", "AddClientIDToOpenIDConnectProvider", one | {"ClientID": "second"})
    await house.call(
        "iam", "RemoveClientIDFromOpenIDConnectProvider", one | {"ClientID": "sts.amazonaws.com"}
    )
    thumbprints = {"ThumbprintList": ["B" * 40]}
    await house.call("iam", "UpdateOpenIDConnectProviderThumbprint", one | thumbprints)
    await house.call("iam", "TagOpenIDConnectProvider", one | {"Tags": [{"Key": "k", "Value": "v"}]})
    shown = await house.call("iam", "GetOpenIDConnectProvider", one)
    shown.pop("CreateDate")
    assert shown == {
        "Url": "token.actions.githubusercontent.com",
        "ClientIDList": ["second"],
        "ThumbprintList": ["b" * 40],
        "Tags": [{"Key": "k", "Value": "v"}],
    }
    listed = await house.call("iam", "ListOpenIDConnectProviders")
    assert listed["OpenIDConnectProviderList"] == [{"Arn": OIDC}]
    await house.call("iam", "DeleteOpenIDConnectProvider", one)
    error = await house.fails("iam", "GetOpenIDConnectProvider", one)
    assert error.message == f"OpenIDConnect Provider not found for arn {OIDC}"


async def test_saml_provider(house: House) -> None:
    params = {"Name": "idp", "SAMLMetadataDocument": METADATA}
    arn = (await house.call("iam", "CreateSAMLProvider", params))["SAMLProviderArn"]
    assert arn == f"arn:aws:iam::{ACCOUNT}:saml-provider/idp"
    shown = await house.call("iam", "GetSAMLProvider", {"SAMLProviderArn": arn})
    assert shown["SAMLMetadataDocument"] == METADATA
    assert shown["ValidUntil"] > house.clock.now_ms()
    for wrong in ("x" * 1000, f"<a>{'x' * 1000}</a>", f"<!DOCTYPE x>{METADATA}"):
        error = await house.fails("iam", "CreateSAMLProvider", {"Name": "n", "SAMLMetadataDocument": wrong})
        assert (error.code, error.message) == ("InvalidInput", "Could not parse metadata")
    dated = METADATA.replace("entityID", 'validUntil="2030-01-01T00:00:00Z" entityID')
    await house.call("iam", "UpdateSAMLProvider", {"SAMLProviderArn": arn, "SAMLMetadataDocument": dated})
    listed = (await house.call("iam", "ListSAMLProviders"))["SAMLProviderList"]
    assert [each["ValidUntil"] for each in listed] == [1_893_456_000_000]
    error = await house.fails("iam", "UpdateSAMLProvider", {"SAMLProviderArn": arn, "AddPrivateKey": "k"})
    assert error.status == 501
    await house.call("iam", "DeleteSAMLProvider", {"SAMLProviderArn": arn})


async def fill(house: House) -> None:
    arn = (await house.call("iam", "CreatePolicy", {"PolicyName": "p", "PolicyDocument": policy()}))[
        "Policy"
    ]["Arn"]
    await house.call("iam", "CreateGroup", {"GroupName": "g"})
    await house.call("iam", "CreateUser", {"UserName": "u", "Tags": [{"Key": "k", "Value": "v"}]})
    await house.call("iam", "AddUserToGroup", {"GroupName": "g", "UserName": "u"})
    await house.call(
        "iam", "PutUserPolicy", {"UserName": "u", "PolicyName": "in", "PolicyDocument": policy()}
    )
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    for attached in (arn, BASIC):
        await house.call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": attached})
    await house.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "i"})
    await house.call("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "i", "RoleName": "r"})


async def test_authorization_details(house: House) -> None:
    await fill(house)
    details = await house.call("iam", "GetAccountAuthorizationDetails")
    user, role = details["UserDetailList"][0], details["RoleDetailList"][0]
    assert (user["GroupList"], user["Tags"]) == (["g"], [{"Key": "k", "Value": "v"}])
    assert json.loads(unquote(user["UserPolicyList"][0]["PolicyDocument"])) == json.loads(policy())
    assert [each["PolicyName"] for each in role["AttachedManagedPolicies"]] == [
        "p",
        "AWSLambdaBasicExecutionRole",
    ]
    assert [each["InstanceProfileName"] for each in role["InstanceProfileList"]] == ["i"]
    assert [each["PolicyName"] for each in details["Policies"]] == ["p", "AWSLambdaBasicExecutionRole"]
    assert details["Policies"][0]["PolicyVersionList"][0]["IsDefaultVersion"] is True


async def test_authorization_details_in_pages(house: House) -> None:
    await fill(house)
    kinds = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    whole = await house.call("iam", "GetAccountAuthorizationDetails")
    seen: dict[str, list[Any]] = {kind: [] for kind in kinds}
    params: dict[str, Any] = {"MaxItems": 1}
    while True:
        answer = await house.call("iam", "GetAccountAuthorizationDetails", params)
        assert sum(len(answer[kind]) for kind in kinds) == 1
        for kind in kinds:
            seen[kind] += answer[kind]
        if not answer["IsTruncated"]:
            break
        params["Marker"] = answer["Marker"]
    assert seen == {kind: whole[kind] for kind in kinds}
    only = await house.call("iam", "GetAccountAuthorizationDetails", {"Filter": ["Role"]})
    assert [len(only[kind]) for kind in kinds] == [0, 0, 1, 0]


async def test_credential_report(house: House) -> None:
    error = await house.fails("iam", "GetCredentialReport")
    assert (error.code, error.status) == ("ReportNotPresent", 410)
    await house.call("iam", "CreateUser", {"UserName": "bob"})
    await house.call("iam", "CreateAccessKey", {"UserName": "bob"})
    await house.call("iam", "CreateLoginProfile", {"UserName": "bob", "Password": "Passw0rd!"})
    assert (await house.call("iam", "GenerateCredentialReport"))["State"] == "STARTED"
    assert (await house.call("iam", "GenerateCredentialReport"))["State"] == "COMPLETE"
    report = await house.call("iam", "GetCredentialReport")
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "bob"]
    bob = rows[1]
    assert (bob["password_enabled"], bob["access_key_1_active"], bob["access_key_2_active"]) == (
        "true",
        "true",
        "false",
    )
    assert bob["access_key_1_last_rotated"] == "2026-01-01T00:00:00+00:00"
    assert None not in bob
    assert None not in bob.values()
    await house.clock.advance_ms(4 * 3_600_000)
    error = await house.fails("iam", "GetCredentialReport")
    assert error.code == "ReportExpired"
