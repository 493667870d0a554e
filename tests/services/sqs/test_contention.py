"""Many at once: on one group, on many groups, on one queue; nothing conflicts for good, and every message comes once."""

from __future__ import annotations

import asyncio

import pytest

from tests.services.sqs.conftest import Queues


@pytest.mark.parametrize("groups", [1, 7])
async def test_many_on_the_same_groups(queues: Queues, groups: int) -> None:
    await queues.create("q.fifo", ContentBasedDeduplication="true")
    got: list[str] = []

    async def worker(number: int) -> None:
        for n in range(10):
            await queues.send("q.fifo", f"{number}-{n}", MessageGroupId=str((number + n) % groups))
            for message in await queues.receive("q.fifo", 3):
                got.append(message["Body"])
                await queues.delete("q.fifo", message)

    await asyncio.gather(*(worker(number) for number in range(30)))
    await queues.advance(1)  # a second takes 300 receives
    while messages := await queues.receive("q.fifo"):
        for message in messages:
            got.append(message["Body"])
            await queues.delete("q.fifo", message)
    assert sorted(got) == sorted(f"{number}-{n}" for number in range(30) for n in range(10))
    assert await queues.counts("q.fifo") == (0, 0, 0)
    channels = queues.house.states["sqs"].channels
    assert all(not channel.groups._locks for channel in channels._channels.values())


async def test_many_batches_across_groups(queues: Queues) -> None:
    """Batches name groups in any order, and do not wait for each other in a circle."""
    await queues.create("q.fifo", ContentBasedDeduplication="true")

    async def send(number: int) -> None:
        groups = [str((number * 3 + n * (number % 5 + 1)) % 6) for n in range(10)]
        entries = [
            {"Id": str(n), "MessageBody": f"{number}-{n}", "MessageGroupId": group}
            for n, group in enumerate(groups)
        ]
        await queues.call("SendMessageBatch", "q.fifo", Entries=entries)

    async with asyncio.timeout(20):
        await asyncio.gather(*(send(number) for number in range(40)))
    assert await queues.counts("q.fifo") == (400, 0, 0)


async def test_a_conflict_loses_nobody_their_message(queues: Queues) -> None:
    """Another node takes what this one was about to: what else was in its hands is found again."""
    await queues.create("q")
    for n in range(20):
        await queues.send("q", str(n))
    store = queues.house.store
    commit = store.commit
    broken = iter([True])

    async def interfering(transaction: object) -> object:
        if next(broken, False):
            [first, *_] = await store.scan(("sqs-q",), limit=1)
            [message] = await store.scan((*first.key[:2], "m"), limit=1)
            from fogbank.store.api import Transaction

            await commit(Transaction().put(message.key, message.value))
        return await commit(transaction)  # type: ignore[arg-type]

    store.commit = interfering  # type: ignore[method-assign, assignment]
    got = [body for _ in range(4) for body in await queues.bodies("q")]
    assert sorted(got, key=int) == [str(n) for n in range(20)]
