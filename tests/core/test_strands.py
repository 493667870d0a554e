"""Strands: coroutines that begin in place and are carried on by callbacks, with all that a task can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from fogbank.core.lanes import Lanes
from fogbank.core.strands import Strand


@pytest_asyncio.fixture
async def lanes() -> AsyncIterator[Lanes]:
    lanes = Lanes()
    yield lanes
    await lanes.close()


async def carried(strand: object) -> Any:
    """What a strand that waits comes to."""
    assert isinstance(strand, Strand)
    ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    def then(result: Any, error: BaseException | None) -> None:
        if error is None:
            ended.set_result(result)
        elif isinstance(error, asyncio.CancelledError):
            ended.cancel()
        else:
            ended.set_exception(error)

    strand.then = then
    return await ended


async def test_what_does_not_wait_is_done_at_once(lanes: Lanes) -> None:
    async def work() -> int:
        return 7

    assert lanes.begin(work()) == (7,)


async def test_what_waits_is_carried_on(lanes: Lanes) -> None:
    gate = asyncio.Event()
    seen: list[str] = []

    async def work() -> str:
        seen.append("begun")
        await gate.wait()
        await asyncio.sleep(0)
        return "done"

    strand = lanes.begin(work())
    assert seen == ["begun"]
    gate.set()
    assert await carried(strand) == "done"


async def test_errors_before_and_after_the_first_wait(lanes: Lanes) -> None:
    async def at_once() -> None:
        raise ValueError("at once")

    async def later() -> None:
        await asyncio.sleep(0)
        raise ValueError("later")

    with pytest.raises(ValueError, match="at once"):
        lanes.begin(at_once())
    with pytest.raises(ValueError, match="later"):
        await carried(lanes.begin(later()))


async def test_the_error_of_what_was_waited_for_reaches_the_coroutine(lanes: Lanes) -> None:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await future
        except KeyError as error:
            return f"caught {error}"
        return "missed"

    strand = lanes.begin(work())
    future.set_exception(KeyError("x"))
    assert await carried(strand) == "caught 'x'"


async def test_a_timeout_within_works_as_in_a_task(lanes: Lanes) -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.001):
                await asyncio.Event().wait()
        except TimeoutError:
            return "timed out"
        return "waited"

    assert await carried(lanes.begin(work())) == "timed out"


async def test_a_task_group_within_works_as_in_a_task(lanes: Lanes) -> None:
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("child")

    async def work() -> str:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail())
                await asyncio.Event().wait()
        except ExceptionGroup as group_error:
            return str(group_error.exceptions[0])
        return "waited"

    assert await carried(lanes.begin(work())) == "child"


async def test_cancelled_it_cleans_up(lanes: Lanes) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            seen.append("cleaned")

    strand = lanes.begin(work())
    assert isinstance(strand, Strand)
    assert strand.cancel()
    with pytest.raises(asyncio.CancelledError):
        await carried(strand)
    assert seen == ["cleaned"]
    assert not strand.cancel()


async def test_cancelled_between_two_turns_of_the_loop(lanes: Lanes) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        await asyncio.Event().wait()

    strand = lanes.begin(work())
    assert isinstance(strand, Strand)
    strand.cancel()
    with pytest.raises(asyncio.CancelledError):
        await carried(strand)


async def test_begun_within_a_task_or_another_strand_it_gives_the_current_one_back(lanes: Lanes) -> None:
    mine = asyncio.current_task()
    inner: list[object] = []

    async def leaf() -> object:
        return asyncio.current_task()

    async def work() -> bool:
        before = asyncio.current_task()
        found = lanes.begin(leaf())
        assert type(found) is tuple
        inner.append(found[0])
        return asyncio.current_task() is before

    assert lanes.begin(work()) == (True,)
    assert asyncio.current_task() is mine
    assert inner[0] is not mine


async def test_closing_cancels_what_still_waits(lanes: Lanes) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("cleaned")

    assert isinstance(lanes.begin(work()), Strand)
    await lanes.close()
    assert seen == ["cleaned"]
    with pytest.raises(RuntimeError):
        lanes.begin(work())
