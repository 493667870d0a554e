"""Tags of tables: what AWS refuses of them, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo

VALIDATION = "ValidationException"
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/ttt"


def tags(**given: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in given.items()]


@pytest.mark.parametrize(
    ("operation", "more", "message"),
    [
        ("TagResource", {"Tags": []}, "Atleast one Tag needs to be provided as Input."),
        ("UntagResource", {"TagKeys": []}, "Atleast one Tag Key needs to be provided as Input."),
        ("UntagResource", {"TagKeys": [""]}, "The Tag Key provided is invalid, Key: "),
        ("TagResource", {"Tags": tags(**{"a;": "x"})}, "The Tag Key provided is invalid, Key: a;"),
        ("TagResource", {"Tags": [{}]}, "The Tag Key provided is invalid, Key: null"),
        ("TagResource", {"Tags": [{"Key": "a"}]}, "The Tag Value provided is invalid, Value: null"),
        ("TagResource", {"Tags": tags(a="x;")}, "The Tag Value provided is invalid, Value: x;"),
        ("TagResource", {"Tags": tags(**{"aws:x": "y"})}, "Tag Key cannot be prefixed with aws:, Key: aws:x"),
        (
            "TagResource",
            {"Tags": tags(a="1") + tags(a="2")},
            "Duplicate Tag Keys provided as input: Duplicate Tag Key found a",
        ),
        (
            "TagResource",
            {"Tags": tags(**{f"k{n}": "" for n in range(51)})},
            "Number of Tags exceed the current limit for the provided ResourceArn",
        ),
    ],
)
async def test_tags_that_are_refused(db: Dynamo, operation: str, more: dict[str, Any], message: str) -> None:
    await db.create("ttt", "pk:S")
    assert await db.fails(operation, ResourceArn=ARN, **more) == (VALIDATION, message)
    assert await db.call("ListTagsOfResource", ResourceArn=ARN) == {"Tags": []}


async def test_fifty_are_the_most_altogether(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", Tags=tags(**{f"k{n}": "" for n in range(50)}))
    await db.call("TagResource", ResourceArn=ARN, Tags=tags(k1="again"))
    assert await db.fails("TagResource", ResourceArn=ARN, Tags=tags(other="one")) == (
        VALIDATION,
        "Number of Tags exceed the current limit for the provided ResourceArn",
    )
    found = await db.call("ListTagsOfResource", ResourceArn=ARN)
    seen = found["Tags"]
    while "NextToken" in found:
        found = await db.call("ListTagsOfResource", ResourceArn=ARN, NextToken=found["NextToken"])
        seen += found["Tags"]
    assert len(seen) == 50 and {"Key": "k1", "Value": "again"} in seen


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        ("ttt", (VALIDATION, "One or more parameter values were invalid: ARNs must start with 'arn:': ttt")),
        (ARN.replace("0" * 12, "1" * 12), ("AccessDeniedException", "Access is denied")),
        (
            ARN.replace("us-east-1", "eu-west-1"),
            (
                VALIDATION,
                "Invalid TableArn: Invalid ResourceArn provided as input "
                + ARN.replace("us-east-1", "eu-west-1"),
            ),
        ),
        (
            ARN + "/index/byg",
            (
                VALIDATION,
                "One or more parameter values were invalid: Invalid resource arn provided, only table or stream is accepted. "
                f"Provided resource arn: {ARN}/index/byg",
            ),
        ),
        (
            ARN + "x",
            ("ResourceNotFoundException", f"Requested resource not found: ResourceArn: {ARN}x not found"),
        ),
    ],
)
async def test_whose_they_are(db: Dynamo, arn: str, found: tuple[str, str]) -> None:
    await db.create("ttt", "pk:S")
    for operation, more in (
        ("ListTagsOfResource", {}),
        ("TagResource", {"Tags": tags(a="b")}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ):
        assert await db.fails(operation, ResourceArn=arn, **more) == found
