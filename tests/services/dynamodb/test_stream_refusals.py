"""Reading streams: what is refused, and the records of each kind of write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.dynamodb.spoken import Dynamo, item

VALIDATION = "ValidationException"
MISSING = "ResourceNotFoundException"
STREAM = "arn:aws:dynamodb:us-east-1:000000000000:table/none/stream/2026-01-01T00:00:00.000"
SHARD = "shardId-00000001700000000000-00000000"


@pytest.fixture
async def where(db: Dynamo) -> dict[str, str]:
    """StreamArn and ShardId of a table with one record."""
    made = await db.create("ttt", "pk:S", stream="NEW_AND_OLD_IMAGES")
    await db.put("ttt", {"pk": "a"})
    arn = made["TableDescription"]["LatestStreamArn"]
    found = await db.house.call("dynamodbstreams", "DescribeStream", {"StreamArn": arn})
    return {"StreamArn": arn, "ShardId": found["StreamDescription"]["Shards"][0]["ShardId"]}


async def fails(db: Dynamo, operation: str, **params: Any) -> tuple[str, str]:
    error = await db.house.fails("dynamodbstreams", operation, params)
    return error.code, error.message


async def test_streams_and_shards_that_are_not_there(db: Dynamo, where: dict[str, str]) -> None:
    kind = {"ShardIteratorType": "LATEST"}
    no_stream = (MISSING, f"Requested resource not found: Stream: {STREAM} not found")
    assert await fails(db, "DescribeStream", StreamArn=STREAM) == no_stream
    assert await fails(db, "GetShardIterator", StreamArn=STREAM, ShardId=SHARD, **kind) == no_stream
    assert await fails(db, "GetShardIterator", **where | {"ShardId": SHARD}, **kind) == (
        MISSING,
        "Requested resource not found: Shard does not exist",
    )
    assert await fails(db, "DescribeStream", StreamArn="arn:aws:dynamodb:us-east-1:000000000000:table/t") == (
        VALIDATION,
        "Invalid StreamArn",
    )
    assert await fails(db, "GetRecords", ShardIterator="nonsense") == (VALIDATION, "Invalid ShardIterator")


@pytest.mark.parametrize("kind", ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"])
async def test_sequence_numbers(db: Dynamo, where: dict[str, str], kind: str) -> None:
    position = where | {"ShardIteratorType": kind}
    assert (await fails(db, "GetShardIterator", **position))[0] == VALIDATION
    for number in ("9" * 21, "9" * 40, "x" * 21):  # no log is that long
        found = await fails(db, "GetShardIterator", **position, SequenceNumber=number)
        assert found[0] == VALIDATION
    before = await fails(db, "GetShardIterator", **position, SequenceNumber="0" * 20 + "1")
    assert before == (
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard.",
    )


async def test_records_of_all_kinds_of_writes(db: Dynamo, where: dict[str, str]) -> None:
    key = item({"pk": "a"})
    await db.put("ttt", {"pk": "a", "n": 1})
    await db.put("ttt", {"pk": "a", "n": 1})  # the same once more
    await db.call("UpdateItem", TableName="ttt", Key=key)  # nor does this change anything
    await db.call("BatchWriteItem", RequestItems={"ttt": [{"PutRequest": {"Item": item({"pk": "b"})}}]})
    await db.call("ExecuteStatement", Statement="UPDATE \"ttt\" SET n=2 WHERE pk='a'")
    await db.call("TransactWriteItems", TransactItems=[{"Delete": {"TableName": "ttt", "Key": key}}])
    await db.call("DeleteItem", TableName="ttt", Key=key)  # gone already
    records = await db.records(where["StreamArn"])
    names = [(each["eventName"], each["dynamodb"]["Keys"]["pk"]["S"]) for each in records]
    assert names == [("INSERT", "a"), ("MODIFY", "a"), ("INSERT", "b"), ("MODIFY", "a"), ("REMOVE", "a")]
    last = records[-1]
    assert {name: last[name] for name in ("eventVersion", "eventSource", "awsRegion")} == {
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
    }
    assert "userIdentity" not in last and len(last["eventID"]) == 32
    change = last["dynamodb"]
    assert set(change) == {
        "ApproximateCreationDateTime",
        "Keys",
        "OldImage",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    }
    assert change["OldImage"] == item({"pk": "a", "n": 2})
    numbers = [each["dynamodb"]["SequenceNumber"] for each in records]
    assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers)
