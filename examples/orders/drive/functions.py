"""Functions: orders placed by synchronous invocations, fulfilled by asynchronous ones, seen in logs and metrics."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from drive.report import fail, until
from drive.session import Drive

ORDERS: list[dict[str, Any]] = [
    {"id": "o-1", "items": [{"article": "tea", "count": 2}, {"article": "lamp"}]},
    {"id": "o-2", "items": [{"article": "map", "count": 3}]},
    {"id": "o-3", "items": [{"article": "unicorn"}]},  # not sold: the function fails, and we see how
]


def show(drive: Drive) -> None:
    place_orders(drive)
    show_background(drive)
    show_metrics(drive)


def place_orders(drive: Drive) -> None:
    client = drive.client("lambda")
    print("\nPlacing orders (synchronous invocations of the alias `live`)")
    for order in ORDERS:
        began = time.perf_counter()
        answer = client.invoke(
            FunctionName=drive.app.functions["orders-place"], Payload=json.dumps(order), LogType="Tail"
        )
        took_ms = (time.perf_counter() - began) * 1000
        body = json.loads(answer["Payload"].read())
        report = base64.b64decode(answer["LogResult"]).decode().strip().splitlines()[-1]
        shown = (
            f"{body['errorType']}: {body['errorMessage']}"
            if answer.get("FunctionError")
            else f"{body['total_cents'] / 100:.2f}"
        )
        print(f"  {order['id']}  {shown:24} {took_ms:6.1f} ms   {' '.join(report.split()[3:9])}")
        expected_failure = order["id"] == "o-3"
        if bool(answer.get("FunctionError")) != expected_failure:
            fail(f"order {order['id']} answered {body}")


def show_background(drive: Drive) -> None:
    logs = drive.client("logs")
    print("\nFulfilled in the background (asynchronous invocations, read back from CloudWatch Logs)")

    def fulfilled() -> list[str] | None:
        try:
            events = logs.filter_log_events(
                logGroupName="/aws/lambda/orders-fulfil", filterPattern="fulfilled"
            )["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [event["message"].strip() for event in events] if len(events) >= 2 else None

    for line in until("fulfilled orders in the logs", fulfilled)[-2:]:
        print(f"  {line}")


def show_metrics(drive: Drive) -> None:
    function = [{"Name": "FunctionName", "Value": "orders-place"}]
    print("\nMetrics")
    for namespace, name, dimensions in [
        ("Orders", "Value", []), ("AWS/Lambda", "Invocations", function), ("AWS/Lambda", "Errors", function),
    ]:  # fmt: skip
        value = until(
            f"metric {namespace} {name}", lambda n=namespace, m=name, d=dimensions: total(drive, n, m, d)
        )
        print(f"  {namespace:12} {name:12} {value:g}")


def total(drive: Drive, namespace: str, name: str, dimensions: list[dict[str, str]]) -> float | None:
    """The sum of a metric over the last hour, if there is any."""
    now = datetime.now(UTC)
    points = drive.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions,
        Period=3600,
        Statistics=["Sum"],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
    )["Datapoints"]
    return sum(point["Sum"] for point in points) or None
