"""Two nodes on one store: what one remembers of a table may be old, and what it writes is right all the same."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.services.dynamodb import SERVICE, DynamoDB
from fogbank.services.dynamodb.limits import NEW_ITEMS_BEFORE_GUESS
from fogbank.store.api import Key, Record
from tests.services.dynamodb.spoken import Dynamo, item, plain
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


async def test_a_node_that_fills_a_table_takes_no_old_item_for_a_new_one() -> None:
    """It does not look for what it takes to be new (`novelty.py`); what the other wrote is found all the same."""
    async with dynamodb_house() as house:
        db, other = Dynamo(house), deaf_node(house)
        await db.create("ttt", "pk:S", gsi={"byg": "g:S"}, stream="NEW_AND_OLD_IMAGES")
        names = ("over", "condition", "update", "delete", "kept")
        for name in names:
            await other.put("ttt", {"pk": name, "g": "x", "n": 5})
        looked_for: list[Key] = []
        get = house.store.get

        async def noted(key: Key) -> Record | None:
            looked_for.append(key)
            return await get(key)

        house.store.get = noted  # type: ignore[method-assign]

        async def fill(name: str) -> int:
            """Put enough new items that the next is taken to be new; how many were looked for."""
            looked_for.clear()
            for n in range(2 * NEW_ITEMS_BEFORE_GUESS):
                await db.put("ttt", {"pk": f"{name} {n}", "g": "y", "n": n})
            return len(looked_for)

        assert await fill("first") < 2 * NEW_ITEMS_BEFORE_GUESS
        old = await db.put("ttt", {"pk": "over", "g": "z", "n": 6}, ReturnValues="ALL_OLD")
        assert plain(old["Attributes"]) == {"pk": "over", "g": "x", "n": 5}
        assert await fill("second") >= NEW_ITEMS_BEFORE_GUESS  # it was wrong: it looks again for a while
        absent = {"ConditionExpression": "attribute_not_exists(pk)"}
        code, _ = await db.fails(
            "PutItem", TableName="ttt", Item=item({"pk": "condition", "g": "z"}), **absent
        )
        assert code == "ConditionalCheckFailedException"
        await fill("third")
        present = {"ConditionExpression": "attribute_exists(pk)"}
        kept = await db.put("ttt", {"pk": "kept", "g": "x", "n": 5}, **present)
        assert kept == {}
        await fill("fourth")
        assert await db.update("ttt", {"pk": "update"}, "ADD n :one", {":one": 1}) == {
            "pk": "update",
            "g": "x",
            "n": 6,
        }
        await fill("fifth")
        gone = await db.call(
            "DeleteItem", TableName="ttt", Key=item({"pk": "delete"}), ReturnValues="ALL_OLD"
        )
        assert plain(gone["Attributes"]) == {"pk": "delete", "g": "x", "n": 5}
        assert await db.get("ttt", {"pk": "delete"}) is None
        found = await db.query("ttt", "g = :g", {":g": "x"}, IndexName="byg")
        assert sorted(each["pk"] for each in found) == ["condition", "kept", "update"]
        records = await db.records(await db.stream_arn("ttt"))
        assert [each["eventName"] for each in records if each["dynamodb"]["Keys"]["pk"]["S"] in names] == [
            *["INSERT"] * 5,
            *["MODIFY", "MODIFY", "REMOVE"],
        ]
