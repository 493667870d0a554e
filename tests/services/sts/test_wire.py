"""Keys that IAM and STS give out, used by real boto3 clients against a real server."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.services.iam.support import trust
from tests.support.wire import Wire


def test_a_users_key_signs_and_its_sessions_do(wire: Wire, account: str) -> None:
    admin = wire.client("iam", account)
    user = admin.create_user(UserName="bob")["User"]
    key = admin.create_access_key(UserName="bob")["AccessKey"]
    sts = wire.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
    assert sts.get_caller_identity()["Arn"] == user["Arn"]
    document = trust({"AWS": user["Arn"]})
    role = admin.create_role(RoleName="worker", AssumeRolePolicyDocument=document)["Role"]
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1")
    made = answer["Credentials"]
    session = wire.client("sts", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    identity = session.get_caller_identity()
    assert identity["UserId"] == f"{role['RoleId']}:s1"
    assert identity["Arn"] == f"arn:aws:sts::{account}:assumed-role/worker/s1"
    iam = wire.client("iam", made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    assert [each["RoleName"] for each in iam.list_roles()["Roles"]] == ["worker"]
    assert admin.get_role(RoleName="worker")["Role"]["AssumeRolePolicyDocument"] == json.loads(document)


def test_a_wrong_secret_is_refused(wire: Wire, account: str) -> None:
    admin = wire.client("iam", account)
    admin.create_user(UserName="bob")
    key = admin.create_access_key(UserName="bob")["AccessKey"]
    with pytest.raises(ClientError) as caught:
        wire.client("sts", key["AccessKeyId"], "x" * 40).get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"


def test_paginators_see_everything(wire: Wire, account: str) -> None:
    iam = wire.client("iam", account)
    names = [f"u{number:02d}" for number in range(23)]
    for name in names:
        iam.create_user(UserName=name)
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 5})
    assert [user["UserName"] for page in pages for user in page["Users"]] == names
