"""Activities: workers wait in line, tasks wait for workers, and both outlive a restart."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fogbank.services.stepfunctions import keys
from tests.services.stepfunctions.conftest import StatesHouse
from tests.support.waiting import until


def tasking(arn: str, **more: Any) -> str:
    return json.dumps(
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": arn, "End": True} | more}}
    )


async def made(states: StatesHouse, **more: Any) -> tuple[str, str]:
    """An activity and a state machine that has work for it."""
    arn = str((await states.call("CreateActivity", name="work"))["activityArn"])
    return arn, await states.machine(definition=tasking(arn, **more))


async def status(states: StatesHouse, execution: str) -> str:
    return str((await states.call("DescribeExecution", executionArn=execution))["status"])


async def start(states: StatesHouse, machine: str, **given: Any) -> str:
    answer = await states.call("StartExecution", stateMachineArn=machine, input=json.dumps(given))
    return str(answer["executionArn"])


async def test_a_worker_that_came_first(states: StatesHouse) -> None:
    arn, machine = await made(states)
    poll = asyncio.create_task(states.call("GetActivityTask", activityArn=arn, workerName="w"))
    await until(lambda: polled(states))
    execution = await start(states, machine, n=1)
    task = await poll
    assert json.loads(task["input"]) == {"n": 1}
    await states.call("SendTaskSuccess", taskToken=task["taskToken"], output="2")
    await until(lambda: status(states, execution))
    shown = await states.call("DescribeExecution", executionArn=execution)
    assert (shown["status"], shown["output"]) == ("SUCCEEDED", "2")


async def test_tasks_wait_in_the_order_they_came(states: StatesHouse) -> None:
    arn, machine = await made(states)
    for n in range(3):
        await start(states, machine, n=n)
        await states.clock.advance_ms(1)
    got = [
        json.loads((await states.call("GetActivityTask", activityArn=arn))["input"])["n"] for _ in range(3)
    ]
    assert got == [0, 1, 2]


async def test_nothing_within_a_minute(states: StatesHouse) -> None:
    arn, _ = await made(states)
    poll = asyncio.create_task(states.call("GetActivityTask", activityArn=arn))
    await until(lambda: polled(states))
    await states.clock.advance_ms(61_000)
    assert await poll == {}


async def test_a_worker_that_hung_up_gets_nothing(states: StatesHouse) -> None:
    arn, machine = await made(states)
    gone = asyncio.create_task(states.call("GetActivityTask", activityArn=arn))
    await until(lambda: polled(states))
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    await start(states, machine, n=1)
    assert json.loads((await states.call("GetActivityTask", activityArn=arn))["input"]) == {"n": 1}


async def test_a_stopped_execution_s_task_is_not_handed_out(states: StatesHouse) -> None:
    arn, machine = await made(states)
    first = await start(states, machine, n=1)
    await until(lambda: depth(states))
    await states.call("StopExecution", executionArn=first)
    await start(states, machine, n=2)
    assert json.loads((await states.call("GetActivityTask", activityArn=arn))["input"]) == {"n": 2}


async def queue(states: StatesHouse) -> str:
    record = await states.house.store.get(keys.activity("000000000000", "us-east-1", "work"))
    assert record is not None
    return keys.activity_queue("000000000000", "us-east-1", json.loads(record.value)["id"])


async def depth(states: StatesHouse) -> int:
    waiting, leased = await states.house.store.depth(await queue(states))
    return waiting + leased


async def polled(states: StatesHouse) -> bool:
    """Whether a worker waits."""
    return bool(states.state.activities.pollers(await queue(states)))


async def test_no_sign_of_life_times_the_task_out(states: StatesHouse) -> None:
    arn, machine = await made(states, HeartbeatSeconds=10)
    execution = await start(states, machine)
    task = await states.call("GetActivityTask", activityArn=arn)
    await states.clock.advance_ms(8_000)
    await states.call("SendTaskHeartbeat", taskToken=task["taskToken"])
    await states.clock.advance_ms(8_000)
    assert await status(states, execution) == "RUNNING"
    await states.clock.advance_ms(3_000)
    await until(lambda: ended(states, execution))
    shown = await states.call("DescribeExecution", executionArn=execution)
    assert (shown["status"], shown["error"]) == ("FAILED", "States.Timeout")


async def ended(states: StatesHouse, execution: str) -> bool:
    return await status(states, execution) != "RUNNING"


async def test_an_activity_made_anew_starts_empty(states: StatesHouse) -> None:
    arn, machine = await made(states)
    await start(states, machine, n=1)
    await until(lambda: depth(states))
    await states.call("DeleteActivity", activityArn=arn)
    await states.call("CreateActivity", name="work")
    await start(states, machine, n=2)
    assert json.loads((await states.call("GetActivityTask", activityArn=arn))["input"]) == {"n": 2}
