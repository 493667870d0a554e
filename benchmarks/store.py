"""What the store does in a second, as ratios to what the same machine did in the same run without it.

    .venv/bin/python benchmarks/store.py [--where PATH | postgresql://…] [--seconds 1.0] [--json] [--check]

References: `flush`, a 4 KiB write and its fdatasync, and `raw`, one row put through apsw with a commit of its own:
what a store without group commit would reach. `--check` exits with 1 where a ratio that we promise is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import apsw
import uvloop

from fogbank.core.clock import RealClock
from fogbank.core.lanes import Lanes
from fogbank.store.api import Leased, Store, Transaction
from fogbank.store.open import open_store
from fogbank.store.sqlite_schema import set_up

VALUE = b"x" * 200
LINE = b"x" * 100

#: What we promise, as multiples of `raw` in the same run; far below what is reached, so that noise does not fail it.
PROMISED = {
    "update x32": 4.0,
    "update x256": 4.0,
    "append 100 x32": 25.0,
    "enqueue x256": 3.0,
    "lease and ack x32": 2.0,
}


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    per_second: float
    raw_ratio: float


def flushes(folder: Path, seconds: float) -> float:
    descriptor = os.open(folder / "flush", os.O_CREAT | os.O_RDWR)
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        os.pwrite(descriptor, b"x" * 4096, (count % 1000) * 4096)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / (time.perf_counter() - start)


def raw_commits(folder: Path, seconds: float) -> float:
    connection = apsw.Connection(str(folder / "raw.sqlite"))
    set_up(connection, cache_kib=16_384)
    connection.execute("CREATE TABLE record (key BLOB PRIMARY KEY, version INTEGER, value BLOB)")
    count, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        connection.execute(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (b"k%d" % (count % 5000), count, VALUE)
        )
        count += 1
    elapsed = time.perf_counter() - start
    connection.close()
    return count / elapsed


async def rate(callers: int, seconds: float, work: Callable[[int, int], Awaitable[int]]) -> float:
    """How much `work(caller, round)` gets done in a second, by its own count."""
    done = 0
    start = time.perf_counter()

    async def call(caller: int) -> None:
        nonlocal done
        round = 0
        while time.perf_counter() - start < seconds:
            round += 1
            count = await work(caller, round)  # read before `done`, which others change meanwhile
            done += count

    await asyncio.gather(*(call(caller) for caller in range(callers)))
    return done / (time.perf_counter() - start)


class Works:
    """The measured pieces of work, over one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.versions: dict[int, int] = {}

    async def update(self, caller: int, round: int) -> int:
        """A conditional put: what read-decide-commit writes."""
        key = ("bench", caller)
        committed = await self.store.commit(
            Transaction().put(key, VALUE, expect=self.versions.get(caller, 0))
        )
        self.versions[caller] = committed.versions[0]
        return 1

    async def insert(self, caller: int, round: int) -> int:
        await self.store.commit(Transaction().put(("new", caller, round), VALUE))
        return 1

    async def append_one(self, caller: int, round: int) -> int:
        await self.store.commit(Transaction().append(("log", caller), [(round, LINE)]))
        return 1

    async def append_hundred(self, caller: int, round: int) -> int:
        await self.store.commit(Transaction().append(("log", caller), [(round, LINE)] * 100))
        return 100

    async def enqueue(self, caller: int, round: int) -> int:
        await self.store.commit(Transaction().enqueue("work", f"{caller}-{round}", VALUE, due_ms=round))
        return 1

    async def lease_and_ack(self, caller: int, round: int) -> int:
        taken = await self.store.lease("work", owner=f"{caller}", limit=10, lease_ms=60_000)

        async def ack(leased: Leased) -> None:
            await self.store.commit(Transaction().ack(leased))

        await asyncio.gather(*(ack(leased) for leased in taken))
        return len(taken)

    async def get(self, caller: int, round: int) -> int:
        await self.store.get(("bench", caller))
        return 1

    async def scan_hundred(self, caller: int, round: int) -> int:
        return len(await self.store.scan(("new",), limit=100))


async def fill_queue(store: Store, items: int) -> None:
    """So that leasing does not run dry while it is measured."""
    for start in range(0, items, 250):
        transaction = Transaction()
        for number in range(start, start + 250):
            transaction.enqueue("work", f"fill-{number}", VALUE, due_ms=0)
        await store.commit(transaction)


async def measure(where: str | Path, seconds: float, raw: float) -> list[Figure]:
    lanes = Lanes()
    store = open_store(where, RealClock(), lanes)
    await store.open()
    works = Works(store)
    figures: list[Figure] = []

    async def one(name: str, callers: int, work: Callable[[int, int], Awaitable[int]]) -> None:
        per_second = await rate(callers, seconds, work)
        figures.append(Figure(f"{name} x{callers}", per_second, per_second / raw))

    for callers in (1, 32, 256):
        await one("update", callers, works.update)
    await one("insert", 32, works.insert)
    await one("append", 32, works.append_one)
    await one("append 100", 1, works.append_hundred)
    await one("append 100", 32, works.append_hundred)
    for callers in (32, 256):
        await one("enqueue", callers, works.enqueue)
    await fill_queue(store, int(seconds * 40_000))
    await one("lease and ack", 32, works.lease_and_ack)
    await one("get", 1, works.get)
    await one("scan 100", 1, works.scan_hundred)
    await store.close()
    await lanes.close()
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--where", help="a new SQLite file's path, or a postgresql:// URL of an empty schema")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        flush, raw = flushes(folder, asked.seconds), raw_commits(folder, asked.seconds)
        figures = uvloop.run(measure(asked.where or folder / "store.sqlite", asked.seconds, raw))
    missed = [f.name for f in figures if asked.check and f.raw_ratio < PROMISED.get(f.name, 0)]
    if asked.json:
        report = {"flush": flush, "raw": raw, "figures": [asdict(f) for f in figures], "missed": missed}
        print(json.dumps(report))
    else:
        print(f"{'flush':<20}{flush:>12,.0f}/s\n{'raw':<20}{raw:>12,.0f}/s")
        for figure in figures:
            print(f"{figure.name:<20}{figure.per_second:>12,.0f}/s{figure.raw_ratio:>10.1f} x raw")
        if missed:
            print("missed:", ", ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
