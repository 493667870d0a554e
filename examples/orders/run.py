"""`make run`: start fogbank, deploy the orders app through boto3, drive it, show what happened, keep serving.

python examples/orders/run.py [--once] [--port 4566] [--data-dir DIR] [--diagram FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import boto3
import urllib3
from deploy import deploy
from drive import data, feed, functions, http_api, rest_api, workflow
from drive.server import Server
from drive.session import Drive, apis_at

REGION = "us-east-1"


def options_of() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--once", action="store_true", help="end when everything was shown, with a status")
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument(
        "--data-dir", help="kept; without one a temporary one is made, and removed at the end"
    )
    parser.add_argument("--diagram", type=Path, default=Path(__file__).with_name("workflow.svg"))
    return parser.parse_args()


def drive_all(server: Server, environment: dict[str, str], diagram: Path) -> None:
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    began = time.perf_counter()
    app = deploy(session, server.url, apis_at(server.url))
    print(
        f"\nDeployed {len(app.functions)} functions, {len(app.queues)} queues, 4 tables, 2 event source mappings, "
        f"a state machine and 3 APIs in {time.perf_counter() - began:.2f} s"
    )
    drive = Drive(session, server, app, f"{time.time_ns() // 1_000_000:x}", urllib3.PoolManager())
    functions.show(drive)
    rest_api.show(drive)
    data.show(drive)
    workflow.show(drive, diagram)
    http_api.show(drive)
    feed.show(drive)
    show_next(drive)


def show_next(drive: Drive) -> None:
    url, order = drive.server.url, json.dumps(functions.ORDERS[1])
    key = drive.app.rest_api.keys["orders-shop"]
    api = drive.api_url(drive.app.rest_api.id)
    print(
        f"""
Go on from here
  health        {url}/_fogbank/health
  another order fogbank invoke orders-place:live '{order}' --endpoint {url}
  its logs      fogbank logs -f orders-place --endpoint {url}
  the API       curl -H 'x-api-key: {key}' {api}/catalogue
  the AWS CLI   eval "$(fogbank env --endpoint {url})"; aws stepfunctions list-state-machines"""
    )


def main() -> int:
    options = options_of()
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": os.environ.get("AWS_ACCESS_KEY_ID", "000000000000"),
        "AWS_SECRET_ACCESS_KEY": os.environ.get("AWS_SECRET_ACCESS_KEY", "fogbank"),
        "AWS_DEFAULT_REGION": REGION,
    }
    began = time.perf_counter()
    # Not in memory: the data must outlive the process that is killed.
    data_dir = options.data_dir or tempfile.mkdtemp(prefix="fogbank-orders-")
    server = Server(options.port, data_dir, environment)
    try:
        server.start()
        drive_all(server, environment, options.diagram)
        if not options.once:
            print("\nServing until Ctrl-C.", flush=True)
            server.wait()
    except KeyboardInterrupt:
        print()
    finally:
        status = server.end()
        if not options.data_dir:
            shutil.rmtree(data_dir, ignore_errors=True)
    if options.once:
        took_s = time.perf_counter() - began
        print(
            f"\nAll of it worked, in {took_s:.1f} s."
            if status == 0
            else f"\nfogbank ended with status {status}"
        )
    return status


if __name__ == "__main__":
    sys.exit(main())
