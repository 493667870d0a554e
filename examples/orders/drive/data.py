"""Data: orders written by the API flow through the table's stream into a view and a queue; a poison record is cut out."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

from drive.report import must, until
from drive.session import Drive

CENTS = 2 * 450 + 2900
ITEMS = [{"article": "tea", "count": 2}, {"article": "lamp", "count": 1}]
ORDERS = 24
CUSTOMERS = ("ada", "bob", "eve")
POISON = 13  # this one has an article that is not sold: no validation of the API knows, the function does


def show(drive: Drive) -> None:
    print(
        f"\nOrders through the API into the table, its stream, the view and the queue: {ORDERS} of them, 1 poison"
    )
    began, now = time.perf_counter(), datetime.now(UTC)
    names = write(drive)
    wrote_s = time.perf_counter() - began
    print(f"  written       {len(names)} orders by PUT in {wrote_s * 1000:.0f} ms")
    show_poison(drive, names[POISON], now)
    show_view(drive)
    took_s = time.perf_counter() - began
    print(f"  in all        {took_s:.1f} s from the first order to the whole view")
    show_batches(drive, now)
    show_notifications(drive)


def customer(drive: Drive, number: int) -> str:
    """Of this run alone, so that the view counts nothing else."""
    return f"{CUSTOMERS[number % len(CUSTOMERS)]}-{drive.mark}"


def write(drive: Drive) -> list[str]:
    names = []
    for number in range(ORDERS):
        items: list[dict[str, Any]] = [{"article": "unicorn", "count": 1}] if number == POISON else ITEMS
        name = f"{drive.mark}-{number}"
        status, body = drive.call(
            "PUT", f"/orders/{name}", {"customer": customer(drive, number), "items": items}, key="orders-shop"
        )
        must(status == 200, f"order {name} answered {status} {body}")
        names.append(name)
    return names


def show_poison(drive: Drive, name: str, since: datetime) -> None:
    """The failure's report names the batch that was given up: the one record."""
    sqs, url = drive.client("sqs"), drive.app.queues["orders-poison"]

    def report() -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found: dict[str, Any] = json.loads(message["Body"])
            if found["timestamp"][:19] >= f"{since:%Y-%m-%dT%H:%M:%S}":  # else of a run that was broken off
                return found
        return None

    found = until("report of the poison record", report)
    batch = found["DDBStreamBatchInfo"]
    must(batch["batchSize"] == 1, f"{batch['batchSize']} records were given up, not the poison one alone")
    record = read(drive, batch)
    must(record == name, f"the record given up is order {record}, not {name}")
    context = found["requestContext"]
    print(
        f"  poison        order {record} given up after {context['approximateInvokeCount']} attempts "
        f"({context['condition']}), reported to the queue orders-poison"
    )


def read(drive: Drive, batch: dict[str, Any]) -> str:
    """The order of a record in the stream, by the place that a report names."""
    streams = drive.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    [record] = streams.get_records(ShardIterator=iterator, Limit=1)["Records"]
    return str(record["dynamodb"]["Keys"]["id"]["S"])


def show_view(drive: Drive) -> None:
    dynamodb = drive.client("dynamodb")
    wanted = {
        name: sum(1 for n in range(ORDERS) if n != POISON and customer(drive, n) == name)
        for name in (customer(drive, n) for n in range(len(CUSTOMERS)))
    }
    last: dict[str, tuple[int, int]] = {}

    def whole() -> dict[str, tuple[int, int]] | None:
        for name in wanted:
            item = dynamodb.get_item(TableName="orders-by-customer", Key={"customer": {"S": name}}).get(
                "Item"
            )
            last[name] = (int(item["orders"]["N"]), int(item["cents"]["N"])) if item else (0, 0)
        return last if sum(orders for orders, _ in last.values()) >= sum(wanted.values()) else None

    for name, (orders, cents) in until("whole view", whole).items():
        must((orders, cents) == (wanted[name], wanted[name] * CENTS), f"{name} has {orders}, {cents} cents")
        print(f"  view          {name}: {orders} orders, {cents / 100:.2f}")


def show_batches(drive: Drive, since: datetime) -> None:
    """How the poison record was cut out: batches in halves until it was alone."""
    events = drive.client("logs").filter_log_events(
        logGroupName="/aws/lambda/orders-view",
        filterPattern='"batch of"',
        startTime=int(since.timestamp() * 1000),
    )["events"]
    print(f"  batches       of {', '.join(event['message'].split()[-1] for event in events)} records")


def show_notifications(drive: Drive) -> None:
    logs = drive.client("logs")

    def told() -> list[str] | None:
        events = logs.filter_log_events(
            logGroupName="/aws/lambda/orders-notify", filterPattern=f'notified "{drive.mark}"'
        )["events"]
        return [event["message"].strip() for event in events] if len(events) >= ORDERS - 1 else None

    lines = until("notifications in the logs", told)
    must(len(lines) == ORDERS - 1, f"{len(lines)} notifications of {ORDERS - 1} orders")
    print(f"  notifications {len(lines)}, each once; the last: {lines[-1]}")
