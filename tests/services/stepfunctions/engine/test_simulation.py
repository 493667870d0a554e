"""Killed at every commit, before and after it, and started again: the history is one that AWS could have produced.

A seeded world runs one machine that has everything in it. It is run once to see how many commits it takes, and then once for
each commit and each side of it. Every task's effect happens at most once for each attempt, every attempt is in the history, and
the execution ends as it should: tasks that were lost are retried, because their Retry says so.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from fogbank.asl.execution import Status
from fogbank.asl.history import HistoryEvent
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import Failed, MachineSource, Submitted, TaskCall
from fogbank.services.stepfunctions.engine.nodes import SILENT_ROUNDS
from tests.support.engines import World, function, machine

CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
RETRY = [{"ErrorEquals": ["Lambda.SdkClientException", "Flaky"], "MaxAttempts": 5, "IntervalSeconds": 1}]


def lambda_task(name: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": function(name), "Retry": RETRY, **fields}


ORDER = machine(
    "order",
    {
        "StartAt": "Reserve",
        "States": {
            "Reserve": lambda_task("reserve", ResultPath="$.reserved", Next="Ask"),
            "Ask": {
                "Type": "Task",
                "Resource": CALLBACK,
                "Parameters": {"token.$": "$$.Task.Token"},
                "Retry": RETRY,
                "TimeoutSeconds": 300,
                "ResultPath": "$.answer",
                "Next": "Both",
            },
            "Both": {
                "Type": "Parallel",
                "ResultPath": "$.both",
                "Branches": [
                    {
                        "StartAt": "Pause",
                        "States": {
                            "Pause": {"Type": "Wait", "Seconds": 5, "Next": "Paused"},
                            "Paused": {"Type": "Pass", "Result": "paused", "End": True},
                        },
                    },
                    {"StartAt": "Flaky", "States": {"Flaky": lambda_task("flaky", End=True)}},
                ],
                "Next": "Each",
            },
            "Each": {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 2,
                "ItemProcessor": {
                    "StartAt": "Item",
                    "States": {
                        "Item": lambda_task("double", Next="Even"),
                        "Even": {
                            "Type": "Choice",
                            "Choices": [{"Variable": "$", "NumericLessThan": 4, "Next": "Small"}],
                            "Default": "Big",
                        },
                        "Small": {"Type": "Wait", "Seconds": 1, "End": True},
                        "Big": {"Type": "Succeed"},
                    },
                },
                "ResultPath": "$.each",
                "Next": "Charge",
            },
            "Charge": lambda_task(
                "charge",
                Catch=[{"ErrorEquals": ["Declined"], "ResultPath": "$.e", "Next": "Release"}],
                End=True,
            ),
            "Release": lambda_task("release", ResultPath="$.released", Next="Done"),
            "Done": {
                "Type": "Pass",
                "Parameters": {
                    "both.$": "$.both",
                    "each.$": "$.each",
                    "answer.$": "$.answer",
                    "e.$": "$.e.Error",
                },
                "End": True,
            },
        },
    },
)
REF = keys.Ref("123456789012", "us-east-1", "order", "n")
GIVEN = {"items": [1, 2, 3]}
EXPECTED = '{"both":["paused","ok"],"each":[2,4,6],"answer":"yes","e":"Declined"}'

#: What the event that one follows may be. An event is named by type; `*` is any.
FOLLOWS: dict[str, set[str]] = {
    "TaskStateEntered": {"start", "exit", "MapIterationStarted", "ParallelStateStarted"},
    "WaitStateEntered": {"exit", "ParallelStateStarted"},
    "PassStateEntered": {"exit"},
    "SucceedStateEntered": {"exit"},
    "ChoiceStateEntered": {"exit"},
    "ParallelStateEntered": {"exit"},
    "MapStateEntered": {"exit"},
    "LambdaFunctionScheduled": {"TaskStateEntered", "LambdaFunctionFailed"},
    "LambdaFunctionStarted": {"LambdaFunctionScheduled"},
    "LambdaFunctionSucceeded": {"LambdaFunctionStarted"},
    "LambdaFunctionFailed": {"LambdaFunctionStarted"},
    "TaskScheduled": {"TaskStateEntered", "TaskFailed", "TaskTimedOut"},
    "TaskStarted": {"TaskScheduled"},
    "TaskSubmitted": {"TaskStarted"},
    "TaskSucceeded": {"TaskSubmitted", "TaskStarted"},
    "TaskFailed": {"TaskStarted", "TaskSubmitted"},
    "TaskTimedOut": {"TaskSubmitted"},
    "TaskStateExited": {"LambdaFunctionSucceeded", "TaskSucceeded", "LambdaFunctionFailed"},
    "WaitStateExited": {"WaitStateEntered"},
    "PassStateExited": {"PassStateEntered"},
    "SucceedStateExited": {"SucceedStateEntered"},
    "ChoiceStateExited": {"ChoiceStateEntered"},
    "ParallelStateStarted": {"ParallelStateEntered"},
    "ParallelStateSucceeded": {"exit"},
    "ParallelStateExited": {"exit"},
    "MapStateStarted": {"MapStateEntered"},
    "MapIterationStarted": {"MapStateStarted", "exit"},
    "MapIterationSucceeded": {"exit"},
    "MapStateSucceeded": {"MapIterationSucceeded"},
    "MapStateExited": {"MapIterationSucceeded"},
    "ExecutionSucceeded": {"exit"},
}


def check_history(events: list[HistoryEvent]) -> None:
    """Ids without a gap, times that never go back, and every event after one that it may follow."""
    assert [event.id for event in events] == list(range(1, len(events) + 1))
    assert all(one.time_ms <= next.time_ms for one, next in itertools.pairwise(events))
    by_id = {event.id: event for event in events}
    assert events[0].type == "ExecutionStarted" and events[0].previous_id == 0
    for event in events[1:]:
        before = by_id.get(event.previous_id)
        kind = "start" if before is None else before.type
        allowed = FOLLOWS[event.type]
        assert kind in allowed or ("exit" in allowed and kind.endswith("StateExited")), (event, before)
    ended = [event.type for event in events if event.type.startswith("Execution")]
    assert ended == ["ExecutionStarted", "ExecutionSucceeded"]


def acts(world: World) -> None:
    def flaky(call: TaskCall) -> Any:
        if sum(each.state_name == "Flaky" for each in world.port.calls) % 2:
            return Failed("Flaky", None)
        return "ok"

    world.port.acts.update(
        {
            "reserve": lambda call: "r",
            "flaky": flaky,
            "double": lambda call: call.parameters * 2,
            "charge": lambda call: Failed("Declined", "no money"),
            "sendMessage.waitForTaskToken": lambda call: Submitted('{"MessageId":"1"}'),
        }
    )


async def answer(world: World, answered: set[str]) -> None:
    """A worker that answers the callbacks whose requests were sent, and tries again until it is heard."""
    for call in world.port.calls:
        if call.token and call.token not in answered:
            try:
                async with asyncio.timeout(0.05):
                    await world.engine.task_succeeded(call.token, '"yes"')
                answered.add(call.token)
            except TimeoutError:
                return
            except Exception:  # an attempt that was lost: nobody waits for it
                answered.add(call.token)


async def run(
    source: MachineSource, dies_at: int | None, *, after: bool, heir: str = "n1"
) -> tuple[World, int]:
    """The world after its one execution has ended, with how many commits a life without a kill takes. `heir` goes on with it."""
    world = World(seed=dies_at or 0)
    answered: set[str] = set()
    async with world:
        await world.halt()
        await world.boot(dies_at, after=after)
        acts(world)
        starting = asyncio.ensure_future(world.start(source, GIVEN, "n"))
        arn = f"{source.arn.replace(':stateMachine:', ':execution:')}:n"
        for _ in range(400):
            for _ in range(3):
                await world.settle()
            if world.node_store.dead.is_set():
                starting.cancel()
                await world.halt()
                await world.boot(node=heir)
                starting = asyncio.ensure_future(again(world, source))
                for _ in range(0 if heir == "n1" else SILENT_ROUNDS + 2):
                    await world.engine.nodes.round()
                continue
            await answer(world, answered)
            record = await world.store.get(keys.head(REF))
            if record is not None and (await world.engine.describe(arn)).status is not Status.RUNNING:
                break
            await world.tick()
        starting.cancel()
        view = await world.engine.describe(arn)
        events = await world.engine.history(arn)
        assert (view.status, view.output) == (Status.SUCCEEDED, EXPECTED), [event.type for event in events]
        check_history(events)
        check_effects(world, events)
        assert not await world.store.scan(("states-busy",), limit=10)
        assert not await world.store.scan(("states-run",), limit=10)
        assert await world.store.next_due_ms("states-due") is None
        return world, world.node_store.commits


async def again(world: World, source: MachineSource) -> None:
    """The client that had no answer asks again, by the same name."""
    try:
        await world.start(source, GIVEN, "n")
    except Exception:  # it has ended meanwhile
        return


def check_effects(world: World, events: list[HistoryEvent]) -> None:
    """Each attempt had its effect once at most, and the history knows of each attempt."""
    assert not [id for id, count in world.port.began.items() if count > 1]
    started = sum(event.type in ("LambdaFunctionStarted", "TaskStarted") for event in events)
    assert len(world.port.began) <= started
    lost = [
        event
        for event in events
        if event.type in ("LambdaFunctionFailed", "TaskFailed")
        and (event.details or {}).get("error") == "Lambda.SdkClientException"
    ]
    assert len(world.port.began) >= started - len(lost)


async def test_killed_at_every_commit() -> None:
    _, commits = await run(ORDER, None, after=False)
    assert commits > 15
    for dies_at in range(1, commits + 1):
        for after in (False, True):
            await run(ORDER, dies_at, after=after)


async def test_succeeded_by_another_node_at_every_commit() -> None:
    _, commits = await run(ORDER, None, after=False)
    for dies_at in range(1, commits + 1):
        await run(ORDER, dies_at, after=bool(dies_at % 2), heir="n2")


@pytest.mark.parametrize("seed", range(3))
async def test_killed_again_and_again(seed: int) -> None:
    """A node that never lives longer than a few commits still gets there."""
    source = ORDER
    world = World(seed=seed)
    answered: set[str] = set()
    async with world:
        await world.halt()
        await world.boot(2 + seed)
        acts(world)
        starting = asyncio.ensure_future(again(world, source))
        arn = f"{source.arn.replace(':stateMachine:', ':execution:')}:n"
        lives = 0
        for _ in range(600):
            for _ in range(3):
                await world.settle()
            if world.node_store.dead.is_set():
                lives += 1
                starting.cancel()
                await world.halt()
                await world.boot(3 + (seed + lives) % 4, after=bool(lives % 2))
                starting = asyncio.ensure_future(again(world, source))
                continue
            await answer(world, answered)
            record = await world.store.get(keys.head(REF))
            if record is not None and (await world.engine.describe(arn)).status is not Status.RUNNING:
                break
            await world.tick()
        starting.cancel()
        view = await world.engine.describe(arn)
        events = await world.engine.history(arn)
        assert lives >= 3
        check_effects(world, events)
        # Retry gives up after five losses in a row: then the execution has failed as lost, and says so.
        if view.status is Status.SUCCEEDED:
            check_history(events)
        else:
            assert view.error == "Lambda.SdkClientException"
