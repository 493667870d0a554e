"""A table of ten million items beside one of ten thousand: what an operation costs must not follow what is stored.

    python benchmarks/ten_million.py [--items N] [--small N] [--bytes N] [--seconds S] [--data-dir DIR] [--keep] [--strict]

Loads both tables by BatchWriteItem (partitions of 1,000 items, keys spread over all of the table), then takes each figure on
one and the other in turn, three times, and prints the ratio of their medians. Ten million items of 1 KB take 14 GB of disk.
Beside the figures: the server's memory after each phase, the files, and how long a start on them takes.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import Report, Running, cpu_s, load, memory_kb

PARTITION = 1000
BATCH = 25
ROUNDS = 3
RATIO_MAX = 1.5
SAMPLE = 10_000  # keys that are asked for, drawn from the whole table


@dataclass(frozen=True)
class Table:
    """Items n of 0 … count-1 in partitions."""

    name: str
    count: int
    bytes: int

    def key(self, n: int) -> dict[str, Any]:
        return {"pk": {"S": f"p{n // PARTITION:08}"}, "sk": {"N": str(n % PARTITION)}}

    def item(self, n: int) -> dict[str, Any]:
        return self.key(n) | {"n": {"N": "0"}, "v": {"S": "x" * max(1, self.bytes - 30)}}


class Batches:
    """The signed requests that load a table, each made when it is sent."""

    def __init__(self, server: Running, table: Table) -> None:
        self._server, self._table = server, table
        # Neighbours in the table are not neighbours in time: as where many write at once.
        self._stride = max(1, table.count // BATCH)

    def __len__(self) -> int:
        return self._stride + 1

    def __getitem__(self, index: int) -> bytes:
        # `load` begins at 1; the last one takes what the division left over.
        first = index - 1 if index else self._stride
        table = self._table
        numbers = (
            range(self._stride * BATCH, table.count)
            if first == self._stride
            else range(first, self._stride * BATCH, self._stride)
        )
        puts = [{"PutRequest": {"Item": table.item(n)}} for n in numbers or range(1)]
        return call(self._server, "BatchWriteItem", {"RequestItems": {table.name: puts}})


def call(server: Running, operation: str, params: dict[str, Any]) -> bytes:
    headers = {
        "x-amz-target": f"DynamoDB_20120810.{operation}",
        "content-type": "application/x-amz-json-1.0",
    }
    return server.request("dynamodb", "POST", "/", json.dumps(params).encode(), headers)


def make(server: Running, table: Table) -> None:
    server.client("dynamodb").create_table(
        TableName=table.name,
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )


def fill(server: Running, table: Table) -> None:
    began, batches = time.perf_counter(), Batches(server, table)
    done = 0
    while done < len(batches):  # in stretches, to say how it goes on and how memory goes with it
        count = min(len(batches) - done, max(1, len(batches) // 10))
        part = _Part(batches, done, count)
        found = load(server.host, server.port, part, 16, seconds=1e9, limit=count)  # type: ignore[arg-type]
        assert not found.errors, f"{found.errors} errors while loading"
        done += count
        items = min(table.count, done * BATCH)
        print(
            f"    {items:>12,} items, {found.per_s * BATCH:>9,.0f}/s  {memory(server)}  {files(server)}",
            flush=True,
        )
    print(f"  {table.name}: {table.count:,} items in {time.perf_counter() - began:,.0f} s", flush=True)


class _Part:
    """A stretch of the batches, as `load` goes over it: from 1, and round to 0."""

    def __init__(self, batches: Batches, first: int, count: int) -> None:
        self._batches, self._first, self._count = batches, first, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> bytes:
        return self._batches[self._first + index]


# --- figures -----------------------------------------------------------------------------------------------------------


def operations(server: Running, table: Table) -> dict[str, list[bytes]]:
    """Requests by the name of their figure."""
    drawn = random.Random(7)
    numbers = [drawn.randrange(table.count) for _ in range(SAMPLE)]
    target = {"TableName": table.name}
    update = target | {
        "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    def query(n: int) -> dict[str, Any]:
        values = {":pk": table.key(n)["pk"]}
        return target | {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": values,
            "Limit": 100,
        }

    def new(n: int) -> dict[str, Any]:
        return target | {"Item": table.item(n) | {"pk": {"S": f"new{n}"}}}

    made: dict[str, Callable[[int], bytes]] = {
        "GetItem": lambda n: call(server, "GetItem", target | {"Key": table.key(n)}),
        "Query 100": lambda n: call(server, "Query", query(n)),
        "Scan 100": lambda n: call(
            server, "Scan", target | {"Limit": 100, "ExclusiveStartKey": table.key(n)}
        ),
        "PutItem over another": lambda n: call(server, "PutItem", target | {"Item": table.item(n)}),
        "UpdateItem": lambda n: call(server, "UpdateItem", update | {"Key": table.key(n)}),
        "PutItem new": lambda n: call(server, "PutItem", new(n)),
        "DescribeTable": lambda n: call(server, "DescribeTable", target),
    }
    return {name: [one(n) for n in numbers] for name, one in made.items()}


def measure(server: Running, requests: list[bytes], seconds: float) -> tuple[float, float]:
    """Calls a second, and the server's CPU microseconds for each."""
    before = cpu_s(server.process.pid)
    found = load(server.host, server.port, requests, 50, seconds=seconds)
    assert not found.errors, f"{found.errors} errors"
    return found.per_s, (cpu_s(server.process.pid) - before) / found.count * 1e6


