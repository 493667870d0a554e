"""What the store does in a second, as ratios to what the same machine did in the same run without it.

    python benchmarks/store.py [--where PATH | postgresql://…] [--seconds 1.0] [--strict]

The reference is one row put through apsw with a commit of its own: what a store without group commit would reach.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw
import uvloop
from common import Report, fsyncs_per_s, press

from fogbank.core.clock import RealClock
from fogbank.core.lanes import Lanes
from fogbank.store.api import Leased, Store, Transaction
from fogbank.store.open import open_store
from fogbank.store.sqlite_schema import set_up

VALUE = b"x" * 200
LINE = b"x" * 100

# What we promise, as multiples of a plain commit in the same run; far below what is reached, so that noise does not fail it.
PROMISED = {
    "update x32": 4.0,
    "update x256": 4.0,
    "append 100 x32": 25.0,
    "enqueue x256": 3.0,
    "lease and ack x32": 2.0,
}


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


async def measure(report: Report, where: str | Path, seconds: float, raw: float) -> None:
    lanes = Lanes()
    store = open_store(where, RealClock(), lanes)
    await store.open()
    works = Works(store)

    async def one(name: str, callers: int, work: Callable[[int, int], Awaitable[int]]) -> None:
        name = f"{name} x{callers}"
        found = await press(callers, work, seconds=seconds)
        report.figure(
            name, found.per_s, "/s", reference=raw, of="plain commits/s", target_ratio=PROMISED.get(name)
        )

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


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--where", help="a new SQLite file's path, or a postgresql:// URL of an empty schema")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure")
    parser.add_argument("--strict", action="store_true", help="fail where a promised ratio is missed")
    asked = parser.parse_args()
    report = Report()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        flushes, raw = fsyncs_per_s(asked.seconds, folder), raw_commits(folder, asked.seconds)
        report.figure("plain commits", raw, "/s", reference=flushes, of="fsyncs/s")
        uvloop.run(measure(report, asked.where or folder / "store.sqlite", asked.seconds, raw))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
