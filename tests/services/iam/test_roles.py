from __future__ import annotations

import asyncio
import json
from urllib.parse import unquote

import pytest

from fogbank.core import limits
from fogbank.core.errors import AwsError
from tests.services.iam.support import ACCOUNT, BASIC, policy, trust
from tests.support.house import House


async def create(house: House, name: str = "role", **more: object) -> dict[str, object]:
    params = {"RoleName": name, "AssumeRolePolicyDocument": trust(), **more}
    role: dict[str, object] = (await house.call("iam", "CreateRole", params))["Role"]
    return role


async def test_a_name_is_taken_whatever_its_case(house: House) -> None:
    await create(house, "Deploy")
    error = await house.fails(
        "iam", "CreateRole", {"RoleName": "DEPLOY", "AssumeRolePolicyDocument": trust()}
    )
    assert (error.code, error.status) == ("EntityAlreadyExists", 409)
    assert error.message == "Role with name DEPLOY already exists."
    found = await house.call("iam", "GetRole", {"RoleName": "deploy"})
    assert found["Role"]["RoleName"] == "Deploy"


async def test_missing(house: House) -> None:
    error = await house.fails("iam", "GetRole", {"RoleName": "nobody"})
    assert (error.code, error.status) == ("NoSuchEntity", 404)
    assert error.message == "The role with name nobody cannot be found."


async def test_full_role_reads_back(house: House) -> None:
    boundary = await house.call("iam", "CreatePolicy", {"PolicyName": "b", "PolicyDocument": policy()})
    arn = boundary["Policy"]["Arn"]
    await create(
        house,
        Path="/app/",
        Description="does it",
        MaxSessionDuration=7200,
        PermissionsBoundary=arn,
        Tags=[{"Key": "team", "Value": "a"}],
    )
    role = (await house.call("iam", "GetRole", {"RoleName": "role"}))["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/app/role"
    assert role["RoleId"].startswith("AROA")
    assert role["Description"] == "does it"
    assert role["MaxSessionDuration"] == 7200
    assert role["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": arn,
    }
    assert role["Tags"] == [{"Key": "team", "Value": "a"}]
    assert role["RoleLastUsed"] == {}
    assert role["CreateDate"] % 1000 == 0
    assert json.loads(unquote(role["AssumeRolePolicyDocument"])) == json.loads(trust())


async def test_update(house: House) -> None:
    await create(house, Description="old")
    await house.call("iam", "UpdateRole", {"RoleName": "role", "MaxSessionDuration": 43200})
    shown = await house.call("iam", "UpdateRoleDescription", {"RoleName": "role", "Description": "new"})
    assert shown["Role"]["Description"] == "new"
    role = (await house.call("iam", "GetRole", {"RoleName": "role"}))["Role"]
    assert (role["MaxSessionDuration"], role["Description"]) == (43200, "new")


async def test_deletion_waits_for_what_hangs_on_the_role(house: House) -> None:
    await create(house)
    await house.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "p"})
    both = {"InstanceProfileName": "p", "RoleName": "role"}
    await house.call("iam", "AddRoleToInstanceProfile", both)
    await house.call("iam", "AttachRolePolicy", {"RoleName": "role", "PolicyArn": BASIC})
    inline = {"RoleName": "role", "PolicyName": "in", "PolicyDocument": policy()}
    await house.call("iam", "PutRolePolicy", inline)
    for message, operation, params in (
        ("remove roles from instance profile first.", "RemoveRoleFromInstanceProfile", both),
        ("detach all policies first.", "DetachRolePolicy", {"RoleName": "role", "PolicyArn": BASIC}),
        ("delete policies first.", "DeleteRolePolicy", {"RoleName": "role", "PolicyName": "in"}),
    ):
        error = await house.fails("iam", "DeleteRole", {"RoleName": "role"})
        assert (error.code, error.status) == ("DeleteConflict", 409)
        assert error.message == f"Cannot delete entity, must {message}"
        await house.call("iam", operation, params)
    await house.call("iam", "DeleteRole", {"RoleName": "role"})
    assert (await house.call("iam", "ListRoles"))["Roles"] == []


async def test_a_role_made_anew_has_another_id(house: House) -> None:
    first = await create(house)
    await house.call("iam", "DeleteRole", {"RoleName": "role"})
    assert (await create(house))["RoleId"] != first["RoleId"]


