"""The sandbox alone: no HTTP, no AWS API, no store. Prints one JSON line a figure.

    .venv/bin/python benchmarks/sandbox.py [--cold N] [--seconds S] [--many N]

Reference figures of the same run, so that machines compare: `plain spawn` starts a bare interpreter that imports nothing,
`socket round trip` bounces a byte off another process, which is the floor under a warm invocation.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import uvloop

from fogbank.core.clock import RealClock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.sandbox.api import Credentials, FunctionConfig, Invocation, SandboxSettings
from fogbank.sandbox.pool import EnvironmentPool

HELLO = "def handler(event, context):\n    return {'ok': event}\n"
BOTO3 = "import boto3\nclient = boto3.client('s3')\n" + HELLO


class Platform:
    async def credentials(self, config: FunctionConfig) -> Credentials:
        return Credentials("ASIA", "secret", "token")

    def endpoint_url(self) -> str:
        return "http://127.0.0.1:4566"

    async def adopt(self, listener: socket.socket, config: FunctionConfig) -> Callable[..., object]:
        raise NotImplementedError


class Silent:
    def line(self, time_ms: int, text: str) -> None: ...

    def init_start(self, time_ms: int, runtime_version: str, stream: str) -> None: ...

    def started(self, time_ms: int, stream: str) -> None: ...


class Bench:
    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.count = 0
        self.lanes = Lanes()
        self.pool = EnvironmentPool(
            SandboxSettings(folder / "work"), Platform(), RealClock(), Ids(), self.lanes
        )

    def function(self, source: str) -> FunctionConfig:
        self.count += 1
        code = self.folder / f"code{self.count}"
        code.mkdir()
        (code / "index.py").write_text(source)
        return FunctionConfig(
            f"k{self.count}", "0", "us-east-1", "f", "$LATEST", f"python3.{sys.version_info.minor}", "index.handler",
            code, (), {}, 256, 30_000, 512, "role", "/aws/lambda/f",
        )  # fmt: skip

    async def invoke(self, config: FunctionConfig) -> None:
        result = await self.pool.invoke(config, Invocation("id", b'{"a":1}', "arn", Silent()))
        if result.error_type is not None:
            raise SystemExit(f"the function failed: {result.payload!r}")


def say(name: str, value: float, unit: str, **more: float) -> None:
    print(json.dumps({"figure": name, "value": round(value, 4), "unit": unit, **more}), flush=True)


def spread(times_s: list[float]) -> dict[str, float]:
    times_s = sorted(times_s)
    return {"p95": round(times_s[int(len(times_s) * 0.95)] * 1e3, 3), "min": round(times_s[0] * 1e3, 3)}


async def cold(bench: Bench, name: str, source: str, count: int, pause_s: float) -> None:
    """First invocation of a function nobody has invoked, one at a time."""
    times = []
    for _ in range(count):
        config = bench.function(source)
        start = time.perf_counter()
        await bench.invoke(config)
        times.append(time.perf_counter() - start)
        await asyncio.sleep(pause_s)
    say(name, statistics.median(times) * 1e3, "ms p50", **spread(times))


async def burst(bench: Bench, count: int) -> None:
    """Many at once: environments made per second."""
    source = "import time\ndef handler(event, context):\n    time.sleep(2)\n"
    config = bench.function(source)
    start = time.perf_counter()
    await asyncio.gather(*(bench.invoke(config) for _ in range(count)))
    say(f"burst of {count} new environments", count / (time.perf_counter() - start - 2), "environments/s")
    await bench.pool.retire(config.key)


async def warm(bench: Bench, connections: int, seconds: float) -> None:
    config = bench.function(HELLO)
    await asyncio.gather(*(bench.invoke(config) for _ in range(connections)))
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        while (start := time.perf_counter()) < end:
            await bench.invoke(config)
            times.append(time.perf_counter() - start)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    took = time.perf_counter() - started
    say(f"warm, {connections} at once", len(times) / took, "invocations/s",
        p50_ms=round(statistics.median(times) * 1e3, 3), **spread(times))  # fmt: skip
    await bench.pool.retire(config.key)


async def memory(bench: Bench, count: int) -> None:
    """PSS of many idle environments, and of the zygote."""
    source = "import time\ndef handler(event, context):\n    time.sleep(0.05)\n"
    base = bench.function(source)
    configs = [replace(base, key=f"many{number}") for number in range(count)]
    for start in range(0, count, 8):
        await asyncio.gather(*(bench.invoke(config) for config in configs[start : start + 8]))
    rows = [row for row in bench.pool.environments() if row["state"] in ("ready", "frozen")][-count:]
    pss = [_kb(row["pid"], "Pss") for row in rows]
    private = [_kb(row["pid"], "Private_Dirty") for row in rows]
    say(f"PSS of each of {len(rows)} environments", sum(pss) / len(pss) / 1024, "MiB")
    say("private of each", sum(private) / len(private) / 1024, "MiB")
    zygote = _parent(rows[0]["pid"])
    say("zygote RSS", _kb(zygote, "Rss") / 1024, "MiB", pss=round(_kb(zygote, "Pss") / 1024, 1))
    for config in configs:
        await bench.pool.retire(config.key)


def _parent(pid: str) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]


def _kb(pid: str, field: str) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


def reference() -> None:
    times = []
    for _ in range(10):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
        times.append(time.perf_counter() - start)
    say("plain spawn", statistics.median(times) * 1e3, "ms p50")
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        while theirs.recv(1):
            theirs.send(b"x")
        os._exit(0)
    theirs.close()
    start, count = time.perf_counter(), 20_000
    for _ in range(count):
        ours.send(b"x")
        ours.recv(1)
    say("socket round trip", (time.perf_counter() - start) / count * 1e6, "us")
    ours.close()
    os.wait()


async def main(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="fogbank-bench-") as folder:
        bench = Bench(Path(folder))
        start = time.perf_counter()
        await bench.pool.open()
        say("open", (time.perf_counter() - start) * 1e3, "ms")
        await bench.pool.warm(bench.function(HELLO))
        say("zygote ready", (time.perf_counter() - start) * 1e3, "ms")
        print(json.dumps(bench.pool.isolation()), flush=True)
        try:
            await cold(bench, "new environment, first to the next", HELLO, options.cold, 0.05)
            await cold(bench, "new environment, one right after the other", HELLO, options.cold, 0)
            await cold(bench, "new environment with a boto3 client", BOTO3, options.cold, 0.05)
            await burst(bench, 50)
            await warm(bench, 1, options.seconds)
            await warm(bench, 50, options.seconds)
            await memory(bench, options.many)
        finally:
            await bench.pool.close()
            await bench.lanes.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cold", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--many", type=int, default=100)
    reference()
    uvloop.run(main(parser.parse_args()))
