"""Charges cards: a worker of the activity `orders-charge`, in a process of its own, on whatever machine.

    python examples/orders/worker.py ACTIVITY_ARN [--endpoint-url URL]

It polls until it is ended, also while the server is away.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

LIMIT_CENTS = 100_000  # of every card
# A poll holds for 60 seconds; we try again ourselves.
CONFIG = Config(read_timeout=70, retries={"total_max_attempts": 1})
PAUSE_S = 0.2


def charge(states: Any, task: dict[str, Any]) -> None:
    """Take one task and say how it went."""
    token = task["taskToken"]
    order = json.loads(task["input"])
    states.send_task_heartbeat(taskToken=token)
    if order["cents"] > LIMIT_CENTS:
        states.send_task_failure(
            taskToken=token,
            error="CardDeclined",
            cause=f"{order['cents'] / 100:.2f} is over the card's limit",
        )
    else:
        states.send_task_success(taskToken=token, output=json.dumps({"receipt": f"r-{order['order']}"}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("activity")
    parser.add_argument("--endpoint-url")
    options = parser.parse_args()
    states = boto3.client("stepfunctions", endpoint_url=options.endpoint_url, config=CONFIG)
    while True:
        try:
            task = states.get_activity_task(activityArn=options.activity, workerName="till-1")
            if task.get("taskToken"):  # none came within the poll's 60 seconds
                charge(states, task)
        except (ConnectionError, HTTPClientError):  # the server is away
            time.sleep(PAUSE_S)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:  # else it is just coming up
                print(f"worker: {error}", flush=True)  # the task timed out meanwhile
            time.sleep(PAUSE_S)


if __name__ == "__main__":
    main()
