"""The workflow: an order that succeeds, one that is compensated, one that outlives `kill -9`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from drive.report import fail, must, until
from drive.session import Drive

GOOD = {"customer": "ada", "items": [{"article": "tea", "count": 2}, {"article": "lamp", "count": 1}]}
TOO_DEAR = {"customer": "bob", "items": [{"article": "lamp", "count": 40}]}
BIG = {"customer": "eve", "items": [{"article": article, "count": 3} for article in ("tea", "lamp", "map")]}


def show(drive: Drive, diagram: Path) -> None:
    pid = drive.server.start_worker(drive.app.activity)
    print(f"\nThe workflow (cards are charged by worker.py, process {pid})")
    show_success(drive)
    show_compensation(drive)
    show_kill(drive, diagram)


def show_success(drive: Drive) -> None:
    """Started through the REST API, confirmed here, packed item by item."""
    name = f"{drive.mark}-good"
    status, body = drive.call("POST", f"/orders/{name}/workflow", GOOD, key="orders-shop")
    must(status == 200, f"starting an order through the API answered {status} {body}")
    print(f"  started by the API: {status} {body['execution']}")
    confirm(drive, name)
    output = json.loads(finished(drive, body["execution"], "SUCCEEDED")["output"])
    parcels = ", ".join(parcel["parcel"] for parcel in output["parcels"])
    print(f"  succeeded     {output['receipt']}, confirmed by {output['confirmed_by']}, parcels {parcels}")


def show_compensation(drive: Drive) -> None:
    """The worker declines the card: the goods go back."""
    before = stock(drive)
    arn = start(drive, f"{drive.mark}-dear", TOO_DEAR)
    found = finished(drive, arn, "FAILED")
    after = stock(drive)
    must(before == after, f"the stock was {before} and is {after}")
    must(found["error"] == "OrderCancelled", f"the order failed with {found['error']}: {found['cause']}")
    left = ", ".join(f"{count} {article}" for article, count in sorted(after.items()))
    print(f"  compensated   {found['error']}: {found['cause']}; back on the shelf: {left}")


def show_kill(drive: Drive, diagram: Path) -> None:
    """The server is killed while the order waits for its confirmation."""
    name = f"{drive.mark}-big"
    arn = start(drive, name, BIG)
    before = until("wait for the confirmation", lambda: waiting(drive, arn))
    pid = drive.server.kill()
    print(f"  kill -9       of process {pid}, while {name} waits after {len(before)} events; started again:")
    took_ms = drive.server.start()
    must(history(drive, arn)[: len(before)] == before, f"the history of {name} changed over the kill")
    confirm(drive, name)
    began = time.perf_counter()
    output = json.loads(finished(drive, arn, "SUCCEEDED")["output"])
    finish_ms = (time.perf_counter() - began) * 1000
    events = history(drive, arn)
    must(len(output["parcels"]) == len(BIG["items"]), f"packed {output['parcels']}")
    must([event["id"] for event in events] == list(range(1, len(events) + 1)), "events are missing")
    print(
        f"  went on       {len(events)} events, {len(output['parcels'])} parcels; "
        f"the server answered after {took_ms:.0f} ms, the order ended {finish_ms:.0f} ms after its confirmation"
    )
    machine = drive.app.state_machine
    print(f"  diagram       {drive.server.cli('graph', machine, '--execution', arn, '-o', str(diagram))}")
    page = f"{drive.server.url}/_fogbank/console/states/{quote(arn, safe='')}"
    answer = drive.http.request("GET", page, retries=False)
    must(answer.status == 200, f"the console answered {answer.status}")
    print(f"  console       {page}")


def start(drive: Drive, name: str, order: dict[str, Any]) -> str:
    made = drive.client("stepfunctions").start_execution(
        stateMachineArn=drive.app.state_machine, name=name, input=json.dumps(order)
    )
    return str(made["executionArn"])


def waiting(drive: Drive, arn: str) -> list[dict[str, Any]] | None:
    """The history, once the message with the token is sent."""
    events = history(drive, arn)
    sent = [e for e in events if e["type"] == "TaskSubmitted"]
    return events if any(e["taskSubmittedEventDetails"]["resourceType"] == "sqs" for e in sent) else None


def history(drive: Drive, arn: str) -> list[dict[str, Any]]:
    pages = drive.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def confirm(drive: Drive, name: str) -> None:
    """Find the token of the order in the queue and answer it."""
    sqs, url = drive.client("sqs"), drive.app.queues["orders-confirmations"]

    def token() -> str | None:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            body = json.loads(message["Body"])
            if body["order"] == name:  # others are of runs that were broken off
                return str(body["token"])
        return None

    answer = json.dumps({"by": "the customer"})
    drive.client("stepfunctions").send_task_success(
        taskToken=until(f"request to confirm {name}", token), output=answer
    )


def finished(drive: Drive, arn: str, status: str) -> dict[str, Any]:
    states = drive.client("stepfunctions")

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        return found if found["status"] != "RUNNING" else None

    found = until(f"end of {arn}", ended)
    if found["status"] != status:
        fail(f"{arn} is {found['status']}: {found.get('error')} {found.get('cause')}")
    return found


def stock(drive: Drive) -> dict[str, int]:
    items = drive.client("dynamodb").scan(TableName="orders-stock", ConsistentRead=True)["Items"]
    return {item["article"]["S"]: int(item["left"]["N"]) for item in items}
