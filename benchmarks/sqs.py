"""SQS: messages through a queue, end to end over HTTP and durably, beside the fsyncs this disk does.

One round is SendMessage, ReceiveMessage and DeleteMessage of a 1 KB message, each a request of its own, by a client that does the
next when the last is answered. `10 a request` does the same with batches of ten. Requests are not signed, which open mode takes.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from common import Report, Running, cpu_s, fsyncs_per_s

SECONDS = 3.0
CONNECTIONS = 50
BODY = "m" * 1024
HANDLE = b'"ReceiptHandle":"'


class Rounds:
    """All connections of one run."""

    def __init__(self, server: Running, url: str, batch: int) -> None:
        self.server, self.url, self.batch = server, url, batch
        self.end = time.perf_counter() + SECONDS
        self.done = 0
        self.open = CONNECTIONS
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if batch == 1:
            self.send = self.request("SendMessage", {"MessageBody": BODY})
        else:
            entries = [{"Id": str(n), "MessageBody": BODY} for n in range(batch)]
            self.send = self.request("SendMessageBatch", {"Entries": entries})
        self.receive = self.request("ReceiveMessage", {"MaxNumberOfMessages": batch})

    def request(self, operation: str, params: dict[str, Any]) -> bytes:
        body = json.dumps({"QueueUrl": self.url, **params}).encode()
        return (
            f"POST / HTTP/1.1\r\nhost: {self.server.host}\r\nx-amz-target: AmazonSQS.{operation}\r\n"
            f"content-type: application/x-amz-json-1.0\r\ncontent-length: {len(body)}\r\n\r\n"
        ).encode() + body

    def delete(self, handles: list[str]) -> bytes:
        if self.batch == 1:
            return self.request("DeleteMessage", {"ReceiptHandle": handles[0]})
        entries = [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(handles)]
        return self.request("DeleteMessageBatch", {"Entries": entries})


class Client(asyncio.Protocol):
    """One connection: send, receive, delete, and again."""

    def __init__(self, rounds: Rounds) -> None:
        self.rounds = rounds
        self.step = 0
        self.data = b""
        self.deleting = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.rounds.send)

    def data_received(self, data: bytes) -> None:
        self.data += data
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = self.data[:head].lower()
        at = lower.find(b"content-length:") + 15
        end = lower.find(b"\r\n", at)
        size = int(lower[at : end if end > 0 else None])
        if len(self.data) < head + 4 + size:
            return
        answer, self.data = self.data, b""
        assert answer[9:12] == b"200", answer
        self.answered(answer)

    def answered(self, answer: bytes) -> None:
        rounds = self.rounds
        if self.step == 0:
            self.step = 1
            self.transport.write(rounds.receive)
            return
        if self.step == 1:
            handles = [part[: part.find(b'"')].decode() for part in answer.split(HANDLE)[1:]]
            if handles:
                self.step, self.deleting = 2, len(handles)
                self.transport.write(rounds.delete(handles))
                return
        rounds.done += self.deleting
        self.step = self.deleting = 0
        if time.perf_counter() < rounds.end:
            self.transport.write(rounds.send)
            return
        self.transport.close()
        rounds.open -= 1
        if not rounds.open:
            rounds.over.set_result(None)


async def run(server: Running, url: str, batch: int) -> tuple[int, float]:
    """How many messages went all the way, in all and each second."""
    rounds, began = Rounds(server, url, batch), time.perf_counter()
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Client(rounds), server.host, server.port)
    await rounds.over
    return rounds.done, rounds.done / (time.perf_counter() - began)


def main() -> None:
    import uvloop

    report = Report()
    with Running() as server:
        sqs = server.client("sqs")
        flushes = fsyncs_per_s(folder=server.folder)
        for batch, target in ((1, None), (10, 4000.0)):
            url = sqs.create_queue(QueueName=f"bench-{batch}")["QueueUrl"]
            before = cpu_s(server.process.pid)
            done, per_s = uvloop.run(run(server, url, batch))
            cpu_us = (cpu_s(server.process.pid) - before) / done * 1e6
            name = f"send+receive+delete, {batch} a request ({cpu_us:.0f} us of the server's CPU each)"
            report.figure(name, per_s, "messages/s", reference=flushes, of="fsyncs", target=target)
    report.end()


if __name__ == "__main__":
    main()
