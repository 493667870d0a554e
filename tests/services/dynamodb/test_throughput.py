"""Provisioned throughput, when it is enforced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.services import dynamodb
from fogbank.services.dynamodb.limits import BURST_S
from fogbank.services.dynamodb.throughput import OVER_MAXIMUM
from tests.services.dynamodb.spoken import Dynamo, item, schema
from tests.support.house import House

EXCEEDED = "ProvisionedThroughputExceededException"


@pytest.fixture
async def db() -> AsyncIterator[Dynamo]:
    house = House(
        {
            dynamodb.SERVICE: lambda h: dynamodb.DynamoDB(
                store=h.store, clock=h.clock, ids=h.ids, lanes=h.lanes, is_throttled=True
            )
        }
    )
    async with house:
        spoken = Dynamo(house)
        units = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 2}
        await spoken.create("ttt", "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units)
        await spoken.create("free", "pk:S")
        yield spoken


async def test_writes_are_admitted_as_the_bucket_fills(db: Dynamo) -> None:
    for n in range(2):
        await db.put("ttt", {"pk": str(n)})
    code, message = await db.fails("PutItem", TableName="ttt", Item=item({"pk": "x"}))
    assert code == EXCEEDED and message.startswith(
        "The level of configured provisioned throughput for the table was"
    )
    assert await db.get("ttt", {"pk": "x"}) is None
    await db.clock.advance_ms(500)
    await db.put("ttt", {"pk": "x"})
    await db.clock.advance_ms(10 * BURST_S * 1000)
    for n in range(2 * BURST_S):
        await db.put("ttt", {"pk": str(n)})
    assert (await db.fails("PutItem", TableName="ttt", Item=item({"pk": "y"})))[0] == EXCEEDED


async def test_a_large_read_is_owed(db: Dynamo) -> None:
    await db.put("ttt", {"pk": "a", "v": "x" * 40_000})
    assert await db.get("ttt", {"pk": "a"}, ConsistentRead=True)
    await db.clock.advance_ms(3000)
    for operation, more in (
        ("GetItem", {"Key": item({"pk": "a"})}),
        ("Scan", {}),
        ("BatchGetItem", {"RequestItems": {"ttt": {"Keys": [item({"pk": "a"})]}}}),
    ):
        params: dict[str, Any] = more if operation == "BatchGetItem" else {"TableName": "ttt"} | more
        assert (await db.fails(operation, **params))[0] == EXCEEDED
    both = {"ttt": {"Keys": [item({"pk": "a"})]}, "free": {"Keys": [item({"pk": "a"})]}}
    found = await db.call("BatchGetItem", RequestItems=both)
    assert found["UnprocessedKeys"] == {"ttt": both["ttt"]}
    await db.clock.advance_ms(2000)
    assert await db.get("ttt", {"pk": "a"})


async def test_transactions_are_cancelled(db: Dynamo) -> None:
    put = {"Put": {"TableName": "ttt", "Item": item({"pk": "a"})}}
    await db.call("TransactWriteItems", TransactItems=[put])
    error = await db.house.fails("dynamodb", "TransactWriteItems", {"TransactItems": [put]})
    assert error.fields["CancellationReasons"][0]["Code"] == "ProvisionedThroughputExceeded"


async def test_a_batch_writes_where_it_may(db: Dynamo) -> None:
    put = [{"PutRequest": {"Item": item({"pk": "a"})}}]
    for _ in range(2):
        await db.put("ttt", {"pk": "x"})
    answer = await db.call("BatchWriteItem", RequestItems={"ttt": put, "free": put})
    assert answer["UnprocessedItems"] == {"ttt": put}
    assert await db.get("free", {"pk": "a"}) == {"pk": "a"}
    assert (await db.fails("BatchWriteItem", RequestItems={"ttt": put}))[0] == EXCEEDED
    await db.clock.advance_ms(3000)
    assert await db.get("ttt", {"pk": "a"}) is None


async def test_tables_on_demand_are_free(db: Dynamo) -> None:
    for n in range(50):
        await db.put("free", {"pk": str(n)})


async def test_a_maximum_of_a_table_on_demand(db: Dynamo) -> None:
    maxima = {"MaxReadRequestUnits": 1, "MaxWriteRequestUnits": 2}
    index = {
        "IndexName": "byg",
        "KeySchema": schema("g:S")[0],
        "Projection": {"ProjectionType": "ALL"},
        "OnDemandThroughput": {"MaxWriteRequestUnits": 1},
    }
    await db.create(
        "max",
        "pk:S",
        AttributeDefinitions=schema("pk:S g:S")[1],
        OnDemandThroughput=maxima,
        GlobalSecondaryIndexes=[index],
    )
    for n in range(2):
        await db.put("max", {"pk": str(n)})
    error = await db.house.fails("dynamodb", "PutItem", {"TableName": "max", "Item": item({"pk": "x"})})
    assert (error.code, error.message) == ("ThrottlingException", OVER_MAXIMUM)
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/max"
    why = {"reason": "TableWriteMaxOnDemandThroughputExceeded", "resource": arn}
    assert error.fields["throttlingReasons"] == [why]
    put = {"Put": {"TableName": "max", "Item": item({"pk": "a"})}}
    error = await db.house.fails("dynamodb", "TransactWriteItems", {"TransactItems": [put]})
    assert error.fields["CancellationReasons"] == [{"Code": "ThrottlingError", "Message": OVER_MAXIMUM}]
    await db.clock.advance_ms(2000)
    for name in "xyz":  # of the table's four units, and the index' three
        await db.put("max", {"pk": name, "g": "a"})
    error = await db.house.fails("dynamodb", "PutItem", {"TableName": "max", "Item": item({"pk": "a"})})
    why = {"reason": "IndexWriteMaxOnDemandThroughputExceeded", "resource": f"{arn}/index/byg"}
    assert error.fields["throttlingReasons"] == [why]
    for _ in range(2):
        await db.get("max", {"pk": "x"})  # half a unit each
    keys = {"max": {"Keys": [item({"pk": "x"})]}}
    assert (await db.fails("BatchGetItem", RequestItems=keys))[0] == "ThrottlingException"
    await db.call("UpdateTable", TableName="max", OnDemandThroughput={"MaxReadRequestUnits": -1})
    for _ in range(20):
        await db.get("max", {"pk": "x"})