def compare(server: Running, small: Table, large: Table, seconds: float) -> Report:
    report = Report()
    asked = {table.name: operations(server, table) for table in (small, large)}
    for name in asked[small.name]:
        rates: dict[str, list[float]] = {small.name: [], large.name: []}
        cpus: dict[str, list[float]] = {small.name: [], large.name: []}
        for _ in range(ROUNDS):
            for table in (small, large):
                rate, cpu = measure(server, asked[table.name][name], seconds)
                rates[table.name].append(rate)
                cpus[table.name].append(cpu)
        one, other = (statistics.median(rates[table.name]) for table in (small, large))
        report.figure(
            name, other, "calls/s", reference=one, of=f"{small.count:,}'s", target_ratio=1 / RATIO_MAX
        )
        cpu_one, cpu_other = (statistics.median(cpus[table.name]) for table in (small, large))
        print(
            f"    {one / other:.2f} times slower; server CPU {cpu_one:,.0f} and {cpu_other:,.0f} us a call;"
            f"  {memory(server)}",
            flush=True,
        )
    return report


# --- memory and files --------------------------------------------------------------------------------------------------


def memory(server: Running) -> str:
    pid = server.process.pid
    rss, pss = (memory_kb(pid, kind) / 1024 for kind in ("Rss", "Pss"))
    return f"RSS {rss:,.0f} PSS {pss:,.0f} MiB"


def files(server: Running) -> str:
    folder = Path(server.folder) / "data"
    sizes = {
        name: path.stat().st_size / 2**20
        for name in ("store.db", "store.db-wal")
        if (path := folder / name).exists()
    }
    return ", ".join(f"{name} {size:,.0f} MiB" for name, size in sizes.items())


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--bytes", type=int, default=1000, help="of an item")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each of three rounds")
    parser.add_argument("--data-dir")
    parser.add_argument("--keep", action="store_true", help="leave the data where they are")
    parser.add_argument("--strict", action="store_true", help="fail when a figure is missed")
    options = parser.parse_args()
    small = Table("small", options.small, options.bytes)
    large = Table("large", options.items, options.bytes)
    with Running(data_dir=options.data_dir) as server:
        print(f"{server.folder}: empty {memory(server)}", flush=True)
        for table in (small, large):
            make(server, table)
            fill(server, table)
        report = compare(server, small, large, options.seconds)
        shown = server.client("dynamodb").describe_table(TableName="large")["Table"]
        print(
            f"ItemCount {shown['ItemCount']:,}, TableSizeBytes {shown['TableSizeBytes']:,}; {files(server)}"
        )
        folder = server.folder
    with Running(data_dir=folder) as server:
        found = server.client("dynamodb").get_item(TableName="large", Key=large.key(large.count - 1))
        assert "Item" in found, "the last item is not there"
        print(f"started again on them in {server.start_s:.2f} s; {memory(server)}")
    if not options.keep and options.data_dir is None:
        shutil.rmtree(folder, ignore_errors=True)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
