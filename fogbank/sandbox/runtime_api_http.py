"""HTTP/1.1 for the Runtime API: one small server for each environment, bounded in every direction.

Knows requests and replies, not what they mean: that is runtime_api.py. The caller is code of the function, so nothing it
sends may cost fogbank more than the bounds below, and nothing it does on one connection may touch another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from typing import Protocol, cast

import httptools

from fogbank.core.limits import (
    RESPONSE_PAYLOAD_BYTES_MAX,
    RUNTIME_API_CONNECTIONS_MAX,
    RUNTIME_API_HEAD_BYTES_MAX,
)

_TRAILERS_ALLOWED = frozenset({"lambda-runtime-function-error-type", "lambda-runtime-function-error-body"})


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, keep_alive: bool) -> bytes:
        """The bytes on the wire. A line break in a value becomes a blank: it cannot begin another header."""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        if not any(name == "Content-Type" for name, _value in self.headers):
            lines.append("Content-Type: application/json")
        lines.extend(f"{name}: {' '.join(value.splitlines())}" for name, value in self.headers)
        lines.append(f"Content-Length: {len(self.body)}")
        if not keep_alive:
            lines.append("Connection: close")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Handler(Protocol):
    """Answers requests: `RuntimeApi`."""

    def handle(self, exchange: Exchange) -> None: ...

    def begins(self, exchange: Exchange) -> bool: ...

    def piece(self, exchange: Exchange, data: bytes, resume: Callable[[], None]) -> bool: ...

    def dropped(self, exchange: Exchange) -> None: ...


class Exchange:
    """One request that was read whole, and its connection, to answer on."""

    __slots__ = ("_connection", "body", "headers", "method", "path", "trailers", "truncated")

    def __init__(self, connection: Connection, method: str, path: str) -> None:
        self._connection = connection
        self.method = method
        self.path = path
        self.headers: dict[str, str] = {}  # names in lower case
        self.trailers: dict[str, str] = {}
        self.body = b""
        self.truncated = False  # the body was longer than a response may be; what is over was dropped

    def answer(self, reply: Reply) -> None:
        """Send the reply; a connection that has closed meanwhile takes none."""
        self._connection.answer(self, reply)


class Connection(asyncio.Protocol):
    """One connection: reads a request, has it handled, writes the answer, then reads the next."""

    def __init__(
        self,
        handler: Handler,
        allowed: Callable[[asyncio.Transport], bool],
        others: set[Connection],
    ) -> None:
        self._handler = handler
        self._allowed = allowed
        self._others = others
        self._transport: asyncio.Transport | None = None
        self._open: Exchange | None = None
        self._keep_alive = False
        self._head_bytes = 0  # received since the last body byte or request
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._trailers: dict[str, str] = {}
        self._body = bytearray()
        self._truncated = False
        self._in_body = False
        self._streamed: Exchange | None = None  # whose body goes on as it comes

    # --- asyncio --------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._others) >= RUNTIME_API_CONNECTIONS_MAX or not self._allowed(self._transport):
            self._transport.abort()
            return
        self._others.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._others.discard(self)
        if self._open is not None:
            self._handler.dropped(self._open)
            self._open = None

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400)
        except httptools.HttpParserError:
            self._refuse(400)
        if self._head_bytes > RUNTIME_API_HEAD_BYTES_MAX:
            self._refuse(431)

    # --- httptools ------------------------------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "replace")
            return
        lowered = name.decode("latin-1").lower()
        if lowered in _TRAILERS_ALLOWED:
            self._trailers[lowered] = value.decode("utf-8", "replace")

    def on_headers_complete(self) -> None:
        self._in_body = True
        exchange = self._exchange()
        if self._open is None and self._handler.begins(exchange):
            self._open = self._streamed = exchange
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        if self._streamed is not None:
            if not self._handler.piece(self._streamed, body, self._resume) and self._transport is not None:
                self._transport.pause_reading()
            return
        room = RESPONSE_PAYLOAD_BYTES_MAX - len(self._body)
        if len(body) > room:
            self._truncated = True
            body = body[:room]
        self._body += body

    def on_message_complete(self) -> None:
        self._in_body = False
        self._head_bytes = 0
        exchange, self._streamed = self._streamed, None
        if exchange is None:
            if self._open is not None:
                self.close()  # pipelined: no Runtime API client does it, and it would queue without bound
                return
            exchange = self._exchange()
            exchange.body, exchange.truncated = bytes(self._body), self._truncated
        exchange.trailers = self._trailers
        self._keep_alive = self._parser.should_keep_alive()
        self._open = exchange
        self._resume()
        self._handler.handle(exchange)

    def _exchange(self) -> Exchange:
        path = self._url.split(b"?", 1)[0].decode("latin-1")
        exchange = Exchange(self, self._parser.get_method().decode("latin-1"), path)
        exchange.headers = self._headers
        return exchange

    def _resume(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing() and not transport.is_reading():
            transport.resume_reading()

    # --- answers --------------------------------------------------------------------------------------------------

    def answer(self, exchange: Exchange, reply: Reply) -> None:
        if self._transport is None or exchange is not self._open:
            return
        self._open = None
        self._transport.write(reply.encode(self._keep_alive))
        if not self._keep_alive:
            self._transport.close()

    def _refuse(self, status: int) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(Reply(status, b"").encode(keep_alive=False))
            self._transport.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class RuntimeApiServer:
    """Serves one environment's Runtime API on a listening socket, which it owns from now on."""

    def __init__(self, handler: Handler, allowed: Callable[[asyncio.Transport], bool]) -> None:
        self._handler = handler
        self._allowed = allowed
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None
        self._closed = False

    async def start(self, listener: socket) -> None:
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._connection, sock=listener)
        if self._closing():
            server.close()
        else:
            self._server = server

    def _closing(self) -> bool:
        return self._closed

    def _connection(self) -> Connection:
        return Connection(self._handler, self._allowed, self._connections)

    def close(self) -> None:
        """Stop listening and cut every connection."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
