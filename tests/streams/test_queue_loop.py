"""The loop of a queue: batches, windows, failures, filters, and how many run at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.streams.answers import failed_ids
from fogbank.streams.api import Policy, SourceBusy, SourceUnavailable
from fogbank.streams.queue_loop import QueueLoop
from tests.streams.fakes import Bench, FakeQueue, poison


class Queued:
    """A queue's loop on a bench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.queue = FakeQueue(bench.clock, bench.lanes)
        self.function = bench.function

    def start(self, **settings: Any) -> QueueLoop:
        loop = QueueLoop(
            policy=Policy(**{"batch_size": 10} | settings),
            source=self.queue,
            target=self.function,
            results=self.bench,
            clock=self.bench.clock,
            lanes=self.bench.lanes,
        )
        self.task = self.bench.lanes.spawn("test", loop.run())
        return loop


@pytest.fixture
async def queued() -> AsyncIterator[Queued]:
    async with Bench() as bench:
        yield Queued(bench)


async def test_what_the_function_took_is_deleted(queued: Queued) -> None:
    queued.start()
    queued.queue.add(1, 2)
    await queued.bench.settle(0.1)
    assert queued.function.batches == [[1, 2]] and queued.queue.deleted == [1, 2]


async def test_what_failed_is_left_to_the_queue(queued: Queued) -> None:
    def answer(event: Any) -> None:
        raise ValueError

    queued.function.answer = answer
    queued.start()
    queued.queue.add(1, 2)
    await queued.bench.settle(0.1)
    assert queued.function.batches == [[1, 2]] and queued.queue.deleted == []
    assert queued.bench.results == [True]


async def test_a_batch_is_no_larger_than_an_invocation_takes(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size of a message is known only about; that of the payload is what counts."""
    monkeypatch.setattr("fogbank.streams.queue_loop.INVOKE_PAYLOAD_BYTES_MAX", 60)
    queued.function.answer = poison(2)
    queued.start()
    queued.queue.add(1, 2, 3, 4)
    await queued.bench.settle(0.1)
    assert queued.function.batches == [[1, 2], [3, 4]] and queued.queue.deleted == [3, 4]


async def test_nothing_of_a_group_overtakes_what_failed(
    queued: Queued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has to stay behind is left to the queue; other groups of a FIFO queue go on."""
    monkeypatch.setattr("fogbank.streams.queue_loop.INVOKE_PAYLOAD_BYTES_MAX", 60)
    queued.function.answer = poison(1)
    queued.start(ordered=True)
    queued.queue.add(1, 2, group="a")
    queued.queue.add(3, group="b")
    queued.queue.add(4, group="a")
    queued.queue.add(5, group="b")
    await queued.bench.settle(0.1)
    assert queued.function.batches == [[1, 2], [3, 5]] and queued.queue.deleted == [3, 5]


async def test_a_queue_that_is_away_is_one_line_in_the_log(
    queued: Queued, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = iter([SourceUnavailable("gone"), SourceBusy("busy")])
    receive = queued.queue.receive

    async def sometimes(limit: int, wait_s: int) -> Any:
        if (error := next(away, None)) is not None:
            raise error
        return await receive(limit, wait_s)

    monkeypatch.setattr(queued.queue, "receive", sometimes)
    queued.start()
    queued.queue.add(1)
    await queued.bench.settle(20)
    assert queued.queue.deleted == [1]
    assert [record.getMessage() for record in caplog.records] == ["a queue cannot be read: gone"]


async def test_reported_failures(queued: Queued) -> None:
    queued.function.answer = lambda event: {"batchItemFailures": [{"itemIdentifier": "2"}]}
    queued.start(reports_failures=True)
    queued.queue.add(1, 2, 3)
    await queued.bench.settle(0.1)
    assert queued.queue.deleted == [1, 3]


async def test_a_window_gathers_more_than_one_receive(queued: Queued) -> None:
    queued.start(batch_size=100, window_ms=5000)
    queued.queue.add(*range(15))
    await queued.bench.settle(2)
    assert queued.function.batches == []
    queued.queue.add(*range(15, 20))
    await queued.bench.settle(4)
    assert queued.function.batches == [list(range(20))]


async def test_what_the_filter_leaves_out_is_deleted(queued: Queued) -> None:
    queued.start(matches=lambda event: event["value"] > 2)
    queued.queue.add(1, 2, 3)
    await queued.bench.settle(0.1)
    assert queued.function.batches == [[3]] and sorted(queued.queue.deleted) == [1, 2, 3]


async def test_pollers_grow_with_the_work_up_to_their_bound(queued: Queued) -> None:
    queued.function.pause = lambda: queued.bench.clock.sleep_s(60)
    queued.start(batch_size=1, concurrency_max=8)
    queued.queue.add(*range(50))
    await queued.bench.settle(0.5)
    assert queued.function.running == 5
    await queued.bench.settle(10)
    assert queued.function.running == 8


async def test_messages_of_a_function_that_cannot_be_invoked_go_back(queued: Queued) -> None:
    queued.function.answer = lambda event: "throttled"
    queued.start()
    queued.queue.add(1)
    await queued.bench.settle(60)
    assert queued.queue.deleted == []
    queued.function.answer = lambda event: None
    queued.queue.add(2)
    await queued.bench.settle(1)
    assert queued.function.batches == [[2]]


async def test_stopping_lets_batches_end(queued: Queued) -> None:
    queued.function.pause = lambda: queued.bench.clock.sleep_s(10)
    loop = queued.start()
    queued.queue.add(1)
    await queued.bench.settle(1)
    loop.stop()
    await queued.bench.settle(1)
    assert not queued.task.done()
    await queued.bench.settle(10)
    assert queued.task.done() and queued.queue.deleted == [1]


async def test_a_window_that_is_stopped_gives_its_messages_back(queued: Queued) -> None:
    loop = queued.start(window_ms=60_000)
    queued.queue.add(1)
    await queued.bench.settle(1)
    loop.stop()
    await queued.bench.settle(1)
    assert queued.task.done() and queued.queue.released == [1]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"{}", set()),
        (b"[]", set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "a"}]}', {"a"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "x"}]}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', None),
        (b'{"batchItemFailures": [{"foo": "a"}]}', None),
        (b'{"batchItemFailures": "a"}', None),
        (b"not json", None),
    ],
)
def test_answers_about_a_batch(answer: bytes, failed: set[str] | None) -> None:
    assert failed_ids(answer, {"a", "b"}) == failed
