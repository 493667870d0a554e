"""The durable runner: what it acknowledges stays, what it promises happens, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.asl.execution import Status
from fogbank.core.errors import AwsError
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.api import Failed, StartRequest, Submitted, Succeeded
from fogbank.services.stepfunctions.engine.limits import RETENTION_MS
from fogbank.services.stepfunctions.engine.listing import list_executions
from tests.support.engines import ACCOUNT, REGION, World, function, machine

PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:a"


def one(**state: Any) -> dict[str, Any]:
    return {"StartAt": "S", "States": {"S": {"End": True, **state}}}


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return one(Type="Task", Resource=resource, **fields)


async def test_a_pass_is_over_with_one_commit() -> None:
    async with World() as world:
        before = world.node_store.commits
        arn = await world.start(machine("m", PASS), {"a": 1}, "n")
        assert world.node_store.commits == before + 1
        view = await world.engine.describe(arn)
        assert (view.status, view.output, view.input) == (Status.SUCCEEDED, '{"a": 1}', '{"a": 1}')
        assert world.watcher.statuses == [("n", "RUNNING"), ("n", "SUCCEEDED")]
        assert [event.id for event in world.watcher.events["n"]] == [1, 2, 3, 4]


async def test_start_is_idempotent_while_it_runs_and_never_after() -> None:
    async with World() as world:
        waits, passes = machine("w", WAIT), machine("p", PASS)
        first = await world.engine.start(StartRequest(waits, "n", '{"a":1}'))
        await world.clock.advance_ms(10)
        assert await world.engine.start(StartRequest(waits, "n", '{"a":1}')) == first
        with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
            await world.engine.start(StartRequest(waits, "n", '{"a":2}'))
        await world.start(passes, name="n")
        with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
            await world.start(passes, name="n")


async def test_a_wait_keeps_its_time_through_a_kill_and_takes_no_memory() -> None:
    async with World() as world:
        arn = await world.start(machine("w", WAIT))
        await world.settle()
        assert not world.engine.runner._actives
        await world.clock.advance_ms(30_000)
        await world.halt()
        await world.boot()
        start_ms = (await world.engine.describe(arn)).start_ms
        view = await world.ended(arn)
        assert view.stop_ms == start_ms + 60_000


async def test_a_task_that_had_begun_is_lost_and_retried_by_retry_only() -> None:
    async with World() as world:
        hangs = asyncio.Event()

        async def act(call: Any) -> Any:
            if len(world.port.calls) == 1:
                await hangs.wait()
            return "done"

        world.port.acts["f"] = act
        retry = [{"ErrorEquals": ["Lambda.SdkClientException"], "MaxAttempts": 1}]
        retried = await world.start(machine("r", task(function("f"), Retry=retry)))
        await world.settle()
        await world.halt()
        await world.boot()
        view = await world.ended(retried)
        assert view.output == '"done"'
        assert max(world.port.began.values()) == 1 and len(world.port.began) == 2
        assert await world.types(retried) == [
            "ExecutionStarted",
            "TaskStateEntered",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionFailed",
            "LambdaFunctionScheduled",
            "LambdaFunctionStarted",
            "LambdaFunctionSucceeded",
            "TaskStateExited",
            "ExecutionSucceeded",
        ]


async def test_without_retry_a_lost_task_fails_its_execution() -> None:
    async with World() as world:
        hangs = asyncio.Event()
        world.port.acts["f"] = lambda call: hangs.wait()
        arn = await world.start(machine("m", task(function("f"))))
        await world.settle()
        await world.halt()
        await world.boot()
        view = await world.ended(arn)
        assert (view.status, view.error) == (Status.FAILED, "Lambda.SdkClientException")


async def test_callback_is_answered_after_a_kill_and_only_once() -> None:
    async with World() as world:
        world.port.acts["sendMessage.waitForTaskToken"] = lambda call: Submitted('{"MessageId":"1"}')
        arn = await world.start(machine("c", task(CALLBACK, Parameters={"t.$": "$$.Task.Token"})))
        await world.settle()
        assert not world.engine.runner._actives
        token = world.port.calls[0].parameters["t"]
        assert token == world.port.calls[0].token
        await world.halt()
        await world.boot()
        await world.engine.task_heartbeat(token)
        await world.engine.task_succeeded(token, "5")
        for again in (world.engine.task_succeeded(token, "6"), world.engine.task_heartbeat(token)):
            with pytest.raises(AwsError, match="TaskTimedOut"):
                await again
        with pytest.raises(AwsError, match="InvalidToken"):
            await world.engine.task_failed("nonsense", None, None)
        assert (await world.ended(arn)).output == "5"


async def test_activity_is_worked_at_across_a_kill() -> None:
    async with World() as world:
        arn = await world.start(machine("a", task(ACTIVITY, HeartbeatSeconds=10)), {"x": 1})
        await world.settle()
        (call,) = world.port.queued.values()
        assert await world.engine.task_started(call.token, "w")
        await world.halt()
        await world.boot()
        await world.engine.task_failed(call.token, "E", "c")
        view = await world.ended(arn)
        assert (view.error, view.cause) == ("E", "c")
        assert not await world.engine.task_started(call.token, "w")


async def test_stop_cancels_what_runs_and_ignores_its_result() -> None:
    async with World() as world:
        done = asyncio.Event()
        world.port.acts["f"] = lambda call: done.wait()
        arn = await world.start(machine("m", task(function("f"))))
        await world.settle()
        stopped_ms = await world.engine.stop(arn, "E", "c")
        done.set()
        await world.settle()
        view = await world.engine.describe(arn)
        assert (view.status, view.error, view.cause, view.stop_ms) == (Status.ABORTED, "E", "c", stopped_ms)
        assert len(world.port.abandoned) == 1
        assert (await world.types(arn))[-1] == "ExecutionAborted"
        assert await world.engine.stop(arn, "other", None) == stopped_ms


async def test_redrive_goes_on_after_a_kill_with_what_was_done() -> None:
    async with World() as world:
        world.port.acts["g"] = lambda call: Failed("Boom", None)
        definition = task(function("f"), Next="G", End=False)
        definition["States"]["S"].pop("End")
        definition["States"]["G"] = {"Type": "Task", "Resource": function("g"), "End": True}
        arn = await world.start(machine("m", definition), {"x": 1})
        assert (await world.ended(arn)).status is Status.FAILED
        await world.halt()
        await world.boot()
        world.port.acts["g"] = lambda call: "better"
        await world.clock.advance_ms(5)
        redriven_ms = await world.engine.redrive(arn, "token")
        assert await world.engine.redrive(arn, "token") == redriven_ms
        view = await world.ended(arn)
        assert (view.status, view.output, view.redrive_count) == (Status.SUCCEEDED, '"better"', 1)
        assert [call.state_name for call in world.port.calls] == ["S", "G", "G"]
        with pytest.raises(AwsError, match="ExecutionNotRedrivable"):
            await world.engine.redrive(arn, None)


async def test_no_more_tasks_than_slots_run_and_the_others_follow() -> None:
    async with World() as world:
        world.engine.runner._tasks.slots = 2
        running, most = 0, 0

        async def act(call: Any) -> int:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1
            return 1

        world.port.acts["f"] = act
        states = {"T": {"Type": "Task", "Resource": function("f"), "End": True}}
        arn = await world.start(
            machine("m", one(Type="Map", ItemProcessor={"StartAt": "T", "States": states})), list(range(20))
        )
        assert (await world.ended(arn)).output == f"[{','.join('1' * 20)}]"
        assert most == 2 and world.engine.runner._tasks.slots == 2


async def test_a_scheduled_task_that_had_not_begun_is_run_after_a_kill() -> None:
    async with World() as world:
        world.engine.runner._tasks.slots = 0
        arn = await world.start(machine("m", task(function("f"))), {"x": 1})
        await world.settle()
        assert (await world.types(arn))[-1] == "LambdaFunctionScheduled"
        await world.halt()
        await world.boot()
        assert (await world.ended(arn)).status is Status.SUCCEEDED
        assert list(world.port.began.values()) == [1]


async def test_lists_are_by_status_newest_first_in_pages() -> None:
    async with World() as world:
        source = machine("m", PASS, version_arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m:3")
        for index in range(5):
            await world.start(source, name=f"n{index}")
            await world.clock.advance_ms(1)
        await world.start(machine("m", WAIT), name="w")

        async def names(owner: str, statuses: list[Status], after: Any = None, limit: int = 10) -> list[str]:
            found = await list_executions(
                world.store, ACCOUNT, REGION, owner, statuses, after=after, limit=limit
            )
            return [each.name for each in found]

        assert await names("m", list(Status)) == ["w", "n4", "n3", "n2", "n1", "n0"]
        assert await names("m", [Status.RUNNING]) == ["w"]
        assert await names("m:3", list(Status), limit=2) == ["n4", "n3"]
        start_ms = (await world.engine.describe(world_arn("m", "n3"))).start_ms
        assert await names("m", list(Status), after=(start_ms, "n3"), limit=2) == ["n2", "n1"]


def world_arn(machine_name: str, name: str) -> str:
    return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{machine_name}:{name}"


async def test_after_90_days_nothing_is_left() -> None:
    async with World() as world:
        arn = await world.start(machine("m", PASS), name="n")
        failed = await world.start(machine("m", one(Type="Fail")), name="f")
        await world.clock.advance_ms(RETENTION_MS - 1000)
        await world.engine.retention.purge()
        assert (await world.engine.describe(arn)).name == "n"
        await world.clock.advance_ms(2000)
        await world.engine.retention.purge()
        for gone in (arn, failed):
            with pytest.raises(AwsError, match="ExecutionDoesNotExist"):
                await world.engine.describe(gone)
        for kind in ("head", "run", "history", "list", "ended", "busy"):
            assert not await world.store.scan((f"states-{kind}",), limit=1)


async def test_history_is_read_in_pages_both_ways() -> None:
    async with World() as world:
        definition = {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Wait", "Seconds": 1, "Next": "B"},
                "B": {"Type": "Pass", "Next": "C"},
                "C": {"Type": "Wait", "Seconds": 1, "End": True},
            },
        }
        arn = await world.start(machine("m", definition))
        await world.ended(arn)
        whole = await world.engine.history(arn)
        assert [event.id for event in whole] == list(range(1, 9))
        for size in (1, 2, 3, 7, 100):
            forward, backward = [], []
            while page := await world.engine.history(
                arn, after_id=forward[-1].id if forward else 0, limit=size
            ):
                forward += page
            after = 0
            while page := await world.engine.history(arn, after_id=after, limit=size, reverse=True):
                backward += page
                after = page[-1].id
                if after == 1:
                    break
            assert forward == whole and backward == whole[::-1]


async def test_express_is_over_without_a_commit_and_times_out() -> None:
    async with World() as world:
        before = world.node_store.commits
        result = await world.engine.start_sync(
            StartRequest(machine("e", PASS, express=True), None, '{"a":1}')
        )
        assert (result.status, result.output, result.billed_duration_ms) == (Status.SUCCEEDED, '{"a":1}', 100)
        assert ":express:e:" in result.execution_arn
        hangs = asyncio.Event()
        world.port.acts["f"] = lambda call: hangs.wait()
        source = machine("t", task(function("f")), express=True)
        running = asyncio.ensure_future(world.engine.start_sync(StartRequest(source, "n", "{}")))
        await world.settle()
        await world.clock.advance_ms(300_000)
        timed_out = await running
        assert (timed_out.status, timed_out.error) == (Status.TIMED_OUT, "States.Timeout")
        assert world.node_store.commits == before
        assert not world.engine.express._runs


async def test_express_retries_on_its_clock() -> None:
    async with World() as world:
        world.port.acts["f"] = lambda call: (
            Failed("Boom", None) if len(world.port.calls) < 3 else Succeeded("1")
        )
        source = machine("e", task(function("f"), Retry=[{"ErrorEquals": ["Boom"]}]), express=True)
        running = asyncio.ensure_future(world.engine.start_sync(StartRequest(source, None, "{}")))
        for _ in range(4):
            await world.settle()
            await world.clock.advance_ms(1000)
        assert (await running).output == "1"


async def test_two_nodes_advance_one_execution() -> None:
    """A callback may be answered at another node than the one that holds the execution."""
    async with World() as world:
        hangs = asyncio.Event()
        world.port.acts["f"] = lambda call: hangs.wait()
        world.port.acts["sendMessage.waitForTaskToken"] = lambda call: Submitted("1")
        branches = [
            {"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": function("f"), "End": True}}},
            {"StartAt": "C", "States": {"C": {"Type": "Task", "Resource": CALLBACK, "End": True}}},
        ]
        arn = await world.start(machine("m", one(Type="Parallel", Branches=branches)))
        await world.settle()
        first, lanes = world.engine, world.lanes
        await world.boot(node="n2")
        token = next(call.token for call in world.port.calls if call.token)
        await world.engine.task_succeeded(token, '"called"')
        hangs.set()  # at the first node, which holds the execution as it was
        view = await world.ended(arn)
        assert view.output == '[true,"called"]'
        await first.close()
        await lanes.close()


async def test_an_execution_the_engine_fails_at_ends() -> None:
    async with World() as world:
        world.port.acts["f"] = lambda call: Succeeded("this is no JSON")
        arn = await world.start(machine("m", task(function("f"), ResultPath="$.x")))
        view = await world.ended(arn)
        assert (view.status, view.error) == (Status.FAILED, "States.Runtime")


async def test_no_busy_records_are_left() -> None:
    async with World() as world:
        await world.ended(await world.start(machine("m", task(function("f"))), {}))
        await world.start(machine("w", WAIT))
        await world.settle()
        assert not await world.store.scan(keys.busy("n1"), limit=10)


async def test_two_that_start_one_name_at_once() -> None:
    async with World() as world:
        waits = machine("w", WAIT)
        both = await asyncio.gather(*(world.start(waits, name="n") for _ in range(2)))
        assert both[0] == both[1]


async def test_numbers_and_halves_of_characters_that_json_writers_refuse() -> None:
    async with World() as world:
        definition = {
            "StartAt": "A",
            "States": {
                "A": {"Type": "Pass", "Assign": {"x.$": "$.big"}, "Next": "M"},
                "M": {
                    "Type": "Map",
                    "ItemsPath": "$.items",
                    "ItemProcessor": {
                        "StartAt": "W",
                        "States": {"W": {"Type": "Wait", "Seconds": 5, "End": True}},
                    },
                    "End": True,
                },
            },
        }
        request = StartRequest(
            machine("m", definition), "n", '{"big": 123456789012345678901, "items": ["\\ud800", 1e3]}'
        )
        arn = (await world.engine.start(request)).execution_arn
        await world.settle()
        await world.halt()
        await world.boot()
        assert (await world.ended(arn)).output == '["\\ud800",1000.0]'


async def test_what_watches_a_job_takes_no_slot() -> None:
    async with World() as world:
        world.engine.runner._tasks.slots = 1
        done = asyncio.Event()

        async def job(call: Any) -> Any:
            if call.submitted is None:
                return Submitted('"job"')
            await done.wait()
            return "ended"

        world.port.acts["startExecution.sync"] = job
        watching = await world.start(machine("s", task("arn:aws:states:::states:startExecution.sync")))
        await world.settle()
        assert (await world.types(watching))[-1] == "TaskSubmitted"
        quick = await world.start(machine("q", task(function("f"))))
        assert (await world.ended(quick)).status is Status.SUCCEEDED
        await world.halt()
        await world.boot()
        done.set()
        assert (await world.ended(watching)).output == '"ended"'
        assert list(world.port.began.values()) == [1, 1]


async def test_a_definition_is_stored_once_and_again_after_everything_was_deleted() -> None:
    async with World() as world:
        source = machine("m", PASS)
        await world.start(source)
        (record,) = await world.store.scan(keys.sources(), limit=10)
        await world.start(source)
        assert await world.store.scan(keys.sources(), limit=10) == [record]
        await world.store.clear()
        arn = await world.start(machine("m", PASS))
        assert (await world.engine.describe(arn)).machine == source
        assert len(await world.store.scan(keys.sources(), limit=10)) == 1
