"""Turns: who waits for whom, who is joined, and that nobody is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from fogbank.core.errors import StoreError, StoreFull
from fogbank.services.dynamodb.turns import Turns

KEY = ("key",)


class Runner:
    """Runs batches that end when told to."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = asyncio.Event()

    async def run(self, works: Sequence[int]) -> None:
        self.batches.append(list(works))
        await self.go.wait()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_wait_are_done_together() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    tasks = [asyncio.create_task(turns.join(KEY, n, runner.run)) for n in range(4)]
    await settle()
    assert runner.batches == [[0]]
    runner.go.set()
    await asyncio.gather(*tasks)
    assert runner.batches == [[0], [1, 2, 3]]
    assert not turns._queues


async def test_one_who_holds_the_key_is_waited_for_in_order() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    runner.go.set()
    await turns.take(KEY)
    first = asyncio.create_task(turns.join(KEY, 1, runner.run))
    await settle()
    alone = asyncio.create_task(turns.take(KEY))
    await settle()
    last = asyncio.create_task(turns.join(KEY, 2, runner.run))
    await settle()
    assert runner.batches == []
    turns.give_up(KEY)
    await first
    await alone
    assert runner.batches == [[1]] and not last.done()
    turns.give_up(KEY)
    await last
    assert runner.batches == [[1], [2]] and not turns._queues


async def test_other_keys_do_not_wait() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    runner.go.set()
    await turns.take(KEY)
    await turns.join(("other",), 1, runner.run)
    turns.give_up(KEY)


async def test_one_who_leaves_holds_nobody_up() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    await turns.take(KEY)
    leaving = [asyncio.create_task(turns.take(KEY)), asyncio.create_task(turns.join(KEY, 1, runner.run))]
    staying = asyncio.create_task(turns.join(KEY, 2, runner.run))
    await settle()
    for task in leaving:
        task.cancel()
    await settle()
    runner.go.set()
    turns.give_up(KEY)
    await staying
    assert runner.batches == [[2]] and not turns._queues


async def test_one_who_leaves_just_as_it_is_its_turn_passes_it_on() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    runner.go.set()
    await turns.take(KEY)
    leaving = asyncio.create_task(turns.take(KEY))
    staying = asyncio.create_task(turns.join(KEY, 2, runner.run))
    await settle()
    turns.give_up(KEY)
    leaving.cancel()
    await staying
    assert runner.batches == [[2]] and not turns._queues


async def test_a_failure_hands_the_key_on() -> None:
    turns: Turns[int] = Turns()

    async def fail(works: Sequence[int]) -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await turns.join(KEY, 1, fail)
    assert not turns._queues


async def test_those_who_were_joined_share_a_failure() -> None:
    turns: Turns[int] = Turns()
    go = asyncio.Event()

    async def fail(works: Sequence[int]) -> None:
        await go.wait()
        if len(works) > 1:
            raise StoreFull("full")

    tasks = [asyncio.create_task(turns.join(KEY, n, fail)) for n in range(4)]
    await settle()
    go.set()
    first, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert first is None and all(isinstance(other, StoreFull) for other in others)
    assert not turns._queues


async def test_when_the_one_who_leads_is_cancelled_the_others_know_that_they_do_not_know() -> None:
    turns: Turns[int] = Turns()
    runner = Runner()
    await turns.take(KEY)
    tasks = [asyncio.create_task(turns.join(KEY, n, runner.run)) for n in range(3)]
    await settle()
    turns.give_up(KEY)
    await settle()
    tasks[0].cancel()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert all(isinstance(other, StoreError) for other in found[1:]) and not turns._queues
