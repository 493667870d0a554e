from __future__ import annotations

from typing import Any

from tests.services.logs.conftest import LogsHouse


async def names(logs: LogsHouse, **params: Any) -> list[str]:
    """Stream names of all pages of DescribeLogStreams."""
    found: list[str] = []
    while True:
        answer = await logs.call("DescribeLogStreams", logGroupName="g", **params)
        found += [stream["logStreamName"] for stream in answer["logStreams"]]
        if "nextToken" not in answer:
            return found
        params["nextToken"] = answer["nextToken"]


async def test_by_name_both_ways_and_with_a_prefix(logs: LogsHouse) -> None:
    await logs.make("g", "b", "a", "ab", "abc", "c")
    assert await names(logs, limit=2) == ["a", "ab", "abc", "b", "c"]
    assert await names(logs, limit=2, descending=True) == ["c", "b", "abc", "ab", "a"]
    for limit in (1, 2, 50):
        assert await names(logs, logStreamNamePrefix="ab", limit=limit) == ["ab", "abc"]
        assert await names(logs, logStreamNamePrefix="ab", limit=limit, descending=True) == ["abc", "ab"]


async def test_by_last_event_follows_every_write(logs: LogsHouse) -> None:
    await logs.make("g", "a", "b", "c")
    await logs.put("g", "b", (-500, "m"))
    await logs.put("g", "a", (-400, "m"))
    assert await names(logs, orderBy="LastEventTime", descending=True, limit=1) == ["a", "b", "c"]
    await logs.put("g", "b", (0, "m"))
    assert await names(logs, orderBy="LastEventTime", descending=True) == ["b", "a", "c"]
    assert await names(logs, orderBy="LastEventTime", limit=2) == ["c", "a", "b"]


async def test_a_prefix_does_not_go_with_the_order_by_time(logs: LogsHouse) -> None:
    await logs.make("g")
    assert await logs.fails(
        "DescribeLogStreams", logGroupName="g", orderBy="LastEventTime", logStreamNamePrefix="a"
    ) == ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")


async def test_figures_of_a_stream(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    bare = await logs.stream("g", "s")
    assert "firstEventTimestamp" not in bare and "uploadSequenceToken" not in bare
    await logs.put("g", "s", (-10, "ab"), (5, "ü"))
    await logs.put("g", "s", (-20, "c"))
    described = await logs.stream("g", "s")
    assert described["firstEventTimestamp"] == logs.now_ms - 20
    assert described["lastEventTimestamp"] == logs.now_ms + 5
    assert described["lastIngestionTime"] == logs.now_ms
    assert described["storedBytes"] == 0
    assert (await logs.group("g"))["storedBytes"] == 2 + 2 + 1 + 3 * 26


async def test_deleting_a_stream_takes_its_events_and_its_place(logs: LogsHouse) -> None:
    await logs.make("g", "s", "t")
    await logs.put("g", "s", (0, "gone"))
    await logs.put("g", "t", (0, "stays"))
    await logs.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    assert await names(logs) == ["t"]
    assert await names(logs, orderBy="LastEventTime") == ["t"]
    assert await logs.filter("g") == ["stays"]
    await logs.call("CreateLogStream", logGroupName="g", logStreamName="s")
    assert await logs.get("g", "s") == []
    assert await logs.filter("g") == ["stays"]


async def test_names_with_colons_are_refused(logs: LogsHouse) -> None:
    await logs.make("g")
    code, message = await logs.fails("CreateLogStream", logGroupName="g", logStreamName="a:b")
    assert code == "InvalidParameterException"
    assert message.startswith("1 validation error detected: Value 'a:b' at 'logStreamName'")


async def test_a_stream_of_no_group(logs: LogsHouse) -> None:
    assert await logs.fails("CreateLogStream", logGroupName="none", logStreamName="s") == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )
