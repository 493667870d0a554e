"""`kill -9` again and again, a second or so apart, under everything that feeds functions: nothing is lost, nothing passed over.

    python benchmarks/soak_streams.py [--kills 100] [--postgres URL]

Writers put items (alone, in transactions, in batches), send messages (standard and FIFO) and invoke functions
asynchronously; mappings of every kind carry the changes and messages to functions, which append what they see to a file.
At the end every acknowledged item is there; every number of every item, every message and every event was seen by its
function; and of each item, and each message group, the numbers came in order (what comes again is not counted).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from common import ROLE, RUNTIME, client_of, pack

from tests.support.serving import start

LIFE_S = (0.3, 2.0)
DRAIN_S = 180
CODE = """
import json, os
def seen(event):
    for record in event.get("Records", ()):
        if "dynamodb" in record:
            image = record["dynamodb"]["NewImage"]
            yield image["id"]["S"] + " " + image["n"]["N"]
        else:
            yield record["body"]
    if "one" in event:
        yield event["one"]
def handler(event, context):
    lines = "".join(line + "\\n" for line in seen(event)).encode()
    fd = os.open("/sink/" + os.environ["SINK"], os.O_WRONLY | os.O_APPEND)
    os.write(fd, lines)
    os.close(fd)
    return {"state": {}}
