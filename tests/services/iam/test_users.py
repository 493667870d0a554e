from __future__ import annotations

import pytest

from fogbank.core.errors import AwsError
from fogbank.core.key_ids import account_of_key_id
from fogbank.model.principal import PrincipalType
from tests.services.iam.support import ACCOUNT, caller, policy, trust, user_principal
from tests.support.house import House


async def test_read_back(house: House) -> None:
    tags = [{"Key": "k", "Value": "v"}]
    created = await house.call("iam", "CreateUser", {"UserName": "Bob", "Path": "/a/", "Tags": tags})
    assert created["User"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/a/Bob"
    assert (await house.call("iam", "GetUser", {"UserName": "bob"}))["User"] == created["User"]
    assert "Tags" not in (await house.call("iam", "ListUsers"))["Users"][0]
    error = await house.fails("iam", "CreateUser", {"UserName": "BOB"})
    assert (error.code, error.message) == ("EntityAlreadyExists", "User with name BOB already exists.")


async def test_renaming_keeps_everything_that_hangs_on_the_user(house: House) -> None:
    user = (await house.call("iam", "CreateUser", {"UserName": "old"}))["User"]
    await house.call("iam", "CreateUser", {"UserName": "taken"})
    key = (await house.call("iam", "CreateAccessKey", {"UserName": "old"}))["AccessKey"]["AccessKeyId"]
    await house.call("iam", "CreateGroup", {"GroupName": "g"})
    await house.call("iam", "AddUserToGroup", {"GroupName": "g", "UserName": "old"})
    inline = {"UserName": "old", "PolicyName": "p", "PolicyDocument": policy()}
    await house.call("iam", "PutUserPolicy", inline)
    error = await house.fails("iam", "UpdateUser", {"UserName": "old", "NewUserName": "TAKEN"})
    assert error.code == "EntityAlreadyExists"
    await house.call("iam", "UpdateUser", {"UserName": "old", "NewUserName": "new", "NewPath": "/n/"})
    error = await house.fails("iam", "GetUser", {"UserName": "old"})
    assert error.message == "The user with name old cannot be found."
    renamed = (await house.call("iam", "GetUser", {"UserName": "new"}))["User"]
    assert (renamed["UserId"], renamed["Arn"]) == (user["UserId"], f"arn:aws:iam::{ACCOUNT}:user/n/new")
    assert (await house.call("iam", "ListUserPolicies", {"UserName": "new"}))["PolicyNames"] == ["p"]
    assert (await house.call("iam", "GetGroup", {"GroupName": "g"}))["Users"][0]["UserName"] == "new"
    found = await house.internal("iam", "find_access_key", access_key_id=key)
    assert found.principal.arn == renamed["Arn"]
    await house.call("iam", "UpdateUser", {"UserName": "new", "NewUserName": "NEW"})
    assert (await house.call("iam", "GetUser", {"UserName": "new"}))["User"]["UserName"] == "NEW"


async def test_deletion_waits_for_what_hangs_on_the_user(house: House) -> None:
    who = {"UserName": "bob"}
    await house.call("iam", "CreateUser", who)
    await house.call("iam", "CreateGroup", {"GroupName": "g"})
    member = {"GroupName": "g", "UserName": "bob"}
    await house.call("iam", "AddUserToGroup", member)
    key = (await house.call("iam", "CreateAccessKey", who))["AccessKey"]["AccessKeyId"]
    await house.call("iam", "CreateLoginProfile", who | {"Password": "Passw0rd!"})
    for message, operation, params in (
        ("remove users from group first", "RemoveUserFromGroup", member),
        ("delete access keys first", "DeleteAccessKey", who | {"AccessKeyId": key}),
        ("delete login profile first", "DeleteLoginProfile", who),
    ):
        error = await house.fails("iam", "DeleteUser", who)
        assert (error.code, error.message) == ("DeleteConflict", f"Cannot delete entity, must {message}.")
        await house.call("iam", operation, params)
    await house.call("iam", "DeleteUser", who)
    assert (await house.call("iam", "ListUsers"))["Users"] == []


async def test_access_keys(house: House) -> None:
    who = {"UserName": "bob"}
    await house.call("iam", "CreateUser", who)
    made = [(await house.call("iam", "CreateAccessKey", who))["AccessKey"] for _ in range(2)]
    error = await house.fails("iam", "CreateAccessKey", who)
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    first = made[0]
    assert len(first["AccessKeyId"]) == 20
    assert len(first["SecretAccessKey"]) == 40
    assert account_of_key_id(first["AccessKeyId"]) == ACCOUNT
    listed = (await house.call("iam", "ListAccessKeys", who))["AccessKeyMetadata"]
    assert {each["AccessKeyId"] for each in listed} == {each["AccessKeyId"] for each in made}
    assert all("SecretAccessKey" not in each for each in listed)
    key = {"AccessKeyId": first["AccessKeyId"]}
    found = await house.internal("iam", "find_access_key", access_key_id=first["AccessKeyId"])
    assert (found.secret, found.active) == (first["SecretAccessKey"], True)
    assert found.principal.type is PrincipalType.USER
    await house.call("iam", "UpdateAccessKey", who | key | {"Status": "Inactive"})
    found = await house.internal("iam", "find_access_key", access_key_id=first["AccessKeyId"])
    assert found.active is False
    await house.call("iam", "DeleteAccessKey", who | key)
    assert await house.internal("iam", "find_access_key", access_key_id=first["AccessKeyId"]) is None
    error = await house.fails("iam", "DeleteAccessKey", who | key)
    assert error.message == f"The Access Key with id {first['AccessKeyId']} cannot be found."


async def test_the_secret_is_not_in_the_store(house: House) -> None:
    await house.call("iam", "CreateUser", {"UserName": "bob"})
    made = (await house.call("iam", "CreateAccessKey", {"UserName": "bob"}))["AccessKey"]
    records = await house.store.scan(("iam",), limit=100)
    assert len(records) > 3
    assert not any(made["SecretAccessKey"].encode() in record.value for record in records)
    found = await house.internal("iam", "find_access_key", access_key_id=made["AccessKeyId"])
    assert made["SecretAccessKey"] not in repr(found)


async def test_last_use_of_a_key(house: House) -> None:
    principal = await user_principal(house, "bob")
    key = {"AccessKeyId": principal.access_key_id}
    used = await house.call("iam", "GetAccessKeyLastUsed", key)
    assert used == {"UserName": "bob", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    await house.internal(
        "iam",
        "note_use",
        realm=("aws", ACCOUNT),
        id=principal.access_key_id,
        used_service="s3",
        used_region="eu-west-1",
    )
    used = await house.call("iam", "GetAccessKeyLastUsed", key)
    assert used["AccessKeyLastUsed"]["ServiceName"] == "s3"
    with pytest.raises(AwsError, match="cannot be found"):
        await house.call("iam", "GetAccessKeyLastUsed", key, account="111111111111")


async def test_a_user_may_leave_its_own_name_out(house: House) -> None:
    bob = caller(await user_principal(house, "bob"))
    shown = await house.calls.call("iam", "GetUser", {}, bob)
    assert shown["User"]["UserName"] == "bob"
    keys = await house.calls.call("iam", "ListAccessKeys", {}, bob)
    assert [each["UserName"] for each in keys["AccessKeyMetadata"]] == ["bob"]
    error = await house.fails("iam", "ListAccessKeys")
    assert error.message == "Must specify userName when calling with non-User credentials"
    root = (await house.call("iam", "GetUser"))["User"]
    assert root["Arn"] == f"arn:aws:iam::{ACCOUNT}:root"


async def test_groups(house: House) -> None:
    await house.call("iam", "CreateGroup", {"GroupName": "Admins", "Path": "/x/"})
    error = await house.fails("iam", "CreateGroup", {"GroupName": "admins"})
    assert error.message == "Group with name admins already exists."
    for number in range(3):
        await house.call("iam", "CreateUser", {"UserName": f"u{number}"})
        await house.call("iam", "AddUserToGroup", {"GroupName": "Admins", "UserName": f"u{number}"})
    first = await house.call("iam", "GetGroup", {"GroupName": "Admins", "MaxItems": 2})
    rest = await house.call("iam", "GetGroup", {"GroupName": "Admins", "Marker": first["Marker"]})
    users = first["Users"] + rest["Users"]
    assert sorted(user["UserName"] for user in users) == ["u0", "u1", "u2"]
    await house.call("iam", "UpdateGroup", {"GroupName": "Admins", "NewGroupName": "Ops"})
    groups = (await house.call("iam", "ListGroupsForUser", {"UserName": "u0"}))["Groups"]
    assert [group["Arn"] for group in groups] == [f"arn:aws:iam::{ACCOUNT}:group/x/Ops"]
    error = await house.fails("iam", "DeleteGroup", {"GroupName": "Ops"})
    assert error.message == "Cannot delete entity, must remove users from group first."
    for number in range(3):
        await house.call("iam", "RemoveUserFromGroup", {"GroupName": "Ops", "UserName": f"u{number}"})
    await house.call("iam", "DeleteGroup", {"GroupName": "Ops"})


async def test_ten_groups_for_a_user_at_most(house: House) -> None:
    await house.call("iam", "CreateUser", {"UserName": "bob"})
    for number in range(11):
        await house.call("iam", "CreateGroup", {"GroupName": f"g{number}"})
    for number in range(10):
        await house.call("iam", "AddUserToGroup", {"GroupName": f"g{number}", "UserName": "bob"})
    error = await house.fails("iam", "AddUserToGroup", {"GroupName": "g10", "UserName": "bob"})
    assert error.message == "Cannot exceed quota for GroupsPerUser: 10"


async def test_instance_profiles(house: House) -> None:
    created = await house.call("iam", "CreateInstanceProfile", {"InstanceProfileName": "p"})
    assert created["InstanceProfile"]["Roles"] == []
    for name in ("r", "s"):
        await house.call("iam", "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trust()})
    both = {"InstanceProfileName": "p", "RoleName": "r"}
    await house.call("iam", "AddRoleToInstanceProfile", both)
    error = await house.fails("iam", "AddRoleToInstanceProfile", both | {"RoleName": "s"})
    assert error.message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"
    shown = (await house.call("iam", "GetInstanceProfile", {"InstanceProfileName": "p"}))["InstanceProfile"]
    assert [role["RoleName"] for role in shown["Roles"]] == ["r"]
    found = await house.call("iam", "ListInstanceProfilesForRole", {"RoleName": "r"})
    assert [profile["InstanceProfileName"] for profile in found["InstanceProfiles"]] == ["p"]
    error = await house.fails("iam", "DeleteInstanceProfile", {"InstanceProfileName": "p"})
    assert error.message == "Cannot delete entity, must remove roles from instance profile first."
    await house.call("iam", "RemoveRoleFromInstanceProfile", both)
    await house.call("iam", "DeleteInstanceProfile", {"InstanceProfileName": "p"})
    error = await house.fails("iam", "GetInstanceProfile", {"InstanceProfileName": "p"})
    assert error.message == "Instance Profile p cannot be found."
