"""CloudWatch Logs and CloudWatch: what writing costs, end to end over HTTP and durably.

Wall-clock figures stand beside the fsyncs this disk does; CPU time beside a plain `json` round trip of the same body, as it
holds on a busy machine. `events/s of one core` is what the server's CPU time allows.
"""

from __future__ import annotations

import json
import time

from common import Load, Report, Running, cpu_s, fsyncs_per_s, load, per_call_us

EVENTS = 100
DATA = 20


def put_log_events(server: Running) -> list[bytes]:
    """Calls of 100 events of some 100 bytes each."""
    client = server.client("logs")
    client.create_log_group(logGroupName="bench")
    client.create_log_stream(logGroupName="bench", logStreamName="s")
    now_ms = int(time.time() * 1000)
    headers = {"x-amz-target": "Logs_20140328.PutLogEvents", "content-type": "application/x-amz-json-1.1"}
    requests = []
    for call in range(200):
        events = [{"timestamp": now_ms + call, "message": f"{call} {n} " + "m" * 90} for n in range(EVENTS)]
        body = json.dumps({"logGroupName": "bench", "logStreamName": "s", "logEvents": events}).encode()
        requests.append(server.request("logs", "POST", "/", body, headers))
    return requests


def put_metric_data(server: Running) -> list[bytes]:
    """Calls of 20 data, as the JSON protocol sends them."""
    headers = {
        "x-amz-target": "GraniteServiceVersion20100801.PutMetricData",
        "content-type": "application/x-amz-json-1.0",
    }
    requests = []
    for call in range(20):
        data = [
            {
                "MetricName": f"m{n}",
                "Dimensions": [{"Name": "d", "Value": str(call)}],
                "Value": 1.0,
                "Unit": "Count",
            }
            for n in range(DATA)
        ]
        body = json.dumps({"Namespace": "bench", "MetricData": data}).encode()
        requests.append(server.request("monitoring", "POST", "/", body, headers))
    return requests


def measure(server: Running, requests: list[bytes], connections: int) -> tuple[Load, float]:
    """The load, and the server's CPU seconds for each call."""
    before = cpu_s(server.process.pid)
    found = load(server.host, server.port, requests, connections, seconds=3.0)
    return found, (cpu_s(server.process.pid) - before) / found.count


def json_per_s(body: bytes) -> float:
    """Round trips of a body through `json` in a second of CPU time."""
    return 1e6 / per_call_us(lambda: json.dumps(json.loads(body)))


def read_back(server: Running, report: Report, fsyncs: float) -> None:
    """Pages of 10,000 events out of a group."""
    client = server.client("logs")
    began, events, token = time.perf_counter(), 0, {}
    for _ in range(5):
        page = client.filter_log_events(logGroupName="bench", **token)
        events += len(page["events"])
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else {}
        if not token:
            break
    took_s = time.perf_counter() - began
    report.figure(
        "FilterLogEvents read by boto3", events / took_s, "events/s", reference=fsyncs, of="fsyncs/s"
    )


def main() -> int:
    report, fsyncs = Report(), fsyncs_per_s()
    with Running() as server:
        for name, requests, size, unit, target in (
            ("PutLogEvents 100 x 100 B", put_log_events(server), EVENTS, "events/s", 60_000),
            ("PutMetricData 20 data", put_metric_data(server), DATA, "data/s", 20_000),
        ):
            parses = json_per_s(requests[0].split(b"\r\n\r\n", 1)[1])
            for connections in (1, 10):
                found, call_s = measure(server, requests, connections)
                label = f"{name} c={connections}"
                report.figure(
                    label, found.per_s * size, unit, reference=fsyncs * size, of="fsyncs/s", target=target
                )
                report.figure(
                    f"{label}, of one core",
                    size / call_s,
                    unit,
                    reference=parses * size,
                    of="json round trips",
                )
        read_back(server, report, fsyncs)
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
