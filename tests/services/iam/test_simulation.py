"""The policy simulator."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.services.iam.statement_positions import positions_of
from tests.services.iam.support import ACCOUNT
from tests.support.house import House

BUCKET = "arn:aws:s3:::b"


def document(*statements: dict[str, Any]) -> str:
    filled = [{"Effect": "Allow", "Resource": "*"} | each for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


async def simulate(house: House, *actions: str, **more: Any) -> list[dict[str, Any]]:
    answer = await house.call(
        "iam", "SimulateCustomPolicy", {"ActionNames": list(actions)} | more, account=ACCOUNT
    )
    found: list[dict[str, Any]] = answer["EvaluationResults"]
    return found


def decisions(results: list[dict[str, Any]]) -> list[str]:
    return [each["EvalDecision"] for each in results]


async def test_decisions_and_the_statements_behind_them(house: House) -> None:
    texts = [document({"Action": "s3:*"}), document({"Effect": "Deny", "Action": "s3:Delete*"})]
    found = await simulate(house, "s3:GetObject", "s3:DeleteObject", "sqs:SendMessage", PolicyInputList=texts)
    assert decisions(found) == ["allowed", "explicitDeny", "implicitDeny"]
    sources = [[one["SourcePolicyId"] for one in each["MatchedStatements"]] for each in found]
    assert sources == [["PolicyInputList.1"], ["PolicyInputList.2"], []]
    assert "ResourceSpecificResults" not in found[0]


async def test_the_strictest_decision_over_resources_is_the_actions(house: House) -> None:
    text = document({"Action": "s3:*", "Resource": f"{BUCKET}/open/*"})
    resources = [f"{BUCKET}/open/x", f"{BUCKET}/other"]
    (found,) = await simulate(house, "s3:GetObject", PolicyInputList=[text], ResourceArns=resources)
    assert found["EvalDecision"] == "implicitDeny"
    assert [each["EvalResourceDecision"] for each in found["ResourceSpecificResults"]] == [
        "allowed",
        "implicitDeny",
    ]


async def test_conditions_need_context_and_say_what_is_missing(house: House) -> None:
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    text = document({"Action": "s3:*", "Condition": condition})
    (found,) = await simulate(house, "s3:GetObject", PolicyInputList=[text])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    entry = {"ContextKeyName": "aws:SourceIp", "ContextKeyValues": ["10.1.2.3"], "ContextKeyType": "ip"}
    (found,) = await simulate(house, "s3:GetObject", PolicyInputList=[text], ContextEntries=[entry])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])


async def test_boundaries_and_resource_policies(house: House) -> None:
    text = document({"Action": "*"})
    boundary = document({"Action": "sqs:*"})
    (found,) = await simulate(
        house, "s3:GetObject", PolicyInputList=[text], PermissionsBoundaryPolicyInputList=[boundary]
    )
    assert found["EvalDecision"] == "implicitDeny"
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    caller = "arn:aws:iam::999999999999:user/u"
    statement = {"Action": "s3:*", "Principal": {"AWS": caller}}
    more = {"PolicyInputList": [text], "ResourceArns": [BUCKET], "CallerArn": caller}
    assert decisions(await simulate(house, "s3:GetObject", **more)) == ["implicitDeny"]
    more["ResourcePolicy"] = document(statement)
    assert decisions(await simulate(house, "s3:GetObject", **more)) == ["allowed"]


async def test_what_is_in_force_for_a_user(house: House) -> None:
    async def call(operation: str, **params: Any) -> dict[str, Any]:
        return await house.call("iam", operation, params, account=ACCOUNT)

    arn = (await call("CreateUser", UserName="u"))["User"]["Arn"]
    await call("CreateGroup", GroupName="g")
    await call("AddUserToGroup", GroupName="g", UserName="u")
    await call("PutGroupPolicy", GroupName="g", PolicyName="p", PolicyDocument=document({"Action": "s3:*"}))
    simulated = {"PolicySourceArn": arn, "ActionNames": ["s3:GetObject", "sqs:SendMessage"]}
    found = (await call("SimulatePrincipalPolicy", **simulated))["EvaluationResults"]
    assert decisions(found) == ["allowed", "implicitDeny"]
    page = await call("SimulatePrincipalPolicy", **simulated, MaxItems=1)
    assert page["IsTruncated"] and len(page["EvaluationResults"]) == 1
    error = await house.fails(
        "iam", "SimulatePrincipalPolicy", simulated | {"PolicySourceArn": arn + "x"}, account=ACCOUNT
    )
    assert error.code == "NoSuchEntity"


async def test_what_is_no_simulation(house: House) -> None:
    for wrong in (
        {"ActionNames": ["s3-Get"]},
        {"ActionNames": ["s3:*"]},
        {"ActionNames": ["s3:Get"], "ResourcePolicy": "{}"},
        {"ActionNames": ["s3:Get"], "ResourcePolicy": "[]", "CallerArn": "arn:aws:iam::1:user/u"},
    ):
        params = {"PolicyInputList": [document({"Action": "*"})]} | wrong
        assert (await house.fails("iam", "SimulateCustomPolicy", params)).code == "InvalidInput"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"Statement":{"a":1}}', [((1, 14), (1, 21))]),
        ('{\n  "Version": "x",\n  "Statement": [\n    {\n    },\n    {}\n  ]\n}', [((3, 17), (5, 6)), ((5, 7), (6, 7))]),
        ('{"Id":[1,{"Statement":2}],"Statement":[]}', []),
    ],
)  # fmt: skip
def test_positions(text: str, found: list[Any]) -> None:
    shown = [tuple((at["Line"], at["Column"]) for at in span) for span in positions_of(text)]
    assert shown == found
