"""`kill -9` under load: no acknowledged message is lost, none that was deleted comes back, no stream record is skipped."""

from __future__ import annotations

import json
import signal
import threading
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.servers import Server
from tests.e2e.test_restart import RUNTIME, pack
from tests.support.waiting import until_blocking

KILLS = 3
LIMIT_S = 120.0  # for what was left to be through, on a busy machine
VISIBLE_S = 600
LOAD_S = 0.5  # of each life, when everybody is at work
ITEMS_AT_ONCE = 4
COLLECT = """
def handler(event, context):
    with open("/sink/seen", "a") as out:
        for record in event["Records"]:
            image = record["dynamodb"]["NewImage"]
            out.write(image["id"]["S"] + " " + image["n"]["N"] + "\\n")
"""


def client_of(server: Server, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}, read_timeout=20),
    )


class Load:
    """Workers that do something again and again until the server is killed under them."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._began: set[threading.Thread] = set()

    def run(self, work: Any) -> None:
        def loop() -> None:
            try:
                while not self.over.is_set():
                    work()
                    self._began.add(threading.current_thread())
            except (BotoCoreError, ClientError):
                self._began.add(threading.current_thread())

        thread = threading.Thread(target=loop)
        thread.start()
        self._threads.append(thread)

    def kill(self, server: Server, check: Callable[[], Any] = lambda: True) -> None:
        """In the middle of it: everybody has done something, and `check()` is true."""
        until_blocking(lambda: len(self._began) == len(self._threads) and check(), LIMIT_S)
        self.over.wait(LOAD_S)
        server.end(signal.SIGKILL)
        self.over.set()
        for thread in self._threads:
            thread.join()


def test_messages(server: Server) -> None:
    client_of(server, "sqs").create_queue(QueueName="q", Attributes={"VisibilityTimeout": str(VISIBLE_S)})
    client_of(server, "sqs").create_queue(
        QueueName="q.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": str(VISIBLE_S)}
    )
    acknowledged: dict[str, list[str]] = {"q": [], "q.fifo": []}
    deleted: set[str] = set()
    maybe: set[str] = set()  # a deletion was under way when the server died

    for life in range(KILLS):
        load = Load()
        for worker in range(2):
            for name in acknowledged:
                load.run(_sender(server, name, f"{life}-{worker}", acknowledged[name]))
                load.run(_receiver(server, name, deleted, maybe))
        load.kill(server, lambda: deleted)
        server.start()
    # Only now is given out again what was in a receiver's hands at a kill, on a busy machine too.
    moved = json.dumps({"advance_ms": VISIBLE_S * 1000}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"{server.url}/_fogbank/clock", moved, method="POST")
    ).close()
    sqs = client_of(server, "sqs")
    for name, bodies in acknowledged.items():
        left: list[str] = []
        url = f"{server.url}/000000000000/{name}"

        def drain(url: str, left: list[str], wanted: set[str]) -> bool:
            answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                left.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return wanted <= set(left) | deleted | maybe

        until_blocking(partial(drain, url, left, set(bodies)), LIMIT_S)
        assert not set(left) & (deleted - maybe)
        assert len(left) == len(set(left))
    assert all(len(bodies) > 5 for bodies in acknowledged.values()) and deleted


def _sender(server: Server, name: str, prefix: str, acknowledged: list[str]) -> Any:
    sqs, url, sent = client_of(server, "sqs"), f"{server.url}/000000000000/{name}", iter(range(10**9))

    def send() -> None:
        body = f"{name} {prefix} {next(sent)}"
        more = {"MessageGroupId": prefix, "MessageDeduplicationId": body.replace(" ", "_")}
        sqs.send_message(QueueUrl=url, MessageBody=body, **(more if name.endswith(".fifo") else {}))
        acknowledged.append(body)

    return send


def _receiver(server: Server, name: str, deleted: set[str], maybe: set[str]) -> Any:
    sqs, url = client_of(server, "sqs"), f"{server.url}/000000000000/{name}"

    def receive() -> None:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            maybe.add(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            deleted.add(message["Body"])
            maybe.discard(message["Body"])

    return receive


def test_stream_records(server: Server) -> None:
    client_of(server, "lambda").create_function(
        FunctionName="collect",
        Runtime=RUNTIME,
        Role="arn:aws:iam::000000000000:role/r",
        Handler="index.handler",
        Code={"ZipFile": pack(COLLECT)},
    )
    table = client_of(server, "dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    client_of(server, "lambda").create_event_source_mapping(
        FunctionName="collect",
        EventSourceArn=table["TableDescription"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        BatchSize=5,
        ParallelizationFactor=3,
    )
    seen_file = server.sink / "seen"
    seen_file.touch()
    seen_file.chmod(0o666)  # functions run as users of their own
    acknowledged: dict[str, int] = {}
    for life in range(KILLS):
        load = Load()
        for worker in range(ITEMS_AT_ONCE):
            load.run(_writer(server, f"item-{worker}", acknowledged))
        load.kill(server)
        server.start()
        assert len(acknowledged) == ITEMS_AT_ONCE, life

    def seen() -> list[list[str]]:
        """What was written whole: a function may be in the middle of a line."""
        return [line.split() for line in seen_file.read_text().rpartition("\n")[0].splitlines()]

    def all_seen() -> bool:
        last = {id: int(n) for id, n in seen()}
        return all(last.get(id, -1) >= n for id, n in acknowledged.items())

    until_blocking(all_seen, LIMIT_S)
    lines = seen()
    for id, n in acknowledged.items():
        numbers = [int(number) for name, number in lines if name == id]
        firsts = list(dict.fromkeys(numbers))
        assert not set(range(n + 1)) - set(firsts), (
            id,
            n,
            sorted(set(range(n + 1)) - set(firsts)),
            lines[-8:],
        )
        assert firsts == sorted(firsts)  # in order


def _writer(server: Server, id: str, acknowledged: dict[str, int]) -> Any:
    dynamodb = client_of(server, "dynamodb")

    def write() -> None:
        n = acknowledged.get(id, -1) + 1
        dynamodb.put_item(TableName="items", Item={"id": {"S": id}, "n": {"N": str(n)}})
        acknowledged[id] = n

    return write
