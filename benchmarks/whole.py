"""The whole platform over HTTP, durable, on one node: start, cold and warm invokes, events, logs, memory.

python benchmarks/whole.py [--strict] [only words…]
"""

from __future__ import annotations

import json
import sys
import time
import uuid
from pathlib import Path

from common import Report, Running, echo_server, fsyncs_per_s, load, median_of, spawn_ms

HELLO = "def handler(event, context):\n    return {'ok': event.get('name')}\n"
BOTO3 = "import boto3\nclient = boto3.client('s3')\n" + HELLO
EVENT = """
import os
def handler(event, context):
    fd = os.open("/sink/done", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.write(fd, b"x"); os.close(fd)
"""


def invoke(server: Running, name: str, body: object, **headers: str) -> bytes:
    path = f"/2015-03-31/functions/{name}/invocations"
    return server.request(
        "lambda", "POST", path, json.dumps(body).encode(), {"content-type": "application/json"} | headers
    )


def starting(report: Report) -> None:
    plain = spawn_ms("import uvloop, apsw, orjson") / 1000
    took, idle = [], 0.0
    for number in range(3):
        with Running() as server:
            took.append(server.start_s)
            if number == 2:
                server.function("f", HELLO)
                load(server.host, server.port, [invoke(server, "f", {})], 1, limit=1, seconds=30)
                time.sleep(3)
                idle = server.pss_mib()
    report.figure(
        "start to first answer",
        sorted(took)[1],
        "s",
        reference=plain,
        of="python with its imports",
        target=0.5,
    )
    report.figure(
        "idle memory with a zygote and an environment", idle, "MiB", reference=10, of="10 MiB", target=110
    )


def cold(report: Report, server: Running) -> None:
    for code, name, target, reference in [
        (HELLO, "first invoke of a new function, p50", 15, spawn_ms("pass")),
        (
            BOTO3,
            "first invoke that imports boto3, p50",
            40,
            spawn_ms("import boto3; boto3.client('s3', region_name='x')"),
        ),
    ]:
        functions = [f"c{uuid.uuid4().hex[:8]}" for _ in range(15)]
        for function in functions:
            server.function(function, code)

        def first(number: int, functions: list[str] = functions) -> float:
            request = invoke(server, functions[number], {"name": "x"})
            return load(server.host, server.port, [request], 1, limit=1, seconds=30, expect=b'"ok"').p50_ms

        report.figure(
            name, median_of(15, first), "ms", reference=reference, of="a plain spawn", target=target
        )


def warm(report: Report, server: Running) -> None:
    server.function("warm", HELLO)
    request = invoke(server, "warm", {"name": "x"})
    with echo_server() as port:
        for connections, target_s, target_ms in [(1, None, 0.3), (10, None, None), (50, 8000, None)]:
            load(server.host, server.port, [request], connections, limit=connections * 20, seconds=30)
            echo = load("127.0.0.1", port, [request], connections, seconds=1.5)
            found = load(server.host, server.port, [request], connections, seconds=4, expect=b'"ok"')
            report.figure(
                f"warm invoke, {connections} connections",
                found.per_s,
                "inv/s",
                reference=echo.per_s,
                of="an HTTP echo",
                target=target_s,
            )
            report.figure(
                f"warm invoke, {connections} connections, p50",
                found.p50_ms,
                "ms",
                reference=echo.p50_ms,
                of="an HTTP echo",
                target=target_ms,
            )


def events(report: Report, server: Running, sink: Path) -> None:
    server.function("event", EVENT)
    request = invoke(server, "event", {"n": 1}, **{"x-amz-invocation-type": "Event"})
    load(server.host, server.port, [request], 1, limit=20, seconds=30)
    syncs = fsyncs_per_s()
    before = time.perf_counter()
    found = load(server.host, server.port, [request], 50, limit=20_000, seconds=60)
    report.figure(
        "Event invokes accepted, 50 connections",
        found.per_s,
        "inv/s",
        reference=syncs,
        of="fsyncs/s",
        target=5000,
    )
    wanted = 20 + found.count
    while (sink / "done").stat().st_size < wanted and time.perf_counter() - before < 120:
        time.sleep(0.01)
    executed = (sink / "done").stat().st_size
    report.figure(
        "Event invokes executed",
        executed / (time.perf_counter() - before),
        "inv/s",
        reference=syncs,
        of="fsyncs/s",
    )
    if executed != wanted:
        raise SystemExit(f"{executed} executions of {wanted}")


def put_logs(report: Report, server: Running) -> None:
    logs = server.client("logs")
    logs.create_log_group(logGroupName="bench")
    logs.create_log_stream(logGroupName="bench", logStreamName="s")
    now_ms = int(time.time() * 1000)
    body = {
        "logGroupName": "bench",
        "logStreamName": "s",
        "logEvents": [{"timestamp": now_ms + n, "message": "x" * 100} for n in range(100)],
    }
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "Logs_20140328.PutLogEvents"}
    request = server.request("logs", "POST", "/", json.dumps(body).encode(), headers)
    syncs = fsyncs_per_s()
    for connections in (1, 10):
        found = load(server.host, server.port, [request], connections, seconds=4)
        report.figure(
            f"PutLogEvents 100 × 100 B, {connections} connections",
            found.per_s * 100,
            "events/s",
            reference=syncs,
            of="fsyncs/s",
            target=60_000,
        )


def many(report: Report, server: Running) -> None:
    """1,000 warm environments at once: each invocation sleeps until all are there."""
    server.function(
        "many", "import time\ndef handler(event, context):\n    time.sleep(event['s'])\n", Timeout=300
    )
    before = server.pss_mib()
    request = invoke(server, "many", {"s": 20})
    began = time.perf_counter()
    load(server.host, server.port, [request], 1000, limit=1000, seconds=120)
    took_s = time.perf_counter() - began
    used = server.pss_mib() - before
    report.figure("1,000 warm environments", used / 1024, "GiB", reference=1.0, of="1 GiB", target=6)
    report.figure(
        "environments made",
        1000 / max(0.1, took_s - 20),
        "env/s",
        reference=1000 / spawn_ms("pass"),
        of="plain spawns/s",
    )


def main() -> int:
    report = Report()
    words = [word for word in sys.argv[1:] if not word.startswith("-")]

    def wanted(name: str) -> bool:
        return not words or name in words

    if wanted("starting"):
        starting(report)
    with Running() as server:
        for name, measure in [("cold", cold), ("warm", warm), ("logs", put_logs), ("many", many)]:
            if wanted(name):
                measure(report, server)
    if wanted("events"):
        sink = Path(server.folder) / "sink"
        sink.mkdir()
        sink.chmod(0o777)
        with Running("--bind", f"{sink}:/sink") as server:
            events(report, server, sink)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
