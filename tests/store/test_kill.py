"""`kill -9`, again and again on the same data: what was acknowledged is there, and no half transaction ever."""

from __future__ import annotations

import random
import subprocess

import pytest

from fogbank.core.clock import RealClock
from fogbank.store.api import Store, Transaction
from tests.store.backends import SHARED, Backend
from tests.store.child import TASKS
from tests.support.killing import run_and_kill, start

ROUNDS = 6


def start_on(where: str, first: int) -> subprocess.Popen[bytes]:
    return start("tests.store.child", where, first)


async def check_acknowledged(store: Store, acknowledged: list[list[str]]) -> None:
    for number, version, seq, done in acknowledged:
        n = int(number)
        record = await store.get(("r", n))
        assert record is not None, f"acknowledged record {n} is lost"
        assert (record.value, record.version) == (number.encode(), int(version))
        (entry,) = await store.read_log(("l", n % 3), after_seq=int(seq) - 1, limit=1)
        assert (entry.seq, entry.body) == (int(seq), number.encode())
        if done != "-":
            assert await store.get(("done", int(done))) is not None, f"acknowledged ack of {done} is lost"


async def check_whole(store: Store) -> None:
    """Every transaction left all of its traces or none, and the numbering has neither gap nor double."""
    records = await store.scan(("r",), limit=1_000_000)
    numbers = {int(record.value) for record in records}
    assert len({record.version for record in records}) == len(records)
    logged: list[int] = []
    for log in range(3):
        entries = await store.read_log(("l", log), limit=1_000_000)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        assert await store.last_seq(("l", log)) == len(entries)
        logged += [int(entry.body) for entry in entries]
    assert sorted(logged) == sorted(numbers)
    done = {int(record.value) for record in await store.scan(("done",), limit=1_000_000)}
    waiting, leased = await store.depth("q")
    assert waiting + leased == len(numbers - done), "an item and its ack are not one"


async def drain(store: Store, owners: list[int]) -> set[int]:
    """Every item still in the queue, taken out one batch after another."""
    for first in owners:
        await store.release(f"from {first}")
    found: set[int] = set()
    while taken := await store.lease("q", owner="drain", limit=1000, lease_ms=3_600_000):
        transaction = Transaction()
        for leased in taken:
            assert int(leased.id) not in found
            found.add(int(leased.id))
            transaction.ack(leased)
        await store.commit(transaction)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_killed_again_and_again(backend: Backend) -> None:
    draws = random.Random(2)
    owners = [1]
    for _ in range(ROUNDS):
        acknowledged = run_and_kill(start_on(str(backend.where), owners[-1]), draws.randrange(1, 600))
        assert acknowledged
        async with backend.open(RealClock()) as store:
            await check_acknowledged(store, acknowledged)
            await check_whole(store)
            numbers = await store.scan(("r",), limit=1, reverse=True)
        owners.append(int(numbers[0].value) + TASKS + 1)
    await check_drained(backend, owners)


@pytest.mark.slow
@pytest.mark.parametrize("backend", SHARED, indirect=True)
async def test_one_of_two_processes_is_killed_and_the_other_goes_on(backend: Backend) -> None:
    where = str(backend.where)
    survivor = start_on(where, 1)
    owners = [1]
    acknowledged = []
    for round in range(1, 4):
        owners.append(round * 1_000_000)
        acknowledged += run_and_kill(start_on(where, owners[-1]), 60 * round)
    acknowledged += run_and_kill(survivor, 1)
    assert max(int(number) for number, *_ in acknowledged if int(number) < 1_000_000) > 100
    async with backend.open(RealClock()) as store:
        await check_acknowledged(store, acknowledged)
        await check_whole(store)
    await check_drained(backend, owners)


async def check_drained(backend: Backend, owners: list[int]) -> None:
    async with backend.open(RealClock()) as store:
        everything = {int(record.value) for record in await store.scan(("r",), limit=1_000_000)}
        done = {int(record.value) for record in await store.scan(("done",), limit=1_000_000)}
        assert await drain(store, owners) == everything - done
        assert await store.depth("q") == (0, 0)
    await backend.lanes.close()
