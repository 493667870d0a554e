"""`make run`: start fogbank, deploy the orders app through boto3, drive it, show what happened, keep serving.

python examples/orders/run.py [--once] [--port 4566] [--data-dir DIR]
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from deploy import deploy

ORDERS = [
    {"id": "o-1", "items": [{"article": "tea", "count": 2}, {"article": "lamp"}]},
    {"id": "o-2", "items": [{"article": "map", "count": 3}]},
    {"id": "o-3", "items": [{"article": "unicorn"}]},  # not sold: the function fails, and we see how
]
FOGBANK = str(Path(sys.executable).with_name("fogbank"))


def start(port: int, data_dir: str | None) -> tuple[subprocess.Popen[str], str]:
    """Start the server; it and its URL, taken from the line it prints when it answers."""
    where = ["--data-dir", data_dir] if data_dir else []
    server = subprocess.Popen(
        [FOGBANK, "start", "--port", str(port), *where],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stdout is not None
    for line in server.stdout:
        print(line, end="", flush=True)
        if "answers at " in line:
            return server, line.rsplit(" ", 1)[1].strip()
    raise SystemExit(f"fogbank did not start: status {server.wait()}")


def until(what: str, check: Any, limit_s: float = 20.0) -> Any:
    """What `check` gives as soon as it gives something."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    raise SystemExit(f"FAILED: no {what} within {limit_s:.0f} s")


def place_orders(session: boto3.Session, url: str, alias: str) -> None:
    client = session.client("lambda", endpoint_url=url)
    print("\nPlacing orders (synchronous invocations of the alias `live`)")
    for order in ORDERS:
        began = time.perf_counter()
        answer = client.invoke(FunctionName=alias, Payload=json.dumps(order), LogType="Tail")
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
            raise SystemExit(f"FAILED: order {order['id']} answered {body}")


def show_background(session: boto3.Session, url: str) -> None:
    logs = session.client("logs", endpoint_url=url)
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


def show_metrics(session: boto3.Session, url: str) -> None:
    cloudwatch = session.client("cloudwatch", endpoint_url=url)
    now = datetime.now(UTC)

    def total(namespace: str, name: str, dimensions: list[dict[str, str]]) -> float | None:
        points = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=dimensions,
            Period=3600,
            Statistics=["Sum"],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )["Datapoints"]
        return sum(point["Sum"] for point in points) or None

    function = [{"Name": "FunctionName", "Value": "orders-place"}]
    print("\nMetrics")
    for namespace, name, dimensions in [
        ("Orders", "Value", []), ("AWS/Lambda", "Invocations", function), ("AWS/Lambda", "Errors", function),
    ]:  # fmt: skip
        value = until(f"metric {namespace} {name}", lambda n=namespace, m=name, d=dimensions: total(n, m, d))
        print(f"  {namespace:12} {name:12} {value:g}")


def show_next(session: boto3.Session, url: str) -> None:
    location = session.client("lambda", endpoint_url=url).get_function(FunctionName="orders-place")["Code"][
        "Location"
    ]
    print(
        f"""
Go on from here
  health        {url}/_fogbank/health
  code package  {location}
  another order fogbank --help; fogbank invoke orders-place:live '{json.dumps(ORDERS[1])}' --endpoint {url}
  its logs      fogbank logs -f orders-place --endpoint {url}
  the AWS CLI   eval "$(fogbank env --endpoint {url})"; aws lambda list-functions"""
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", action="store_true", help="end when everything was shown, with a status")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--data-dir")
    options = parser.parse_args()
    server, url = start(options.port, options.data_dir)
    try:
        account = os.environ.get("AWS_ACCESS_KEY_ID", "000000000000")
        secret = os.environ.get("AWS_SECRET_ACCESS_KEY", "fogbank")
        session = boto3.Session(
            aws_access_key_id=account, aws_secret_access_key=secret, region_name="us-east-1"
        )
        began = time.perf_counter()
        functions = deploy(session, url)
        print(f"\nDeployed {', '.join(functions)} in {time.perf_counter() - began:.2f} s")
        place_orders(session, url, functions["orders-place"])
        show_background(session, url)
        show_metrics(session, url)
        show_next(session, url)
        if not options.once:
            print("\nServing until Ctrl-C.", flush=True)
            server.wait()
    except KeyboardInterrupt:
        print()
    finally:
        if server.poll() is None:
            os.kill(server.pid, signal.SIGTERM)
        status = server.wait(30)
    if options.once:
        print("\nAll of it worked." if status == 0 else f"\nfogbank ended with status {status}")
    return status


if __name__ == "__main__":
    sys.exit(main())
