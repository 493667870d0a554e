"""The loops of a stream's shards: when they begin, and that all of them end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fogbank.core.errors import Conflict
from fogbank.store.api import Transaction
from fogbank.streams.api import Shard
from fogbank.streams.checkpoints import DONE, Checkpoint
from fogbank.streams.stream_loop import Runs, StreamLoop
from tests.streams.fakes import Bench, FakeStream


class Shards(FakeStream):
    """A stream of some shards, which can be slow to tell of them."""

    def __init__(self, bench: Bench, *shards: Shard) -> None:
        super().__init__(bench.clock)
        self.all = shards
        self.told = asyncio.Event()
        self.told.set()

    async def shards(self) -> tuple[Shard, ...]:
        await self.told.wait()
        return self.all


class Run:
    """Reads its shard until it is told that it is over."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def run(self) -> None:
        await self.over.wait()

    def stop(self) -> None:
        self.over.set()

    async def close(self) -> None:
        return None


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        yield made


async def test_a_child_begins_when_its_parent_is_done(bench: Bench) -> None:
    source = Shards(bench, Shard("parent"), Shard("child", "parent"), Shard("other"), Shard("old", "gone"))
    begun: dict[str, Run] = {}

    def make(shard: str) -> Runs:
        begun[shard] = Run()
        return begun[shard]

    loop = StreamLoop(source, make, bench.checkpoints, bench.clock, bench.lanes)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle()
    assert set(begun) == {"parent", "other", "old"}
    begun["parent"].over.set()
    await bench.settle()
    assert set(begun) == {"parent", "other", "old", "child"}
    loop.stop()
    await bench.settle()
    assert task.done()


async def test_stopping_while_shards_are_looked_up(bench: Bench) -> None:
    """A shard that began after the stop would be told by nobody: the mapping would never be disabled."""
    source = Shards(bench, Shard("s"))
    source.told.clear()
    begun: list[str] = []

    def make(shard: str) -> Runs:
        begun.append(shard)
        return Run()

    loop = StreamLoop(source, make, bench.checkpoints, bench.clock, bench.lanes)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle()
    loop.stop()
    source.told.set()
    await bench.settle()
    assert task.done() and not begun


async def test_checkpoints_of_trimmed_shards_go_but_for_one(bench: Bench) -> None:
    checkpoints = bench.checkpoints
    await checkpoints.begin({f"shard-{n}": Checkpoint(DONE) for n in range(4)})
    await checkpoints.prune({"shard-2", "shard-3", "shard-4"})
    assert [await checkpoints.load(f"shard-{n}") is None for n in range(4)] == [True, True, False, False]
    await checkpoints.prune(
        {"shard-7"}
    )  # nobody has begun it: one of the old ones must say that the mapping has begun
    assert [await checkpoints.load(f"shard-{n}") is None for n in range(4)] == [True, True, True, False]
    await checkpoints.prune(())
    assert await checkpoints.are_there()


async def test_a_reader_that_was_taken_over_from_sets_nothing_back(bench: Bench) -> None:
    old, new = bench.checkpoints, bench.checkpoints
    assert await old.load("s") is None
    await old.save("s", Checkpoint(1))
    await new.load("s")
    await new.save("s", Checkpoint(5))
    with pytest.raises(Conflict):
        await old.save("s", Checkpoint(3))
    assert await new.load("s") == Checkpoint(5)
    await bench.store.commit(Transaction().delete_prefix(("checkpoint",)))  # the mapping is deleted
    with pytest.raises(Conflict):
        await new.save("s", Checkpoint(6))
    assert not await new.are_there()
