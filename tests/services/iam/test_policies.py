from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote

import pytest

from fogbank.services.iam import aws_policies, identity_policies
from tests.services.iam.support import ACCOUNT, BASIC, policy, trust
from tests.support.house import House

ARN = f"arn:aws:iam::{ACCOUNT}:policy/p"


async def create(house: House, name: str = "p", **more: object) -> dict[str, Any]:
    params = {"PolicyName": name, "PolicyDocument": policy(), **more}
    found: dict[str, Any] = (await house.call("iam", "CreatePolicy", params))["Policy"]
    return found


async def test_create_and_read(house: House) -> None:
    created = await create(house, Path="/a/b/", Description="d", Tags=[{"Key": "k", "Value": "v"}])
    assert created["Arn"] == f"arn:aws:iam::{ACCOUNT}:policy/a/b/p"
    assert created["PolicyId"].startswith("ANPA")
    assert "Description" not in created
    shown = (await house.call("iam", "GetPolicy", {"PolicyArn": created["Arn"]}))["Policy"]
    assert (shown["Description"], shown["Tags"]) == ("d", [{"Key": "k", "Value": "v"}])
    error = await house.fails("iam", "CreatePolicy", {"PolicyName": "P", "PolicyDocument": policy()})
    assert error.code == "EntityAlreadyExists"
    assert error.message == "A policy called P already exists. Duplicate names are not allowed."


async def test_versions(house: House) -> None:
    await create(house)
    for number in range(2, 6):
        document = policy(f"s3:Action{number}")
        made = await house.call(
            "iam",
            "CreatePolicyVersion",
            {"PolicyArn": ARN, "PolicyDocument": document, "SetAsDefault": number == 3},
        )
        assert made["PolicyVersion"]["VersionId"] == f"v{number}"
        assert made["PolicyVersion"]["IsDefaultVersion"] is (number == 3)
    error = await house.fails("iam", "CreatePolicyVersion", {"PolicyArn": ARN, "PolicyDocument": policy()})
    assert error.code == "LimitExceeded"
    assert error.message == (
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version."
    )
    listed = (await house.call("iam", "ListPolicyVersions", {"PolicyArn": ARN}))["Versions"]
    assert [each["VersionId"] for each in listed] == ["v5", "v4", "v3", "v2", "v1"]
    assert [each["IsDefaultVersion"] for each in listed] == [False, False, True, False, False]
    third = await house.call("iam", "GetPolicyVersion", {"PolicyArn": ARN, "VersionId": "v3"})
    assert json.loads(unquote(third["PolicyVersion"]["Document"]))["Statement"][0]["Action"] == "s3:Action3"
    error = await house.fails("iam", "DeletePolicyVersion", {"PolicyArn": ARN, "VersionId": "v3"})
    assert (error.code, error.message) == ("DeleteConflict", "Cannot delete the default version of a policy.")
    await house.call("iam", "SetDefaultPolicyVersion", {"PolicyArn": ARN, "VersionId": "v5"})
    for version in ("v1", "v2", "v3", "v4"):
        error = await house.fails("iam", "DeletePolicy", {"PolicyArn": ARN})
        assert error.message.startswith("This policy has more than one version.")
        await house.call("iam", "DeletePolicyVersion", {"PolicyArn": ARN, "VersionId": version})
    made = await house.call("iam", "CreatePolicyVersion", {"PolicyArn": ARN, "PolicyDocument": policy()})
    assert made["PolicyVersion"]["VersionId"] == "v6"
    await house.call("iam", "DeletePolicyVersion", {"PolicyArn": ARN, "VersionId": "v6"})
    await house.call("iam", "DeletePolicy", {"PolicyArn": ARN})
    error = await house.fails("iam", "GetPolicyVersion", {"PolicyArn": ARN, "VersionId": "v5"})
    assert (error.code, error.message) == ("NoSuchEntity", f"Policy {ARN} was not found.")


async def test_missing_version(house: House) -> None:
    await create(house)
    error = await house.fails("iam", "GetPolicyVersion", {"PolicyArn": ARN, "VersionId": "v9"})
    assert error.message == f"Policy {ARN} version v9 does not exist or is not attachable."


