"""What is stored of queues and messages; also what earlier versions stored."""

from __future__ import annotations

import orjson

from fogbank.services.sqs import keys
from fogbank.services.sqs.records import Message, Queue, decode_message, decode_queue

MESSAGE = Message(7, "id", 1, "sender", b"body", "md5", 2, count=3, source_arn="arn", size=4, entered=1)


def test_a_message_comes_back() -> None:
    assert decode_message(keys.message("uid", 7), MESSAGE.encode()) == MESSAGE


def test_messages_and_queues_of_earlier_versions() -> None:
    head, _, body = MESSAGE.encode().partition(b"\n")
    without = orjson.dumps(orjson.loads(head)[:-1]) + b"\n" + body  # before `entered`
    earlier = decode_message(keys.message("uid", 7), without)
    assert (earlier.entered, earlier.count, earlier.body) == (0, 3, b"body")
    queue = Queue("0" * 12, "us-east-1", "q", "uid", 1, 2)
    stored = orjson.loads(queue.encode()) | {"created_with": {"DelaySeconds": "0"}}
    assert decode_queue(orjson.dumps(stored)) == queue
