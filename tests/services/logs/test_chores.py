from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from fogbank.core.errors import AwsError, Conflict, NotSupported
from fogbank.store.api import Leased, Transaction
from fogbank.store.chores import LEASE_MS, RETRY_MS
from tests.services.logs.conftest import LogsHouse

QUEUE = "test.chores"


class Worker:
    """A handler that fails as it is told, then acknowledges."""

    def __init__(self, logs: LogsHouse, *failures: Exception) -> None:
        self.logs = logs
        self.failures = list(failures)
        self.seen: list[int] = []
        self.before: Callable[[], Awaitable[None]] | None = None

    async def do(self, item: Leased) -> None:
        self.seen.append(item.attempt)
        if self.before is not None:
            await self.before()
        if self.failures:
            raise self.failures.pop(0)
        await self.logs.house.store.commit(Transaction().ack(item))


async def start(logs: LogsHouse, worker: Worker) -> None:
    logs.state.chores.start(QUEUE, worker.do)
    await logs.house.store.commit(Transaction().enqueue(QUEUE, "one", b"", due_ms=logs.now_ms))
    await work(logs)


async def work(logs: LogsHouse, seconds: float = 0.5) -> None:
    for _ in range(round(seconds * 20)):
        await logs.clock.advance_ms(50)


@pytest.mark.parametrize("failure", [RuntimeError("broken"), AwsError("Throttling", "later")])
async def test_what_fails_comes_back(
    logs: LogsHouse, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(logs, failure)
    await start(logs, worker)
    assert worker.seen == [1] and "test.chores failed" in caplog.text
    await work(logs, RETRY_MS / 1000 + 1)
    assert worker.seen == [1, 2]
    assert await logs.house.store.depth(QUEUE) == (0, 0)


async def test_a_conflict_is_tried_again_soon(logs: LogsHouse) -> None:
    worker = Worker(logs, Conflict(0, ("k",)))
    await start(logs, worker)
    assert worker.seen == [1, 2]


async def test_what_is_not_supported_is_dropped_and_said(
    logs: LogsHouse, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(logs, NotSupported("x"))
    await start(logs, worker)
    assert await logs.house.store.depth(QUEUE) == (0, 0)
    assert "fogbank does not support x yet" in caplog.text


async def test_long_work_keeps_its_lease(logs: LogsHouse) -> None:
    worker = Worker(logs)

    async def take_long() -> None:
        await logs.clock.sleep_s(3 * LEASE_MS / 1000)

    worker.before = take_long
    await start(logs, worker)
    await work(logs, 3 * LEASE_MS / 1000 + 1)
    assert worker.seen == [1]
    assert await logs.house.store.depth(QUEUE) == (0, 0)
