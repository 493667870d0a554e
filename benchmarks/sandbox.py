"""The sandbox alone: no HTTP, no AWS API, no store.

    python benchmarks/sandbox.py [--cold N] [--seconds S] [--many N] [--strict]

References of the same run: a plain spawn of an interpreter that imports nothing, and a byte's round trip to another
process, which is the floor under a warm invocation.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import uvloop
from common import Report, memory_kb, press, spawn_ms

from fogbank.sandbox.api import FunctionConfig, Invocation
from tests.sandbox.harness import Lab

HELLO = "def handler(event, context):\n    return {'ok': event}\n"
BOTO3 = "import boto3\nclient = boto3.client('s3')\n" + HELLO
SLEEP = "import time\ndef handler(event, context):\n    time.sleep(%s)\n"
BURST_S = 2.0


class Silent:
    """A log that keeps nothing."""

    def line(self, time_ms: int, text: str) -> None: ...

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None: ...

    def started(self, time_ms: int, stream: str) -> None: ...


class Bench(Lab):
    """A pool, and functions of this interpreter's version that must succeed."""

    def __init__(self, folder: Path, report: Report, spawn: float) -> None:
        super().__init__(folder)
        self.report, self.spawn = report, spawn

    def make(self, source: str) -> FunctionConfig:
        return self.function(source, f"python3.{sys.version_info.minor}")

    async def answer(self, config: FunctionConfig) -> int:
        result = await self.pool.invoke(config, Invocation("id", b'{"a":1}', "arn", Silent()))
        if result.error_type is not None:
            raise SystemExit(f"the function failed: {result.payload!r}")
        return 1

    async def cold(self, name: str, source: str, count: int, pause_s: float, target: float) -> None:
        """First invocation of a function nobody has invoked, one at a time."""
        took_ms = []
        for config in [self.make(source) for _ in range(count)]:
            start = time.perf_counter()
            await self.answer(config)
            took_ms.append((time.perf_counter() - start) * 1e3)
            await asyncio.sleep(pause_s)
        p50 = statistics.median(took_ms)
        self.report.figure(f"{name}, p50", p50, "ms", reference=self.spawn, of="a plain spawn", target=target)

    async def burst(self, count: int) -> None:
        """Many at once: environments made per second."""
        config = self.make(SLEEP % BURST_S)
        start = time.perf_counter()
        await asyncio.gather(*(self.answer(config) for _ in range(count)))
        per_s = count / max(0.001, time.perf_counter() - start - BURST_S)
        spawns = 1000 / self.spawn
        self.report.figure(
            f"{count} environments at once", per_s, "env/s", reference=spawns, of="plain spawns/s"
        )
        await self.pool.retire(config.key)

    async def warm(self, callers: int, seconds: float, round_trip_us: float) -> None:
        config = self.make(HELLO)
        await asyncio.gather(*(self.answer(config) for _ in range(callers)))
        found = await press(callers, lambda _caller, _round: self.answer(config), seconds=seconds)
        trips, of = 1e6 / round_trip_us, "a byte's round trip"
        name = f"warm, {callers} at once"
        self.report.figure(name, found.per_s, "inv/s", reference=trips, of="round trips/s")
        self.report.figure(f"{name}, p50", found.p50_ms * 1e3, "µs", reference=round_trip_us, of=of)
        await self.pool.retire(config.key)

    async def memory(self, count: int) -> None:
        """Memory of many idle environments, and of the zygote, beside that of a plain interpreter."""
        base = self.make(SLEEP % 0.05)
        configs = [replace(base, key=f"many{number}") for number in range(count)]
        for start in range(0, count, 8):
            await asyncio.gather(*(self.answer(config) for config in configs[start : start + 8]))
        rows = [row for row in self.pool.environments() if row["state"] in ("ready", "frozen")][-count:]
        own = memory_kb(os.getpid(), "Rss") / 1024
        for kind, name in (("Pss", "PSS"), ("Private_Dirty", "private memory")):
            mib = statistics.mean(memory_kb(row["pid"], kind) for row in rows) / 1024
            self.report.figure(
                f"{name} of each of {len(rows)} environments", mib, "MiB", reference=own, of="this process"
            )
        mib = memory_kb(parent_of(rows[0]["pid"]), "Pss") / 1024
        self.report.figure("PSS of the zygote", mib, "MiB", reference=own, of="this process")
        for config in configs:
            await self.pool.retire(config.key)


def parent_of(pid: str) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]


def round_trip_us(count: int = 20_000) -> float:
    """A byte to another process and back."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        while theirs.recv(1):
            theirs.send(b"x")
        os._exit(0)
    theirs.close()
    start = time.perf_counter()
    for _ in range(count):
        ours.send(b"x")
        ours.recv(1)
    took_s = time.perf_counter() - start
    ours.close()
    os.waitpid(pid, 0)
    return took_s / count * 1e6


async def measure(options: argparse.Namespace, report: Report, spawn: float, trip_us: float) -> None:
    with tempfile.TemporaryDirectory(prefix="fogbank-bench-") as folder:
        start = time.perf_counter()
        async with Bench(Path(folder), report, spawn) as bench:
            await bench.pool.warm(bench.make(HELLO))
            ready_ms = (time.perf_counter() - start) * 1e3
            report.figure("zygote ready", ready_ms, "ms", reference=spawn, of="a plain spawn")
            print(bench.pool.isolation(), flush=True)
            await bench.cold("new environment, in its time", HELLO, options.cold, 0.05, 15)
            await bench.cold("new environment, one right after another", HELLO, options.cold, 0, 15)
            await bench.cold("new environment with a boto3 client", BOTO3, options.cold, 0.05, 40)
            await bench.burst(50)
            for callers in (1, 50):
                await bench.warm(callers, options.seconds, trip_us)
            await bench.memory(options.many)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cold", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--many", type=int, default=100)
    parser.add_argument("--strict", action="store_true", help="fail where a target is missed")
    options = parser.parse_args()
    report = Report()
    uvloop.run(measure(options, report, spawn_ms("pass"), round_trip_us()))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
