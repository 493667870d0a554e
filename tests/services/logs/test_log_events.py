from __future__ import annotations

import pytest

from tests.services.logs.conftest import LogsHouse

DAY_MS = 86_400_000


async def test_events_come_back_in_the_order_of_their_time(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (-100, "b"), (-90, "c"))
    await logs.put("g", "s", (-200, "a"), (-90, "c2"), (0, "d"))
    assert await logs.get("g", "s", startFromHead=True) == ["a", "b", "c", "c2", "d"]
    assert await logs.get("g", "s", limit=2) == ["c2", "d"]
    assert await logs.get("g", "s", startFromHead=True, limit=2) == ["a", "b"]


async def test_the_time_range_has_its_start_and_lacks_its_end(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "a"), (1, "b"), (2, "c"))
    now_ms = logs.now_ms
    assert await logs.get("g", "s", startTime=now_ms, endTime=now_ms + 2) == ["a", "b"]
    assert await logs.get("g", "s", startTime=now_ms + 1) == ["b", "c"]


async def test_tokens_walk_both_ways_and_stay_at_the_ends(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", *((number, str(number)) for number in range(10)))
    page = await logs.call("GetLogEvents", logGroupName="g", logStreamName="s", limit=4)
    seen = [[event["message"] for event in page["events"]]]
    while page["events"]:
        token = page["nextBackwardToken"]
        page = await logs.call("GetLogEvents", logGroupName="g", logStreamName="s", limit=4, nextToken=token)
        seen.append([event["message"] for event in page["events"]])
    assert seen == [["6", "7", "8", "9"], ["2", "3", "4", "5"], ["0", "1"], []]
    assert page["nextBackwardToken"] == token
    forward = await logs.call(
        "GetLogEvents",
        logGroupName="g",
        logStreamName="s",
        nextToken=page["nextForwardToken"],
        startFromHead=True,
    )
    assert [event["message"] for event in forward["events"]] == [str(number) for number in range(10)]
    end = forward["nextForwardToken"]
    last = await logs.call(
        "GetLogEvents", logGroupName="g", logStreamName="s", nextToken=end, startFromHead=True
    )
    assert last["events"] == [] and last["nextForwardToken"] == end


async def test_a_reader_at_the_end_sees_what_comes(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    for head in (True, False):
        page = await logs.call("GetLogEvents", logGroupName="g", logStreamName="s", startFromHead=head)
        assert page["events"] == [] or not head
        await logs.put("g", "s", (0, f"{head}"))
        page = await logs.call(
            "GetLogEvents", logGroupName="g", logStreamName="s", nextToken=page["nextForwardToken"]
        )
        assert [event["message"] for event in page["events"]] == [f"{head}"]


async def test_a_page_ends_at_a_megabyte(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    for number in range(3):
        await logs.put("g", "s", (number, str(number) * 500_000))
    first = await logs.call("GetLogEvents", logGroupName="g", logStreamName="s", startFromHead=True)
    assert len(first["events"]) == 2
    rest = await logs.get("g", "s", nextToken=first["nextForwardToken"], startFromHead=True)
    assert [message[0] for message in rest] == ["2"]


async def test_what_is_too_old_too_new_or_expired_is_rejected_and_the_rest_kept(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    answer = await logs.put(
        "g", "s", (-15 * DAY_MS, "old"), (-15 * DAY_MS, "old"), (0, "kept"), (3 * 3_600_000, "new")
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3}
    assert await logs.get("g", "s") == ["kept"]
    await logs.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    answer = await logs.put("g", "s", (-2 * DAY_MS, "expired"), (-1, "kept too"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert await logs.get("g", "s") == ["kept too", "kept"]


async def test_bounds_of_a_batch(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    now_ms = logs.now_ms
    where = {"logGroupName": "g", "logStreamName": "s"}
    span = [{"timestamp": now_ms - DAY_MS - 1, "message": "a"}, {"timestamp": now_ms, "message": "b"}]
    assert await logs.fails("PutLogEvents", **where, logEvents=span) == (
        "InvalidParameterException",
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    )
    large = [{"timestamp": now_ms, "message": "x" * 524_263}] * 2
    assert await logs.fails("PutLogEvents", **where, logEvents=large) == (
        "InvalidParameterException",
        "Upload too large: 1048578 bytes exceeds limit of 1048576",
    )
    most = [{"timestamp": now_ms, "message": "é" * 262_131}] * 2
    assert "nextSequenceToken" in await logs.call("PutLogEvents", **where, logEvents=most)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [{"message": "m"}],
        [{"timestamp": 1}],
        [{"timestamp": 1, "message": ""}],
        [{"timestamp": -1, "message": "m"}],
    ],
)
async def test_malformed_batches_are_named(logs: LogsHouse, events: list[dict[str, object]]) -> None:
    await logs.make("g", "s")
    code, message = await logs.fails("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    assert code == "InvalidParameterException"
    assert message.startswith("1 validation error detected: Value") and "logEvents" in message


async def test_a_large_batch_is_split_and_read_back_whole(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    given = [(number // 7, f"{number} {'x' * 60}") for number in range(9000)]
    await logs.put("g", "s", *given)
    assert await logs.get("g", "s", startFromHead=True) == [message for _, message in given]
    assert await logs.filter("g", "8999") == [given[-1][1]]


async def test_event_ids_order_as_events_do(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "a"), (0, "b"), (1, "c"))
    events = (await logs.call("FilterLogEvents", logGroupName="g"))["events"]
    ids = [event["eventId"] for event in events]
    assert all(len(one) == 56 for one in ids)
    assert ids == sorted(ids) and len(set(ids)) == 3


async def test_an_identifier_may_be_an_arn(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (0, "m"))
    arn = (await logs.group("g"))["logGroupArn"]
    for identifier in ("g", arn):
        answer = await logs.call("GetLogEvents", logGroupIdentifier=identifier, logStreamName="s")
        assert [event["message"] for event in answer["events"]] == ["m"]
