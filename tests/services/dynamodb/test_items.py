"""Single items: writes, conditions, what they return and cost, and what is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo, item, plain

VALIDATION = "ValidationException"
INVALID = "One or more parameter values were invalid: "


async def test_put_and_get(table: Dynamo) -> None:
    values = {"pk": "a", "n": 1, "b": b"\x00\xff", "s": {"x"}, "m": {"l": [1, None, True]}}
    assert await table.put("ttt", values) == {}
    assert await table.get("ttt", {"pk": "a"}) == values
    assert await table.get("ttt", {"pk": "b"}) is None
    old = await table.put("ttt", {"pk": "a"}, ReturnValues="ALL_OLD")
    assert plain(old["Attributes"]) == values
    assert await table.put("ttt", {"pk": "z"}, ReturnValues="ALL_OLD") == {}


async def test_numbers_come_back_in_their_canonical_form(table: Dynamo) -> None:
    await table.call("PutItem", TableName="ttt", Item={"pk": {"S": "a"}, "n": {"N": "1.50E1"}})
    found = await table.call("GetItem", TableName="ttt", Key={"pk": {"S": "a"}})
    assert found["Item"]["n"] == {"N": "15"}


async def test_delete(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1})
    gone = await table.call("DeleteItem", TableName="ttt", Key=item({"pk": "a"}), ReturnValues="ALL_OLD")
    assert plain(gone["Attributes"]) == {"pk": "a", "n": 1}
    assert await table.get("ttt", {"pk": "a"}) is None
    assert (
        await table.call("DeleteItem", TableName="ttt", Key=item({"pk": "a"}), ReturnValues="ALL_OLD") == {}
    )


async def test_update_makes_the_item_and_says_what_it_did(table: Dynamo) -> None:
    key = {"pk": "a"}
    assert await table.update("ttt", key, "SET n = :v, m = :m", {":v": 1, ":m": {"x": 1, "y": 2}}) == {
        "pk": "a",
        "n": 1,
        "m": {"x": 1, "y": 2},
    }
    text = "SET n = n + :v, m.x = :v REMOVE m.y"
    assert await table.update("ttt", key, text, {":v": 5}, ReturnValues="UPDATED_NEW") == {
        "n": 6,
        "m": {"x": 5},
    }
    assert await table.update("ttt", key, "SET n = :v", {":v": 7}, ReturnValues="UPDATED_OLD") == {"n": 6}
    assert await table.update("ttt", key, "REMOVE n", ReturnValues="ALL_OLD") == {
        "pk": "a",
        "n": 7,
        "m": {"x": 5},
    }
    assert await table.update("ttt", key, "REMOVE nothing", ReturnValues="UPDATED_NEW") == {}
    assert await table.call("UpdateItem", TableName="ttt", Key=item({"pk": "bare"})) == {}
    assert await table.get("ttt", {"pk": "bare"}) == {"pk": "bare"}


async def test_a_failed_condition_changes_nothing_and_shows_the_item_when_asked(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1})
    asked: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    params = {"TableName": "ttt", "Item": item({"pk": "a", "n": 2})}
    error = await table.house.fails("dynamodb", "PutItem", params | asked)
    assert (error.code, error.message) == (
        "ConditionalCheckFailedException",
        "The conditional request failed",
    )
    assert error.fields == {}
    shown = params | asked | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    error = await table.house.fails("dynamodb", "PutItem", shown)
    assert plain(error.fields["Item"]) == {"pk": "a", "n": 1}
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 1}
    code, _ = await table.fails(
        "DeleteItem", TableName="ttt", Key=item({"pk": "none"}), ConditionExpression="attribute_exists(pk)"
    )
    assert code == "ConditionalCheckFailedException"


@pytest.mark.parametrize(
    ("expected", "operator", "holds"),
    [
        ({"n": {"Value": {"N": "1"}}}, None, True),
        ({"n": {"Value": {"N": "2"}}}, None, False),
        ({"x": {"Exists": False}}, None, True),
        ({"n": {"Exists": False}}, None, False),
        (
            {"n": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"N": "0"}, {"N": "3"}]}},
            None,
            True,
        ),
        (
            {"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "5"}]}, "x": {"Exists": False}},
            "OR",
            True,
        ),
        (
            {"n": {"ComparisonOperator": "GT", "AttributeValueList": [{"N": "5"}]}, "x": {"Exists": False}},
            "AND",
            False,
        ),
        ({"n": {"ComparisonOperator": "IN", "AttributeValueList": [{"N": "5"}, {"N": "1"}]}}, None, True),
        ({"x": {"ComparisonOperator": "NULL"}}, None, True),
        ({"s": {"ComparisonOperator": "CONTAINS", "AttributeValueList": [{"S": "ell"}]}}, None, True),
        ({"s": {"ComparisonOperator": "NOT_CONTAINS", "AttributeValueList": [{"S": "ell"}]}}, None, False),
        ({"s": {"ComparisonOperator": "BEGINS_WITH", "AttributeValueList": [{"S": "he"}]}}, None, True),
    ],
)
async def test_legacy_conditions(
    table: Dynamo, expected: dict[str, Any], operator: str | None, holds: bool
) -> None:
    await table.put("ttt", {"pk": "a", "n": 1, "s": "hello"})
    params: dict[str, Any] = {"TableName": "ttt", "Key": item({"pk": "a"}), "Expected": expected}
    if operator is not None:
        params["ConditionalOperator"] = operator
    if holds:
        await table.call("DeleteItem", **params)
    else:
        code, _ = await table.fails("DeleteItem", **params)
        assert code == "ConditionalCheckFailedException"


async def test_legacy_updates_and_projections(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1, "s": {"x", "y"}, "gone": 1})
    await table.call(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        AttributeUpdates={
            "n": {"Action": "ADD", "Value": {"N": "4"}},
            "s": {"Action": "DELETE", "Value": {"SS": ["x"]}},
            "gone": {"Action": "DELETE"},
            "new": {"Value": {"S": "v"}},
        },
    )
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 5, "s": {"y"}, "new": "v"}
    assert await table.get("ttt", {"pk": "a"}, AttributesToGet=["n", "none"]) == {"n": 5}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n": 1}, INVALID + "Missing the key pk in the item"),
        ({"pk": 1}, INVALID + "Type mismatch for key pk expected: S actual: N"),
        (
            {"pk": ""},
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an "
            "empty string value. Key: pk",
        ),
        ({"pk": "x" * 2049}, INVALID + "Size of hashkey has exceeded the maximum size limit of2048 bytes"),
        ({"pk": "a", "big": "x" * (400 * 1024)}, "Item size has exceeded the maximum allowed size"),
    ],
)
async def test_items_that_are_refused(table: Dynamo, values: dict[str, Any], message: str) -> None:
    assert await table.fails("PutItem", TableName="ttt", Item=item(values)) == (VALIDATION, message)


async def test_keys_that_are_refused(table: Dynamo) -> None:
    schema = (VALIDATION, "The provided key element does not match the schema")
    for key in ({}, {"x": "a"}, {"pk": 1}, {"pk": "a", "x": "b"}):
        for operation in ("GetItem", "DeleteItem", "UpdateItem"):
            assert await table.fails(operation, TableName="ttt", Key=item(key)) == schema


async def test_index_keys_must_have_their_types(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    assert await db.fails("PutItem", TableName="ttt", Item=item({"pk": "a", "g": 1})) == (
        VALIDATION,
        INVALID + "Type mismatch for Index Key g Expected: S Actual: N IndexName: byg",
    )
    assert await db.fails("PutItem", TableName="ttt", Item=item({"pk": "a", "g": ""})) == (
        VALIDATION,
        "One or more parameter values are not valid. A value specified for a secondary index key is not supported. The "
        "AttributeValue for a key attribute cannot contain an empty string value. IndexName: byg, IndexKey: g",
    )


async def test_updates_that_are_refused(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a"})
    assert await table.fails(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        UpdateExpression="SET pk = :v",
        ExpressionAttributeValues=item({":v": "b"}),
    ) == (VALIDATION, INVALID + "Cannot update attribute pk. This attribute is part of the key")
    assert await table.fails(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        UpdateExpression="SET big = :v",
        ExpressionAttributeValues=item({":v": "x" * (400 * 1024)}),
    ) == (VALIDATION, "Item size to update has exceeded the maximum allowed size")


async def test_there_is_no_such_table(db: Dynamo) -> None:
    for operation, more in (
        ("PutItem", {"Item": {}}),
        ("GetItem", {"Key": {}}),
        ("Query", {"KeyConditionExpression": "a = :a", "ExpressionAttributeValues": {":a": {"S": ""}}}),
        ("Scan", {}),
    ):
        found = await db.fails(operation, TableName="none", **more)
        assert found == ("ResourceNotFoundException", "Requested resource not found")
    short = "Value '{}' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 3"
    assert await db.fails("GetItem", TableName="x", Key={}) == (
        VALIDATION,
        "1 validation error detected: " + short.format("x"),
    )
    assert await db.fails("GetItem", TableName="x;", Key={}) == (
        VALIDATION,
        "2 validation errors detected: Value 'x;' at 'tableName' failed to satisfy constraint: Member must satisfy regular "
        f"expression pattern: [a-zA-Z0-9_.-]+; {short.format('x;')}",
    )


async def test_a_table_is_found_by_its_arn(table: Dynamo) -> None:
    await table.put("arn:aws:dynamodb:us-east-1:000000000000:table/ttt", {"pk": "a"})
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a"}
    found = await table.fails(
        "PutItem", TableName="arn:aws:dynamodb:us-east-1:111111111111:table/ttt", Item=item({"pk": "a"})
    )
    assert found[0] == "AccessDeniedException"


async def test_a_table_in_memory_is_found_by_its_arn_without_the_store(
    table: Dynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await table.put("ttt", {"pk": "a"})
    monkeypatch.setattr(table.state.directory, "load", None)
    await table.put("arn:aws:dynamodb:us-east-1:000000000000:table/ttt", {"pk": "b"})


async def test_capacity(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})

    async def units(operation: str, **params: Any) -> dict[str, Any]:
        answer = await db.call(operation, TableName="ttt", ReturnConsumedCapacity="INDEXES", **params)
        found: dict[str, Any] = answer["ConsumedCapacity"]
        assert found.pop("TableName") == "ttt"
        return found

    small, large = item({"pk": "a", "g": "x"}), item({"pk": "a", "g": "x", "v": "x" * 3000})
    key = item({"pk": "a"})
    assert await units("PutItem", Item=small) == {
        "CapacityUnits": 2.0,
        "Table": {"CapacityUnits": 1.0},
        "GlobalSecondaryIndexes": {"byg": {"CapacityUnits": 1.0}},
    }
    assert (await units("PutItem", Item=small))["CapacityUnits"] == 1.0, (
        "an index that does not change costs nothing"
    )
    assert (await units("PutItem", Item=large))["CapacityUnits"] == 6.0
    assert (await units("PutItem", Item=small))["CapacityUnits"] == 6.0, (
        "the larger of before and after counts"
    )
    moved = item({"pk": "a", "g": "y"})
    assert (await units("PutItem", Item=moved))["CapacityUnits"] == 3.0, "a moved entry is a delete and a put"
    await db.call("PutItem", TableName="ttt", Item=item({"pk": "a", "v": "x" * 5000}))
    assert (await units("GetItem", Key=key))["CapacityUnits"] == 1.0
    assert (await units("GetItem", Key=key, ConsistentRead=True))["CapacityUnits"] == 2.0
    assert (await units("GetItem", Key=item({"pk": "none"})))["CapacityUnits"] == 0.5
    assert (await units("DeleteItem", Key=key))["CapacityUnits"] == 5.0
    assert (await units("DeleteItem", Key=key))["CapacityUnits"] == 1.0


async def test_many_updates_of_one_item_all_count(table: Dynamo) -> None:
    async def add() -> None:
        await table.update("ttt", {"pk": "a"}, "ADD n :one", {":one": 1})

    await asyncio.gather(*(add() for _ in range(200)))
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 200}


async def test_of_many_who_want_to_be_first_one_is(table: Dynamo) -> None:
    async def try_it(n: int) -> bool:
        try:
            await table.put("ttt", {"pk": "a", "n": n}, ConditionExpression="attribute_not_exists(pk)")
        except Exception:
            return False
        return True

    assert sum(await asyncio.gather(*(try_it(n) for n in range(50)))) == 1


async def test_batches(db: Dynamo) -> None:
    await db.create("one", "pk:S sk:N")
    await db.create("two", "pk:S")
    puts = [{"PutRequest": {"Item": item({"pk": "a", "sk": n})}} for n in range(10)]
    answer = await db.call(
        "BatchWriteItem", RequestItems={"one": puts, "two": [{"PutRequest": {"Item": item({"pk": "x"})}}]}
    )
    assert answer == {"UnprocessedItems": {}}
    wanted = {
        "one": {"Keys": [item({"pk": "a", "sk": n}) for n in (3, 5, 99)], "ProjectionExpression": "sk"},
        "two": {"Keys": [item({"pk": "x"})]},
    }
    found = await db.call("BatchGetItem", RequestItems=wanted)
    assert [plain(each)["sk"] for each in found["Responses"]["one"]] == [3, 5]
    assert found["Responses"]["two"] == [item({"pk": "x"})] and found["UnprocessedKeys"] == {}
    deletes = [{"DeleteRequest": {"Key": item({"pk": "a", "sk": n})}} for n in range(10)]
    await db.call("BatchWriteItem", RequestItems={"one": deletes})
    assert await db.scan("one") == []
    twice = [
        {"PutRequest": {"Item": item({"pk": "a", "sk": 1})}},
        {"DeleteRequest": {"Key": item({"pk": "a", "sk": 1})}},
    ]
    assert await db.fails("BatchWriteItem", RequestItems={"one": twice}) == (
        VALIDATION,
        "Provided list of item keys contains duplicates",
    )


async def test_a_batch_of_reads_is_cut_at_16_mb(table: Dynamo) -> None:
    for n in range(45):
        await table.put("ttt", {"pk": str(n), "v": "x" * 390_000})
    keys = [item({"pk": str(n)}) for n in range(45)]
    found = await table.call("BatchGetItem", RequestItems={"ttt": {"Keys": keys}})
    assert len(found["Responses"]["ttt"]) == 43
    assert found["UnprocessedKeys"]["ttt"]["Keys"] == keys[43:]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            1,
            "One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N "
            "IndexName: byg",
        ),
        (
            "",
            "One or more parameter values are not valid. The update expression attempted to update a secondary index key to "
            "a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.",
        ),
        (
            "x" * 2049,
            "The update expression attempted to update the secondary index key beyond allowed size limits",
        ),
    ],
)
async def test_updates_of_index_keys_that_are_refused(db: Dynamo, value: Any, message: str) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    assert await db.fails(
        "UpdateItem",
        TableName="ttt",
        Key=item({"pk": "a"}),
        UpdateExpression="SET g = :v",
        ExpressionAttributeValues=item({":v": value}),
    ) == (VALIDATION, message)


async def test_an_index_key_of_a_type_that_only_the_item_tells(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    await db.put("ttt", {"pk": "a", "n": 1})
    assert await db.fails(
        "UpdateItem", TableName="ttt", Key=item({"pk": "a"}), UpdateExpression="SET g = n"
    ) == (
        VALIDATION,
        "The update expression attempted to update the secondary index key to unsupported type",
    )


async def test_a_batch_does_not_say_what_is_wrong_with_a_key(table: Dynamo) -> None:
    for values in ({"x": 1}, {"pk": 1}):
        puts = [{"PutRequest": {"Item": item(values)}}]
        assert await table.fails("BatchWriteItem", RequestItems={"ttt": puts}) == (
            VALIDATION,
            "The provided key element does not match the schema",
        )


async def test_the_collection_of_an_item_that_is_not_there(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N", lsi={"loc": "pk:S x:N"})
    key = item({"pk": "a", "sk": 1})
    collection = {"ItemCollectionKey": item({"pk": "a"}), "SizeEstimateRangeGB": [0.0, 1.0]}
    wanted = {"ReturnItemCollectionMetrics": "SIZE"}
    found = await db.call("DeleteItem", TableName="ttt", Key=key, **wanted)
    assert found["ItemCollectionMetrics"] == collection
    requests = {"ttt": [{"DeleteRequest": {"Key": key}}]}
    found = await db.call("BatchWriteItem", RequestItems=requests, **wanted)
    assert found["ItemCollectionMetrics"] == {"ttt": [collection]}
    items = [{"Delete": {"TableName": "ttt", "Key": key}}]
    found = await db.call("TransactWriteItems", TransactItems=items, **wanted)
    assert found["ItemCollectionMetrics"] == {"ttt": [collection]}
