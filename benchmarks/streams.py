"""Event source mappings: from PutItem to the trigger having run, and how fast a full stream is drained, durably.

The function writes when it ran into a file that this process reads; all on one machine, so the clocks are one.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from common import Report, Running, fsyncs_per_s

ROUNDS = 200
RECORDS = 10_000
CODE = """
import time
out = open("/out/log", "a")

def handler(event, context):
    now = time.time()
    out.write(f"{len(event['Records'])} {now}\\n")
    out.flush()
"""


class Log:
    """What the function wrote."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "log"
        self.path.touch()
        self.path.chmod(0o666)
        self._seen = 0

    def new(self) -> list[tuple[int, float]]:
        with self.path.open() as file:
            file.seek(self._seen)
            text = file.read()
        whole = text[: text.rfind("\n") + 1]
        self._seen += len(whole)
        return [(int(count), float(at)) for count, at in (line.split() for line in whole.splitlines())]


def stream_of(client: Any, table: str) -> str:
    answer = client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return str(answer["TableDescription"]["LatestStreamArn"])


def mapped(server: Running, arn: str, **settings: Any) -> str:
    client = server.client("lambda")
    uuid = client.create_event_source_mapping(FunctionName="fn", EventSourceArn=arn, **settings)["UUID"]
    while client.get_event_source_mapping(UUID=uuid)["State"] != "Enabled":
        time.sleep(0.005)
    return str(uuid)


def latency_ms(server: Running, log: Log) -> float:
    """The median from sending PutItem to the function having run."""
    client = server.client("dynamodb")
    mapped(server, stream_of(client, "latency"), StartingPosition="LATEST")
    found = []
    for n in range(ROUNDS):
        began = time.time()
        client.put_item(TableName="latency", Item={"id": {"S": str(n)}, "value": {"S": "v" * 100}})
        while not (seen := log.new()):
            time.sleep(0.0002)
        found.append((seen[-1][1] - began) * 1000)
    return statistics.median(found[ROUNDS // 10 :])


def drained_per_s(server: Running, log: Log, arn: str, **settings: Any) -> float:
    """Records of a full stream, from creating the mapping to the last one's batch having begun."""
    began, total, last = time.time(), 0, 0.0
    uuid = mapped(server, arn, StartingPosition="TRIM_HORIZON", **settings)
    while total < RECORDS:
        for count, at in log.new():
            total, last = total + count, at
        time.sleep(0.002)
    server.client("lambda").delete_event_source_mapping(UUID=uuid)
    while server.client("lambda").list_event_source_mappings()["EventSourceMappings"][1:]:
        time.sleep(0.01)
    return total / (last - began)


def fill(server: Running, table: str) -> None:
    def write(first: int) -> None:
        client = server.client("dynamodb")
        for at in range(first, first + RECORDS // 4, 25):
            puts = [
                {"PutRequest": {"Item": {"id": {"S": str(n)}, "value": {"S": "v" * 100}}}}
                for n in range(at, at + 25)
            ]
            client.batch_write_item(RequestItems={table: puts})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(0, RECORDS, RECORDS // 4)))


def main() -> None:
    report = Report()
    folder = Path(tempfile.mkdtemp(prefix="fogbank-bench-"))
    folder.chmod(0o777)
    log = Log(folder)
    with Running("--bind", f"{folder}:/out") as server:
        flushes = fsyncs_per_s(folder=server.folder)
        server.function("fn", CODE)
        figure = latency_ms(server, log)
        report.figure(
            "PutItem to the trigger having run, p50",
            figure,
            "ms",
            reference=1000 / flushes,
            of="ms an fsync",
            target=4.0,
        )
        arn = stream_of(server.client("dynamodb"), "drain")
        fill(server, "drain")
        for name, settings in (
            ("batches of 100", {"BatchSize": 100}),
            ("batches of 1,000", {"BatchSize": 1000}),
            ("batches of 100, 10 at once", {"BatchSize": 100, "ParallelizationFactor": 10}),
        ):
            rate = drained_per_s(server, log, arn, **settings)
            report.figure(
                f"10,000 records drained, {name}",
                rate,
                "records/s",
                reference=flushes,
                of="fsyncs",
                target=8000.0,
            )
    report.end()


if __name__ == "__main__":
    main()