async def test_quota(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.services.iam.entities.IAM_ROLES_MAX", 2)
    await create(house, "a")
    await create(house, "b")
    error = await house.fails("iam", "CreateRole", {"RoleName": "c", "AssumeRolePolicyDocument": trust()})
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 2")


async def test_accounts_and_partitions_are_apart(house: House) -> None:
    await create(house)
    assert (await house.call("iam", "ListRoles", account="111111111111"))["Roles"] == []
    assert (await house.call("iam", "ListRoles", region="cn-north-1"))["Roles"] == []
    assert len((await house.call("iam", "ListRoles", region="eu-west-1"))["Roles"]) == 1


async def test_pages(house: House) -> None:
    names = [f"role-{number:03d}" for number in range(7)]
    for name in names:
        await create(house, name, Path="/a/" if int(name[-1]) % 2 else "/b/")
    seen: list[str] = []
    params: dict[str, object] = {"MaxItems": 2, "PathPrefix": "/b/"}
    for _ in range(10):
        answer = await house.call("iam", "ListRoles", params)
        seen += [role["RoleName"] for role in answer["Roles"]]
        assert len(answer["Roles"]) <= 2
        if not answer["IsTruncated"]:
            break
        params["Marker"] = answer["Marker"]
    assert seen == names[::2]


async def test_service_linked_roles_are_their_services(house: House) -> None:
    await house.call("iam", "CreateServiceLinkedRole", {"AWSServiceName": "ecs.amazonaws.com"})
    name = "AWSServiceRoleForECS"
    for operation, params in (
        ("DeleteRole", {"RoleName": name}),
        ("AttachRolePolicy", {"RoleName": name, "PolicyArn": BASIC}),
        ("UpdateAssumeRolePolicy", {"RoleName": name, "PolicyDocument": trust()}),
        ("PutRolePolicy", {"RoleName": name, "PolicyName": "p", "PolicyDocument": policy()}),
    ):
        error = await house.fails("iam", operation, params)
        assert error.code == "UnmodifiableEntity"
    await create(house)
    error = await house.fails("iam", "DeleteServiceLinkedRole", {"RoleName": "role"})
    assert error.code == "InvalidInput"
    error = await house.fails("iam", "CreateServiceLinkedRole", {"AWSServiceName": "nobody.amazonaws.com"})
    assert (error.code, error.status) == ("NotImplemented", 501)
    assert "nobody.amazonaws.com" in error.message


async def test_many_at_once_change_one_role(house: House) -> None:
    await create(house)
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(20)]
    await asyncio.gather(*(house.call("iam", "TagRole", {"RoleName": "role", "Tags": [tag]}) for tag in tags))
    shown = await house.call("iam", "ListRoleTags", {"RoleName": "role"})
    assert sorted(tag["Key"] for tag in shown["Tags"]) == sorted(tag["Key"] for tag in tags)


async def test_one_of_many_creates_wins(house: House) -> None:
    answers = await asyncio.gather(*(create(house) for _ in range(8)), return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, AwsError)]
    assert len(lost) == 7
    assert {error.code for error in lost} == {"EntityAlreadyExists"}


async def test_tags(house: House) -> None:
    await create(house, Tags=[{"Key": "A", "Value": "1"}, {"Key": "b", "Value": "2"}])
    await house.call("iam", "TagRole", {"RoleName": "role", "Tags": [{"Key": "a", "Value": "3"}]})
    shown = await house.call("iam", "ListRoleTags", {"RoleName": "role"})
    assert {tag["Key"]: tag["Value"] for tag in shown["Tags"]} == {"a": "3", "b": "2"}
    await house.call("iam", "UntagRole", {"RoleName": "role", "TagKeys": ["B", "not-there"]})
    shown = await house.call("iam", "ListRoleTags", {"RoleName": "role"})
    assert shown["Tags"] == [{"Key": "a", "Value": "3"}]
    twice = [{"Key": "x", "Value": ""}, {"Key": "X", "Value": ""}]
    error = await house.fails("iam", "TagRole", {"RoleName": "role", "Tags": twice})
    assert error.code == "InvalidInput"
    many = [{"Key": f"k{number}", "Value": ""} for number in range(limits.IAM_TAGS_MAX)]
    error = await house.fails("iam", "TagRole", {"RoleName": "role", "Tags": many})
    assert error.code == "LimitExceeded"


async def test_last_use_is_shown(house: House) -> None:
    role = await create(house)
    note = {
        "realm": ("aws", ACCOUNT),
        "id": role["RoleId"],
        "used_service": "sts",
        "used_region": "eu-west-1",
    }
    await house.internal("iam", "note_use", **note)
    first_ms = house.clock.now_ms()
    await house.clock.advance_ms(1000)
    await house.internal("iam", "note_use", **note)
    shown = (await house.call("iam", "GetRole", {"RoleName": "role"}))["Role"]["RoleLastUsed"]
    assert shown == {"LastUsedDate": first_ms, "Region": "eu-west-1"}
    await house.clock.advance_ms(120_000)
    await house.internal("iam", "note_use", **note)
    shown = (await house.call("iam", "GetRole", {"RoleName": "role"}))["Role"]["RoleLastUsed"]
    assert shown["LastUsedDate"] == house.clock.now_ms()


async def test_resolve_role_wants_the_exact_arn(house: House) -> None:
    role = await create(house, "Role", Path="/x/", Tags=[{"Key": "k", "Value": "v"}])
    found = await house.internal("iam", "resolve_role", role_arn=role["Arn"])
    assert (found["RoleId"], found["MaxSessionDuration"]) == (role["RoleId"], 3600)
    assert found["Tags"] == {"k": "v"}
    for wrong in ("Role", str(role["Arn"]).lower(), f"arn:aws:iam::{ACCOUNT}:role/Role", "arn:aws:iam::x"):
        assert await house.internal("iam", "resolve_role", role_arn=wrong) is None