async def test_attachments_from_both_sides(house: House) -> None:
    await create(house)
    await house.call("iam", "CreateUser", {"UserName": "u"})
    await house.call("iam", "CreateGroup", {"GroupName": "g"})
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    for kind, name in (("User", "u"), ("Group", "g"), ("Role", "r")):
        params = {f"{kind}Name": name, "PolicyArn": ARN}
        await house.call("iam", f"Attach{kind}Policy", params)
        await house.call("iam", f"Attach{kind}Policy", params)
        shown = await house.call("iam", f"ListAttached{kind}Policies", {f"{kind}Name": name})
        assert shown["AttachedPolicies"] == [{"PolicyName": "p", "PolicyArn": ARN}]
    await house.call("iam", "PutUserPermissionsBoundary", {"UserName": "u", "PermissionsBoundary": ARN})
    shown = (await house.call("iam", "GetPolicy", {"PolicyArn": ARN}))["Policy"]
    assert (shown["AttachmentCount"], shown["PermissionsBoundaryUsageCount"]) == (3, 1)
    users = await house.call("iam", "ListEntitiesForPolicy", {"PolicyArn": ARN})
    assert [len(users[key]) for key in ("PolicyUsers", "PolicyGroups", "PolicyRoles")] == [1, 1, 1]
    only = await house.call(
        "iam", "ListEntitiesForPolicy", {"PolicyArn": ARN, "PolicyUsageFilter": "PermissionsBoundary"}
    )
    assert [len(only[key]) for key in ("PolicyUsers", "PolicyGroups", "PolicyRoles")] == [1, 0, 0]
    only = await house.call("iam", "ListEntitiesForPolicy", {"PolicyArn": ARN, "EntityFilter": "Role"})
    assert only["PolicyRoles"][0]["RoleName"] == "r"
    assert only["PolicyUsers"] == []
    error = await house.fails("iam", "DeletePolicy", {"PolicyArn": ARN})
    assert (error.code, error.message) == ("DeleteConflict", "Cannot delete a policy attached to entities.")
    for kind, name in (("User", "u"), ("Group", "g"), ("Role", "r")):
        await house.call("iam", f"Detach{kind}Policy", {f"{kind}Name": name, "PolicyArn": ARN})
    error = await house.fails("iam", "DeletePolicy", {"PolicyArn": ARN})
    assert error.code == "DeleteConflict"
    await house.call("iam", "DeleteUserPermissionsBoundary", {"UserName": "u"})
    error = await house.fails("iam", "DetachRolePolicy", {"RoleName": "r", "PolicyArn": ARN})
    assert (error.code, error.message) == ("NoSuchEntity", f"Policy {ARN} was not found.")
    await house.call("iam", "DeletePolicy", {"PolicyArn": ARN})


async def test_entities_of_a_policy_in_pages(house: House) -> None:
    await create(house)
    for number in range(5):
        await house.call("iam", "CreateUser", {"UserName": f"u{number}"})
        await house.call("iam", "AttachUserPolicy", {"UserName": f"u{number}", "PolicyArn": ARN})
    seen: list[str] = []
    params: dict[str, Any] = {"PolicyArn": ARN, "MaxItems": 2}
    while True:
        answer = await house.call("iam", "ListEntitiesForPolicy", params)
        assert len(answer["PolicyUsers"]) <= 2
        seen += [each["UserName"] for each in answer["PolicyUsers"]]
        if not answer["IsTruncated"]:
            break
        params["Marker"] = answer["Marker"]
    assert sorted(seen) == [f"u{number}" for number in range(5)]


async def test_ten_policies_for_a_role_at_most(house: House) -> None:
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    arns = [(await create(house, f"p{number}"))["Arn"] for number in range(11)]
    attach = [house.call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": arn}) for arn in arns[:10]]
    await asyncio.gather(*attach)
    error = await house.fails("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": arns[10]})
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10")


async def test_a_policy_is_deleted_or_attached_never_both(house: House) -> None:
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    for number in range(8):
        arn = (await create(house, f"p{number}"))["Arn"]
        await asyncio.gather(
            house.call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": arn}),
            house.call("iam", "DeletePolicy", {"PolicyArn": arn}),
            return_exceptions=True,
        )
        attached = await house.call("iam", "ListAttachedRolePolicies", {"RoleName": "r"})
        listed = await house.call("iam", "ListPolicies", {"Scope": "Local"})
        assert {each["PolicyArn"] for each in attached["AttachedPolicies"]} == {
            each["Arn"] for each in listed["Policies"]
        }


