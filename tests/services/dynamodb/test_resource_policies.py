"""Resource policies of tables and streams: documents, revisions, what is refused. Who is let in is in tests/app."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
MALFORMED = INVALID + "Invalid policy document: "
ACCOUNT = "000000000000"
ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/ttt"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
NONE = "Resource-based policy not found for the provided ResourceArn: "


def statement(**more: Any) -> dict[str, Any]:
    plain = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "dynamodb:GetItem", "Resource": ARN}
    return plain | more


def document(*statements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements or (statement(),))} | more)


async def put(db: Dynamo, policy: str, arn: str = ARN, **more: Any) -> str:
    answer = await db.call("PutResourcePolicy", ResourceArn=arn, Policy=policy, **more)
    return str(answer["RevisionId"])


async def test_a_policy_comes_goes_and_leaves_its_revision(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    assert await db.fails("GetResourcePolicy", ResourceArn=ARN) == ("PolicyNotFoundException", NONE + ARN)
    assert await db.call("DeleteResourcePolicy", ResourceArn=ARN) == {}
    first = await put(db, document())
    assert first == str(db.clock.now_ms())
    text = document().replace(": ", ":").replace(", ", ",")
    assert await db.call("GetResourcePolicy", ResourceArn=ARN) == {"Policy": text, "RevisionId": first}
    await db.clock.advance_ms(1000)
    same = document(
        statement(Principal={"AWS": [ACCOUNT, ROOT]}, Action=["dynamodb:GetItem"], Effect="allow")
    )
    assert await put(db, same) == first
    second = await put(db, document(statement(Action="dynamodb:Query")))
    assert int(second) == int(first) + 1000
    assert await db.call("DeleteResourcePolicy", ResourceArn=ARN) == {"RevisionId": second}
    gone = await db.call("DeleteResourcePolicy", ResourceArn=ARN)
    assert int(gone["RevisionId"]) == int(second) + 1
    assert (await db.fails("GetResourcePolicy", ResourceArn=ARN))[0] == "PolicyNotFoundException"


async def test_one_without_a_version_is_another(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    first = await put(db, json.dumps({"Statement": statement()}))
    found = await db.call("GetResourcePolicy", ResourceArn=ARN)
    assert json.loads(found["Policy"])["Version"] == "2008-10-17"
    assert isinstance(json.loads(found["Policy"])["Statement"], list)
    assert await put(db, json.dumps({"Statement": [statement()]})) == first
    assert await put(db, found["Policy"]) != first


async def test_a_revision_that_is_expected(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    asked = NONE + "Requested update for policy with revision id 1, but "
    for operation, more in (("PutResourcePolicy", {"Policy": document()}), ("DeleteResourcePolicy", {})):
        assert await db.fails(operation, ResourceArn=ARN, ExpectedRevisionId="1", **more) == (
            "PolicyNotFoundException",
            asked + "table ttt has no associated policy.",
        )
    revision = await put(db, document(), ExpectedRevisionId="NO_POLICY")
    other = document(statement(Action="dynamodb:Query"))
    assert await db.fails(
        "PutResourcePolicy", ResourceArn=ARN, ExpectedRevisionId="NO_POLICY", Policy=other
    ) == (
        "PolicyNotFoundException",
        f"{NONE}Requested policy update expecting none to be present for table ttt, but a policy exists with revision id "
        f"{revision}.",
    )
    assert await db.fails("DeleteResourcePolicy", ResourceArn=ARN, ExpectedRevisionId="1") == (
        "PolicyNotFoundException",
        f"{asked}the policy associated to target table ttt has revision id {revision}.",
    )
    assert await put(db, other, ExpectedRevisionId=revision) != revision


async def test_one_that_a_table_is_made_with(db: Dynamo) -> None:
    made = await db.create("ttt", "pk:S", ResourcePolicy=document())
    assert not any("Policy" in member for member in made["TableDescription"])
    assert (await db.call("GetResourcePolicy", ResourceArn=ARN))["RevisionId"]
    await db.call("DeleteTable", TableName="ttt")
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: ttt not found")
    assert await db.fails("GetResourcePolicy", ResourceArn=ARN) == missing
    await db.create("ttt", "pk:S")
    assert (await db.fails("GetResourcePolicy", ResourceArn=ARN))[0] == "PolicyNotFoundException"


async def test_a_stream_has_its_own(db: Dynamo) -> None:
    made = await db.create("ttt", "pk:S", stream="NEW_IMAGE")
    stream = made["TableDescription"]["LatestStreamArn"]
    await put(db, document(statement(Action="dynamodb:GetRecords", Resource=stream)), stream)
    assert (await db.fails("GetResourcePolicy", ResourceArn=ARN))[0] == "PolicyNotFoundException"
    assert "GetRecords" in (await db.call("GetResourcePolicy", ResourceArn=stream))["Policy"]
    assert await db.fails("GetResourcePolicy", ResourceArn=f"{ARN}/stream/2020") == (
        "ResourceNotFoundException",
        "Requested resource not found: Stream: 2020 not found for Table: ttt",
    )


async def test_nobody_shuts_himself_out_by_mistake(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    deny = document(statement(Effect="Deny", Principal="*", Action="dynamodb:Put*"))
    assert await db.fails("PutResourcePolicy", ResourceArn=ARN, Policy=deny) == (
        "AccessDeniedException",
        "The new resource policy will not allow you to update the resource policy in the future.",
    )
    await put(db, deny, ConfirmRemoveSelfResourceAccess=True)


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("", MALFORMED + "This policy contains invalid Json"),
        ("[]", MALFORMED + "This policy contains invalid Json"),
        ("null", MALFORMED + "This text appears not to be a policy"),
        ("{}", MALFORMED + "Syntax error at position (1,3)"),
        (document(Statement=[]), MALFORMED + "Could not parse the policy: Statement is empty!"),
        (document({}), MALFORMED + "Missing required field Effect"),
        (
            json.dumps({"Statement": {key: v for key, v in statement().items() if key != "Resource"}}),
            MALFORMED + "Missing required field Resource",
        ),
        (
            document(statement(Sid="a"), statement(Sid="a")),
            MALFORMED + "The Statement Ids in the policy are not unique",
        ),
        (
            document(statement(Principal={"AWS": "*"})),
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
            "least-privilege form of access",
        ),
        (
            document(statement(Principal={"AWS": "nobody"})),
            INVALID + "Invalid principal in policy document.",
        ),
        (document(statement(Conditions={})), MALFORMED + "Unknown field Conditions"),
        (document(Statements=[]), MALFORMED + "Unknown field Statements"),
        (
            document(statement(Condition={"StringEqual": {"aws:username": "a"}})),
            MALFORMED + "Invalid Condition type : StringEqual",
        ),
        (document(statement(Principal={"aws": ROOT})), MALFORMED + "Unknown field aws"),
        (
            document(statement(Principal="*", Condition={})),
            "Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure "
            "least-privilege form of access",
        ),
        (document() + " " * 20_480, INVALID + "Maximum policy size of 20480 bytes exceeded"),
    ],
)
async def test_documents_that_are_refused(db: Dynamo, policy: str, message: str) -> None:
    await db.create("ttt", "pk:S")
    assert await db.fails("PutResourcePolicy", ResourceArn=ARN, Policy=policy) == (VALIDATION, message)


@pytest.mark.parametrize(
    "broken",
    [
        {"Sid": {}},
        {"Principal": {}},
        {"Principal": {"AWS": [[]]}},
        {"Action": []},
        {"Resource": {"a": "b"}},
        {"Resource": [None]},
        {"Condition": []},
        {"Condition": {"StringEquals": ["a"]}},
        {"Condition": {"StringEquals": {"aws:username": {}}}},
    ],
)
async def test_statements_of_the_wrong_shape_are_refused(db: Dynamo, broken: dict[str, Any]) -> None:
    await db.create("ttt", "pk:S")
    code, message = await db.fails("PutResourcePolicy", ResourceArn=ARN, Policy=document(statement(**broken)))
    assert (code, message.startswith(MALFORMED + "Syntax error at position")) == (VALIDATION, True)


async def test_conditions_may_use_every_operator(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    condition = {
        "StringEqualsIfExists": {"aws:username": ["a", "b"]},
        "ForAnyValue:StringNotLike": {"dynamodb:Attributes": "a*"},
        "ForAllValues:StringEqualsIgnoreCase": {"dynamodb:LeadingKeys": ["${aws:username}"]},
        "NumericLessThanEquals": {"aws:MultiFactorAuthAge": 3600},
        "DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"},
        "Bool": {"aws:SecureTransport": True},
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
        "NotIpAddress": {"aws:SourceIp": "10.0.0.1"},
        "ArnNotLikeIfExists": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"},
        "BinaryEquals": {"aws:x": "QUJD"},
        "Null": {"aws:TokenIssueTime": "true"},
    }
    await put(db, document(statement(Principal="*", Condition=condition)))


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("ttt", INVALID + "ARNs must start with 'arn:': ttt"),
        (
            f"{ARN}/index/byg",
            INVALID
            + "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: "
            f"{ARN}/index/byg",
        ),
        (f"{ARN}/backup/01", f"{INVALID}Provided Arn is not a DynamoDB resource arn: {ARN}/backup/01"),
        (
            ARN.replace(ACCOUNT, "1" * 12),
            "This action is only supported by accounts that match the resource owner’s account.",
        ),
        (
            ARN.replace("us-east-1", "eu-west-1"),
            f"{INVALID}Invalid resource Arn: {ARN.replace('us-east-1', 'eu-west-1')}",
        ),
    ],
)
async def test_arns_that_are_refused(db: Dynamo, arn: str, message: str) -> None:
    assert await db.fails("GetResourcePolicy", ResourceArn=arn) == (VALIDATION, message)