"""
#: Functions by their sink, and the settings of the stream mappings among them.
STREAMS: dict[str, dict[str, Any]] = {
    "parallel": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 5, "ParallelizationFactor": 3},
    "latest": {"StartingPosition": "LATEST", "BatchSize": 100},
    "window": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 20, "TumblingWindowInSeconds": 2},
}
QUEUES = {"standard": "q", "fifo": "q.fifo"}


class Soak:
    """One server that is killed again and again, and writers that remember what was acknowledged."""

    def __init__(self, postgres: str | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fogbank-soak-"))
        self.sink = self.folder / "sink"
        self.sink.mkdir()
        self.sink.chmod(0o777)
        for name in (*STREAMS, *QUEUES, "async"):
            (self.sink / name).touch()
            (self.sink / name).chmod(0o666)  # functions run as users of their own
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.store = ["--store", postgres] if postgres else []
        self.server: subprocess.Popen[str] | None = None
        self.up, self.ended = threading.Event(), threading.Event()
        self.acknowledged: dict[str, int] = {}  # the last number of each writer
        self.unanswered: Counter[str] = Counter()

    def client(self, service: str) -> Any:
        return client_of(f"http://127.0.0.1:{self.port}", service, read_timeout=20, connect_timeout=2)

    def start(self) -> None:
        options = [*self.store, "--bind", f"{self.sink}:/sink"]
        with (self.folder / "server.log").open("ab") as log:
            self.server, _ = start(
                self.folder / "data", *options, port=self.port, stderr=log, own_session=True
            )
        self.up.set()

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.server is not None and self.server.stdout is not None
        self.up.clear()
        os.kill(self.server.pid, number)
        self.server.stdout.close()
        return self.server.wait(60)

    def prepare(self) -> None:
        functions, sqs, dynamodb = self.client("lambda"), self.client("sqs"), self.client("dynamodb")
        code = pack("index.py", CODE)
        for name in (*STREAMS, *QUEUES, "async"):
            functions.create_function(
                FunctionName=name, Runtime=RUNTIME, Role=ROLE, Handler="index.handler",
                Code={"ZipFile": code}, Environment={"Variables": {"SINK": name}}, Timeout=2,
            )  # fmt: skip
            functions.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 1})
        table = dynamodb.create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "2"})
        sqs.create_queue(QueueName="q.fifo", Attributes={"VisibilityTimeout": "2", "FifoQueue": "true"})
        made = []
        for name, settings in STREAMS.items():
            arn = table["TableDescription"]["LatestStreamArn"]
            made.append(
                functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **settings)
            )
        for name, queue in QUEUES.items():
            arn = f"arn:aws:sqs:us-east-1:000000000000:{queue}"
            made.append(functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn))
        for each in made:  # LATEST is only then defined
            while functions.get_event_source_mapping(UUID=each["UUID"])["State"] != "Enabled":
                time.sleep(0.05)

    # --- writers ------------------------------------------------------------------------------------------------------

    def writer(self, service: str, names: list[str], act: Callable[[Any, list[str], int], Any]) -> None:
        """Write the next number under all of `names`, again with the same one until it is acknowledged."""
        client, number = self.client(service), 0
        while not self.ended.is_set():
            if not self.up.wait(1):
                continue
            try:
                act(client, names, number)
            except (ClientError, BotoCoreError) as error:
                self.unanswered[type(error).__name__] += 1
                self.ended.wait(0.01)
                continue
            for name in names:
                self.acknowledged[name] = number
            number += 1

    def begin(self) -> list[threading.Thread]:
        works: list[tuple[str, list[str], Callable[[Any, list[str], int], Any]]] = [
            ("dynamodb", ["put-0"], _put),
            ("dynamodb", ["put-1"], _put),
            ("dynamodb", ["together-0", "together-1", "together-2"], _transact),
            ("dynamodb", ["batch-0", "batch-1", "batch-2"], _batch),
            ("sqs", ["standard-0"], self._send),
            ("sqs", ["fifo-0"], self._send),
            ("sqs", ["fifo-1"], self._send),
            ("lambda", ["async-0"], _invoke),
        ]
        threads = [threading.Thread(target=self.writer, args=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        return threads

    def _send(self, sqs: Any, names: list[str], number: int) -> None:
        kind, _, _ = names[0].partition("-")
        url = f"http://127.0.0.1:{self.port}/000000000000/{QUEUES[kind]}"
        more = {"MessageGroupId": names[0], "MessageDeduplicationId": f"{names[0]}-{number}"}
        sqs.send_message(QueueUrl=url, MessageBody=f"{names[0]} {number}", **(more if kind == "fifo" else {}))

    # --- what came of it ----------------------------------------------------------------------------------------------

    def seen(self, sink: str) -> dict[str, list[int]]:
        """By name, the numbers in the order in which they came first."""
        found: dict[str, dict[int, None]] = {}
        for line in (self.sink / sink).read_text().splitlines():
            name, _, number = line.partition(" ")
            found.setdefault(name, {})[int(number)] = None
        return {name: list(numbers) for name, numbers in found.items()}

    def problems(self, *, ordered: bool) -> list[str]:
        found = []
        for sink, is_ordered, prefixes in (
            *((sink, True, ("put", "together", "batch")) for sink in STREAMS),
            *((sink, sink == "fifo", (sink,)) for sink in (*QUEUES, "async")),
        ):
            seen = self.seen(sink)
            for name, last in list(self.acknowledged.items()):
                if not name.startswith(prefixes):
                    continue
                numbers = seen.get(name, [])
                missing = sorted(set(range(last + 1)) - set(numbers))
                if missing:
                    found.append(f"{sink} did not see {name} {missing[:20]} of {last}")
                if ordered and is_ordered and numbers != sorted(numbers):
                    at = next(i for i, n in enumerate(numbers) if i and n < numbers[i - 1])
                    found.append(f"{sink} saw {name} out of order: {numbers[max(0, at - 5) : at + 5]}")
        return found

    def lost_items(self) -> list[str]:
        dynamodb, found = self.client("dynamodb"), []
        for name, last in self.acknowledged.items():
            if name.startswith(("put", "together", "batch")):
                item = dynamodb.get_item(TableName="items", Key={"id": {"S": name}}).get("Item", {})
                if int(item.get("n", {"N": "-1"})["N"]) < last:
                    found.append(f"item {name}: {item} is older than {last}")
        return found


def _item(name: str, number: int) -> dict[str, Any]:
    return {"id": {"S": name}, "n": {"N": str(number)}}


def _put(dynamodb: Any, names: list[str], number: int) -> None:
    dynamodb.put_item(TableName="items", Item=_item(names[0], number))


def _transact(dynamodb: Any, names: list[str], number: int) -> None:
    puts = [{"Put": {"TableName": "items", "Item": _item(name, number)}} for name in names]
    dynamodb.transact_write_items(TransactItems=puts)


def _batch(dynamodb: Any, names: list[str], number: int) -> None:
    left = {"items": [{"PutRequest": {"Item": _item(name, number)}} for name in names]}
    while left:
        left = dynamodb.batch_write_item(RequestItems=left)["UnprocessedItems"]


def _invoke(functions: Any, names: list[str], number: int) -> None:
    payload = json.dumps({"one": f"{names[0]} {number}"})
    functions.invoke(FunctionName="async", InvocationType="Event", Payload=payload)


def run(kills: int, postgres: str | None) -> int:
    soak = Soak(postgres)
    print(f"{kills} kills in {soak.folder}", flush=True)
    soak.start()
    soak.prepare()
    threads = soak.begin()
    problems: list[str] = []
    for count in range(1, kills + 1):
        time.sleep(random.uniform(*LIFE_S))
        soak.kill()
        soak.start()
        problems = soak.lost_items()
        if problems:
            break
        if count % 10 == 0:
            print(f"{count:4} kills, {sum(soak.acknowledged.values())} acknowledged", flush=True)
    soak.ended.set()
    for thread in threads:
        thread.join(30)
    end = time.monotonic() + DRAIN_S
    while soak.problems(ordered=False) and time.monotonic() < end:
        time.sleep(0.2)
    problems += soak.problems(ordered=True) + soak.lost_items()
    status = soak.kill(signal.SIGTERM)
    for sink in (*STREAMS, *QUEUES, "async"):
        lines = len((soak.sink / sink).read_bytes().splitlines())
        first = sum(len(numbers) for numbers in soak.seen(sink).values())
        print(f"{sink:9} saw {first:7}, {lines - first} of them again")
    print(f"kills {kills}, unanswered {dict(soak.unanswered)}, ended with status {status}")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems or status else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--postgres", metavar="URL", help="run on this store in the place of SQLite")
    options = parser.parse_args()
    sys.exit(run(options.kills, options.postgres))
