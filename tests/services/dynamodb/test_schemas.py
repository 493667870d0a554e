"""CreateTable's schemas, indexes and settings: what AWS refuses, in its words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo, schema

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "
ALL = {"ProjectionType": "ALL"}


def index(name: str, keys: str, projection: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": schema(keys)[0], "Projection": projection or ALL} | more


def table(keys: str = "pk:S", defined: str = "", **more: Any) -> dict[str, Any]:
    return {
        "TableName": "ttt",
        "KeySchema": schema(keys)[0],
        "AttributeDefinitions": schema(defined or keys)[1],
        "BillingMode": "PAY_PER_REQUEST",
    } | more


RANGE = {"AttributeName": "pk", "KeyType": "RANGE"}
HASH = {"AttributeName": "pk", "KeyType": "HASH"}
HASH2 = {"AttributeName": "sk", "KeyType": "HASH"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            table(defined="pk:S x:S", KeySchema=[HASH, RANGE]),
            "Both the Hash Key and the Range Key element in the KeySchema have the same name",
        ),
        (
            table("pk:S sk:S", KeySchema=[HASH, HASH2]),
            "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type",
        ),
        (table("pk:S sk:S", "pk:S"), "Invalid KeySchema: Some index key attribute have no definition"),
        (table(defined="pk:S pk:N"), "Attribute Name is duplicated: pk"),
        (
            table(defined="pk:S g:S x:S", GlobalSecondaryIndexes=[index("byg", "g:S")]),
            INVALID
            + "Some AttributeDefinitions are not used. AttributeDefinitions: [x, pk, g], keys used: [g, pk]",
        ),
        (table(LocalSecondaryIndexes=[]), INVALID + "List of LocalSecondaryIndexes is empty"),
        (
            table("pk:S sk:S", "pk:S sk:S l:S", LocalSecondaryIndexes=[index("byl", "l:S")]),
            INVALID + "Index KeySchema does not have a range key for index: byl",
        ),
        (
            table("pk:S sk:S", "pk:S sk:S l:S", LocalSecondaryIndexes=[index("byl", "l:S pk:S")]),
            INVALID
            + "Index KeySchema does not have the same leading hash key as table KeySchema for index: byl. "
            "index hash key: l, table hash key: pk",
        ),
        (
            table("pk:S sk:S", LocalSecondaryIndexes=[index(f"by{n}", "pk:S sk:S") for n in range(6)]),
            INVALID + "Number of LocalSecondaryIndexes exceeds per-table limit of 5",
        ),
        (
            table(GlobalSecondaryIndexes=[index(f"by{n}", "pk:S") for n in range(21)]),
            INVALID + "GlobalSecondaryIndex count exceeds the per-table limit of 20",
        ),
        (
            table(
                "pk:S sk:S",
                LocalSecondaryIndexes=[index("same", "pk:S sk:S")],
                GlobalSecondaryIndexes=[index("same", "sk:S")],
            ),
            INVALID + "Duplicate index name: same",
        ),
        (
            table(
                GlobalSecondaryIndexes=[
                    index("byg", "pk:S", {"ProjectionType": "KEYS_ONLY", "NonKeyAttributes": ["a"]})
                ]
            ),
            INVALID + "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified",
        ),
        (
            table(
                GlobalSecondaryIndexes=[
                    index("byg", "pk:S", {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "a"]})
                ]
            ),
            INVALID + "Duplicate element in NonKeyAttributes: a",
        ),
        (
            table(GlobalSecondaryIndexes=[index("byg", "pk:S") | {"Projection": {}}]),
            INVALID + "Unknown ProjectionType: null",
        ),
        (
            table(
                GlobalSecondaryIndexes=[
                    index(
                        "byg", "pk:S", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
                    )
                ]
            ),
            INVALID
            + "ProvisionedThroughput should not be specified for index: byg when BillingMode is PAY_PER_REQUEST",
        ),
        (
            table(
                BillingMode="PROVISIONED",
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
                GlobalSecondaryIndexes=[index("byg", "pk:S")],
            ),
            INVALID + "ProvisionedThroughput is not specified for index: byg",
        ),
        (
            table(StreamSpecification={"StreamEnabled": True}),
            INVALID + "Table is being created with a stream enabled, UpdateViewType is required",
        ),
        (
            table(StreamSpecification={"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}),
            INVALID + "Table is being created with a stream disabled, UpdateViewType should not be specified",
        ),
        (
            table(SSESpecification={"Enabled": False, "SSEType": "KMS"}),
            INVALID + "SSEType can not be specified if Enabled is false",
        ),
        (
            table(SSESpecification={"Enabled": True, "SSEType": "AES256"}),
            INVALID + "SSEType AES256 is not supported",
        ),
        (
            {"TableName": "ttt"},
            "2 validation errors detected: Value null at 'attributeDefinitions' failed to satisfy constraint: Member must "
            "not be null; Value null at 'keySchema' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
async def test_tables_that_are_refused(db: Dynamo, params: dict[str, Any], message: str) -> None:
    assert await db.fails("CreateTable", **params) == (VALIDATION, message)
    assert await db.call("ListTables") == {"TableNames": []}
