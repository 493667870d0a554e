from __future__ import annotations

from fogbank.services.logs import keys
from tests.services.logs.conftest import LogsHouse

DAY_MS = 86_400_000


async def pass_days(logs: LogsHouse, days: float) -> None:
    await logs.clock.advance_ms(round(days * DAY_MS))
    for _ in range(20):
        await logs.clock.advance_ms(1000)


async def chunks(logs: LogsHouse) -> int:
    """How many chunks the store holds."""
    place = keys.Place("000000000000", "us-east-1")
    found = await logs.state.directory.group(place, "g")
    return len(await logs.house.store.scan(keys.chunks(place, found.record.id), limit=1000))


async def test_events_expire_and_their_room_is_given_back(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.call("PutRetentionPolicy", logGroupName="g", retentionInDays=3)
    assert (await logs.group("g"))["retentionInDays"] == 3
    await logs.put("g", "s", (0, "first"))
    await pass_days(logs, 2)
    await logs.put("g", "s", (0, "second"))
    assert await logs.filter("g") == ["first", "second"]
    await pass_days(logs, 1.1)
    assert await logs.filter("g") == ["second"]
    assert await chunks(logs) == 1
    assert (await logs.group("g"))["storedBytes"] == len("second") + 26
    described = await logs.stream("g", "s")
    assert described["firstEventTimestamp"] == described["lastEventTimestamp"]
    await pass_days(logs, 3)
    assert await chunks(logs) == 0
    assert "firstEventTimestamp" not in await logs.stream("g", "s")


async def test_expired_events_are_out_of_sight_at_once(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.put("g", "s", (-2 * DAY_MS, "old"))
    await logs.put("g", "s", (0, "new"))
    await logs.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    assert await logs.filter("g") == ["new"]
    assert await logs.get("g", "s", startFromHead=True) == ["new"]


async def test_without_a_policy_nothing_expires(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    await logs.put("g", "s", (0, "kept"))
    await logs.call("DeleteRetentionPolicy", logGroupName="g")
    await pass_days(logs, 400)
    assert await logs.filter("g") == ["kept"]
    assert "retentionInDays" not in await logs.group("g")


async def test_only_aws_periods_are_taken(logs: LogsHouse) -> None:
    await logs.make("g")
    code, message = await logs.fails("PutRetentionPolicy", logGroupName="g", retentionInDays=2)
    assert code == "InvalidParameterException"
    assert message.startswith("1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy")
    assert (await logs.fails("PutRetentionPolicy", logGroupName="none", retentionInDays=1))[0] == (
        "ResourceNotFoundException"
    )


async def test_many_chunks_go_in_rounds(logs: LogsHouse) -> None:
    await logs.make("g", "s")
    await logs.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    for number in range(250):
        await logs.put("g", "s", (number, "m"))
    await pass_days(logs, 1.2)
    assert await chunks(logs) == 0
