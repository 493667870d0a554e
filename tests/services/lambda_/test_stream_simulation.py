"""Streams and their mappings, killed at every moment: nothing acknowledged is passed over, and each item's order holds."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.services.dynamodb import stream_internals, stream_upkeep, streams
from tests.services.lambda_.stream_world import DEAD_LETTERS, World

NAMES = ("a", "b", "c")
POISON = 3  # this number of `b`
DESTINATION = {"OnFailure": {"Destination": DEAD_LETTERS}}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"BatchSize": 3},
    "parallel": {"BatchSize": 2, "ParallelizationFactor": 3},
    "bisected": {
        "BatchSize": 5,
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": 1,
        "DestinationConfig": DESTINATION,
    },
    "reported": {
        "BatchSize": 4,
        "ParallelizationFactor": 2,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumRetryAttempts": 2,
        "DestinationConfig": DESTINATION,
    },
    "latest": {"StartingPosition": "LATEST", "BatchSize": 10, "MaximumBatchingWindowInSeconds": 1},
    "window": {"BatchSize": 4, "TumblingWindowInSeconds": 5, "MaximumRetryAttempts": 1},
}


SPAN_MS, KEPT_MS = 2000, 60_000


@pytest.fixture(autouse=True)
def brief_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four hours are four thousand looks of everything that looks from time to time."""
    monkeypatch.setattr(streams, "SHARD_SPAN_MS", SPAN_MS)
    monkeypatch.setattr(stream_upkeep, "PAUSE_MS", SPAN_MS // 4)
    for module in (streams, stream_internals):
        monkeypatch.setattr(module, "STREAM_KEPT_MS", KEPT_MS)


@pytest.fixture
def folder() -> Iterator[Path]:
    """For the function's code: in memory, as each of a thousand lives would wait for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)


async def prepared(folder: Path, kind: str, seed: int) -> World:
    world = World(folder, seed)
    world.kept_ms = KEPT_MS
    settings = KINDS[kind]
    await world.prepare(**settings)
    if "DestinationConfig" in settings:
        world.fails = lambda key, n: key == "b" and n == POISON
        world.partial = "FunctionResponseTypes" in settings
    return world


async def story(world: World) -> None:
    """Writes of all forms around a shard that rolls over, an update and a pause."""
    for round_ in range(3):
        await world.write("a")
        await world.write(*NAMES)
        await world.write("b")
        await world.pass_ms(300)
        if round_ == 0:
            await world.pass_ms(SPAN_MS)
        elif round_ == 1:
            await world.update(BatchSize=2)
    await world.until(world.drained)


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_at_every_moment(folder: Path, kind: str) -> None:
    world = await prepared(folder, kind, 1)
    begin = world.boundaries
    await story(world)
    count = world.boundaries - begin
    await world.close()
    assert count > 20
    # Half of the moments of each kind, and what is odd in one is even in the next; all of the one with most at once.
    step = 1 if kind == "parallel" else 2
    for at in range(1 + list(KINDS).index(kind) % step, count + 1, step):
        world = await prepared(folder, kind, 1)
        world.end_at = world.boundaries + at
        await story(world)
        assert world.lives == 2 or world.end_at is not None
        await world.close()


ACTION = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from(("a", "z"))),
    st.tuples(st.just("together"), st.just("a"), st.sampled_from(("a", "z"))),
    st.tuples(st.just("race"), st.just(""), st.just("a")),
    st.tuples(st.just("pass"), st.sampled_from(("20", "300", "2500")), st.just("a")),
    st.tuples(st.just("kill"), st.just(""), st.sampled_from(("a", "z"))),
    st.tuples(st.just("doom"), st.integers(1, 40).map(str), st.just("a")),
    st.tuples(st.just("update"), st.sampled_from(("1", "3", "7")), st.just("a")),
    st.tuples(st.just("pause"), st.sampled_from(("1000", "50000")), st.sampled_from(("a", "z"))),
    st.tuples(st.just("sleep"), st.sampled_from(("500", "40000")), st.sampled_from(("a", "z"))),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.sampled_from(sorted(KINDS)), st.integers(0, 1000), st.integers(0, 6), st.lists(ACTION, max_size=30))
async def test_two_nodes_that_do_anything(
    folder: Path, kind: str, seed: int, turns: int, actions: list[tuple[str, str, str]]
) -> None:
    world = await prepared(folder, kind, seed)
    world.turns_max = turns
    try:
        for action, value, node in actions:
            await act(world, action, value, node)
        world.end_at = None
        await world.until(world.drained)
    finally:
        await world.close()


async def act(world: World, action: str, value: str, node: str) -> None:
    match action:
        case "write":
            await world.write(value, node=node)
        case "together":
            await world.write(*NAMES, node=node)
        case "race":
            await asyncio.gather(world.write("a", node="a"), world.write("b", "c", node="z"))
        case "pass":
            await world.pass_ms(int(value))
        case "kill":
            await world.kill(node)
        case "doom":
            world.end_at = world.boundaries + int(value)
        case "update":
            await world.update(BatchSize=int(value))
        case "pause":  # everything that was written must come while the mapping is away, and after
            await world.update(Enabled=False)
            await world.write("c", node=node)
            await world.pass_ms(int(value))
            await world.update(Enabled=True)
        case "sleep":
            await world.stand_still(node, int(value))
