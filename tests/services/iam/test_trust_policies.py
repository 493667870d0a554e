from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest

from fogbank.services.iam import trust_policies
from fogbank.services.iam.policy_grammar import PolicyFault
from tests.services.iam.support import ACCOUNT, policy, trust
from tests.support.house import House

BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "This policy contains invalid Json"),
        (json.dumps({"Version": "2012-10-17"}), "Missing required field Statement"),
        (trust(Resource="*"), "Has prohibited field Resource"),
        (trust(Principals={}), "Unknown field Principals"),
        (policy(), "Has prohibited field Resource"),
        (
            json.dumps({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}),
            "Missing required field Principal",
        ),
        (trust(action="s3:GetObject"), "AssumeRole policy may only specify STS AssumeRole actions."),
        (trust(action=[]), "Missing required field Action"),
        (trust({"Service": "lambda"}), 'Invalid principal in policy: "SERVICE":"lambda"'),
        (trust({"AWS": "bob"}), 'Invalid principal in policy: "AWS":"bob"'),
        (
            trust({"AWS": f"arn:aws:iam::{ACCOUNT}:group/g"}),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{ACCOUNT}:group/g"',
        ),
        (trust({"Federated": "example.com"}), 'Invalid principal in policy: "FEDERATED":"example.com"'),
    ],
)
def test_faults(text: str, fault: str) -> None:
    with pytest.raises(PolicyFault) as caught:
        trust_policies.check(text)
    assert str(caught.value) == fault


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ("*", set()),
        ({"AWS": "*"}, set()),
        ({"AWS": ACCOUNT}, set()),
        ({"AWS": [f"arn:aws:iam::{ACCOUNT}:root", BOB]}, {BOB}),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"}, set()),
        ({"Service": ["lambda.amazonaws.com", "states.eu-west-1.amazonaws.com"]}, set()),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}, set()),
    ],
)
def test_who_is_named(principal: Any, named: set[str]) -> None:
    assert trust_policies.check(trust(principal)) == named


async def document(house: House) -> Any:
    role = (await house.call("iam", "GetRole", {"RoleName": "r"}))["Role"]
    return json.loads(unquote(role["AssumeRolePolicyDocument"]))["Statement"][0]["Principal"]["AWS"]


async def test_a_principal_must_exist(house: House) -> None:
    params = {"RoleName": "r", "AssumeRolePolicyDocument": trust({"AWS": BOB})}
    error = await house.fails("iam", "CreateRole", params)
    assert (error.code, error.status) == ("MalformedPolicyDocument", 400)
    assert error.message == f'Invalid principal in policy: "AWS":"{BOB}"'
    await house.call("iam", "CreateUser", {"UserName": "bob"})
    await house.call("iam", "CreateRole", params)
    assert await document(house) == BOB


async def test_a_deleted_principal_shows_its_unique_id_for_good(house: House) -> None:
    user = (await house.call("iam", "CreateUser", {"UserName": "bob"}))["User"]
    principals = {"AWS": [BOB, ACCOUNT]}
    await house.call("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": trust(principals)})
    await house.call("iam", "DeleteUser", {"UserName": "bob"})
    root = f"arn:aws:iam::{ACCOUNT}:root"
    assert await document(house) == [user["UserId"], root]
    await house.call("iam", "CreateUser", {"UserName": "bob"})
    assert await document(house) == [user["UserId"], root]


async def test_a_trust_policy_has_2048_characters_at_most(house: House) -> None:
    many = trust({"Service": [f"service{number:04d}.amazonaws.com" for number in range(80)]})
    error = await house.fails("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": many})
    assert (error.code, error.message) == ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
