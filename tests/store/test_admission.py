"""The bounded queue in front of a writer, and how batches are cut."""

from __future__ import annotations

import asyncio

import pytest

from fogbank.core import limits
from fogbank.core.errors import StoreClosed
from fogbank.store.admission import Admission, Job
from fogbank.store.api import Transaction
from fogbank.store.weight import Weight, weigh


def job(operations: int = 1, payload_bytes: int = 0, unbounded: bool = False) -> Job:
    future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    return Job(lambda _: None, Weight(operations, payload_bytes, unbounded), None, future)


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_full_queue_holds_callers_back_and_lets_them_in_again() -> None:
    admission = Admission()
    for _ in range(limits.STORE_PENDING_JOBS_MAX):
        await admission.enter(job())
    held = [asyncio.ensure_future(admission.enter(job())) for _ in range(3)]
    await turn()
    assert not any(task.done() for task in held)
    taken = admission.take_batch()
    assert len(taken) == limits.STORE_BATCH_OPERATIONS_MAX
    await asyncio.gather(*held)
    assert len(admission) == limits.STORE_PENDING_JOBS_MAX - len(taken) + 3


async def test_bytes_hold_back_too() -> None:
    admission = Admission()
    await admission.enter(job(payload_bytes=limits.STORE_PENDING_BYTES_MAX))
    held = asyncio.ensure_future(admission.enter(job()))
    await turn()
    assert not held.done()
    admission.take_batch()
    await held


async def test_one_who_leaves_passes_his_turn_on() -> None:
    admission = Admission()
    await admission.enter(job(payload_bytes=limits.STORE_PENDING_BYTES_MAX))
    leaving = asyncio.ensure_future(admission.enter(job()))
    staying = asyncio.ensure_future(admission.enter(job()))
    await turn()
    admission.take_batch()
    leaving.cancel()
    await staying
    assert leaving.cancelled() or isinstance(await asyncio.wait_for(leaving, 1), type(None))
    assert len(admission) == 1


async def test_closing_refuses_those_held_back_and_keeps_what_is_queued() -> None:
    admission = Admission()
    await admission.enter(job(payload_bytes=limits.STORE_PENDING_BYTES_MAX))
    held = asyncio.ensure_future(admission.enter(job()))
    await turn()
    admission.close()
    with pytest.raises(StoreClosed):
        await held
    with pytest.raises(StoreClosed):
        await admission.enter(job())
    assert len(admission.take_batch()) == 1


async def test_a_heavy_job_travels_alone_and_in_its_place() -> None:
    admission = Admission()
    jobs = [job(), job(), job(unbounded=True), job(), job(operations=600), job()]
    for each in jobs:
        await admission.enter(each)
    batches = []
    while batch := admission.take_batch():
        batches.append([jobs.index(each) for each in batch])
    assert batches == [[0, 1], [2], [3], [4], [5]]


def test_weights_count_what_costs() -> None:
    entries = [(0, b"xx")] * (3 * limits.STORE_CHUNK_ENTRIES_MAX)
    light = Transaction().put(("k",), b"12345").enqueue("q", "i", b"123", due_ms=0).append(("l",), entries)
    assert weigh(light) == Weight(3 + 3, 5 + 3 + 2 * len(entries), adds=3 + 3)
    assert not weigh(light).heavy
    assert weigh(Transaction().trim_log(("l",), 1)).heavy
    assert weigh(Transaction().drop_log(("l",))).heavy
    assert weigh(Transaction().delete_prefix(("p",))).heavy
    assert weigh(Transaction().put(("k",), b"x" * (limits.STORE_BATCH_BYTES_MAX + 1))).heavy


def test_what_frees_space_is_told_from_what_takes_it() -> None:
    assert weigh(Transaction().delete(("k",)).enqueue("purge", "k", b"{}", due_ms=0)).frees
    assert not weigh(Transaction().enqueue("purge", "k", b"{}", due_ms=0)).frees
    assert not weigh(
        Transaction().delete(("k",)).put(("k",), bytes(limits.STORE_FREEING_BYTES_MAX + 1))
    ).frees
    assert Weight(8, 0).frees  # a lease
