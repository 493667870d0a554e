from __future__ import annotations

import asyncio
from typing import Any

from tests.services.logs.conftest import LogsHouse


async def after_a_second(logs: LogsHouse, stream: Any) -> list[str]:
    """The messages of the next update."""
    update = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    await logs.clock.advance_ms(1000)
    answer: dict[str, Any] = await update
    return [one["message"] for one in answer["sessionUpdate"]["sessionResults"]]


async def test_a_session_shows_what_comes_once(logs: LogsHouse) -> None:
    await logs.make("g", "s", "t")
    await logs.put("g", "s", (0, "before ERROR"))
    answer = await logs.call("StartLiveTail", logGroupIdentifiers=["g"], logEventFilterPattern="ERROR")
    stream = answer["responseStream"]
    start = (await anext(stream))["sessionStart"]
    assert start["logGroupIdentifiers"] == ["g"] and start["logEventFilterPattern"] == "ERROR"
    assert await after_a_second(logs, stream) == []
    await logs.put("g", "s", (1, "ERROR 2"), (2, "fine"))
    await logs.put("g", "t", (0, "ERROR 1"))
    assert await after_a_second(logs, stream) == ["ERROR 1", "ERROR 2"]
    await logs.put("g", "s", (0, "ERROR 3"))
    assert await after_a_second(logs, stream) == ["ERROR 3"]
    assert await after_a_second(logs, stream) == []
    await stream.aclose()


async def test_streams_can_be_chosen(logs: LogsHouse) -> None:
    await logs.make("g", "a1", "b1")
    answer = await logs.call("StartLiveTail", logGroupIdentifiers=["g"], logStreamNamePrefixes=["a"])
    stream = answer["responseStream"]
    await anext(stream)
    await logs.put("g", "a1", (0, "yes"))
    await logs.put("g", "b1", (0, "no"))
    assert await after_a_second(logs, stream) == ["yes"]
    await stream.aclose()


async def test_a_session_ends_after_three_hours(logs: LogsHouse) -> None:
    await logs.make("g")
    stream = (await logs.call("StartLiveTail", logGroupIdentifiers=["g"]))["responseStream"]
    await anext(stream)
    await logs.clock.advance_ms(3 * 3_600_000)
    assert [name async for event in stream for name in event] == ["SessionTimeoutException"]


async def test_what_a_session_refuses(logs: LogsHouse) -> None:
    await logs.make("g")
    await logs.make("h")
    for params in (
        {"logGroupIdentifiers": ["g", "h"], "logStreamNames": ["s"]},
        {"logGroupIdentifiers": ["g"], "logStreamNames": ["s"], "logStreamNamePrefixes": ["s"]},
        {"logGroupIdentifiers": ["g"], "logEventFilterPattern": "{"},
    ):
        assert (await logs.fails("StartLiveTail", **params))[0] == "InvalidParameterException"
    assert (await logs.fails("StartLiveTail", logGroupIdentifiers=["none"]))[0] == "ResourceNotFoundException"
