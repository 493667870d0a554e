"""Global tables: replicas in several regions, their settings, their items, and regions that are cut off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.services.dynamodb import DynamoDB
from tests.services.dynamodb.regions import EAST, IRELAND, TOKYO, Regions
from tests.services.dynamodb.spoken import item, plain
from tests.support.services import dynamodb_house
from tests.support.waiting import until

pytestmark = pytest.mark.every_store


@pytest.fixture
async def world() -> AsyncIterator[Regions]:
    async with dynamodb_house() as house:
        yield Regions(house)


async def test_a_replica_takes_over_what_was_there(world: Regions) -> None:
    east = world[EAST]
    await east.create("ttt", "pk:S", gsi={"byn": "n:N"}, Tags=[{"Key": "a", "Value": "b"}])
    for n in range(120):
        await east.put("ttt", {"pk": f"k{n}", "n": n})
    answer = await world.add(EAST, IRELAND, wait=False)
    shown = answer["TableDescription"]
    assert shown["Replicas"] == [] and shown["TableStatus"] == "UPDATING"
    assert shown["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    await east.put("ttt", {"pk": "k5", "n": 555})  # while it is being made
    await world.all_active()
    await world.add(EAST, TOKYO)
    await world.converged()
    for region in (IRELAND, TOKYO):
        assert {each["pk"]: each["n"] for each in await world[region].scan("ttt")} == {
            f"k{n}": 555 if n == 5 else n for n in range(120)
        }
        found = await world[region].query("ttt", "n = :n", {":n": 555}, IndexName="byn")
        assert [each["pk"] for each in found] == ["k5"]
        table = (await world[region].call("DescribeTable", TableName="ttt"))["Table"]
        assert table["GlobalTableVersion"] == "2019.11.21" and table["TableArn"].split(":")[3] == region
        others = {each["RegionName"] for each in table["Replicas"]}
        assert others == {EAST, IRELAND, TOKYO} - {region}
        assert table["Replicas"][0].keys() == {
            "RegionName",
            "ReplicaStatus",
            "WarmThroughput",
            "GlobalTableSettingsReplicationMode",
        }
        assert (await world[region].call("ListTagsOfResource", ResourceArn=table["TableArn"]))["Tags"] == []


async def test_changes_go_everywhere_and_no_attribute_is_added(world: Regions) -> None:
    await world.build()
    await world[EAST].put("ttt", {"pk": "a", "n": 1})
    await world.converged()
    await world[TOKYO].update("ttt", {"pk": "a"}, "ADD n :n", {":n": 1})
    put = {"PutRequest": {"Item": item({"pk": "b"})}}
    await world[IRELAND].call("BatchWriteItem", RequestItems={"ttt": [put]})
    await world[IRELAND].call(
        "TransactWriteItems", TransactItems=[{"Put": {"TableName": "ttt", "Item": item({"pk": "c"})}}]
    )
    assert await world.converged() == {"a": {"pk": "a", "n": 2}, "b": {"pk": "b"}, "c": {"pk": "c"}}
    await world[EAST].call("DeleteItem", TableName="ttt", Key=item({"pk": "a"}))
    assert set(await world.converged()) == {"b", "c"}
    for region in (EAST, IRELAND, TOKYO):
        records = await world[region].records(await world[region].stream_arn("ttt"))
        names = [each["eventName"] for each in records if each["dynamodb"]["Keys"]["pk"]["S"] == "a"]
        assert names == ["INSERT", "MODIFY", "REMOVE"]
        assert {each["awsRegion"] for each in records} == {region}


async def test_the_last_writer_wins_after_a_cut(world: Regions) -> None:
    await world.build()
    for pk in "abc":
        await world[EAST].put("ttt", {"pk": pk, "n": 0})
    await world.converged()
    await world.cut(IRELAND)
    await world[EAST].put("ttt", {"pk": "a", "n": 1})
    await world[IRELAND].put("ttt", {"pk": "b", "n": 1})
    await world[IRELAND].call("DeleteItem", TableName="ttt", Key=item({"pk": "c"}))
    await world.clock.advance_ms(1000)
    await world[IRELAND].put("ttt", {"pk": "a", "n": 2})  # the later one
    await world[EAST].put("ttt", {"pk": "b", "n": 2})
    await world[TOKYO].put("ttt", {"pk": "c", "n": 2})
    assert (await world[IRELAND].get("ttt", {"pk": "c"})) is None
    assert await world[EAST].get("ttt", {"pk": "a"}) == {"pk": "a", "n": 1}

    async def others_agree() -> bool:
        return await world.items(EAST) == await world.items(TOKYO)

    await until(others_agree)
    state = await world.house.internal("dynamodb", "replication_state")
    assert state["cut_off"] == [IRELAND]
    waiting = {(each["from"], each["to"]): each["waiting"] for each in state["links"]}
    assert waiting[IRELAND, EAST] == 3 and waiting[EAST, TOKYO] == 0
    await world.heal(IRELAND)
    assert {pk: each["n"] for pk, each in (await world.converged()).items()} == {"a": 2, "b": 2, "c": 2}


async def test_a_late_change_does_not_bring_a_deleted_item_back(world: Regions) -> None:
    await world.build()
    await world[EAST].put("ttt", {"pk": "a", "n": 0})
    await world.converged()
    await world.cut(IRELAND)
    await world[IRELAND].put("ttt", {"pk": "a", "n": 1})
    await world.clock.advance_ms(1000)
    await world[EAST].call("DeleteItem", TableName="ttt", Key=item({"pk": "a"}))
    # The deletion is remembered as long as an older change may come, however long that is.
    await world.clock.advance_ms(26 * 3_600_000)
    await world.heal(IRELAND)
    assert await world.converged() == {}
    # Then it is forgotten.
    table = await world.table(TOKYO)

    async def is_forgotten() -> bool:
        await world.clock.advance_ms(2 * 3_600_000)
        return not await world.house.store.scan(("dynamodb", "data", table.record.id), limit=1)

    await until(is_forgotten)


async def test_expired_items_are_deleted_everywhere(world: Regions) -> None:
    await world.build()
    setting = {"AttributeName": "ttl", "Enabled": True}
    await world[TOKYO].call("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=setting)
    shown = await world[EAST].call("DescribeTimeToLive", TableName="ttt")
    assert shown["TimeToLiveDescription"]["AttributeName"] == "ttl"
    await world[EAST].put("ttt", {"pk": "a", "ttl": world.clock.now_ms() // 1000 + 60})
    await world.converged()
    await world.clock.advance_ms(120_000)

    async def are_gone() -> bool:
        return not any([await world.items(region) for region in (EAST, IRELAND, TOKYO)])

    await until(are_gone)
    for region in (EAST, IRELAND, TOKYO):
        records = await world[region].records(await world[region].stream_arn("ttt"))
        assert [each["eventName"] for each in records] == ["INSERT", "REMOVE"]


async def test_indexes_are_kept_in_step(world: Regions) -> None:
    await world.build()
    await world[IRELAND].put("ttt", {"pk": "a", "n": 1})
    await world.converged()
    create = {
        "IndexName": "byn",
        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    await world[IRELAND].call(
        "UpdateTable",
        TableName="ttt",
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "N"}],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    await world.all_active()
    for region in (EAST, IRELAND, TOKYO):
        assert len(await world[region].query("ttt", "n = :n", {":n": 1}, IndexName="byn")) == 1
    await world[EAST].call(
        "UpdateTable", TableName="ttt", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "byn"}}]
    )
    for region in (EAST, IRELAND, TOKYO):
        assert (
            "GlobalSecondaryIndexes"
            not in (await world[region].call("DescribeTable", TableName="ttt"))["Table"]
        )


async def test_a_replica_leaves_and_what_it_had_still_arrives(world: Regions) -> None:
    await world.build()
    await world.cut(TOKYO)
    await world[TOKYO].put("ttt", {"pk": "a", "n": 1})
    removal = [{"Delete": {"RegionName": TOKYO}}]
    answer = await world[EAST].call("UpdateTable", TableName="ttt", ReplicaUpdates=removal)
    statuses = {each["RegionName"]: each["ReplicaStatus"] for each in answer["TableDescription"]["Replicas"]}
    assert statuses == {IRELAND: "ACTIVE", TOKYO: "DELETING"}
    assert (await world[TOKYO].fails("DescribeTable", TableName="ttt"))[0] == "ResourceNotFoundException"
    await world.heal(TOKYO)
    assert set(await world.converged()) == {"a"}

    async def is_over() -> bool:
        state = await world.house.internal("dynamodb", "replication_state")
        return len(state["links"]) == 2

    await until(is_over)
    # DeleteTable on a replica leaves the group as well; what remains is a table as any other.
    await world[IRELAND].call("DeleteTable", TableName="ttt")
    table = (await world[EAST].call("DescribeTable", TableName="ttt"))["Table"]
    assert "Replicas" not in table and table["TableStatus"] == "ACTIVE"
    await world[EAST].put("ttt", {"pk": "b"})
    # The region can be added again.
    await world.clock.advance_ms(1)  # a new stream is named by its time
    await world.add(EAST, IRELAND)
    assert set(await world.converged(IRELAND)) == {"a", "b"}


async def test_refusals(world: Regions) -> None:
    east = world[EAST]
    await east.create("ttt", "pk:S", stream="KEYS_ONLY")
    await world[IRELAND].create("ttt", "pk:S")
    create = {"Create": {"RegionName": TOKYO}}

    async def refused(*updates: dict[str, Any], table: str = "ttt", **more: Any) -> str:
        code, message = await east.fails("UpdateTable", TableName=table, ReplicaUpdates=list(updates), **more)
        assert code in ("ValidationException", "NotImplemented"), message
        return code + message

    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    await east.create("uuu", "pk:S", BillingMode="PROVISIONED", ProvisionedThroughput=units)
    assert "Pay-Per-Request or AutoScaled" in await refused(create, table="uuu")
    await east.create("vvv", "pk:S")
    await world[IRELAND].create("vvv", "pk:S")
    assert "already existed" in await refused({"Create": {"RegionName": IRELAND}}, table="vvv")
    assert "local region" in await refused({"Create": {"RegionName": EAST}}, table="vvv")
    assert "not part" in await refused({"Delete": {"RegionName": TOKYO}}, table="vvv")
    assert "more than one create" in await refused(create, create, table="vvv")
    assert "must be the only operation" in await refused(create, table="vvv", DeletionProtectionEnabled=True)
    named = await refused({"Create": {"RegionName": TOKYO, "KMSMasterKeyId": "x"}}, table="vvv")
    assert "NotImplemented" in named and "KMSMasterKeyId" in named
    strong = await refused(create, table="vvv", MultiRegionConsistency="STRONG")
    assert "NotImplemented" in strong and "STRONG" in strong
    await world.add(EAST, TOKYO, table="vvv")
    await world.add(EAST, TOKYO)  # a stream that is there keeps its view
    there = (await world[TOKYO].call("DescribeTable", TableName="ttt"))["Table"]["StreamSpecification"]
    assert there["StreamViewType"] == "KEYS_ONLY"
    off = {"StreamEnabled": False}
    assert (await east.fails("UpdateTable", TableName="vvv", StreamSpecification=off))[
        0
    ] == "ValidationException"
    await world[TOKYO].call("UpdateTable", TableName="vvv", DeletionProtectionEnabled=True)
    assert "protected" in await refused({"Delete": {"RegionName": TOKYO}}, table="vvv")
    update = {"Update": {"RegionName": TOKYO, "TableClassOverride": "STANDARD_INFREQUENT_ACCESS"}}
    await east.call("UpdateTable", TableName="vvv", ReplicaUpdates=[update])
    table = (await world[TOKYO].call("DescribeTable", TableName="vvv"))["Table"]
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


async def test_two_nodes_replicate_and_nothing_comes_twice() -> None:
    async with dynamodb_house() as house:
        other = DynamoDB(store=house.store, clock=house.clock, ids=house.ids, lanes=house.lanes, node="other")
        await other.start()
        world = Regions(house)
        await world.build()

        async def count(region: str, pk: str) -> None:
            for _ in range(40):
                await world[region].update("ttt", {"pk": pk}, "ADD n :one", {":one": 1})

        places = (EAST, IRELAND, TOKYO)
        await asyncio.gather(*(count(region, f"{region}-{n}") for region in places for n in range(3)))
        items = await world.converged()
        assert {each["n"] for each in items.values()} == {40} and len(items) == 9
        for region in places:
            seen: dict[str, list[int]] = {}
            for record in await world[region].records(await world[region].stream_arn("ttt")):
                image = plain(record["dynamodb"]["NewImage"])
                seen.setdefault(image["pk"], []).append(int(image["n"]))
            for counts in seen.values():
                assert counts == sorted(set(counts)) and counts[-1] == 40
        await other.close()
