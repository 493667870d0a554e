"""Transactions: all or nothing, the reasons why not, tokens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.core.errors import AwsError
from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.limits import TOKEN_KEPT_MS
from fogbank.services.dynamodb.tokens import TokenSweeper
from tests.services.dynamodb.spoken import Dynamo, item, plain

pytestmark = pytest.mark.every_store

NONE = {"Code": "None"}


def put(pk: str, **values: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "ttt", "Item": item({"pk": pk} | values)}}


def check(pk: str, condition: str, **more: Any) -> dict[str, Any]:
    return {
        "ConditionCheck": {"TableName": "ttt", "Key": item({"pk": pk}), "ConditionExpression": condition}
        | more
    }


async def cancelled(db: Dynamo, *items: dict[str, Any], **more: Any) -> AwsError:
    error = await db.house.fails("dynamodb", "TransactWriteItems", {"TransactItems": list(items)} | more)
    assert error.code == "TransactionCanceledException"
    return error


async def test_all_kinds_together(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "old", "n": 1})
    await table.put("ttt", {"pk": "gone"})
    update = {
        "TableName": "ttt",
        "Key": item({"pk": "old"}),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": item({":one": 1}),
    }
    await table.call(
        "TransactWriteItems",
        TransactItems=[
            put("new"),
            {"Update": update},
            {"Delete": {"TableName": "ttt", "Key": item({"pk": "gone"})}},
            check("other", "attribute_not_exists(pk)"),
        ],
    )
    assert sorted(await table.scan("ttt"), key=str) == [{"pk": "new"}, {"pk": "old", "n": 2}]


async def test_one_refusal_cancels_all(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1})
    shown = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    error = await cancelled(
        table, put("new"), check("a", "attribute_not_exists(pk)", **shown), check("x", "attribute_exists(pk)")
    )
    assert error.message == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, ConditionalCheckFailed, ConditionalCheckFailed]"
    )
    first, second, third = error.fields["CancellationReasons"]
    failed = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    assert (first, third) == (NONE, failed)
    assert plain(second.pop("Item")) == {"pk": "a", "n": 1} and second == failed
    assert await table.get("ttt", {"pk": "new"}) is None


async def test_bad_items_are_reasons_too(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "s": "text"})
    bad = {"Put": {"TableName": "ttt", "Item": item({"x": 1})}}
    error = await cancelled(table, put("new"), bad)
    assert error.fields["CancellationReasons"][1] == {
        "Code": "ValidationError",
        "Message": "One or more parameter values were invalid: Missing the key pk in the item",
    }
    add = {
        "TableName": "ttt",
        "Key": item({"pk": "a"}),
        "UpdateExpression": "ADD s :one",
        "ExpressionAttributeValues": item({":one": 1}),
    }
    error = await cancelled(table, put("new"), {"Update": add})
    assert [reason["Code"] for reason in error.fields["CancellationReasons"]] == ["None", "ValidationError"]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([put("a"), put("a")], "Transaction request cannot include multiple operations on one item"),
        (
            [put("a") | check("b", "x = y")],
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ),
        (
            [check("b", "x = ")],
            'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "= "',
        ),
    ],
)
async def test_requests_that_are_refused(table: Dynamo, items: list[dict[str, Any]], message: str) -> None:
    assert await table.fails("TransactWriteItems", TransactItems=items) == ("ValidationException", message)


async def test_a_token_does_it_once(table: Dynamo) -> None:
    update = {
        "TableName": "ttt",
        "Key": item({"pk": "a"}),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": item({":one": 1}),
    }
    request: dict[str, Any] = {"TransactItems": [{"Update": update}], "ClientRequestToken": "token"}
    results = await asyncio.gather(*(table.call("TransactWriteItems", **request) for _ in range(5)))
    assert results == [{}] * 5
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 1}
    code, _ = await table.fails("TransactWriteItems", TransactItems=[put("b")], ClientRequestToken="token")
    assert code == "IdempotentParameterMismatchException"
    await table.clock.advance_ms(TOKEN_KEPT_MS - 1)
    await table.call("TransactWriteItems", **request)
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 1}
    await table.clock.advance_ms(1)
    await table.call("TransactWriteItems", **request)
    assert await table.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 2}


async def test_old_tokens_are_swept(table: Dynamo) -> None:
    await table.call("TransactWriteItems", TransactItems=[put("a")], ClientRequestToken="one")
    await table.clock.advance_ms(3 * TOKEN_KEPT_MS)
    await table.call("TransactWriteItems", TransactItems=[put("a")], ClientRequestToken="two")
    await TokenSweeper(table.house.store, table.clock).sweep()
    left = await table.house.store.scan(keys.tokens(), limit=10)
    assert [record.key[-1] for record in left] == ["two"]


async def test_capacity(table: Dynamo) -> None:
    answer = await table.call(
        "TransactWriteItems",
        TransactItems=[put("a"), put("b", v="x" * 1100)],
        ReturnConsumedCapacity="TOTAL",
    )
    assert answer["ConsumedCapacity"] == [
        {"TableName": "ttt", "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}
    ]


async def test_money_is_neither_made_nor_lost(table: Dynamo) -> None:
    for n in range(4):
        await table.put("ttt", {"pk": str(n), "n": 100})

    def move(pk: str, by: int) -> dict[str, Any]:
        return {
            "Update": {
                "TableName": "ttt",
                "Key": item({"pk": pk}),
                "UpdateExpression": "SET n = n + :by",
                "ConditionExpression": "n >= :least",
                "ExpressionAttributeValues": item({":by": by, ":least": -by}),
            }
        }

    async def transfer(n: int) -> None:
        try:
            items = [move(str(n % 4), -7), move(str((n + 1 + n // 4 % 3) % 4), 7)]
            await table.call("TransactWriteItems", TransactItems=items)
        except AwsError as error:
            assert error.code == "TransactionCanceledException"

    async def look() -> int:
        gets = [{"Get": {"TableName": "ttt", "Key": item({"pk": str(n)})}} for n in range(4)]
        found = await table.call("TransactGetItems", TransactItems=gets)
        return sum(int(plain(each["Item"])["n"]) for each in found["Responses"])

    sums = await asyncio.gather(*(transfer(n) if n % 3 else look() for n in range(120)))
    assert {each for each in sums if each is not None} == {400}
    assert await look() == 400


async def test_reads(table: Dynamo) -> None:
    await table.put("ttt", {"pk": "a", "n": 1, "m": 2})
    gets = [
        {"Get": {"TableName": "ttt", "Key": item({"pk": "a"}), "ProjectionExpression": "n"}},
        {"Get": {"TableName": "ttt", "Key": item({"pk": "none"})}},
    ]
    found = await table.call("TransactGetItems", TransactItems=gets, ReturnConsumedCapacity="TOTAL")
    assert found["Responses"] == [{"Item": item({"n": 1})}, {}]
    assert found["ConsumedCapacity"][0]["ReadCapacityUnits"] == 4.0
