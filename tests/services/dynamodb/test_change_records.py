"""Entries of a stream's log: what the four views put into them, and what readers see, also of entries of an earlier layout."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from fogbank.services.dynamodb import keys
from fogbank.services.dynamodb.change_records import TTL_IDENTITY, change_of
from fogbank.services.dynamodb.keys import Place
from fogbank.store.api import Entry, Transaction
from tests.services.dynamodb.spoken import Dynamo, item
from tests.support.services import dynamodb_house

VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/ttt/stream/1"
KEY = {"pk": {"S": 'a\n"b\\'}}
OLD: dict[str, Any] = {**KEY, "text": {"S": "line\nend\u2028 ü"}, "raw": {"B": "AQI="}}
NEW: dict[str, Any] = {**KEY, "list": {"L": [{"NULL": True}, {"M": {"\n": {"BOOL": False}}}]}}


@pytest.fixture
async def db() -> AsyncIterator[Dynamo]:
    async with dynamodb_house() as house:
        yield Dynamo(house)


async def written(db: Dynamo, view: str) -> list[Entry]:
    """The log of an item that is put, replaced and deleted."""
    await db.create("ttt", "pk:S", stream=view)
    for stored in (OLD, NEW):
        found = {name: {"B": b"\x01\x02"} if "B" in value else value for name, value in stored.items()}
        await db.call("PutItem", TableName="ttt", Item=found)
    await db.call("DeleteItem", TableName="ttt", Key=KEY)
    label = (await db.stream_arn("ttt")).rpartition("/")[2]
    return await db.house.store.read_log(
        keys.stream(Place("000000000000", "us-east-1"), "ttt", label), limit=10
    )


def seen(entry: Entry, name: str, view: str, new: Any, old: Any, size: int) -> dict[str, Any]:
    """The record, member by member, in AWS's order."""
    change: dict[str, Any] = {"ApproximateCreationDateTime": entry.time_ms // 1000, "Keys": KEY}
    if new is not None and view in ("NEW_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["NewImage"] = new
    if old is not None and view in ("OLD_IMAGE", "NEW_AND_OLD_IMAGES"):
        change["OldImage"] = old
    change |= {
        "SequenceNumber": f"1{entry.seq:020d}",
        "SizeBytes": size,
        "StreamViewType": view,
    }
    return {
        "eventID": f"{entry.seq:016x}{7:016x}",
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "dynamodb": change,
    }


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("by_service", [False, True])
async def test_what_readers_see_in_both_layouts(db: Dynamo, view: str, by_service: bool) -> None:
    entries = await written(db, view)
    changes = [("INSERT", OLD, None), ("MODIFY", NEW, OLD), ("REMOVE", None, NEW)]
    assert len(entries) == len(changes)
    for entry, (name, new, old) in zip(entries, changes, strict=True):
        size = orjson.loads(change_of(entry, "us-east-1", 7).json)["dynamodb"]["SizeBytes"]
        expected = seen(entry, name, view, new, old, size)
        images = [expected["dynamodb"].get(member) for member in ("NewImage", "OldImage")]
        former = orjson.dumps([name, by_service, KEY, *images, size, view])
        if by_service:
            expected["userIdentity"] = {"principalId": "dynamodb.amazonaws.com", "type": "Service"}
            entry = replace(entry, body=entry.body + TTL_IDENTITY)
        for each in (entry, replace(entry, body=former)):
            found = change_of(each, "us-east-1", 7)
            assert found.json == orjson.dumps(expected)
            assert orjson.loads(found.keys) == KEY
            assert (found.seq, found.sequence) == (entry.seq, expected["dynamodb"]["SequenceNumber"])
            assert found.time_ms == entry.time_ms // 1000 * 1000
            told = change_of(each, "us-east-1", 7, ARN)
            assert told.json == orjson.dumps(expected | {"eventSourceARN": ARN})


@pytest.mark.parametrize(
    ("view", "sizes"),
    [
        ("KEYS_ONLY", [7, 7, 7]),
        ("NEW_IMAGE", [37, 30, 7]),
        ("OLD_IMAGE", [7, 37, 30]),
        ("NEW_AND_OLD_IMAGES", [37, 60, 30]),
    ],
)
async def test_sizes_are_those_of_what_is_shown(db: Dynamo, view: str, sizes: list[int]) -> None:
    """Names and values of the keys and of each image."""
    entries = await written(db, view)
    assert [
        orjson.loads(change_of(e, "us-east-1", 1).json)["dynamodb"]["SizeBytes"] for e in entries
    ] == sizes


async def test_a_log_that_an_earlier_fogbank_began_is_read_on(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="NEW_IMAGE")
    arn = await db.stream_arn("ttt")
    former = orjson.dumps(
        ["INSERT", False, item({"pk": "a"}), item({"pk": "a", "n": 1}), None, 9, "NEW_IMAGE"]
    )
    log = keys.stream(Place("000000000000", "us-east-1"), "ttt", arn.rpartition("/")[2])
    await db.house.store.commit(Transaction().append(log, [(db.clock.now_ms(), former)]))
    await db.put("ttt", {"pk": "b", "n": 1})
    before, after = await db.records(arn)
    assert before["dynamodb"].keys() == after["dynamodb"].keys()
    assert before["dynamodb"]["NewImage"] == item({"pk": "a", "n": 1})
    assert after["dynamodb"]["NewImage"] == item({"pk": "b", "n": 1})
