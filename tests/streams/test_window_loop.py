"""Tumbling windows: the state goes along, the window is closed, and a kill keeps both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.streams.api import Reason
from tests.streams.fakes import Bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        made.function.answer = summing
        yield made


def summing(event: Any) -> Any:
    total = event["state"].get("sum", 0) + sum(record["value"] for record in event["Records"])
    return {"state": {"sum": total}}


async def test_a_window_is_summed_and_closed(bench: Bench) -> None:
    task = bench.lanes.spawn("test", bench.loop(tumbling_ms=30_000, batch_size=2).run())
    bench.stream.add(1, 2, 3)
    await bench.settle(1)
    bench.stream.add(4)
    await bench.settle(30)
    last = bench.function.events[-1]
    assert (last["isFinalInvokeForWindow"], last["state"], last["Records"]) == (True, {"sum": 10}, [])
    assert not any(event["isFinalInvokeForWindow"] for event in bench.function.events[:-1])
    assert last["window"]["start"] < last["window"]["end"] and last["shardId"] == "s"
    bench.stream.add(5)
    await bench.settle(1)
    assert bench.function.events[-1]["state"] == {}  # the next window begins anew
    task.cancel()


async def test_a_kill_keeps_the_state(bench: Bench) -> None:
    loop = bench.loop(tumbling_ms=3_600_000)
    task = bench.lanes.spawn("test", loop.run())
    bench.stream.add(1, 2)
    await bench.settle(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    bench.stream.add(3)
    await bench.drain(tumbling_ms=3_600_000)
    assert bench.function.seen == [1, 2, 3]
    assert bench.function.events[-1]["state"] == {"sum": 6}


async def test_records_of_the_next_window_wait(bench: Bench) -> None:
    bench.stream.add(1)
    await bench.clock.advance_ms(60_000)
    bench.stream.add(2)
    await bench.drain(tumbling_ms=30_000)
    kinds = [(event["isFinalInvokeForWindow"], len(event["Records"])) for event in bench.function.events]
    assert kinds == [(False, 1), (True, 0), (False, 1), (True, 0)]


async def test_a_failing_window_is_given_up(bench: Bench) -> None:
    def answer(event: Any) -> Any:
        if any(record["value"] == 13 for record in event["Records"]):
            raise ValueError
        return summing(event)

    bench.function.answer = answer
    bench.stream.add(1)
    await bench.clock.advance_ms(1000)
    bench.stream.add(13)
    await bench.drain(tumbling_ms=3_600_000, batch_size=1, retries_max=1)
    assert [[r.event["value"] for r in d.records] for d in bench.discarded] == [[13]]
    assert bench.function.events[-1]["state"] == {"sum": 1}


async def test_what_is_throttled_ages(bench: Bench) -> None:
    bench.stream.add(1)
    bench.function.answer = lambda event: "throttled" if event["Records"] else {}
    await bench.drain(tumbling_ms=3_600_000, age_ms_max=60_000)
    assert [[r.event["value"] for r in d.records] for d in bench.discarded] == [[1]]


async def test_what_is_throttled_keeps_its_attempts(bench: Bench) -> None:
    """A throttle that outlasts the loop's patience does not begin the count of retries anew."""
    tries = 0

    def answer(event: Any) -> Any:
        nonlocal tries
        if not event["Records"]:
            return {}
        tries += 1
        if tries == 2 or 3 < tries < 40:
            return "throttled"
        raise ValueError

    bench.function.answer = answer
    bench.stream.add(1)
    await bench.drain(tumbling_ms=3_600_000, age_ms_max=3_000_000, retries_max=2)
    [discarded] = bench.discarded
    assert (discarded.reason, discarded.invocations, tries) == (Reason.RETRIES, 3, 40)


async def test_a_batch_larger_than_what_is_read_at_once_waits_for_its_window(bench: Bench) -> None:
    """A thousand records were read and no more: the loop went round and round and let nothing else run."""
    task = bench.lanes.spawn("test", bench.loop(tumbling_ms=900_000, batch_size=5000, window_ms=60_000).run())
    bench.stream.add(*range(1200))
    await bench.settle(1)
    assert not bench.function.batches
    await bench.settle(60)
    assert [len(batch) for batch in bench.function.batches] == [1200]
    task.cancel()


async def test_a_batch_is_no_larger_than_an_invocation_takes(bench: Bench) -> None:
    bench.stream.record_bytes = 1_000_000
    bench.stream.add(*range(8))
    await bench.drain(tumbling_ms=900_000, batch_size=1000, window_ms=60_000)
    assert [len(batch) for batch in bench.function.batches if batch] == [6, 2]
