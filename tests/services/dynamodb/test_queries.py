"""Query and Scan: every key condition against a plain list, indexes, pages, projections, filters, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.dynamodb.spoken import Dynamo, item, plain
from tests.support.services import dynamodb_house

VALIDATION = "ValidationException"
SORT_KEYS: dict[str, st.SearchStrategy[Any]] = {
    "S": st.text("ab\x00\U0010ffffé", min_size=1, max_size=3),
    "B": st.binary(min_size=1, max_size=3),
    "N": st.integers(-300, 300).map(lambda n: n / 4),
}


def order(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


@settings(max_examples=30, deadline=None)
@given(st.data())
async def test_every_key_condition_both_ways(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(SORT_KEYS)))
    stored = data.draw(st.lists(SORT_KEYS[kind], max_size=12, unique=True))
    low, high = sorted(data.draw(st.tuples(SORT_KEYS[kind], SORT_KEYS[kind])), key=order)
    async with dynamodb_house() as house:
        db = Dynamo(house)
        await db.create("ttt", f"pk:S sk:{kind}", lsi={"other": f"pk:S alt:{kind}"})
        for value in stored:
            await db.put("ttt", {"pk": "p", "sk": value, "alt": value})
            await db.put("ttt", {"pk": "q", "sk": value, "alt": value})
        conditions = {
            "= :low": lambda v: v == order(low),
            "< :low": lambda v: v < order(low),
            "<= :low": lambda v: v <= order(low),
            "> :low": lambda v: v > order(low),
            ">= :low": lambda v: v >= order(low),
            "BETWEEN :low AND :high": lambda v: order(low) <= v <= order(high),
        }
        if kind != "N":
            conditions["begins_with"] = lambda v: v.startswith(order(low))
        for name, index in (("sk", {}), ("alt", {"IndexName": "other"})):
            for text, holds in conditions.items():
                part = f"begins_with({name}, :low)" if text == "begins_with" else f"{name} {text}"
                values = {":pk": "p", ":low": low} | ({":high": high} if ":high" in text else {})
                wanted = sorted((v for v in stored if holds(order(v))), key=order)
                for forward in (True, False):
                    found = await db.query(
                        "ttt",
                        f"pk = :pk AND {part}",
                        values,
                        ScanIndexForward=forward,
                        Limit=data.draw(st.integers(1, 4)),
                        **index,
                    )
                    assert [each[name] for each in found] == (wanted if forward else wanted[::-1])


async def test_pages_end_where_their_limit_is(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for n in range(4):
        await db.put("ttt", {"pk": "a", "sk": n})
    asked: dict[str, Any] = {
        "TableName": "ttt",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": item({":a": "a"}),
    }
    page = await db.call("Query", **asked, Limit=4)
    assert page["Count"] == 4 and page["LastEvaluatedKey"] == item({"pk": "a", "sk": 3}), (
        "AWS does not look behind the limit"
    )
    page = await db.call("Query", **asked, Limit=4, ExclusiveStartKey=page["LastEvaluatedKey"])
    assert page == {"Items": [], "Count": 0, "ScannedCount": 0}
    assert "LastEvaluatedKey" not in await db.call("Query", **asked, Limit=5)


async def test_pages_end_at_1_mb(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for n in range(12):
        await db.put("ttt", {"pk": "a", "sk": n, "v": "x" * 200_000})
    asked: dict[str, Any] = {
        "TableName": "ttt",
        "KeyConditionExpression": "pk = :a",
        "ExpressionAttributeValues": item({":a": "a"}),
        "ReturnConsumedCapacity": "TOTAL",
    }
    page = await db.call("Query", **asked)
    assert page["Count"] == 5 and page["LastEvaluatedKey"] == item({"pk": "a", "sk": 4})
    assert page["ConsumedCapacity"]["CapacityUnits"] == 122.5  # 1,000,045 bytes
    assert len(await db.query("ttt", "pk = :a", {":a": "a"})) == 12
    assert len(await db.scan("ttt")) == 12


async def test_global_indexes_hold_what_has_their_keys(db: Dynamo) -> None:
    await db.create(
        "ttt",
        "pk:S",
        gsi={"byg": "g:S n:N"},
        projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x"]},
    )
    await db.put("ttt", {"pk": "a", "g": "G", "n": 2, "x": 1, "y": 1})
    await db.put("ttt", {"pk": "b", "g": "G", "n": 1, "x": 2})
    await db.put("ttt", {"pk": "c", "g": "G"})
    await db.put("ttt", {"pk": "d", "n": 1})
    by = {"IndexName": "byg"}
    assert await db.query("ttt", "g = :g", {":g": "G"}, **by) == [
        {"pk": "b", "g": "G", "n": 1, "x": 2},
        {"pk": "a", "g": "G", "n": 2, "x": 1},
    ]
    await db.update("ttt", {"pk": "a"}, "SET n = :n", {":n": 0})
    await db.update("ttt", {"pk": "b"}, "REMOVE g")
    assert [each["pk"] for each in await db.query("ttt", "g = :g", {":g": "G"}, **by)] == ["a"]
    assert [each["pk"] for each in await db.scan("ttt", **by)] == ["a"]
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "a"}))
    assert await db.scan("ttt", **by) == []


async def test_ties_in_an_index_are_paged_through(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", gsi={"byg": "g:S"})
    for n in range(20):
        await db.put("ttt", {"pk": str(n), "g": "same"})
    for forward in (True, False):
        found = await db.query(
            "ttt", "g = :g", {":g": "same"}, IndexName="byg", Limit=3, ScanIndexForward=forward
        )
        assert sorted(int(each["pk"]) for each in found) == list(range(20))


async def test_local_indexes_fetch_what_they_do_not_project(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N", lsi={"byg": "pk:S n:N"}, projection={"ProjectionType": "KEYS_ONLY"})
    await db.put("ttt", {"pk": "a", "sk": 1, "n": 9, "x": "full"})
    values, by = {":a": "a"}, {"IndexName": "byg"}
    assert await db.query("ttt", "pk = :a", values, **by) == [{"pk": "a", "sk": 1, "n": 9}]
    whole = {"pk": "a", "sk": 1, "n": 9, "x": "full"}
    assert await db.query("ttt", "pk = :a", values, Select="ALL_ATTRIBUTES", **by) == [whole]
    assert await db.query("ttt", "pk = :a", values, ProjectionExpression="x", **by) == [{"x": "full"}]


async def test_filters_come_after_the_limit(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for n in range(10):
        await db.put("ttt", {"pk": "a", "sk": n, "even": n % 2 == 0})
    page = await db.call(
        "Query",
        TableName="ttt",
        KeyConditionExpression="pk = :a",
        FilterExpression="even = :yes",
        ExpressionAttributeValues=item({":a": "a", ":yes": True}),
        Limit=5,
    )
    assert [plain(each)["sk"] for each in page["Items"]] == [0, 2, 4]
    assert (page["Count"], page["ScannedCount"]) == (3, 5)
    counted = await db.call("Scan", TableName="ttt", Select="COUNT")
    assert counted == {"Count": 10, "ScannedCount": 10}


async def test_segments_divide_the_table(db: Dynamo) -> None:
    await db.create("ttt", "pk:S")
    for n in range(60):
        await db.put("ttt", {"pk": str(n)})
    for total in (1, 2, 3, 7):
        parts = [await db.scan("ttt", Segment=s, TotalSegments=total, Limit=4) for s in range(total)]
        assert all(parts) and sorted(int(e["pk"]) for part in parts for e in part) == list(range(60))


async def test_legacy_queries(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for n in range(5):
        await db.put("ttt", {"pk": "a", "sk": n, "v": n})
    found = await db.call(
        "Query",
        TableName="ttt",
        KeyConditions={
            "pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "sk": {"ComparisonOperator": "GE", "AttributeValueList": [{"N": "2"}]},
        },
        QueryFilter={"v": {"ComparisonOperator": "NE", "AttributeValueList": [{"N": "3"}]}},
        AttributesToGet=["sk"],
    )
    assert [plain(each) for each in found["Items"]] == [{"sk": 2}, {"sk": 4}]
    found = await db.call(
        "Scan",
        TableName="ttt",
        ScanFilter={"v": {"ComparisonOperator": "LT", "AttributeValueList": [{"N": "2"}]}},
    )
    assert found["Count"] == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"KeyConditionExpression": "sk = :n"}, "Query condition missed key schema element: pk"),
        ({"KeyConditionExpression": "pk > :a"}, "Query key condition not supported"),
        ({"KeyConditionExpression": "pk = :a AND x = :n"}, "Query condition missed key schema element: sk"),
        (
            {"KeyConditionExpression": "pk = :a OR sk = :n"},
            "Invalid operator used in KeyConditionExpression: OR",
        ),
        (
            {"KeyConditionExpression": "pk = :a AND pk = :a"},
            "KeyConditionExpressions must only contain one condition per key",
        ),
        (
            {"KeyConditionExpression": "pk = :n"},
            "One or more parameter values were invalid: Condition parameter type does not match schema type",
        ),
        (
            {},
            "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "IndexName": "none"},
            "The table does not have the specified index: none",
        ),
        (
            {"KeyConditionExpression": "g = :a", "IndexName": "byg", "ConsistentRead": True},
            "Consistent reads are not supported on global secondary indexes",
        ),
        (
            {"KeyConditionExpression": "g = :a", "IndexName": "byg", "Select": "ALL_ATTRIBUTES"},
            "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary "
            "index byg because its projection type is not ALL",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "FilterExpression": "sk = :n"},
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: sk",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "ExclusiveStartKey": item({"pk": "a"})},
            "The provided starting key is invalid",
        ),
        (
            {"KeyConditionExpression": "pk = :a", "ExclusiveStartKey": item({"pk": "b", "sk": 1})},
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            {
                "KeyConditionExpression": "pk = :a AND sk < :n",
                "ExclusiveStartKey": item({"pk": "a", "sk": 9}),
            },
            "The provided starting key does not match the range key predicate",
        ),
    ],
)
async def test_queries_that_are_refused(db: Dynamo, params: dict[str, Any], message: str) -> None:
    await db.create("ttt", "pk:S sk:N", gsi={"byg": "g:S"}, projection={"ProjectionType": "KEYS_ONLY"})
    text = " ".join(str(params.get(name)) for name in ("KeyConditionExpression", "FilterExpression"))
    values = {name: value for name, value in {":a": "a", ":n": 1}.items() if name in text}
    if values:
        params = params | {"ExpressionAttributeValues": item(values)}
    assert await db.fails("Query", TableName="ttt", **params) == (VALIDATION, message)


async def test_a_page_costs_what_it_shows_and_not_what_the_partition_holds(db: Dynamo) -> None:
    await db.create("ttt", "pk:S sk:N")
    for first in range(0, 1000, 25):
        puts = [{"PutRequest": {"Item": item({"pk": "a", "sk": first + n})}} for n in range(25)]
        await db.call("BatchWriteItem", RequestItems={"ttt": puts})
    store, read = db.house.store, []
    whole = store.range_values

    async def counted(*args: Any, **kwargs: Any) -> list[bytes]:
        found = await whole(*args, **kwargs)
        read.append(len(found))
        return found

    store.range_values = counted  # type: ignore[method-assign]
    page: dict[str, Any] = {
        "TableName": "ttt",
        "KeyConditionExpression": "pk = :a AND sk > :n",
        "ExpressionAttributeValues": item({":a": "a", ":n": 500}),
        "Limit": 100,
    }
    for more in ({}, {"ScanIndexForward": False}, {"ExclusiveStartKey": item({"pk": "a", "sk": 700})}):
        read.clear()
        assert (await db.call("Query", **page, **more))["Count"] == 100
        assert sum(read) == 100
