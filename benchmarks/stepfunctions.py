"""Step Functions, end to end over HTTP and durably: Standard and Express executions, a Map, waits by the thousand.

Wall-clock figures stand beside the fsyncs this disk does; CPU time as it holds on a busy machine: `of one core` is what the
server's CPU time allows. `--waits N` and `--items N` take long: 100,000 Waits and a Distributed Map of 10,000 items, with the
memory that they take.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from common import ROLE, Load, Report, Running, cpu_s, fsyncs_per_s, load, per_call_us

STATES = 10
EXECUTIONS = 200


def chain(length: int, *, choices: bool = False) -> dict[str, Any]:
    """Pass after Pass, every other one a Choice."""
    states: dict[str, Any] = {}
    for index in range(length):
        last = index == length - 1
        after = {"End": True} if last else {"Next": f"S{index + 1}"}
        if choices and index % 2 and not last:
            rule = {"Variable": "$.v", "NumericEquals": 1, "Next": f"S{index + 1}"}
            states[f"S{index}"] = {"Type": "Choice", "Choices": [rule], "Default": f"S{index + 1}"}
        else:
            states[f"S{index}"] = {"Type": "Pass", **after}
    return {"StartAt": "S0", "States": states}


def mapped(**fields: Any) -> dict[str, Any]:
    inner = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner | fields, "End": True}
    return {"StartAt": "M", "States": {"M": state}}


class Machines:
    """State machines of one server."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.client = server.client("stepfunctions")

    def make(self, name: str, definition: dict[str, Any], type: str = "STANDARD") -> str:
        made = self.client.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=ROLE, type=type
        )
        return str(made["stateMachineArn"])

    def call(self, operation: str, **members: Any) -> bytes:
        headers = {
            "x-amz-target": f"AWSStepFunctions.{operation}",
            "content-type": "application/x-amz-json-1.0",
        }
        return self.server.request("states", "POST", "/", json.dumps(members).encode(), headers)

    def starts(self, arn: str, count: int, input: Any, tag: str) -> list[bytes]:
        return [
            self.call("StartExecution", stateMachineArn=arn, name=f"{tag}{index}", input=json.dumps(input))
            for index in range(count)
        ]

    def still_running(self, arn: str) -> bool:
        page = self.client.list_executions(stateMachineArn=arn, statusFilter="RUNNING", maxResults=1)
        return bool(page["executions"])


def burst(machines: Machines, arn: str, count: int, input: Any, tag: str) -> tuple[float, float]:
    """Seconds by the wall and of the server's CPU until `count` executions have ended."""
    requests = machines.starts(arn, count, input, tag)
    cpu_before, began = cpu_s(machines.server.process.pid), time.perf_counter()
    load(machines.server.host, machines.server.port, requests, 10, seconds=120.0, limit=count)
    while machines.still_running(arn):
        time.sleep(0.005)
    took_s = time.perf_counter() - began
    return took_s, cpu_s(machines.server.process.pid) - cpu_before


def standard(machines: Machines, report: Report, fsyncs: float) -> None:
    arn = machines.make("standard", chain(STATES, choices=True))
    burst(machines, arn, EXECUTIONS, {"v": 1}, "warm")
    best = min(burst(machines, arn, EXECUTIONS, {"v": 1}, f"run{turn}-") for turn in range(5))
    states = EXECUTIONS * STATES
    report.figure(
        f"Standard, {EXECUTIONS} of {STATES} Pass/Choice",
        states / best[0],
        "states/s",
        reference=fsyncs,
        of="fsyncs/s",
        target=25_000,
    )
    report.figure("Standard, of one core", states / best[1], "states/s", reference=fsyncs, of="fsyncs/s")


def express(machines: Machines, report: Report) -> None:
    definition = chain(STATES)
    arn = machines.make("express", definition, "EXPRESS")
    text = json.dumps(definition)
    parses = 1e6 / per_call_us(lambda: json.dumps(json.loads(text)))
    requests = [machines.call("StartSyncExecution", stateMachineArn=arn, input="{}")]
    for connections, target in ((1, 0), (10, 2_000)):
        before = cpu_s(machines.server.process.pid)
        found: Load = load(machines.server.host, machines.server.port, requests, connections, seconds=3.0)
        call_s = (cpu_s(machines.server.process.pid) - before) / found.count
        name = f"Express, {STATES} Pass, c={connections}"
        report.figure(
            name, found.per_s, "exec/s", reference=parses, of="json round trips", target=target or None
        )
        report.figure(f"{name}, p50", found.p50_ms, "ms", reference=1000 / parses, of="json round trips")
        report.figure(f"{name}, of one core", 1 / call_s, "exec/s", reference=parses, of="json round trips")


def inline_map(machines: Machines, report: Report, fsyncs: float) -> None:
    arn = machines.make("map", mapped())
    input = {"items": list(range(1000))}
    best = min(burst(machines, arn, 1, input, f"map{turn}-") for turn in range(5))
    report.figure("Map of 1,000 Pass", best[0] * 1000, "ms", reference=1000 / fsyncs, of="fsync", target=120)


def waits(machines: Machines, report: Report, count: int) -> None:
    arn = machines.make(
        "wait", {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    )
    before = machines.server.pss_mib()
    began = time.perf_counter()
    requests = machines.starts(arn, count, {}, "w")
    load(machines.server.host, machines.server.port, requests, 32, seconds=600.0, limit=count)
    took_s = time.perf_counter() - began
    report.figure(f"{count} Waits started", count / took_s, "exec/s", reference=1.0, of="")
    report.figure(
        f"{count} Waits, memory",
        machines.server.pss_mib(),
        "MiB",
        reference=before,
        of="MiB before",
        target=1536,
    )


def distributed(machines: Machines, report: Report, count: int) -> None:
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    arn = machines.make("distributed", mapped(**config))
    before = machines.server.pss_mib()
    took_s, _ = burst(machines, arn, 1, {"items": list(range(count))}, "d")
    report.figure(f"Distributed Map of {count}", count / took_s, "items/s", reference=1.0, of="")
    report.figure(
        f"Distributed Map of {count}, memory",
        machines.server.pss_mib(),
        "MiB",
        reference=before,
        of="MiB before",
        target=1536,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waits", type=int, default=0)
    parser.add_argument("--items", type=int, default=0)
    options = parser.parse_args()
    report, fsyncs = Report(), fsyncs_per_s()
    with Running() as server:
        machines = Machines(server)
        standard(machines, report, fsyncs)
        express(machines, report)
        inline_map(machines, report, fsyncs)
        if options.items:
            distributed(machines, report, options.items)
        if options.waits:
            waits(machines, report, options.waits)
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
