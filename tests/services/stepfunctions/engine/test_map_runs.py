"""Distributed Maps: children as executions of their own, counted, bounded, tolerated, redriven, and none run twice."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fogbank.asl.execution import Status
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import Failed, MachineSource
from fogbank.services.stepfunctions.engine.keys import parse_execution_arn
from fogbank.services.stepfunctions.engine.limits import RETENTION_MS
from fogbank.services.stepfunctions.engine.listing import list_executions
from tests.support.engines import ACCOUNT, REGION, World, function, machine


def distributed(states: dict[str, Any], *, type: str = "STANDARD", **fields: Any) -> MachineSource:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": type}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}
    state = {"Type": "Map", "ItemProcessor": processor, "End": True, **fields}
    return machine("m", {"StartAt": "M", "States": {"M": state}})


PASS = {"P": {"Type": "Pass", "End": True}}
TASK = {"T": {"Type": "Task", "Resource": function("f"), "End": True}}


async def only_run(world: World, arn: str) -> str:
    ref = parse_execution_arn(arn)
    assert ref is not None
    (run,) = await world.engine.maps.list(ref, after=None, limit=10)
    return run.owner


@pytest.mark.parametrize("type", ["STANDARD", "EXPRESS"])
async def test_results_in_order_and_the_history_of_a_map_run(type: str) -> None:
    async with World() as world:
        arn = await world.start(distributed(PASS, type=type), [3, 1, 2])
        view = await world.ended(arn)
        assert view.output == "[3,1,2]"
        events = await world.engine.history(arn)
        assert [(event.id, event.previous_id, event.type) for event in events] == [
            (1, 0, "ExecutionStarted"),
            (2, 0, "MapStateEntered"),
            (3, 2, "MapStateStarted"),
            (4, 3, "MapRunStarted"),
            (5, 4, "MapRunSucceeded"),
            (6, 5, "MapStateSucceeded"),
            (7, 4, "MapStateExited"),
            (8, 7, "ExecutionSucceeded"),
        ]
        owner = await only_run(world, arn)
        described = await world.engine.maps.describe(ACCOUNT, REGION, owner)
        assert described is not None and described.status is Status.SUCCEEDED
        assert described.execution_counts["succeeded"] == described.item_counts["total"] == 3
        assert events[3].details == {"mapRunArn": described.arn}


async def test_children_are_listed_with_their_map_run_only() -> None:
    async with World() as world:
        arn = await world.start(distributed(PASS), [1, 2])
        await world.ended(arn)
        owner = await only_run(world, arn)
        children = await list_executions(
            world.store, ACCOUNT, REGION, owner, list(Status), after=None, limit=10
        )
        assert [child.machine for child in children] == ["m/M", "m/M"]
        mine = await list_executions(world.store, ACCOUNT, REGION, "m", list(Status), after=None, limit=10)
        assert len(mine) == 1


async def test_no_more_children_than_its_concurrency() -> None:
    async with World() as world:
        running, most = 0, 0

        async def act(call: Any) -> Any:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return call.parameters

        world.port.acts["f"] = act
        view = await world.ended(await world.start(distributed(TASK, MaxConcurrency=3), list(range(20))))
        assert json.loads(view.output or "") == list(range(20))
        assert most == 3


async def test_batches_hold_items_and_their_input() -> None:
    async with World() as world:
        source = distributed(
            PASS,
            ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"k.$": "$.k"}},
            ItemsPath="$.items",
            ItemSelector={"v.$": "$$.Map.Item.Value"},
        )
        view = await world.ended(await world.start(source, {"items": [1, 2, 3], "k": "x"}))
        assert json.loads(view.output or "") == [
            {"BatchInput": {"k": "x"}, "Items": [{"v": 1}, {"v": 2}]},
            {"BatchInput": {"k": "x"}, "Items": [{"v": 3}]},
        ]


@pytest.mark.parametrize(
    ("tolerated", "status"),
    [
        ({}, Status.FAILED),
        ({"ToleratedFailureCount": 1}, Status.FAILED),
        ({"ToleratedFailureCount": 2}, Status.SUCCEEDED),
        ({"ToleratedFailurePercentage": 19}, Status.FAILED),
        ({"ToleratedFailurePercentage": 20}, Status.SUCCEEDED),
    ],
)
async def test_failures_are_tolerated_up_to_the_threshold(tolerated: dict[str, Any], status: Status) -> None:
    async with World() as world:
        world.port.acts["f"] = lambda call: (
            Failed("Boom", None) if call.parameters % 5 == 0 else call.parameters
        )
        arn = await world.start(distributed(TASK, **tolerated), list(range(10)))
        view = await world.ended(arn)
        assert view.status is status
        if status is Status.FAILED:
            assert view.error == "States.ExceedToleratedFailureThreshold"
            assert (await world.types(arn))[-3:] == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]


async def test_reader_and_writer_are_the_ports() -> None:
    async with World() as world:
        world.maps.stored = ["a", "b"]
        source = distributed(
            PASS,
            ItemReader={
                "Resource": "arn:aws:states:::s3:getObject",
                "Parameters": {"Bucket": "b", "Key": "k"},
            },
            ResultWriter={"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}},
        )
        view = await world.ended(await world.start(source))
        assert json.loads(view.output or "")["ResultWriterDetails"] == {"Bucket": "b", "Key": "k"}
        assert [result.output for result in world.maps.written] == ['"a"', '"b"']


@pytest.mark.parametrize("dies_at", range(1, 16))
async def test_killed_in_a_map_run_no_child_has_its_effect_twice(dies_at: int) -> None:
    async with World() as world:
        source = distributed(
            {"T": {**TASK["T"], "Retry": [{"ErrorEquals": ["Lambda.SdkClientException"]}]}}, MaxConcurrency=2
        )
        await world.halt()
        await world.boot(dies_at, after=bool(dies_at % 2))
        starting = asyncio.ensure_future(world.start(source, [1, 2, 3, 4], "n"))
        await world.settle()
        for _ in range(50):
            if world.node_store.dead.is_set():
                break
            await world.settle()
            await world.tick()
        starting.cancel()
        await world.halt()
        await world.boot()
        arn = "arn:aws:states:us-east-1:123456789012:execution:m:n"
        if await world.store.get(keys.head(parse_execution_arn(arn))) is None:  # type: ignore[arg-type]
            await world.start(source, [1, 2, 3, 4], "n")
        view = await world.ended(arn)
        assert view.output == "[1,2,3,4]"
        assert max(world.port.began.values()) == 1


async def test_redrive_runs_only_those_that_failed() -> None:
    async with World() as world:
        world.port.acts["f"] = lambda call: Failed("Boom", None) if call.parameters == 2 else call.parameters
        arn = await world.start(distributed(TASK, MaxConcurrency=1), [1, 2, 3])
        assert (await world.ended(arn)).status is Status.FAILED
        await world.halt()
        await world.boot()
        world.port.acts["f"] = lambda call: call.parameters
        await world.clock.advance_ms(10)
        await world.engine.redrive(arn, None)
        view = await world.ended(arn)
        assert view.output == "[1,2,3]"
        assert [call.parameters for call in world.port.calls] == [1, 2, 2, 3]
        owner = await only_run(world, arn)
        described = await world.engine.maps.describe(ACCOUNT, REGION, owner)
        assert described is not None and described.redrive_count == 1


async def test_stop_stops_the_children() -> None:
    async with World() as world:
        hangs = asyncio.Event()
        world.port.acts["f"] = lambda call: hangs.wait()
        arn = await world.start(distributed(TASK), [1, 2])
        for _ in range(5):
            await world.settle()
        owner = await only_run(world, arn)
        await world.engine.stop(arn, None, None)
        for _ in range(5):
            await world.settle()
        children = await list_executions(
            world.store, ACCOUNT, REGION, owner, list(Status), after=None, limit=10
        )
        assert [child.status for child in children] == [Status.ABORTED, Status.ABORTED]
        described = await world.engine.maps.describe(ACCOUNT, REGION, owner)
        assert described is not None and described.status is Status.ABORTED


async def test_bounds_are_changed_while_it_runs() -> None:
    async with World() as world:
        gate = asyncio.Event()
        world.port.acts["f"] = lambda call: gate.wait()
        arn = await world.start(distributed(TASK, MaxConcurrency=1), [1, 2, 3])
        for _ in range(5):
            await world.settle()
        assert len(world.port.calls) == 1
        owner = await only_run(world, arn)
        assert await world.engine.maps.update(ACCOUNT, REGION, owner, 3, None, None)
        for _ in range(5):
            await world.settle()
        assert len(world.port.calls) == 3
        gate.set()
        assert (await world.ended(arn)).status is Status.SUCCEEDED


@pytest.mark.parametrize("type", ["STANDARD", "EXPRESS"])
async def test_after_90_days_nothing_of_a_map_run_is_left(type: str) -> None:
    async with World() as world:
        await world.ended(await world.start(distributed(PASS, type=type), [1, 2]))
        await world.clock.advance_ms(RETENTION_MS + 1000)
        await world.engine.retention.purge()
        for kind in ("head", "run", "history", "list", "ended", "busy", "map-run", "map-runs-of"):
            assert not await world.store.scan((f"states-{kind}",), limit=1), kind
        told = {name for name, _ in world.watcher.statuses}
        assert len(told) == (3 if type == "STANDARD" else 1)


async def test_selectors_see_where_an_item_comes_from() -> None:
    selector = {"i.$": "$$.Map.Item.Index", "s.$": "$$.Map.Item.Source", "v.$": "$$.Map.Item.Value"}
    async with World() as world:
        view = await world.ended(await world.start(distributed(PASS, ItemSelector=selector), ["a"]))
        assert json.loads(view.output or "") == [{"i": 0, "s": "STATE_DATA", "v": "a"}]
        world.maps.stored = ["b"]
        reader = {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON"}}
        source = distributed(PASS, ItemSelector=selector, ItemReader=reader)
        view = await world.ended(await world.start(source))
        assert json.loads(view.output or "") == [{"i": 0, "s": "s3://bucket/key", "v": "b"}]


async def test_a_map_run_as_it_is_described() -> None:
    """The figures of a run without bounds and without a ResultWriter are those that others measured on AWS."""
    async with World() as world:
        world.port.acts["f"] = lambda call: Failed("Boom", None) if call.parameters == 2 else call.parameters
        source = distributed(TASK, ToleratedFailureCount=1)
        arn = await world.start(source, [1, 2, 3])
        await world.ended(arn)
        view = await world.engine.maps.describe(ACCOUNT, REGION, await only_run(world, arn))
        assert view is not None and view.max_concurrency == 2**31 - 1
        for counts in (view.item_counts, view.execution_counts):
            assert (counts["succeeded"], counts["failed"], counts["total"]) == (2, 1, 3)
            assert counts["resultsWritten"] == 3
