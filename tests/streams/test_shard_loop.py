"""The loop of a shard: batching, order, retries, bisection, giving up, checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.store.api import Transaction
from fogbank.streams.api import Policy, Reason
from fogbank.streams.shard_loop import READ_BYTES_FULL, ShardLoop, rest_s
from tests.streams.fakes import Bench, poison


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as made:
        yield made


async def test_batches_are_as_large_as_they_may_be(bench: Bench) -> None:
    bench.stream.add(*range(25))
    await bench.drain(batch_size=10)
    assert [len(batch) for batch in bench.function.batches] == [10, 10, 5]
    assert bench.function.seen == list(range(25))


async def test_a_window_waits_for_more(bench: Bench) -> None:
    loop = bench.loop(batch_size=3, window_ms=5000)
    bench.lanes.spawn("test", loop.run())
    await bench.settle()
    bench.stream.add(1)
    await bench.settle()
    await bench.settle(4.9)
    assert bench.function.batches == []
    bench.stream.add(2)
    await bench.settle(0.2)
    assert bench.function.batches == [[1, 2]]
    bench.stream.add(3, 4, 5)
    await bench.settle()
    assert bench.function.batches[1:] == [[3, 4, 5]]  # full: it does not wait


async def test_what_the_filter_leaves_out_is_done(bench: Bench) -> None:
    bench.stream.add(*range(6))
    loop = bench.loop(matches=lambda event: event["value"] % 2 == 0)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle(1)
    assert bench.function.seen == [0, 2, 4]
    checkpoint = await bench.checkpoints.load("s")
    assert checkpoint is not None and checkpoint.position == 6
    task.cancel()


@pytest.mark.parametrize("more", [{}, {"tumbling_ms": 60_000}])
async def test_the_function_sees_the_same_with_a_filter_and_without(
    bench: Bench, more: dict[str, int]
) -> None:
    bench.stream.add(*range(3), key="\n")
    await bench.drain(matches=lambda event: event["key"] == "\n", **more)
    filtered, bench.function.events = bench.function.events, []
    await bench.store.commit(Transaction().delete_prefix(("checkpoint",)))
    await bench.drain(**more)
    assert filtered == bench.function.events and len(filtered) == (2 if more else 1)
    assert filtered[0]["Records"] == [{"value": n, "key": "\n"} for n in range(3)]


async def test_a_shard_into_which_records_pour_gathers_full_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it rests it is not read, and what a full batch left behind waits for what comes meanwhile."""
    monkeypatch.setattr("fogbank.streams.shard_loop.REST_S", 3600.0)
    loop = bench.loop(batch_size=10)
    assert isinstance(loop, ShardLoop)
    bench.stream.add(*range(13))
    bench.lanes.spawn("test", loop.run())
    await bench.settle()
    bench.stream.add(*range(13, 18))
    await bench.settle()
    assert bench.function.batches == [list(range(10))] and bench.stream.reads == 1
    loop.rested()
    await bench.settle()
    assert bench.function.batches[1:] == [list(range(10, 18))]


@pytest.mark.parametrize(
    ("policy", "per_s", "expected_s"),
    [
        (Policy(100), 300, 0.002),  # one writer who waits for what the function does
        (Policy(100, window_ms=1000), 300, 0.0),
        (Policy(100), 4000, 0.025),  # until a batch is full
        (Policy(100, window_ms=1000), 4000, 0.025),
        (Policy(10), 4000, 0.01),
        (Policy(10, parallel=10), 4000, 0.025),
        (Policy(1000), 600, 0.04),  # nothing waits for longer
    ],
)
def test_how_long_a_shard_rests(policy: Policy, per_s: float, expected_s: float) -> None:
    assert rest_s(policy, per_s) == expected_s


async def test_what_trickles_in_goes_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.streams.shard_loop.REST_S", 3600.0)
    loop = bench.loop(batch_size=10)
    bench.lanes.spawn("test", loop.run())
    await bench.settle()
    bench.stream.add(1, 2)
    await bench.settle()
    assert bench.function.batches == [[1, 2]]


