"""How many invocations of a function are under way at once, and when they are not held any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from fogbank.core.limits import SANDBOX_AT_ONCE_PER_CORE
from fogbank.sandbox.damper import Damper
from fogbank.sandbox.job import Job


def jobs(count: int, key: str = "f") -> list[Job]:
    return [cast(Job, SimpleNamespace(config=SimpleNamespace(key=key), number=n)) for n in range(count)]


def numbers(sent: list[Job]) -> list[int]:
    return [cast(Any, job).number for job in sent]


async def test_a_quick_function_is_served_by_few_in_the_order_of_arrival() -> None:
    sent: list[Job] = []
    damper = Damper(asyncio.get_running_loop(), 1, sent.append)
    all_ = jobs(10)
    for job in all_:
        damper.enter(job)
    assert numbers(sent) == list(range(SANDBOX_AT_ONCE_PER_CORE))
    for place in range(10):
        damper.left(all_[place])
    assert numbers(sent) == list(range(10))
    more = jobs(1)
    damper.enter(more[0])
    assert sent[-1] is more[0]


async def test_functions_are_counted_by_themselves() -> None:
    sent: list[Job] = []
    damper = Damper(asyncio.get_running_loop(), 1, sent.append)
    for job in jobs(SANDBOX_AT_ONCE_PER_CORE) + jobs(1, "g"):
        damper.enter(job)
    assert len(sent) == SANDBOX_AT_ONCE_PER_CORE + 1


async def test_a_function_that_waits_is_not_held() -> None:
    sent: list[Job] = []
    opened = asyncio.Event()

    def send(job: Job) -> None:
        sent.append(job)
        if len(sent) == 20:
            opened.set()

    damper = Damper(asyncio.get_running_loop(), 1, send)
    all_ = jobs(20)
    for job in all_:
        damper.enter(job)
    async with asyncio.timeout(10):
        await opened.wait()
    assert numbers(sent) == list(range(20))
    late = jobs(1)
    damper.enter(late[0])  # still open
    assert sent[-1] is late[0]
    for job in (*all_, *late):
        damper.left(job)
