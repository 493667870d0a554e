"""Fair queues: who piles up messages waits for himself, not others for him."""

from __future__ import annotations

import pytest

from fogbank.services.sqs import limits
from tests.services.sqs.conftest import Queues

pytestmark = pytest.mark.every_store


async def send(queues: Queues, group: str, *bodies: str) -> None:
    for at in range(0, len(bodies), 10):
        entries = [
            {"Id": str(n), "MessageBody": body, "MessageGroupId": group}
            for n, body in enumerate(bodies[at : at + 10])
        ]
        await queues.call("SendMessageBatch", "q", Entries=entries)


async def pile(queues: Queues, count: int = 200, group: str = "noisy") -> None:
    await send(queues, group, *(f"{group}{n}" for n in range(count)))


async def test_a_noisy_group_does_not_delay_a_quiet_one(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues)
    await send(queues, "quiet", "q0", "q1")
    for _ in range(3):
        assert all(body.startswith("noisy") for body in await queues.bodies("q"))
    # Thirty are in flight, more than a tenth of all: the quiet group's messages overtake 170.
    assert sorted((await queues.bodies("q"))[:2]) == ["q0", "q1"]
    assert all(body.startswith("noisy") for body in await queues.bodies("q"))  # nobody else waits


async def test_what_comes_later_overtakes_too(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues)
    for _ in range(4):
        await queues.receive("q")
    for n in range(5):
        await send(queues, f"quiet{n}", f"q{n}")
        assert (await queues.bodies("q", 1)) == [f"q{n}"]


async def test_a_slow_group_is_noisy_by_the_time_it_takes(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues, 50)
    await send(queues, "quiet", "q0")
    (message,) = await queues.receive("q", 1)
    await queues.advance(5)
    await queues.delete("q", message)
    assert await queues.bodies("q", 1) == ["q0"]


async def test_of_two_noisy_groups_the_one_with_less_in_flight_comes_first(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues, 60, "a")
    await pile(queues, 100, "b")
    for _ in range(9):
        await queues.receive("q")
    tenants = queues.house.states["sqs"].channels._channels
    (channel,) = [each for each in tenants.values() if each.fairness is not None]
    assert channel.fairness.noisy(queues.house.clock.now_ms())[0] == "b"
    assert (await queues.bodies("q", 1))[0].startswith("b")


async def test_a_group_that_was_noisy_is_quiet_again(queues: Queues) -> None:
    await queues.create("q", VisibilityTimeout="10")
    await pile(queues, 40)
    messages = [message for _ in range(4) for message in await queues.receive("q")]
    for message in messages:
        await queues.delete("q", message)
    await queues.advance(limits.FAIR_QUIET_MS / 1000)
    await send(queues, "noisy", "n")
    await queues.advance(1)
    await send(queues, "other", "o")
    assert await queues.bodies("q", 1) == ["n"]


async def test_every_message_comes_once_and_leaves_nothing(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues, 95)
    for n in range(30):
        await send(queues, f"g{n % 7}", f"q{n}")
    await queues.send("q", "alone")  # of no group
    seen = []
    while messages := await queues.receive("q"):
        seen += [message["Body"] for message in messages]
        for message in messages[::2]:
            await queues.delete("q", message)
    assert len(seen) == len(set(seen)) == 126
    await queues.advance(31)
    while messages := await queues.receive("q"):
        for message in messages:
            await queues.delete("q", message)
    assert await queues.house.store.count(("sqs-q",), limit=10) == 0


async def test_purging_clears_the_groups(queues: Queues) -> None:
    await queues.create("q")
    await pile(queues, 50)
    await queues.receive("q")
    await queues.call("PurgeQueue", "q")
    assert await queues.house.store.count(("sqs-q",), limit=10) == 0
    assert await queues.bodies("q") == []
