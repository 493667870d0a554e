from __future__ import annotations

from tests.services.logs.conftest import LogsHouse


async def test_streams_are_interleaved_by_time(logs: LogsHouse) -> None:
    await logs.make("g", "a", "b")
    await logs.put("g", "a", (0, "1"), (2, "3"), (4, "5"))
    await logs.put("g", "b", (1, "2"), (3, "4"))
    assert await logs.filter("g") == ["1", "2", "3", "4", "5"]
    assert await logs.filter("g", limit=2) == ["1", "2", "3", "4", "5"]
    assert await logs.filter("g", startFromHead=False, startTime=logs.now_ms, limit=2) == [
        "5",
        "4",
        "3",
        "2",
        "1",
    ]


async def test_streams_are_chosen_by_name_or_prefix(logs: LogsHouse) -> None:
    await logs.make("g", "a1", "a2", "b")
    for number, stream in enumerate(("a1", "a2", "b")):
        await logs.put("g", stream, (number, stream))
    assert await logs.filter("g", logStreamNames=["a2"]) == ["a2"]
    assert await logs.filter("g", logStreamNames=["b", "a1"]) == ["a1", "b"]
    assert await logs.filter("g", logStreamNamePrefix="a") == ["a1", "a2"]
    assert (await logs.fails("FilterLogEvents", logGroupName="g", logStreamNames=["none"]))[0] == (
        "ResourceNotFoundException"
    )
    both = {"logStreamNames": ["b"], "logStreamNamePrefix": "a"}
    assert (await logs.fails("FilterLogEvents", logGroupName="g", **both))[0] == "InvalidParameterException"


async def test_the_end_of_the_range_is_part_of_it(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "a"), (1, "b"), (2, "c"))
    assert await logs.filter("g", startTime=logs.now_ms + 1, endTime=logs.now_ms + 1) == ["b"]


async def test_a_pattern_that_matches_little_pages_through_all(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    for batch in range(12):
        await logs.put("g", "s", *((batch * 10, f"{batch}-{number}") for number in range(10_000)))
    first = await logs.call("FilterLogEvents", logGroupName="g", filterPattern='"11-9999"')
    assert first["events"] == [] and "nextToken" in first  # a hundred thousand were looked at
    assert await logs.filter("g", '"11-9999"') == ["11-9999"]


async def test_what_a_page_shows_of_an_event(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (-5, "m"))
    answer = await logs.call("FilterLogEvents", logGroupName="g")
    assert answer["searchedLogStreams"] == []
    (event,) = answer["events"]
    assert event.pop("eventId")
    assert event == {
        "logStreamName": "s",
        "timestamp": logs.now_ms - 5,
        "message": "m",
        "ingestionTime": logs.now_ms,
    }


async def test_bad_patterns_and_tokens(logs: LogsHouse) -> None:
    await logs.make("g")
    assert await logs.fails("FilterLogEvents", logGroupName="g", filterPattern="{ $.a = }") == (
        "InvalidParameterException",
        "Invalid filter pattern",
    )
    assert await logs.fails("FilterLogEvents", logGroupName="g", filterPattern="a:b") == (
        "InvalidParameterException",
        "Invalid character(s) in term 'a:b'",
    )
    assert await logs.fails("FilterLogEvents", logGroupName="g", nextToken="AAAA") == (
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )
