"""Resource policies of functions, versions, aliases and layers."""

from __future__ import annotations

import json
from typing import Any

from tests.services.lambda_.fakes import ARN, LambdaHouse, pack

LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:shared:1"


async def add(house: LambdaHouse, statement_id: str = "s", **more: Any) -> dict[str, Any]:
    params = {
        "FunctionName": "f",
        "StatementId": statement_id,
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
    }
    answer = await house.do("AddPermission", **params | more)
    statement: dict[str, Any] = json.loads(answer["Statement"])
    return statement


async def test_statements_as_lambda_writes_them(house: LambdaHouse) -> None:
    await house.create()
    assert await add(house, SourceArn="arn:aws:s3:::bucket", SourceAccount="111111111111") == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": ARN,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "111111111111"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        },
    }
    account = await add(house, "account", Principal="111111111111", PrincipalOrgID="o-1234567890")
    assert account["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert account["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
    everyone = await add(
        house, "url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE"
    )
    assert everyone["Principal"] == "*"
    assert everyone["Condition"] == {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}
    role = "arn:aws:iam::111111111111:role/path/r"
    assert (await add(house, "role", Principal=role))["Principal"] == {"AWS": role}
    policy = json.loads((await house.do("GetPolicy", FunctionName="f"))["Policy"])
    assert (policy["Version"], policy["Id"]) == ("2012-10-17", "default")
    assert [statement["Sid"] for statement in policy["Statement"]] == ["s", "account", "url", "role"]


async def test_what_is_refused(house: LambdaHouse) -> None:
    await house.create()
    await add(house)
    base = {
        "FunctionName": "f",
        "StatementId": "t",
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
    }
    code, message = await house.refuses("AddPermission", **base | {"StatementId": "s"})
    assert code == "ResourceConflictException" and message.startswith(
        "The statement id (s) provided already exists"
    )
    assert await house.refuses("AddPermission", **base | {"Qualifier": "$LATEST"}) == (
        "InvalidParameterValueException",
        "We currently do not support adding policies for $LATEST.",
    )
    assert await house.refuses("AddPermission", **base | {"Principal": "nobody"}) == (
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    )
    assert await house.refuses("AddPermission", **base | {"FunctionUrlAuthType": "NONE"}) == (
        "InvalidParameterValueException",
        "lambda:FunctionUrlAuthType condition is only supported for lambda:InvokeFunctionUrl action",
    )
    code, message = await house.refuses("AddPermission", **base | {"Qualifier": "7"})
    assert (code, message) == ("ResourceNotFoundException", f"Function not found: {ARN}:7")
    code, message = await house.refuses("RemovePermission", FunctionName="f", StatementId="other")
    assert (code, message) == (
        "ResourceNotFoundException",
        "Statement other is not found in resource policy.",
    )


async def test_a_policy_is_as_long_as_lambda_allows(house: LambdaHouse) -> None:
    await house.create()
    number = 0
    while True:
        number += 1
        params = {
            "FunctionName": "f",
            "StatementId": f"{number:0100d}",
            "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com",
            "SourceArn": f"arn:aws:s3:::{'b' * 2000}",
        }
        if number == 10:
            break
        try:
            await house.do("AddPermission", **params)
        except Exception:
            break
    code, message = await house.refuses("AddPermission", **params)
    assert code == "PolicyLengthExceededException" and message.endswith("bigger than the limit (20480).")


async def test_a_change_of_the_policy_is_a_new_revision(house: LambdaHouse) -> None:
    await house.create(Publish=True)
    await house.settled("f", "1")
    await house.do("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
    for qualifier in (None, "1", "live"):
        name = {"FunctionName": "f"} | ({"Qualifier": qualifier} if qualifier else {})
        code, _ = await house.refuses("GetPolicy", **name)
        assert code == "ResourceNotFoundException"
        await add(house, **name)
        first = (await house.do("GetPolicy", **name))["RevisionId"]
        code, message = await house.refuses("RemovePermission", **name, StatementId="s", RevisionId="another")
        assert code == "PreconditionFailedException" and "Call the GetPolicy API" in message
        await add(house, "second", **name, RevisionId=first)
        assert (await house.do("GetPolicy", **name))["RevisionId"] != first
    alias = await house.do("GetAlias", FunctionName="f", Name="live")
    assert alias["RevisionId"] == (await house.do("GetPolicy", FunctionName="f:live"))["RevisionId"]
    await house.do("RemovePermission", FunctionName="f", StatementId="s")
    await house.do("RemovePermission", FunctionName="f", StatementId="second")
    code, _ = await house.refuses("GetPolicy", FunctionName="f")
    assert code == "ResourceNotFoundException"
    assert json.loads((await house.do("GetPolicy", FunctionName="f:1"))["Policy"])["Statement"]


async def test_layers_have_policies_too(house: LambdaHouse) -> None:
    await house.do("PublishLayerVersion", LayerName="shared", Content={"ZipFile": pack({"python/a.py": ""})})
    name = {"LayerName": "shared", "VersionNumber": 1}
    code, message = await house.refuses("GetLayerVersionPolicy", **name)
    assert (code, message) == (
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )
    grant = {"Action": "lambda:GetLayerVersion", "Principal": "111111111111"}
    added = await house.do("AddLayerVersionPermission", **name, StatementId="s", **grant)
    assert json.loads(added["Statement"]) == {
        "Sid": "s",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Action": "lambda:GetLayerVersion",
        "Resource": LAYER,
    }
    code, message = await house.refuses(
        "AddLayerVersionPermission", **name, StatementId="t", **grant, RevisionId="other"
    )
    assert code == "PreconditionFailedException" and "Call the GetLayerPolicy API" in message
    shown = await house.do("GetLayerVersionPolicy", **name)
    assert shown["RevisionId"] == added["RevisionId"]
    missing = {"LayerName": "shared", "VersionNumber": 9}
    code, message = await house.refuses("AddLayerVersionPermission", **missing, StatementId="s", **grant)
    assert message == f"Layer version {LAYER[:-1]}9 does not exist."
    await house.do("RemoveLayerVersionPermission", **name, StatementId="s")
    code, _ = await house.refuses("RemoveLayerVersionPermission", **name, StatementId="s")
    assert code == "ResourceNotFoundException"
