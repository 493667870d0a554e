"""Two nodes on one store: what one remembers of a table may be old, and what it writes is right all the same."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.services.dynamodb import SERVICE, DynamoDB
from tests.services.dynamodb.spoken import Dynamo, item
from tests.support.house import House
from tests.support.services import dynamodb_house
from tests.support.waiting import until

pytestmark = pytest.mark.every_store


def deaf_node(house: House) -> Dynamo:
    """Another node on the same store, which hears no news: it was not started."""
    state = DynamoDB(store=house.store, clock=house.clock, ids=house.ids, lanes=house.lanes, node="other")
    other = House({})
    other.store, other.clock = house.store, house.clock
    other.calls.mount(SERVICE, state)
    other.states["dynamodb"] = state
    return Dynamo(other)


async def test_a_write_for_an_old_table_is_prepared_anew() -> None:
    async with dynamodb_house() as house:
        db, other = Dynamo(house), deaf_node(house)
        await db.create("ttt", "pk:S")
        await other.put("ttt", {"pk": "a", "g": "x"})
        create = {
            "IndexName": "byg",
            "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
        await db.call(
            "UpdateTable",
            TableName="ttt",
            AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": create}],
        )
        await other.put("ttt", {"pk": "b", "g": "x"})
        puts = [{"PutRequest": {"Item": item({"pk": "c", "g": "x"})}}]
        await other.call("BatchWriteItem", RequestItems={"ttt": puts})

        async def is_active() -> bool:
            return bool((await db.call("DescribeTable", TableName="ttt"))["Table"]["TableStatus"] == "ACTIVE")

        await until(is_active)
        await other.call(
            "TransactWriteItems",
            TransactItems=[{"Put": {"TableName": "ttt", "Item": item({"pk": "d", "g": "x"})}}],
        )
        found = await db.query("ttt", "g = :g", {":g": "x"}, IndexName="byg")
        assert sorted(each["pk"] for each in found) == ["a", "b", "c", "d"]
        await db.call("DeleteTable", TableName="ttt")
        code, _ = await other.fails("PutItem", TableName="ttt", Item=item({"pk": "a"}))
        assert code == "ResourceNotFoundException"


async def test_both_count_up_one_item() -> None:
    async with dynamodb_house() as house:
        db, other = Dynamo(house), deaf_node(house)
        await db.create("ttt", "pk:S", stream="NEW_IMAGE")

        async def add(node: Dynamo, count: int) -> None:
            for _ in range(count):
                await node.update("ttt", {"pk": "a"}, "ADD n :one", {":one": 1})

        await asyncio.gather(*(add(node, 5) for node in (db, other) for _ in range(6)))
        assert await db.get("ttt", {"pk": "a"}) == {"pk": "a", "n": 60}
        assert len(await db.records(await db.stream_arn("ttt"))) == 60
