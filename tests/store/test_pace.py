"""Where commits are flushed, and which of them wait for company."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from fogbank.core.clock import VirtualClock
from fogbank.core.errors import Conflict
from fogbank.core.limits import STORE_FLUSH_PROBE_EVERY, STORE_FLUSH_QUICK_S
from fogbank.store import pace as pace_module
from fogbank.store.api import Transaction
from fogbank.store.pace import Pace
from fogbank.store.sqlite import SqliteStore
from tests.store.backends import make_backend
from tests.support.waiting import until


class Disk:
    """A flush takes as long as it is told to."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.flush_s = STORE_FLUSH_QUICK_S / 10

    def time(self) -> float:
        return self.now_s

    def flush(self) -> None:
        self.now_s += self.flush_s


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    made = Disk()
    monkeypatch.setattr(pace_module, "perf_counter", made.time)
    yield made


def commits(pace: Pace, disk: Disk, count: int) -> list[bool]:
    """Which of them were flushed in place."""
    places = []
    for _ in range(count):
        places.append(pace.in_place())
        if places[-1]:
            pace.watch(disk.flush)
    return places


def test_a_quick_disk_is_waited_for_in_place(disk: Disk) -> None:
    pace = Pace()
    assert all(commits(pace, disk, 100))
    for flush_s in (STORE_FLUSH_QUICK_S / 10, STORE_FLUSH_QUICK_S / 2):
        for checkpoint_s in (STORE_FLUSH_QUICK_S * 5, 1.0):
            disk.flush_s = flush_s
            commits(pace, disk, 100)
            disk.flush_s = checkpoint_s
            assert commits(pace, disk, 1) == [True]
            disk.flush_s = flush_s
            assert all(commits(pace, disk, 100))


def test_a_slow_disk_is_left_to_the_thread_and_looked_at_now_and_then(disk: Disk) -> None:
    pace = Pace()
    disk.flush_s = STORE_FLUSH_QUICK_S * 5
    assert not all(commits(pace, disk, 10))
    later = commits(pace, disk, 5 * (STORE_FLUSH_PROBE_EVERY + 1))
    assert sum(later) == 5
    disk.flush_s = STORE_FLUSH_QUICK_S / 10
    commits(pace, disk, STORE_FLUSH_PROBE_EVERY + 1)  # in one of them it is seen
    assert all(commits(pace, disk, 100))


async def test_commits_on_a_slow_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pace_module, "STORE_FLUSH_QUICK_S", -1.0)  # none is quick enough
    with make_backend("sqlite", tmp_path, None) as backend:
        async with backend.open(VirtualClock()) as store:
            await store.commit(Transaction().put(("n",), b"0"))

            async def count_up(times: int) -> None:
                for _ in range(times):
                    while True:
                        record = await store.get(("n",))
                        assert record is not None
                        value = str(int(record.value) + 1).encode()
                        try:
                            await store.commit(Transaction().put(("n",), value, expect=record.version))
                        except Conflict:
                            continue
                        break

            await asyncio.gather(*(count_up(20) for _ in range(5)))
            record = await store.get(("n",))
            assert record is not None
            assert record.value == b"100"
        async with backend.open(VirtualClock()) as store:
            record = await store.get(("n",))
            assert record is not None
            assert record.value == b"100"
        await backend.lanes.close()


async def test_a_patient_commit_shares_the_flush_of_the_next(tmp_path: Path) -> None:
    with make_backend("sqlite", tmp_path, None) as backend:
        async with backend.open(VirtualClock()) as store:
            batches: list[None] = []
            store.watch_records(("k",), lambda: batches.append(None))
            patient = asyncio.ensure_future(store.commit(Transaction(patient=True).put(("k", 1), b"")))
            await asyncio.sleep(0)
            await store.commit(Transaction().put(("k", 2), b""))
            assert patient.done()
            await asyncio.sleep(0)
            assert len(batches) == 1
        await backend.lanes.close()


async def test_a_patient_commit_alone_is_flushed_all_the_same(tmp_path: Path) -> None:
    with make_backend("sqlite", tmp_path, None) as backend:
        async with backend.open(VirtualClock()) as store:
            await store.commit(Transaction(patient=True).put(("k",), b"1"))
            record = await store.get(("k",))
            assert record is not None
            late = asyncio.ensure_future(store.commit(Transaction(patient=True).put(("late",), b"1")))
            await asyncio.sleep(0)
        await late  # closing lets in what was accepted
        async with backend.open(VirtualClock()) as store:
            assert await store.get(("late",)) is not None
        await backend.lanes.close()


async def test_each_commit_on_a_slow_disk_has_its_own_news(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next batch is applied before the last one's is told."""
    monkeypatch.setattr(pace_module, "STORE_FLUSH_QUICK_S", -1.0)
    with make_backend("sqlite", tmp_path, None) as backend:
        async with backend.open(VirtualClock()) as store:
            assert isinstance(store, SqliteStore) and store._writer is not None
            writer, session = store._writer, store._writer._session
            await store.commit(Transaction().put(("n",), b""))  # in place, and too slow
            flush, flushed = session.commit, threading.Event()

            def flush_when_told() -> None:
                flushed.wait()
                flush()

            monkeypatch.setattr(session, "commit", flush_when_told)
            told: list[str] = []
            commits = []
            for name in ("first", "second"):
                store.watch_records((name,), partial(told.append, name))
                commits.append(asyncio.ensure_future(store.commit(Transaction().put((name,), b""))))
                await until(lambda: not writer.rests)  # the first one's batch is on the thread
            flushed.set()
            await asyncio.gather(*commits)
            await asyncio.sleep(0)
            assert told == ["first", "second"]
        await backend.lanes.close()
