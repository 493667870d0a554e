"""Several nodes on one store: each execution has one owner, whom the others ask, and whom one of them succeeds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fogbank.asl.execution import Status
from fogbank.core.errors import AwsError
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import Submitted
from fogbank.services.stepfunctions.engine.engine import StatesEngine
from fogbank.services.stepfunctions.engine.keys import parse_execution_arn
from fogbank.services.stepfunctions.engine.nodes import SILENT_ROUNDS
from tests.services.stepfunctions.engine.test_map_runs import TASK, distributed, only_run
from tests.support.engines import ACCOUNT, REGION, Dying, World, function, machine

CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
LOST = [{"ErrorEquals": ["Lambda.SdkClientException"]}]


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True, **fields}}}


BOTH = machine(
    "m",
    {
        "StartAt": "P",
        "States": {
            "P": {
                "Type": "Parallel",
                "Branches": [task(function("f"), Retry=LOST), task(CALLBACK, HeartbeatSeconds=60)],
                "End": True,
            }
        },
    },
)


class Node:
    def __init__(self, world: World) -> None:
        self.engine: StatesEngine = world.engine
        self.lanes: Lanes = world.lanes
        self.store: Dying = world.node_store

    async def kill(self) -> None:
        self.store.die()
        await self.engine.close()
        await self.lanes.close()


@asynccontextmanager
async def two() -> AsyncIterator[tuple[World, Node, Node]]:
    """The first node is the one that the world starts executions at."""
    async with World() as world:
        first = Node(world)
        await world.boot(node="n2")
        second = Node(world)
        world.engine = first.engine
        await world.settle()
        try:
            yield world, first, second
        finally:
            await first.kill()  # the world halts the other


async def look(node: Node, world: World) -> None:
    for _ in range(SILENT_ROUNDS + 2):
        await node.engine.nodes.round()
    await world.settle()


async def begun(world: World) -> tuple[str, str]:
    """An execution whose function hangs at the first node; its callback's token."""
    world.port.acts["f"] = lambda call: asyncio.Event().wait()
    world.port.acts["sendMessage.waitForTaskToken"] = lambda call: Submitted("1")
    arn = await world.start(BOTH)
    await world.settle()
    return arn, next(call.token for call in world.port.calls if call.token)


async def test_what_is_asked_of_another_node_reaches_the_owner() -> None:
    async with two() as (world, first, second):
        arn, token = await begun(world)
        await second.engine.task_heartbeat(token)
        await second.engine.task_succeeded(token, '"yes"')
        assert (await world.types(arn))[-2:] == ["TaskSucceeded", "TaskStateExited"]
        with pytest.raises(AwsError, match="Task Timed Out: 'Provided task does not exist anymore'"):
            await second.engine.task_succeeded(token, '"again"')
        await second.engine.stop(arn, "Enough", "of it")
        await world.settle()
        view = await second.engine.describe(arn)
        assert (view.status, view.error) == (Status.ABORTED, "Enough")
        assert not await world.store.scan(("states-busy",), limit=10)
        ref = parse_execution_arn(arn)
        assert ref is not None and not first.engine.runner._actives and not second.engine.runner._actives


async def test_a_dead_owners_executions_go_on_at_a_living_node() -> None:
    async with two() as (world, first, second):
        arn, token = await begun(world)
        await first.kill()
        asked = asyncio.ensure_future(second.engine.task_succeeded(token, '"yes"'))
        await second.engine.nodes.round()
        await world.settle()
        assert not asked.done()  # whether the owner lives is not known yet
        world.port.acts["f"] = lambda call: "done"
        await look(second, world)
        await asked
        world.engine = second.engine
        view = await world.ended(arn)
        assert view.output == '["done","yes"]'
        types = await world.types(arn)
        assert types.count("LambdaFunctionFailed") == 1 and types.count("LambdaFunctionSucceeded") == 1
        assert set(world.port.began.values()) == {1}


async def test_an_owner_that_was_only_slow_lets_go() -> None:
    async with two() as (world, first, second):
        arn, token = await begun(world)
        await look(second, world)  # without the first one having said anything
        await second.engine.task_succeeded(token, '"yes"')
        with pytest.raises(AwsError, match="TaskTimedOut"):
            await first.engine.task_succeeded(token, '"mine"')
        assert not first.engine.runner._actives  # and its function's answer is not waited for
        assert (await second.engine.describe(arn)).status is Status.RUNNING


async def test_one_that_is_busy_and_says_so_is_left_alone() -> None:
    async with two() as (world, first, second):
        arn, _ = await begun(world)
        for _ in range(SILENT_ROUNDS + 2):
            await first.engine.nodes.round()
            await second.engine.nodes.round()
        ref = parse_execution_arn(arn)
        assert ref is not None
        assert await world.store.get(keys.busy_at("n1", ref)) is not None


async def test_children_of_a_map_run_end_at_any_node() -> None:
    async with two() as (world, _, second):
        world.port.acts["sendMessage.waitForTaskToken"] = lambda call: Submitted("1")
        children = {"T": {"Type": "Task", "Resource": CALLBACK, "End": True}}
        arn = await world.start(distributed(children, MaxConcurrency=2), [1, 2, 3, 4])
        answered: set[str] = set()
        for _ in range(4):
            await world.settle()
            for token in [call.token for call in world.port.calls if call.token not in answered]:
                answered.add(token)
                await second.engine.task_succeeded(token, str(len(answered)))
        view = await world.ended(arn)
        assert json.loads(view.output or "") == [1, 2, 3, 4]
        described = await second.engine.maps.describe(ACCOUNT, REGION, await only_run(world, arn))
        assert described is not None and described.execution_counts["succeeded"] == 4
        assert not await world.store.scan(("states-map-ended",), limit=10)


async def test_a_map_run_is_changed_at_another_node() -> None:
    async with two() as (world, _, second):
        hangs = asyncio.Event()
        world.port.acts["f"] = lambda call: hangs.wait()
        arn = await world.start(distributed(TASK, MaxConcurrency=2), [1, 2, 3])
        await world.settle()
        assert len(world.port.calls) == 2
        owner = await only_run(world, arn)
        assert await second.engine.maps.update(ACCOUNT, REGION, owner, 3, None, None)
        await world.settle()
        assert len(world.port.calls) == 3
        hangs.set()
        assert (await world.ended(arn)).status is Status.SUCCEEDED


async def test_a_map_run_goes_on_at_a_living_node() -> None:
    async with two() as (world, first, second):
        world.port.acts["f"] = lambda call: asyncio.Event().wait()
        arn = await world.start(
            distributed({"T": {**TASK["T"], "Retry": LOST}}, MaxConcurrency=2), [1, 2, 3, 4]
        )
        await world.settle()
        await first.kill()
        world.port.acts["f"] = lambda call: call.parameters
        await look(second, world)
        world.engine = second.engine
        view = await world.ended(arn)
        assert json.loads(view.output or "") == [1, 2, 3, 4]
        assert set(world.port.began.values()) == {1}


async def test_times_are_kept_by_the_owner_whoever_notices_them() -> None:
    async with two() as (world, first, second):
        world.port.acts["f"] = lambda call: asyncio.Event().wait()
        arns = [await world.start(machine("m", task(function("f"), TimeoutSeconds=5))) for _ in range(6)]
        for arn in arns:
            view = await world.ended(arn)
            assert (view.status, view.error) == (Status.FAILED, "States.Timeout")
        assert not first.engine.runner._actives and not second.engine.runner._actives
