"""SQS: messages through a queue, end to end over HTTP and durably, beside the fsyncs this disk does.

One round is SendMessage, ReceiveMessage and DeleteMessage of a 1 KB message, each its own request, by a client that does the
next when the last is answered. `batched` does the same with ten messages in each request.
"""

from __future__ import annotations

import asyncio
import json
import time

from common import Report, Running, cpu_s, fsyncs_per_s

SECONDS = 3.0
BODY = "m" * 1024


class Connection:
    """One keep-alive connection that speaks JSON."""

    def __init__(self, server: Running, url: str) -> None:
        self.server, self.url = server, url
        self._heads: dict[str, bytes] = {}

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.server.host, self.server.port)

    async def call(self, operation: str, **params: object) -> dict[str, object]:
        # Not signed: this measures the server, and signing would take the client longer than the server takes.
        body = json.dumps({"QueueUrl": self.url, **params}).encode()
        head = self._heads.get(operation)
        if head is None:
            scope = f"Credential=000000000000/{time.strftime('%Y%m%d')}/us-east-1/sqs/aws4_request"
            head = self._heads[operation] = (
                f"POST / HTTP/1.1\r\nhost: {self.server.host}\r\nx-amz-target: AmazonSQS.{operation}\r\n"
                f"content-type: application/x-amz-json-1.0\r\nx-fogbank-bench: {scope}\r\ncontent-length: "
            ).encode()
        self.writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        lower = answer.lower()
        at = lower.find(b"content-length:") + 15
        content = await self.reader.readexactly(int(lower[at : lower.find(b"\r\n", at)]))
        assert answer[9:12] == b"200", content
        found: dict[str, object] = json.loads(content) if content else {}
        return found


async def rounds(server: Running, url: str, connections: int, batch: int) -> tuple[int, float]:
    """How many messages went all the way, in all and each second."""
    done, end = 0, time.perf_counter() + SECONDS

    async def client() -> None:
        nonlocal done
        connection = Connection(server, url)
        await connection.open()
        entries = [{"Id": str(n), "MessageBody": BODY} for n in range(batch)]
        while time.perf_counter() < end:
            if batch == 1:
                await connection.call("SendMessage", MessageBody=BODY)
            else:
                await connection.call("SendMessageBatch", Entries=entries)
            got = (await connection.call("ReceiveMessage", MaxNumberOfMessages=batch)).get("Messages", [])
            if batch == 1:
                for message in got:
                    await connection.call("DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
            elif got:
                gone = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(got)]
                await connection.call("DeleteMessageBatch", Entries=gone)
            done += len(got)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    return done, done / (time.perf_counter() - began)


def main() -> None:
    report = Report()
    with Running() as server:
        sqs = server.client("sqs")
        flushes = fsyncs_per_s(folder=server.folder)
        for batch, target in ((1, None), (10, 4000.0)):
            url = sqs.create_queue(QueueName=f"bench-{batch}")["QueueUrl"]
            before = cpu_s(server.process.pid)
            done, per_s = asyncio.run(rounds(server, url, 50, batch))
            cpu_us = (cpu_s(server.process.pid) - before) / done * 1e6
            name = f"send+receive+delete, {batch} a request ({cpu_us:.0f} us of the server's CPU each)"
            report.figure(name, per_s, "messages/s", reference=flushes, of="fsyncs", target=target)
    report.end()


if __name__ == "__main__":
    main()
