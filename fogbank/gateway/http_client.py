"""A small HTTP/1.1 client for backends: pooled connections, bounded bodies, nothing else.

Built for gateways: one write a request, httptools for the answer, no redirects, no cookies, no decompression. A backend that
hangs runs into the caller's timeout, one that resets or lies about its length raises HttpError; neither leaves a connection in
the pool. A pooled connection that turns out to be closed before it answered anything is replaced once.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import urlsplit

from fogbank.core.lanes import Lanes
from fogbank.gateway.http_connection import (
    Connection,
    HttpAnswer,
    HttpError,
    Stale,
    request_bytes,
)

IDLE_PER_ORIGIN_MAX = 256
ORIGINS_MAX = 1024  # ours: origins with idle connections
CONNECT_S = 10.0


@dataclass(slots=True)
class StreamedAnswer:
    """An answer whose body is still coming. Who has it iterates to the end, or calls `body.aclose()`."""

    status: int
    headers: list[tuple[str, str]]
    body: AsyncGenerator[bytes, None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go: what a pooled one is kept under."""

    host: str
    port: int
    tls: bool
    verify: bool = True
    certificate: str = ""  # the name of a client certificate that was added
    server_name: str = ""  # what the backend's certificate is to name, if it is not the host


def origin_of(url: str, *, verify: bool = True) -> tuple[Origin, str, str]:
    """(origin, Host header, path with query) of a URL. Raises HttpError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise HttpError(f"{url[:256]} is no URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HttpError(f"{url[:256]} is no http or https URL")
    tls = parts.scheme == "https"
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    if any(c <= " " for c in target):
        raise HttpError(f"{url[:256]} is no URL")
    host = parts.netloc.rpartition("@")[2]
    return Origin(parts.hostname, port or (443 if tls else 80), tls, verify), host, target


class HttpClient:
    """One pool. Not bound to a loop before it is used."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._idle: dict[Origin, deque[Connection]] = {}
        self._contexts: dict[tuple[bool, str], ssl.SSLContext] = {}
        self._certificates: dict[str, tuple[bytes, bytes]] = {}
        self._closed = False

    async def get(self, url: str, *, timeout_s: float) -> HttpAnswer:
        """A GET without headers of its own. Raises HttpError, also for a timeout."""
        origin, host, target = origin_of(url)
        try:
            async with asyncio.timeout(timeout_s):
                return await self.request(
                    origin, b"GET", target, [("Host", host), ("Accept", "application/json")], b""
                )
        except TimeoutError:
            raise HttpError("timed out") from None

    async def request(
        self, origin: Origin, method: bytes, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> HttpAnswer:
        """Send and wait for the whole answer. The caller bounds the time. Raises HttpError."""
        data = request_bytes(method, target, headers, body)
        head_only = method == b"HEAD"
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable():
                try:
                    answer = await connection.exchange(data, head_only)
                except Stale:
                    break
                self._put_back(origin, connection)
                return answer
        connection = await self._connect(origin)
        try:
            answer = await connection.exchange(data, head_only)
        except Stale:
            raise HttpError("the connection was closed before an answer") from None
        self._put_back(origin, connection)
        return answer

    async def stream(
        self, origin: Origin, method: bytes, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> StreamedAnswer:
        """Send and wait for the head of the answer; its body comes as it is read. On a connection of its own."""
        connection = await self._connect(origin)
        stream = connection.streamed()
        try:
            head = await connection.exchange(request_bytes(method, target, headers, body), method == b"HEAD")
        except Stale:
            raise HttpError("the connection was closed before an answer") from None
        return StreamedAnswer(head.status, head.headers, stream)

    def close(self) -> None:
        """Hang up all idle connections."""
        self._closed = True
        for idle in self._idle.values():
            for connection in idle:
                connection.abort()
        self._idle.clear()

    def _put_back(self, origin: Origin, connection: Connection) -> None:
        if self._closed or not connection.usable():
            connection.abort()
            return
        idle = self._idle.get(origin)
        if idle is None:
            if len(self._idle) >= ORIGINS_MAX:
                for old in self._idle.pop(next(iter(self._idle))):
                    old.abort()
            idle = self._idle[origin] = deque()
        if len(idle) >= IDLE_PER_ORIGIN_MAX:
            connection.abort()
        else:
            idle.append(connection)

    async def _connect(self, origin: Origin) -> Connection:
        loop = asyncio.get_running_loop()
        context = self._context(origin.verify, origin.certificate) if origin.tls else None
        try:
            async with asyncio.timeout(CONNECT_S):
                _, protocol = await loop.create_connection(
                    Connection,
                    origin.host,
                    origin.port,
                    ssl=context,
                    server_hostname=(origin.server_name or origin.host) if origin.tls else None,
                )
        except TimeoutError:
            raise HttpError(f"{origin.host}:{origin.port} does not answer") from None
        except (OSError, ssl.SSLError, UnicodeError) as error:
            raise HttpError(f"{origin.host}:{origin.port}: {error}") from None
        return protocol

    def has_certificate(self, name: str) -> bool:
        return name in self._certificates

    def add_certificate(self, name: str, certificate: bytes, key: bytes) -> None:
        """A client certificate and its key in PEM, for origins that name it."""
        self._certificates[name] = (certificate, key)

    def _context(self, verify: bool, certificate: str) -> ssl.SSLContext:
        found = self._contexts.get((verify, certificate))
        if found is None:
            found = ssl.create_default_context()
            if not verify:
                found.check_hostname = False
                found.verify_mode = ssl.CERT_NONE
            if certificate:
                with tempfile.NamedTemporaryFile() as pem:  # ssl reads certificates from files only
                    pem.write(b"\n".join(self._certificates[certificate]))
                    pem.flush()
                    found.load_cert_chain(pem.name)
            self._contexts[verify, certificate] = found
        return found
