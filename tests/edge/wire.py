"""What tests of the wire share: a raw client and handlers."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field

from fogbank.core.http import Request, Response
from fogbank.edge.server import Server

WAIT_S = 5.0


async def echo(request: Request) -> Response:
    """Answers what it was asked: method, target, body."""
    text = f"{request.method} {request.target} ".encode() + request.body
    return Response(200, [("content-type", "text/plain")], text)


@dataclass
class Reply:
    """One response, read by a parser of its own."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Client:
    """A raw connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> tuple[int, dict[str, str]]:
        async with asyncio.timeout(WAIT_S):
            raw = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = raw.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(": ")
            assert name not in headers, f"{name} twice"
            headers[name] = value
        version, status, _ = (first + " ").split(" ", 2)
        assert version == "HTTP/1.1"
        return int(status), headers

    async def reply(self, *, to_head: bool = False) -> Reply:
        status, headers = await self.head()
        if status == 100 or to_head or status in (204, 304):
            return Reply(status, headers, b"")
        async with asyncio.timeout(WAIT_S):
            if headers.get("transfer-encoding") == "chunked":
                return Reply(status, headers, await self._chunks())
            if "content-length" in headers:
                return Reply(status, headers, await self.reader.readexactly(int(headers["content-length"])))
            return Reply(status, headers, await self.reader.read())

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            body += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"
        assert await self.reader.readexactly(2) == b"\r\n"
        return body

    async def ask(self, data: bytes) -> Reply:
        await self.send(data)
        return await self.reply()

    async def closed(self) -> bytes:
        """What still comes until the server closes. A reset counts as closed."""
        async with asyncio.timeout(WAIT_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def close(self) -> None:
        self.writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


@dataclass
class Wire:
    """A server and how to reach it."""

    server: Server
    port: int
    clients: list[Client] = field(default_factory=list)

    async def connect(self, limit: int = 2**20) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port, limit=limit))
        self.clients.append(client)
        return client


def post(body: bytes, target: str = "/x", extra: str = "") -> bytes:
    return (
        f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode()
        + body
    )


def get(target: str = "/x", extra: str = "") -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()
