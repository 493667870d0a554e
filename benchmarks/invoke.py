"""What Lambda itself costs, beside the sandbox, the edge and the protocol: µs for each invocation, events per second.

    python benchmarks/invoke.py [--strict]

The pool answers at once from this process, so what is measured is the operation: metadata from the cache, slots, payload
check, trace, log lines, metrics. The reference is `json.loads` and `json.dumps` of a 1 KB event, taken in the same run.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from common import Report, fsyncs_per_s, per_call_us, press

from fogbank.core.clock import RealClock
from fogbank.core.config import Settings
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.sandbox.api import FunctionConfig, Invocation, InvocationResult, Status
from fogbank.services import lambda_
from fogbank.store.sqlite import SqliteStore
from tests.services.lambda_.fakes import STREAM, FakePool, FakeSessions, build, creation
from tests.support.house import House
from tests.support.services import LOGS

ROUNDS = 20_000
EVENTS = 10_000


class InstantPool(FakePool):
    """Answers without waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    async def invoke(self, config: FunctionConfig, invocation: Invocation) -> InvocationResult:
        self.count += 1
        invocation.log.started(1_000, STREAM)
        result = InvocationResult(Status.SUCCESS, b"{}", None, STREAM, 0.1, 40)
        assert invocation.ended is not None
        invocation.ended(result)
        return result


class Bench(House):
    """Lambda with logs and metrics on a store in `folder`, at the machine's own time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(LOGS | {lambda_.SERVICE: build}, clock=RealClock())
        self.folder = folder
        self.store = SqliteStore(folder / "store.db", self.clock, self.lanes)
        self.telemetry = TelemetryBatcher(self.calls, self.clock, self.ids, self.lanes)
        self.pool = InstantPool()
        self.sessions = FakeSessions()
        self.settings = Settings()

    async def __aenter__(self) -> Bench:
        await super().__aenter__()
        self.telemetry.start()
        await self.call("lambda", "CreateFunction", creation())
        while await self._state() == "Pending":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self

    async def _state(self) -> str:
        return str((await self.call("lambda", "GetFunctionConfiguration", {"FunctionName": "f"}))["State"])


async def _invocations(bench: Bench) -> float:
    """µs for each Invoke, port and all."""
    operation = bench.calls.find("lambda", "Invoke")
    caller = bench.caller()
    params = {"FunctionName": "f", "Payload": b'{"name": "olleh"}'}
    await bench.calls.run(operation, params, caller)
    best = 1e9
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(ROUNDS // 5):
            await bench.calls.run(operation, params, caller)
        best = min(best, (time.perf_counter() - began) / (ROUNDS // 5) * 1e6)
        await bench.telemetry.flush()
    return best


async def _events(bench: Bench) -> tuple[float, float]:
    """Events accepted durably and executed, per second, from 50 callers."""
    before = bench.pool.count
    params = {"FunctionName": "f", "Payload": b"{}", "InvocationType": "Event"}

    async def send(_caller: int, _round: int) -> int:
        await bench.call("lambda", "Invoke", params)
        return 1

    began = time.perf_counter()
    accepted = await press(50, send, limit=EVENTS)
    while bench.pool.count - before < EVENTS:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    return accepted.per_s, EVENTS / (time.perf_counter() - began)


def _reference_us() -> float:
    text = json.dumps({"name": "x" * 100, "items": [{"key": str(n), "value": n} for n in range(40)]})
    return per_call_us(lambda: json.dumps(json.loads(text)))


async def main() -> int:
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        async with Bench(Path(folder)) as bench:
            reference = _reference_us()
            cost = await _invocations(bench)
            report.figure(
                "Invoke beside pool and edge", cost, "µs", reference=reference, of="json of 1 KB", target=25
            )
            flushes = fsyncs_per_s()
            accepted, executed = await _events(bench)
            report.figure(
                "Event accepted durably", accepted, "events/s", reference=flushes, of="fsync/s", target=5000
            )
            report.figure(
                "Event executed", executed, "events/s", reference=flushes, of="fsync/s", target=4000
            )
    return report.end()


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))