async def test_a_read_that_was_cut_short_is_followed_by_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.streams.shard_loop.REST_S", 3600.0)
    bench.stream.record_bytes = READ_BYTES_FULL
    loop = bench.loop(batch_size=10)
    bench.lanes.spawn("test", loop.run())
    for n in range(3):
        bench.stream.add(n)
        await bench.settle()
    assert bench.function.seen == [0, 1, 2]


async def test_retries_then_the_batch_is_given_up(bench: Bench) -> None:
    bench.stream.add(1, 2)
    bench.function.answer = poison(1)
    await bench.drain(retries_max=2)
    assert bench.function.batches == [[1, 2]] * 3
    [discarded] = bench.discarded
    assert (discarded.reason, discarded.invocations) == (Reason.RETRIES, 3)
    assert [record.position for record in discarded.records] == [1, 2]


async def test_bisection_finds_the_poison(bench: Bench) -> None:
    bench.stream.add(*range(16))
    bench.function.answer = poison(11)
    await bench.drain(batch_size=16, retries_max=2, bisects=True)
    assert [[r.event["value"] for r in d.records] for d in bench.discarded] == [[11]]
    assert bench.discarded[0].invocations == 3
    done = [batch for batch in bench.function.batches if 11 not in batch]
    assert [value for batch in done for value in batch] == [n for n in range(16) if n != 11]


async def test_reported_failures_cut_the_batch(bench: Bench) -> None:
    bench.stream.add(*range(5))
    bench.function.answer = lambda event: {
        "batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "4"}]
        if len(bench.function.batches) == 1
        else []
    }
    await bench.drain(reports_failures=True, retries_max=0)
    assert bench.function.batches == [[0, 1, 2, 3, 4], [2, 3, 4]]  # from the first that failed
    assert bench.discarded == []


async def test_a_batch_is_no_larger_than_an_invocation_takes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.streams.batches.INVOKE_PAYLOAD_BYTES_MAX", 80)
    for n in range(6):
        bench.stream.add(n)
    await bench.drain(batch_size=6, retries_max=0)
    assert bench.function.batches == [[0, 1, 2], [3, 4, 5]] and bench.discarded == []


async def test_old_records_are_given_up(bench: Bench) -> None:
    bench.stream.add(1)
    await bench.clock.advance_ms(30_000)
    bench.stream.add(2)
    await bench.clock.advance_ms(40_000)
    await bench.drain(age_ms_max=60_000)
    assert bench.function.seen == [2]
    assert [(d.reason, d.invocations) for d in bench.discarded] == [(Reason.AGE, 0)]


async def test_a_poison_record_ages_out(bench: Bench) -> None:
    bench.stream.add(1)
    bench.function.answer = poison(1)
    await bench.drain(age_ms_max=60_000)
    assert bench.discarded[0].reason is Reason.AGE and len(bench.function.batches) > 5


async def test_throttling_is_no_failure(bench: Bench) -> None:
    bench.stream.add(1)
    throttles = iter(["throttled"] * 5)
    bench.function.answer = lambda event: next(throttles, None)
    await bench.drain(retries_max=0)
    assert bench.function.batches == [[1]] and bench.discarded == []


async def test_what_is_throttled_ages(bench: Bench) -> None:
    bench.stream.add(1)
    bench.function.answer = lambda event: "throttled"
    await bench.drain(age_ms_max=60_000)
    [discarded] = bench.discarded
    assert (discarded.reason, discarded.invocations) == (Reason.AGE, 0)


async def test_parallel_batches_keep_the_order_of_each_key(bench: Bench) -> None:
    for n in range(60):
        bench.stream.add(n, key=str(n % 7))
    bench.function.pause = lambda: bench.clock.sleep_s(0.1)
    await bench.drain(batch_size=4, parallel=5)
    assert 2 <= bench.function.most_at_once <= 5
    for key in range(7):
        of_key = [value for value in bench.function.seen if value % 7 == key]
        assert of_key == sorted(of_key) and len(of_key) == len(range(key, 60, 7))


