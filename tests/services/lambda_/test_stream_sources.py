"""A table's stream as the loops read it: where a mapping begins, in shards that were there and in those that came later."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fogbank.services.dynamodb.limits import SHARD_SPAN_MS
from fogbank.services.lambda_.event_source_mapping_records import Kind, Mapping, State
from fogbank.services.lambda_.event_source_mapping_sources import DynamoDbSource
from fogbank.streams.batches import payload_of
from fogbank.streams.checkpoints import Checkpoints
from tests.services.dynamodb.spoken import Dynamo
from tests.support.services import dynamodb_house

pytestmark = pytest.mark.every_store


class Reader:
    """A mapping that begins at LATEST, as a node that has just started sees it."""

    def __init__(self, db: Dynamo, arn: str, parallel: int = 1) -> None:
        mapping = Mapping(
            "u", "000000000000", "us-east-1", Kind.DYNAMODB, arn, "f", State.ENABLED, True, 0, 100,
            starting_position="LATEST", parallel=parallel,
        )  # fmt: skip
        self.source = DynamoDbSource(mapping, db.house.calls, db.house.caller, "LATEST")
        self.checkpoints = Checkpoints(db.house.store, ("checkpoint",))

    async def read(self) -> list[str]:
        """Keys of the records behind the checkpoints, of all shards; nothing is checkpointed."""
        await self.source.begin(self.checkpoints)
        found: list[str] = []
        for shard in await self.source.shards():
            checkpoint = await self.checkpoints.load(shard.id)
            if checkpoint is not None and checkpoint.is_done:
                continue
            after = await self.source.start(shard.id) if checkpoint is None else checkpoint.position
            records, _ = await self.source.read(shard.id, after, 1000)
            found += [record.event["dynamodb"]["Keys"]["pk"]["S"] for record in records]
        return found


@pytest.fixture
async def db() -> AsyncIterator[Dynamo]:
    async with dynamodb_house() as house:
        yield Dynamo(house)


@pytest.mark.parametrize("parallel", [1, 10])
async def test_records_as_the_loops_get_them(db: Dynamo, parallel: int) -> None:
    """The key is looked for only where batches run in parallel; the size is what the record takes in a batch."""
    await db.create("ttt", "pk:S sk:N", stream="NEW_IMAGE")
    arn = await db.stream_arn("ttt")
    reader = Reader(db, arn, parallel)
    assert await reader.read() == []
    for n in range(2):
        await db.put("ttt", {"pk": "ü", "sk": n})
    [shard] = await reader.source.shards()
    records, position = await reader.source.read(shard.id, 0, 10)
    assert [record.position for record in records] == [1, 2] and position == 2
    assert [record.key for record in records] == [b'{"S":"\xc3\xbc"}' if parallel > 1 else b""] * 2
    for n, record in enumerate(records):
        change = record.event["dynamodb"]
        assert change["NewImage"] == {"pk": {"S": "ü"}, "sk": {"N": str(n)}}
        assert (record.id, record.time_ms) == (
            change["SequenceNumber"],
            change["ApproximateCreationDateTime"] * 1000,
        )
        assert list(record.event)[-1] == "eventSourceARN" and record.event["eventSourceARN"] == arn
    assert sum(record.size_bytes for record in records) == len(payload_of(records)) - len('{"Records":[') - 1


async def test_latest_is_where_the_mapping_began(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "before"})
    assert await Reader(db, arn).read() == []
    await db.put("ttt", {"pk": "after"})
    assert await Reader(db, arn).read() == ["after"]


async def test_a_shard_that_came_while_nobody_read_is_read_whole(db: Dynamo) -> None:
    """A node that takes the mapping up must not take LATEST for now: what was written meanwhile would be skipped."""
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "before"})
    assert await Reader(db, arn).read() == []
    await db.put("ttt", {"pk": "in the parent"})
    await db.clock.advance_ms(SHARD_SPAN_MS)
    assert len(await db.shards(arn)) == 2
    await db.put("ttt", {"pk": "in the child"})
    assert await Reader(db, arn).read() == ["in the parent", "in the child"]


async def test_shards_that_were_closed_before_are_not_read(db: Dynamo) -> None:
    await db.create("ttt", "pk:S", stream="KEYS_ONLY")
    arn = await db.stream_arn("ttt")
    await db.put("ttt", {"pk": "before"})
    await db.clock.advance_ms(SHARD_SPAN_MS)
    assert len(await db.shards(arn)) == 2
    assert await Reader(db, arn).read() == []
    await db.put("ttt", {"pk": "after"})
    assert await Reader(db, arn).read() == ["after"]
