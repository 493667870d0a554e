"""DynamoDB end to end: signed requests over HTTP, durable, at 50 connections; beside the fsyncs this disk does.

Query reads 100 items of a partition of 1,000 and of one of 100,000 (`--large`): both must cost the same.
"""

from __future__ import annotations

import json
import sys

from common import Load, Report, Running, cpu_s, fsyncs_per_s, load

CONNECTIONS = 50
SECONDS = 3.0
KEYS = 2000
PARTITION = 1000
LARGE = 100_000


def call(server: Running, operation: str, params: dict[str, object]) -> bytes:
    headers = {
        "x-amz-target": f"DynamoDB_20120810.{operation}",
        "content-type": "application/x-amz-json-1.0",
    }
    return server.request("dynamodb", "POST", "/", json.dumps(params).encode(), headers)


def make_tables(server: Running) -> None:
    client = server.client("dynamodb")
    for name, attributes in (("items", ["pk"]), ("pages", ["pk", "sk"])):
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in attributes],
            KeySchema=[
                {"AttributeName": each, "KeyType": kind}
                for each, kind in zip(attributes, ("HASH", "RANGE"), strict=False)
            ],
            BillingMode="PAY_PER_REQUEST",
        )


def fill(server: Running, partition: str, count: int) -> None:
    client = server.client("dynamodb")
    for first in range(0, count, 25):
        puts = [
            {"PutRequest": {"Item": {"pk": {"S": partition}, "sk": {"S": f"{n:08}"}, "v": {"S": "x" * 100}}}}
            for n in range(first, first + 25)
        ]
        client.batch_write_item(RequestItems={"pages": puts})


def item(number: int) -> dict[str, object]:
    """About 1 KB."""
    fields = {f"field{n}": {"S": "x" * 80} for n in range(11)}
    return {"pk": {"S": f"key-{number}"}, "n": {"N": str(number)}} | fields


def requests_of(server: Running) -> dict[str, tuple[list[bytes], float]]:
    """Name → (requests, target calls/s)."""
    key = lambda n: {"pk": {"S": f"key-{n}"}}  # noqa: E731 - a local shorthand
    update = {
        "TableName": "items",
        "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    transaction = [
        {
            "TransactItems": [
                {
                    "Put": {
                        "TableName": "items",
                        "Item": {"pk": {"S": f"t-{4 * n + m}"}, "v": {"S": "x" * 100}},
                    }
                }
                for m in range(4)
            ]
        }
        for n in range(KEYS)
    ]
    query = {
        "TableName": "pages",
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "small"}},
        "Limit": 100,
    }
    found = {
        "PutItem 1 KB": (
            [call(server, "PutItem", {"TableName": "items", "Item": item(n)}) for n in range(KEYS)],
            8000.0,
        ),
        "GetItem 1 KB": (
            [call(server, "GetItem", {"TableName": "items", "Key": key(n)}) for n in range(KEYS)],
            13_000.0,
        ),
        "UpdateItem": ([call(server, "UpdateItem", update | {"Key": key(n)}) for n in range(KEYS)], 7000.0),
        "UpdateItem, one item": ([call(server, "UpdateItem", update | {"Key": key(0)})], 7000.0),
        "TransactWriteItems of 4": ([call(server, "TransactWriteItems", t) for t in transaction], 2500.0),
        "Query 100 of 1,000": ([call(server, "Query", query)], 2500.0),
    }
    if "--large" in sys.argv:
        values = {":pk": {"S": "large"}}
        large = query | {"ExpressionAttributeValues": values}
        found["Query 100 of 100,000"] = ([call(server, "Query", large)], 2500.0)
    return found


def measure(server: Running, requests: list[bytes]) -> tuple[Load, float]:
    """The load, and the server's CPU seconds for each call."""
    before = cpu_s(server.process.pid)
    found = load(server.host, server.port, requests, CONNECTIONS, seconds=SECONDS)
    return found, (cpu_s(server.process.pid) - before) / found.count


def main() -> int:
    report, fsyncs = Report(), fsyncs_per_s()
    with Running() as server:
        make_tables(server)
        fill(server, "small", PARTITION)
        if "--large" in sys.argv:
            fill(server, "large", LARGE)
        for name, (requests, target) in requests_of(server).items():
            found, each_s = measure(server, requests)
            assert not found.errors, f"{name}: {found.errors} errors"
            report.figure(name, found.per_s, "calls/s", reference=fsyncs, of="fsyncs/s", target=target)
            print(
                f"    p50 {found.p50_ms:.2f} ms, p99 {found.p99_ms:.2f} ms, server CPU {each_s * 1e6:.0f} us a call"
            )
    return report.end()


if __name__ == "__main__":
    raise SystemExit(main())
