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
from typing import Any

import uvloop
from common import Report, fsyncs_per_s

sys.path.insert(0, str(Path(__file__).parents[1]))

from fogbank.core.clock import RealClock
from fogbank.core.config import Settings
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import root_of
from fogbank.model.telemetry import TelemetryBatcher
from fogbank.sandbox.api import FunctionConfig, Invocation, InvocationResult, Status
from fogbank.services import cloudwatch, lambda_, logs
from fogbank.store.blobs import FileBlobs
from fogbank.store.secrets import Secrets
from fogbank.store.sqlite import SqliteStore
from tests.services.lambda_.fakes import STREAM, FakePool, FakeSessions, creation
from tests.support.house import AllowAll

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


class Bench:
    """Lambda with logs and metrics on a store in `folder`."""

    def __init__(self, folder: Path) -> None:
        clock, ids, self.lanes = RealClock(), Ids(), Lanes()
        self.ids = ids
        self.store = SqliteStore(folder / "store.db", clock, self.lanes)
        self.calls = Calls(AllowAll())
        self.telemetry = TelemetryBatcher(self.calls, clock, ids, self.lanes)
        self.pool = InstantPool()
        self.states: list[Any] = [
            (logs.SERVICE, logs.Logs(store=self.store, clock=clock, ids=ids, lanes=self.lanes)),
            (
                cloudwatch.SERVICE,
                cloudwatch.CloudWatch(store=self.store, clock=clock, ids=ids, lanes=self.lanes),
            ),
            (
                lambda_.SERVICE,
                lambda_.Lambda(
                    store=self.store,
                    blobs=FileBlobs(folder / "blobs"),
                    clock=clock,
                    ids=ids,
                    lanes=self.lanes,
                    secrets=Secrets.in_memory(),
                    pool=self.pool,
                    telemetry=self.telemetry,
                    sessions=FakeSessions(),
                    code_dir=folder / "code",
                    settings=Settings(),
                ),
            ),
        ]

    async def __aenter__(self) -> Bench:
        await self.store.open()
        for service, state in self.states:
            self.calls.mount(service, state)
            await state.start()
        self.telemetry.start()
        await self.call("CreateFunction", creation())
        while (await self.call("GetFunctionConfiguration", {"FunctionName": "f"}))["State"] == "Pending":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return self

    async def __aexit__(self, *_: object) -> None:
        for _, state in reversed(self.states):
            await state.close()
        await self.telemetry.flush()
        await self.lanes.close()
        await self.store.close()

    async def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        caller = Caller("000000000000", "us-east-1", root_of("000000000000", open_mode=True), self.ids.uuid())
        return await self.calls.call("lambda", operation, params, caller)


async def _invocations(bench: Bench) -> float:
    """µs for each Invoke, port and all."""
    operation = bench.calls.find("lambda", "Invoke")
    caller = Caller("000000000000", "us-east-1", root_of("000000000000", open_mode=True), bench.ids.uuid())
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
    left = EVENTS

    async def caller() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await bench.call("Invoke", {"FunctionName": "f", "Payload": b"{}", "InvocationType": "Event"})

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(50)))
    accepted_s = time.perf_counter() - began
    while bench.pool.count - before < EVENTS:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    return EVENTS / accepted_s, EVENTS / (time.perf_counter() - began)


def _reference_us() -> float:
    text = json.dumps({"name": "x" * 100, "items": [{"key": str(n), "value": n} for n in range(40)]})
    began = time.perf_counter()
    for _ in range(5000):
        json.dumps(json.loads(text))
    return (time.perf_counter() - began) / 5000 * 1e6


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