async def test_aws_policies(house: House) -> None:
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    await house.call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": BASIC})
    shown = (await house.call("iam", "GetPolicy", {"PolicyArn": BASIC}))["Policy"]
    assert (shown["Path"], shown["AttachmentCount"]) == ("/service-role/", 1)
    version = await house.call("iam", "GetPolicyVersion", {"PolicyArn": BASIC, "VersionId": "v1"})
    actions = json.loads(unquote(version["PolicyVersion"]["Document"]))["Statement"][0]["Action"]
    assert "logs:PutLogEvents" in actions
    attached = (await house.call("iam", "ListPolicies", {"OnlyAttached": True}))["Policies"]
    assert [each["Arn"] for each in attached] == [BASIC]
    assert (await house.call("iam", "GetPolicy", {"PolicyArn": BASIC}, account="222222222222"))["Policy"][
        "AttachmentCount"
    ] == 0
    unknown = "arn:aws:iam::aws:policy/AWSLambdaFullAccess"
    error = await house.fails("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": unknown})
    assert error.message == f"Policy {unknown} does not exist or is not attachable."
    error = await house.fails("iam", "DeletePolicy", {"PolicyArn": BASIC})
    assert (error.code, error.message) == ("AccessDenied", "Policy is outside your own account.")


async def test_policies_of_service_linked_roles_are_known_by_name_alone(house: House) -> None:
    arn = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy"
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust()})
    error = await house.fails("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": arn})
    assert error.code == "PolicyNotAttachable"
    error = await house.fails("iam", "GetPolicyVersion", {"PolicyArn": arn, "VersionId": "v1"})
    assert (error.code, error.status) == ("NotImplemented", 501)
    assert "AmazonECSServiceRolePolicy" in error.message


@pytest.mark.parametrize("scope", ["All", "AWS", "Local"])
async def test_lists_in_pages(house: House, scope: str) -> None:
    local = [(await create(house, f"p{number}"))["Arn"] for number in range(3)]
    aws = [known.arn("aws") for known in aws_policies.catalogue().values()]
    seen: list[str] = []
    params: dict[str, Any] = {"Scope": scope, "MaxItems": 7}
    while True:
        answer = await house.call("iam", "ListPolicies", params)
        seen += [each["Arn"] for each in answer["Policies"]]
        if not answer["IsTruncated"]:
            break
        assert len(answer["Policies"]) == 7
        params["Marker"] = answer["Marker"]
    assert seen == {"All": local + aws, "AWS": aws, "Local": local}[scope]


def test_our_aws_policies_are_wellformed() -> None:
    documents = [known.document for known in aws_policies.catalogue().values() if known.document]
    assert len(documents) > 50
    for document in documents:
        identity_policies.check(document)


async def test_inline_policies(house: House) -> None:
    await house.call("iam", "CreateGroup", {"GroupName": "g"})
    for name in ("b", "a", "c"):
        params = {"GroupName": "g", "PolicyName": name, "PolicyDocument": policy()}
        await house.call("iam", "PutGroupPolicy", params)
    first = await house.call("iam", "ListGroupPolicies", {"GroupName": "g", "MaxItems": 2})
    assert (first["PolicyNames"], first["IsTruncated"]) == (["a", "b"], True)
    rest = await house.call("iam", "ListGroupPolicies", {"GroupName": "g", "Marker": first["Marker"]})
    assert (rest["PolicyNames"], rest["IsTruncated"]) == (["c"], False)
    missing = {"GroupName": "g", "PolicyName": "x"}
    for operation in ("GetGroupPolicy", "DeleteGroupPolicy"):
        error = await house.fails("iam", operation, missing)
        assert error.message == "The group policy with name x cannot be found."
    error = await house.fails("iam", "DeleteGroup", {"GroupName": "g"})
    assert error.message == "Cannot delete entity, must delete policies first."


async def test_inline_policies_share_one_quota_that_counts_no_white_space(house: House) -> None:
    await house.call("iam", "CreateUser", {"UserName": "u"})
    half = policy([f"s3:{'a' * 900}"])
    for name in ("one", "two"):
        spread = half.replace(" ", " " * 1000)
        await house.call(
            "iam", "PutUserPolicy", {"UserName": "u", "PolicyName": name, "PolicyDocument": spread}
        )
    params = {"UserName": "u", "PolicyName": "three", "PolicyDocument": half}
    error = await house.fails("iam", "PutUserPolicy", params)
    assert (error.code, error.message) == (
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user u",
    )
    await house.call("iam", "PutUserPolicy", params | {"PolicyName": "two"})


async def test_markers_of_others_are_refused(house: House) -> None:
    await create(house, "a")
    await create(house, "b")
    marker = (await house.call("iam", "ListPolicies", {"Scope": "Local", "MaxItems": 1}))["Marker"]
    changed = ("A" if marker[0] != "A" else "B") + marker[1:]
    for operation, wrong in (("ListUsers", marker), ("ListPolicies", changed), ("ListPolicies", "%%%")):
        error = await house.fails("iam", operation, {"Marker": wrong})
        assert (error.code, error.status) == ("ValidationError", 400)
