from __future__ import annotations

from fogbank.services import logs as logs_service
from tests.services.logs.conftest import LogsHouse


async def test_groups_and_streams_are_made_and_lines_sorted(logs: LogsHouse) -> None:
    now_ms = logs.now_ms
    streams = {
        ("/aws/lambda/f", "2026/01/01/[$LATEST]a"): [(now_ms + 1, "b"), (now_ms, "a")],
        ("/aws/lambda/f", "2026/01/01/[$LATEST]b"): [(now_ms + 2, "c")],
        ("/aws/lambda/g", "x"): [(now_ms, "other")],
        ("/aws/lambda/none", "x"): [],
    }
    await logs.house.internal("logs", "deliver", streams=streams)
    assert await logs.filter("/aws/lambda/f") == ["a", "b", "c"]
    assert await logs.filter("/aws/lambda/g") == ["other"]
    assert (await logs.call("DescribeLogGroups", logGroupNamePrefix="/aws/lambda/none"))["logGroups"] == []


async def test_a_group_that_was_deleted_is_made_anew(logs: LogsHouse) -> None:
    for text in ("old", "new"):
        await logs.house.internal("logs", "deliver", streams={("g", "s"): [(logs.now_ms, text)]})
        if text == "old":
            await logs.call("DeleteLogGroup", logGroupName="g")
    assert await logs.filter("g") == ["new"]


async def test_a_stream_that_another_node_deleted_is_made_anew(logs: LogsHouse) -> None:
    other = logs_service.Logs(
        store=logs.house.store,
        clock=logs.clock,
        ids=logs.house.ids,
        lanes=logs.house.lanes,
        calls=logs.house.calls,
    )
    await logs.house.internal("logs", "deliver", streams={("g", "s"): [(logs.now_ms, "old")]})
    logs.house.calls.mount(logs_service.SERVICE, other)
    await logs.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    logs.house.calls.mount(logs_service.SERVICE, logs.state)
    await logs.house.internal("logs", "deliver", streams={("g", "s"): [(logs.now_ms, "new")]})
    assert await logs.filter("g") == ["new"]


async def test_figures_are_right_after_a_crash(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "settled"))
    await logs.group("g")
    await logs.state.settling.flush()
    await logs.put("g", "s", (5, "not settled"))
    await logs.put("g", "s", (-5, "nor this"))
    logs.state.settling._pending.clear()  # what the process knew is gone
    await logs.state.settling.recover()
    described = await logs.stream("g", "s")
    assert described["firstEventTimestamp"] == logs.now_ms - 5
    assert described["lastEventTimestamp"] == logs.now_ms + 5
    assert (await logs.group("g"))["storedBytes"] == sum(
        map(len, ("settled", "not settled", "nor this"))
    ) + 3 * 26
    assert await logs.house.store.scan(("logs", "", "", "unsettled"), limit=5) == []


async def test_a_failed_write_leaves_nothing_unsettled(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "m"))
    await logs.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    await logs.fails(
        "PutLogEvents",
        logGroupName="g",
        logStreamName="s",
        logEvents=[{"timestamp": logs.now_ms, "message": "m"}],
    )
    await logs.state.settling.flush()
    assert logs.state.settling._pending == {}