async def test_a_failing_key_does_not_hold_the_others(bench: Bench) -> None:
    for n in range(40):
        bench.stream.add(n, key=str(n % 8))
    bench.function.answer = poison(0)
    loop = bench.loop(batch_size=1, parallel=8)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle(5)
    assert len(set(bench.function.seen)) > 20  # those of other lanes
    checkpoint = await bench.checkpoints.load("s")
    assert checkpoint is not None and checkpoint.position == 0  # nothing behind the poison is forgotten
    loop.stop()
    await bench.settle(1)
    assert task.done()


async def test_a_fault_of_ours_leaves_no_hole(bench: Bench) -> None:
    """What escapes a batch ends the loop, which is begun again from the checkpoint; going on would skip the batch."""

    faults = iter([RuntimeError("not the function's")])

    def broken(event: Any) -> None:
        if event["Records"][0]["value"] == 4 and (fault := next(faults, None)) is not None:
            raise fault

    bench.stream.add(*range(10))
    bench.function.answer = broken
    loop = bench.loop(batch_size=1, parallel=3)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle(1)
    assert isinstance(task.exception(), RuntimeError)
    await loop.close()
    await bench.drain(batch_size=1, parallel=3)
    assert set(bench.function.seen) == set(range(10))
    first, again = (
        bench.function.seen.index(4),
        len(bench.function.seen) - 1 - bench.function.seen[::-1].index(4),
    )
    assert first < again


async def test_stopping_waits_for_what_is_under_way(bench: Bench) -> None:
    bench.stream.add(*range(30))
    bench.function.pause = lambda: bench.clock.sleep_s(10)
    loop = bench.loop(batch_size=10)
    task = bench.lanes.spawn("test", loop.run())
    await bench.settle(1)
    loop.stop()
    await bench.settle(1)
    assert not task.done()
    await bench.settle(10)
    assert task.done() and bench.function.seen == list(range(10))
    bench.function.pause = None
    await bench.drain(batch_size=10)
    assert bench.function.seen == list(range(30))


async def test_news_not_polling(bench: Bench) -> None:
    loop = bench.loop()
    bench.lanes.spawn("test", loop.run())
    await bench.settle(3600)
    assert bench.stream.reads <= 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 4), max_size=40),
    st.integers(1, 7),
    st.integers(1, 4),
    st.booleans(),
    st.sets(st.integers(0, 39), max_size=3),
    st.lists(st.integers(1, 400), max_size=3),
)
def test_whatever_is_killed_nothing_is_skipped(
    keys: list[int], batch_size: int, parallel: int, bisects: bool, bad: set[int], kills: list[int]
) -> None:
    """Records of some keys, some of them poison; the loop is killed now and then, and begun again from its checkpoints."""

    async def run() -> None:
        async with Bench() as bench:
            for n, key in enumerate(keys):
                bench.stream.add(n, key=str(key))
            bench.function.answer = poison(*bad)
            policy = {"batch_size": batch_size, "parallel": parallel, "bisects": bisects, "retries_max": 1}
            for after_ms in kills:
                loop = bench.loop(**policy)
                task = bench.lanes.spawn("test", loop.run())
                await bench.settle(after_ms / 1000, 4)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await loop.close()
            await bench.drain(**policy)
            done = [value for batch in bench.function.batches if not bad & set(batch) for value in batch]
            given_up = [record.event["value"] for d in bench.discarded for record in d.records]
            assert set(done) | set(given_up) == set(range(len(keys)))
            for key in set(keys):
                firsts = list(dict.fromkeys(v for v in bench.function.seen if keys[v] == key))
                assert firsts == sorted(firsts)  # each key's records first came in order

    asyncio.run(run())
