"""Streams: what is written, in which shard, how it is read, when it goes."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from fogbank.services.dynamodb.keys import Place
from fogbank.services.dynamodb.limits import (
    ITERATOR_KEPT_MS,
    SHARD_SPAN_MS,
    STREAM_KEPT_MS,
    TTL_CHANGE_PAUSE_MS,
)
from tests.services.dynamodb.spoken import Dynamo, item, plain
from tests.support.waiting import until

HERE = Place("000000000000", "us-east-1")

pytestmark = pytest.mark.every_store

HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("view", "new", "old"),
    [
        ("KEYS_ONLY", False, False),
        ("NEW_IMAGE", True, False),
        ("OLD_IMAGE", False, True),
        ("NEW_AND_OLD_IMAGES", True, True),
    ],
)
async def test_the_views(db: Dynamo, view: str, new: bool, old: bool) -> None:
    await db.create("ttt", "pk:S sk:N", stream=view)
    await db.put("ttt", {"pk": "a", "sk": 1, "b": b"\x01"})
    await db.put("ttt", {"pk": "a", "sk": 1, "v": 2})
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "a", "sk": 1}))
    records = await db.records(await db.stream_arn("ttt"))
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    images = [{"pk": "a", "sk": 1, "b": b"\x01"}, {"pk": "a", "sk": 1, "v": 2}]
    for record, before, after in zip(records, [None, *images], [*images, None], strict=True):
        change = record["dynamodb"]
        assert plain(change["Keys"]) == {"pk": "a", "sk": 1} and change["StreamViewType"] == view
        assert ("NewImage" in change) == (new and after is not None)
        assert ("OldImage" in change) == (old and before is not None)
        if "NewImage" in change:
            assert plain(change["NewImage"]) == after
        if "OldImage" in change:
            assert plain(change["OldImage"]) == before
        assert len(change["SequenceNumber"]) >= 21 and change["SizeBytes"] > 0
    numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in records]
    assert numbers == sorted(set(numbers))
    assert len({record["eventID"] for record in records}) == 3


async def test_what_changes_nothing_leaves_no_record(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    await db.put("ttt", {"pk": "a", "x": 1, "y": 2})
    await db.put("ttt", {"pk": "a", "y": 2, "x": 1})
    await db.update("ttt", {"pk": "a"}, "SET x = :one", {":one": 1})
    await db.call("DeleteItem", TableName="ttt", Key=item({"pk": "none"}))
    await db.fails(
        "PutItem", TableName="ttt", Item=item({"pk": "a"}), ConditionExpression="attribute_not_exists(pk)"
    )
    assert len(await db.records(await db.stream_arn("ttt"))) == 1


async def test_transactions_and_batches_are_recorded_in_order(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    puts = [{"Put": {"TableName": "ttt", "Item": item({"pk": str(n)})}} for n in range(5)]
    await db.call("TransactWriteItems", TransactItems=puts)
    deletes = [{"DeleteRequest": {"Key": item({"pk": str(n)})}} for n in range(5)]
    await db.call("BatchWriteItem", RequestItems={"ttt": deletes})
    records = await db.records(await db.stream_arn("ttt"), limit=3)
    assert [(r["eventName"], plain(r["dynamodb"]["Keys"])["pk"]) for r in records] == [
        (name, str(n)) for name in ("INSERT", "REMOVE") for n in range(5)
    ]


async def test_iterators(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    for n in range(3):
        await db.put("ttt", {"pk": str(n)})
        await db.clock.advance_ms(1000)
    (shard,) = await db.shards(arn)
    numbers = [r["dynamodb"]["SequenceNumber"] for r in await db.records(arn)]
    latest = await db.iterator(arn, shard["ShardId"], "LATEST")
    await db.put("ttt", {"pk": "3"})

    async def read(iterator: str) -> list[str]:
        found = await db.stream("GetRecords", ShardIterator=iterator)
        return [plain(r["dynamodb"]["Keys"])["pk"] for r in found["Records"]]

    assert await read(latest) == ["3"]
    at = {"SequenceNumber": numbers[1]}
    assert await read(await db.iterator(arn, shard["ShardId"], "AT_SEQUENCE_NUMBER", **at)) == ["1", "2", "3"]
    assert await read(await db.iterator(arn, shard["ShardId"], "AFTER_SEQUENCE_NUMBER", **at)) == ["2", "3"]
    moment = {"Timestamp": db.clock.now_ms() - 1500}
    assert await read(await db.iterator(arn, shard["ShardId"], "AT_TIMESTAMP", **moment)) == ["2", "3"]
    await db.clock.advance_ms(ITERATOR_KEPT_MS)
    assert await read(latest) == ["3"]
    await db.clock.advance_ms(1)
    error = await db.house.fails("dynamodbstreams", "GetRecords", {"ShardIterator": latest})
    assert error.code == "ExpiredIteratorException"
    error = await db.house.fails("dynamodbstreams", "GetRecords", {"ShardIterator": "x" * 40})
    assert (error.code, error.message) == ("ValidationException", "Invalid ShardIterator")


async def test_shards_roll_over_and_each_record_lies_in_one(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    (first,) = await db.shards(arn)
    for hour in range(10):
        await db.put("ttt", {"pk": str(hour)})
        await db.clock.advance_ms(HOUR_MS)
    shards = await db.shards(arn)
    assert len(shards) == 3 and [s.get("ParentShardId") for s in shards[1:]] == [
        s["ShardId"] for s in shards[:-1]
    ]
    assert ["EndingSequenceNumber" in s["SequenceNumberRange"] for s in shards] == [True, True, False]
    records = await db.records(arn)
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in records] == [str(n) for n in range(10)]
    iterator = await db.iterator(arn, first["ShardId"])
    page = await db.stream("GetRecords", ShardIterator=iterator)
    assert page["Records"] and "NextShardIterator" not in page, "a closed shard ends"
    children = await db.stream(
        "DescribeStream", StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": first["ShardId"]}
    )
    assert [s["ShardId"] for s in children["StreamDescription"]["Shards"]] == [shards[1]["ShardId"]]
    page = await db.stream("DescribeStream", StreamArn=arn, Limit=2)
    assert page["StreamDescription"]["LastEvaluatedShardId"] == shards[1]["ShardId"]


async def test_records_are_kept_for_a_day(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "old"})
    (shard,) = await db.shards(arn)
    first = (await db.records(arn))[0]["dynamodb"]["SequenceNumber"]
    await db.clock.advance_ms(SHARD_SPAN_MS - 1000)
    await db.put("ttt", {"pk": "new"})
    await db.clock.advance_ms(STREAM_KEPT_MS - SHARD_SPAN_MS + 2000)
    error = await db.house.fails(
        "dynamodbstreams",
        "GetShardIterator",
        {
            "StreamArn": arn,
            "ShardId": shard["ShardId"],
            "ShardIteratorType": "AT_SEQUENCE_NUMBER",
            "SequenceNumber": first,
        },
    )
    assert error.code == "TrimmedDataAccessException"
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in await db.records(arn)] == ["new"]
    await db.clock.advance_ms(STREAM_KEPT_MS)
    assert await db.records(arn) == []
    shards = await db.shards(arn)
    assert shard["ShardId"] not in [s["ShardId"] for s in shards] and shards[-1]["SequenceNumberRange"]


async def test_a_disabled_stream_is_readable_for_a_day(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "a"})
    await db.call("UpdateTable", TableName="ttt", StreamSpecification={"StreamEnabled": False})
    await db.put("ttt", {"pk": "b"})
    found = (await db.stream("DescribeStream", StreamArn=arn))["StreamDescription"]
    assert found["StreamStatus"] == "DISABLED"
    assert "EndingSequenceNumber" in found["Shards"][-1]["SequenceNumberRange"]
    assert len(await db.records(arn)) == 1
    again = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    await db.clock.advance_ms(1)
    await db.call("UpdateTable", TableName="ttt", StreamSpecification=again)
    await db.put("ttt", {"pk": "c"})
    second = await db.stream_arn("ttt")
    assert second != arn and len(await db.records(second)) == 1
    listed = await db.stream("ListStreams", TableName="ttt")
    assert [s["StreamArn"] for s in listed["Streams"]] == [arn, second]
    await db.call("DeleteTable", TableName="ttt")
    assert len(await db.records(second)) == 1
    await db.clock.advance_ms(STREAM_KEPT_MS)
    error = await db.house.fails("dynamodbstreams", "DescribeStream", {"StreamArn": arn})
    assert error.code == "ResourceNotFoundException"
    await db.clock.advance_ms(2 * HOUR_MS)

    async def is_gone() -> bool:
        return await db.house.store.count(("dynamodb", "stream"), limit=1) == 0

    await until(is_gone)


async def test_news_of_a_stream(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    heard: list[int] = []
    end = await db.house.internal(
        "dynamodb", "watch_stream", stream_arn=arn, callback=lambda: heard.append(1)
    )
    await db.put("ttt", {"pk": "a"})
    await until(lambda: heard)
    (shard,) = await db.shards(arn)
    changes, behind = await db.house.internal(
        "dynamodb", "stream_records", stream_arn=arn, shard_id=shard["ShardId"], after=0
    )
    assert len(changes) == 1 and behind == 1
    end()


async def test_expired_items_go_and_their_records_say_why(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="NEW_AND_OLD_IMAGES")
    now_s = db.clock.now_ms() // 1000
    await db.put("ttt", {"pk": "before", "ttl": now_s + 100})
    spec: dict[str, Any] = {"AttributeName": "ttl", "Enabled": True}
    await db.call("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=spec)

    found = await db.call("DescribeTimeToLive", TableName="ttt")
    assert found["TimeToLiveDescription"] == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}

    async def is_filled() -> bool:
        table = await db.state.directory.load(HERE, "ttt")
        return bool(table.record.ttl.status == "ENABLED")

    await until(is_filled)
    await db.put("ttt", {"pk": "after", "ttl": now_s + 100})
    await db.put("ttt", {"pk": "moved", "ttl": now_s + 100})
    await db.update(
        "ttt", {"pk": "moved"}, "SET #t = :t", {":t": now_s + 9000}, ExpressionAttributeNames={"#t": "ttl"}
    )
    await db.put("ttt", {"pk": "text", "ttl": str(now_s + 100)})
    await db.put("ttt", {"pk": "mistake", "ttl": 100})
    await db.clock.advance_ms(60_000)
    assert len(await db.scan("ttt")) == 5
    await db.clock.advance_ms(80_000)

    async def left() -> bool:
        return {each["pk"] for each in await db.scan("ttt")} == {"moved", "text", "mistake"}

    await until(left)
    removed = [r for r in await db.records(await db.stream_arn("ttt")) if r["eventName"] == "REMOVE"]
    assert len(removed) == 2
    for record in removed:
        assert record["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
    assert await db.fails("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=spec) == (
        "ValidationException",
        "TimeToLive is already enabled",
    )
    off = spec | {"Enabled": False}
    assert await db.fails("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=off) == (
        "ValidationException",
        "Time to live has been modified multiple times within a fixed interval",
    )
    await db.clock.advance_ms(TTL_CHANGE_PAUSE_MS)
    await db.call("UpdateTimeToLive", TableName="ttt", TimeToLiveSpecification=off)
    found = await db.call("DescribeTimeToLive", TableName="ttt")
    assert found == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    await db.clock.advance_ms(10_000_000)
    assert len(await db.scan("ttt")) == 3


@pytest.mark.parametrize(("type", "look"), [("TRIM_HORIZON", 0), ("AT_TIMESTAMP", 0), ("AT_TIMESTAMP", 1)])
async def test_what_is_written_between_two_looks_is_not_passed_over(
    db: Dynamo, monkeypatch: pytest.MonkeyPatch, type: str, look: int
) -> None:
    """An iterator into an empty stream is found in several looks at it; the first record may come between any two."""
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    (shard,) = await db.shards(arn)
    read, looks = db.house.store.read_log, iter(range(9))

    async def read_log(*args: Any, **more: Any) -> Any:
        found = await read(*args, **more)
        if next(looks) == look:
            await db.put("ttt", {"pk": "between"})
        return found

    more = {"Timestamp": db.clock.now_ms()} if type == "AT_TIMESTAMP" else {}
    monkeypatch.setattr(db.house.store, "read_log", read_log)
    iterator = await db.iterator(arn, shard["ShardId"], type, **more)
    page = await db.stream("GetRecords", ShardIterator=iterator)
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in page["Records"]] == ["between"]


async def test_upkeep_trims_nothing_that_is_written_meanwhile(
    db: Dynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "old"})
    await db.clock.advance_ms(STREAM_KEPT_MS + HOUR_MS)
    read, written = db.house.store.read_log, []

    async def read_log(*args: Any, **more: Any) -> Any:
        found = await read(*args, **more)
        if not found and not written:
            written.append(1)
            await db.put("ttt", {"pk": "new"})
        return found

    monkeypatch.setattr(db.house.store, "read_log", read_log)
    for _ in range(20):
        await db.clock.advance_ms(SHARD_SPAN_MS // 16)
    await until(lambda: written)
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in await db.records(arn)] == ["new"]


async def test_a_shard_that_is_closed_while_it_is_read_ends_where_its_child_begins(
    db: Dynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    (shard,) = await db.shards(arn)
    await db.put("ttt", {"pk": "parent"})
    await db.clock.advance_ms(SHARD_SPAN_MS // 8 * 7)
    read, closed = db.house.store.read_log, []

    async def read_log(*args: Any, **more: Any) -> Any:
        if not closed:
            closed.append(1)
            db.clock._now_ms += SHARD_SPAN_MS // 8  # at once: upkeep does not see it first
            assert len(await db.shards(arn)) == 2
            await db.put("ttt", {"pk": "child"})
        return await read(*args, **more)

    monkeypatch.setattr(db.house.store, "read_log", read_log)
    found, _ = await db.house.internal(
        "dynamodb", "stream_records", stream_arn=arn, shard_id=shard["ShardId"], after=0
    )
    assert [orjson.loads(change.keys)["pk"]["S"] for change in found] == ["parent"]
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in await db.records(arn)] == ["parent", "child"]


async def test_a_shard_rolls_over_though_a_write_comes_between(
    db: Dynamo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "parent"})
    last_seq, written = db.house.store.last_seq, []

    async def look(*args: Any) -> Any:
        found = await last_seq(*args)
        if not written:
            written.append(1)
            await db.put("ttt", {"pk": "between"})
        return found

    monkeypatch.setattr(db.house.store, "last_seq", look)
    db.clock._now_ms += SHARD_SPAN_MS  # at once: upkeep does not see it first
    parent, child = await db.shards(arn)
    assert child["ParentShardId"] == parent["ShardId"]
    await db.put("ttt", {"pk": "child"})
    assert [plain(r["dynamodb"]["Keys"])["pk"] for r in await db.records(arn)] == [
        "parent",
        "between",
        "child",
    ]
