"""Tables: made, described, changed, listed, deleted; indexes that are added later; what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fogbank.services.dynamodb import keys, table_checks
from fogbank.services.dynamodb.limits import BACKFILL_BATCH
from tests.services.dynamodb.spoken import Dynamo, item, schema
from tests.support.waiting import until

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "


async def described(db: Dynamo, name: str = "ttt") -> dict[str, Any]:
    found: dict[str, Any] = (await db.call("DescribeTable", TableName=name))["Table"]
    return found


async def test_a_table_from_beginning_to_end(db: Dynamo) -> None:
    made = (await db.create("ttt", "pk:S sk:N", gsi={"byg": "g:S"}))["TableDescription"]
    assert made["TableStatus"] == "CREATING" and made["TableArn"].endswith(":table/ttt")
    found = await described(db)
    assert found["TableStatus"] == "ACTIVE" and found["ItemCount"] == 0
    assert found["KeySchema"] == schema("pk:S sk:N")[0]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert found["GlobalSecondaryIndexes"][0]["IndexStatus"] == "ACTIVE"
    assert await db.fails("CreateTable", TableName="ttt", **minimal()) == (
        "ResourceInUseException",
        "Table already exists: ttt",
    )
    await db.put("ttt", {"pk": "a", "sk": 1, "g": "x"})
    await db.put("ttt", {"pk": "a", "sk": 2})
    found = await described(db)
    assert (found["ItemCount"], found["TableSizeBytes"]) == (2, 16)
    assert found["GlobalSecondaryIndexes"][0]["ItemCount"] == 1
    gone = await db.call("DeleteTable", TableName="ttt")
    assert gone["TableDescription"]["TableStatus"] == "DELETING"
    missing = ("ResourceNotFoundException", "Requested resource not found: Table: ttt not found")
    assert await db.fails("DescribeTable", TableName="ttt") == missing
    assert await db.fails("DeleteTable", TableName="ttt") == missing

    async def is_purged() -> bool:
        return await db.house.store.count((keys.ROOT, "data"), limit=10) == 0

    await until(is_purged)
    await db.create("ttt", "pk:S")
    assert await db.scan("ttt") == [], "a new table under an old name is empty"


def minimal(**more: Any) -> dict[str, Any]:
    key_schema, definitions = schema("pk:S")
    return {
        "KeySchema": key_schema,
        "AttributeDefinitions": definitions,
        "BillingMode": "PAY_PER_REQUEST",
    } | more


GSI = {"IndexName": "byg", "KeySchema": schema("g:S")[0], "Projection": {"ProjectionType": "ALL"}}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"BillingMode": "PROVISIONED"},
            INVALID
            + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"AttributeDefinitions": schema("x:S")[1]},
            INVALID
            + "Some index key attributes are not defined in AttributeDefinitions. Keys: [pk], AttributeDefinitions: [x]",
        ),
        (
            {"AttributeDefinitions": schema("pk:S x:S")[1]},
            INVALID
            + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions",
        ),
        (
            {"KeySchema": [{"AttributeName": "pk", "KeyType": "RANGE"}]},
            "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
        ),
        (
            {"GlobalSecondaryIndexes": [GSI], "AttributeDefinitions": schema("pk:S x:S")[1]},
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. Keys: [g], "
            "AttributeDefinitions: [x, pk]",
        ),
        (
            {"GlobalSecondaryIndexes": [GSI, GSI], "AttributeDefinitions": schema("pk:S g:S")[1]},
            INVALID + "Duplicate index name: byg",
        ),
        (
            {"LocalSecondaryIndexes": [GSI], "AttributeDefinitions": schema("pk:S g:S")[1]},
            INVALID
            + "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
        ),
        (
            {
                "GlobalSecondaryIndexes": [GSI | {"Projection": {"ProjectionType": "INCLUDE"}}],
                "AttributeDefinitions": schema("pk:S g:S")[1],
            },
            INVALID + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified",
        ),
    ],
)
async def test_tables_that_are_refused(db: Dynamo, more: dict[str, Any], message: str) -> None:
    assert await db.fails("CreateTable", TableName="ttt", **minimal(**more)) == (VALIDATION, message)


async def test_tables_are_listed_in_pages(db: Dynamo) -> None:
    names = [f"table-{n}" for n in range(7)]
    for name in names:
        await db.create(name, "pk:S")
    page = await db.call("ListTables", Limit=4)
    assert page == {"TableNames": names[:4], "LastEvaluatedTableName": "table-3"}
    assert await db.call("ListTables", Limit=4, ExclusiveStartTableName="table-3") == {
        "TableNames": names[4:]
    }


async def test_a_protected_table_stays(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", DeletionProtectionEnabled=True)
    code, message = await db.fails("DeleteTable", TableName="ttt")
    assert code == VALIDATION and "protected against deletion" in message
    await db.call("UpdateTable", TableName="ttt", DeletionProtectionEnabled=False)
    await db.call("DeleteTable", TableName="ttt")


async def test_billing_mode_and_throughput(db: Dynamo) -> None:
    units = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
    await db.create("ttt", "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    assert "BillingModeSummary" not in await described(db)
    code, message = await db.fails("UpdateTable", TableName="ttt", ProvisionedThroughput=units)
    assert code == VALIDATION and message.startswith(
        "The provisioned throughput for the table will not change."
    )
    await db.call("UpdateTable", TableName="ttt", ProvisionedThroughput=units | {"ReadCapacityUnits": 9})
    found = (await described(db))["ProvisionedThroughput"]
    assert (found["ReadCapacityUnits"], found["WriteCapacityUnits"]) == (9, 6) and found[
        "LastIncreaseDateTime"
    ]
    await db.call("UpdateTable", TableName="ttt", BillingMode="PAY_PER_REQUEST")
    assert (await described(db))["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


async def test_an_update_must_say_what(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    code, message = await db.fails("UpdateTable", TableName="ttt")
    assert code == VALIDATION and message.startswith("At least one of ProvisionedThroughput, BillingMode")


async def add_index(db: Dynamo, name: str = "byg", attribute: str = "g") -> dict[str, Any]:
    key_schema, definitions = schema(f"{attribute}:S")
    create = {"IndexName": name, "KeySchema": key_schema, "Projection": {"ProjectionType": "ALL"}}
    answer = await db.call(
        "UpdateTable",
        TableName="ttt",
        AttributeDefinitions=definitions,
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    found: dict[str, Any] = answer["TableDescription"]
    return found


async def is_active(db: Dynamo) -> bool:
    return bool((await described(db))["TableStatus"] == "ACTIVE")


async def test_an_index_is_added_with_what_was_there_and_taken_away_again(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    count = 2 * BACKFILL_BATCH + 10
    for n in range(count):
        await db.put("ttt", {"pk": str(n), "g": "x" if n % 2 else 7})
    made = await add_index(db)
    assert made["TableStatus"] == "UPDATING"
    assert made["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    assert await db.fails(
        "Query",
        TableName="ttt",
        IndexName="byg",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues=item({":g": "x"}),
    ) == (VALIDATION, "Cannot read from backfilling global secondary index: byg")
    await db.put("ttt", {"pk": "1", "g": "moved"})
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "3"}))
    await until(lambda: is_active(db))
    some = await db.query("ttt", "g = :g", {":g": "x"}, IndexName="byg")
    assert {int(each["pk"]) for each in some} == set(range(5, count, 2))
    assert [each["pk"] for each in await db.query("ttt", "g = :g", {":g": "moved"}, IndexName="byg")] == ["1"]
    delete = [{"Delete": {"IndexName": "byg"}}]
    await db.call("UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=delete)
    found = await described(db)
    assert "GlobalSecondaryIndexes" not in found and found["AttributeDefinitions"] == schema("pk:S")[1]

    async def is_purged() -> bool:
        return await db.house.store.count(keys.data(found["TableId"], 1), limit=1) == 0

    await until(is_purged)
    await add_index(db)
    await until(lambda: is_active(db))
    assert len(await db.query("ttt", "g = :g", {":g": "x"}, IndexName="byg")) == len(range(5, count, 2))


async def test_an_index_can_be_deleted_while_it_is_being_filled(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    for n in range(2 * BACKFILL_BATCH):
        await db.put("ttt", {"pk": str(n), "g": "x"})
    made = await add_index(db)
    assert made["GlobalSecondaryIndexes"][0]["IndexStatus"] == "CREATING"
    delete = [{"Delete": {"IndexName": "byg"}}]
    answer = await db.call("UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=delete)
    assert answer["TableDescription"]["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    assert await is_active(db)

    async def is_gone() -> bool:
        store = db.house.store
        waiting = [await store.depth(queue) for queue in ("dynamodb.backfill", "dynamodb.purge")]
        return waiting == [(0, 0)] * 2 and await store.count(keys.data(made["TableId"], 1), limit=1) == 0

    await until(is_gone)
    assert "GlobalSecondaryIndexes" not in await described(db)


async def test_one_index_at_a_time(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    await db.put("ttt", {"pk": "a", "g": "x"})
    await add_index(db)
    one = "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
    update = {"Delete": {"IndexName": "other"}}
    found = await db.fails("UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=[update])
    assert found == ("LimitExceededException", one)
    code, message = await db.fails("UpdateTable", TableName="ttt", TableClass="STANDARD_INFREQUENT_ACCESS")
    assert code == "ResourceInUseException" and message.endswith(
        "Table: ttt is in the process of being updated."
    )
    await db.call("UpdateTable", TableName="ttt", DeletionProtectionEnabled=True)  # touches no data
    await until(lambda: is_active(db))


async def test_tags(db: Dynamo) -> None:
    made = await db.create("ttt", "pk:S", Tags=[{"Key": "a", "Value": "1"}])
    arn = made["TableDescription"]["TableArn"]
    await db.call(
        "TagResource", ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]
    )
    await db.call("UntagResource", ResourceArn=arn, TagKeys=["b", "none"])
    assert await db.call("ListTagsOfResource", ResourceArn=arn) == {"Tags": [{"Key": "a", "Value": "3"}]}


async def test_figures_survive_a_flush(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    await db.put("ttt", {"pk": "a"})
    await db.state.figures.flush()
    await db.put("ttt", {"pk": "b"})
    assert (await described(db))["ItemCount"] == 2
    await db.state.figures.flush()
    await db.state.figures.flush()
    assert (await described(db))["ItemCount"] == 2


async def test_encryption_and_class_are_described(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", SSESpecification={"Enabled": True}, TableClass="STANDARD")
    found = await described(db)
    managed = found["SSEDescription"]["KMSMasterKeyArn"]
    assert found["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": managed}
    assert re.fullmatch(
        r"arn:aws:kms:us-east-1:000000000000:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", managed
    )
    assert found["TableClassSummary"] == {"TableClass": "STANDARD"}
    await db.call("UpdateTable", TableName="ttt", TableClass="STANDARD_INFREQUENT_ACCESS")
    found = await described(db)
    assert found["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    await db.call("UpdateTable", TableName="ttt", SSESpecification={"Enabled": False})
    assert "SSEDescription" not in await described(db)
    sse = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": "alias/aws/dynamodb"}
    await db.call("UpdateTable", TableName="ttt", SSESpecification=sse)
    assert (await described(db))["SSEDescription"]["KMSMasterKeyArn"] == managed


async def test_keys_of_a_customer_are_refused_by_name(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    for name in ("key-id", "alias/mine", "arn:aws:kms:us-east-1:000000000000:key/1"):
        sse = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": name}
        code, message = await db.fails("UpdateTable", TableName="ttt", SSESpecification=sse)
        assert code == "NotImplemented" and "KMSMasterKeyId" in message
    assert "SSEDescription" not in await described(db)


async def test_the_class_changes_twice_in_thirty_days(db: Dynamo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        table_checks, "CLASS_CHANGES_MS", 30_000
    )  # thirty seconds are not half a million looks
    rare, usual = "STANDARD_INFREQUENT_ACCESS", "STANDARD"
    await db.create("ttt", "pk:S")
    for name in (rare, usual):
        await db.call("UpdateTable", TableName="ttt", TableClass=name)
    code, message = await db.fails("UpdateTable", TableName="ttt", TableClass=rare)
    assert (code, message) == (
        "LimitExceededException",
        "Updates to TableClass are limited to 2 times in 30 day(s).",
    )
    assert (await described(db))["TableClassSummary"]["TableClass"] == usual
    await db.clock.advance_ms(30_000)
    await db.call("UpdateTable", TableName="ttt", TableClass=rare)
