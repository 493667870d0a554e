"""One connection of the HTTP client: an exchange at a time, its answer whole or as it comes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, cast

import httptools

BODY_BYTES_MAX = 10 * 1024 * 1024  # API Gateway's payload
HEADERS_MAX = 256
HEADER_BYTES_MAX = 64 * 1024
STREAM_BUFFER_BYTES = 256 * 1024  # ours: read ahead of a slow client
STREAM_IDLE_S = 300.0  # AWS's idle timeout of a regional API's stream


class HttpError(Exception):
    """The backend could not be reached, or its answer is no HTTP."""


@dataclass(slots=True)
class HttpAnswer:
    """A whole answer; header names as they were sent."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class _Stream:
    """Pieces of a body on their way from a connection to who reads them."""

    __slots__ = ("_error", "_news", "_pieces", "ended", "waiting_bytes")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._error: HttpError | None = None
        self.ended = False
        self.waiting_bytes = 0

    def put(self, data: bytes) -> None:
        self._pieces.append(data)
        self.waiting_bytes += len(data)
        self._news.set()

    def end(self, error: HttpError | None) -> None:
        if not self.ended:
            self.ended, self._error = True, error
            self._news.set()

    async def next(self) -> bytes | None:
        """The next piece; None at the end. Raises HttpError when the body was cut short or stops coming."""
        while not self._pieces:
            if self.ended:
                if self._error is not None:
                    raise self._error
                return None
            self._news.clear()
            try:
                async with asyncio.timeout(STREAM_IDLE_S):
                    await self._news.wait()
            except TimeoutError:
                raise HttpError("the backend stopped in the middle of the answer") from None
        piece = self._pieces.popleft()
        self.waiting_bytes -= len(piece)
        return piece


class Stale(Exception):
    """The connection ended before a byte of the answer came."""


class Connection(asyncio.Protocol):
    """One connection; one exchange at a time. The `on_…` methods are httptools' callbacks."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_done",
        "_expects_end",
        "_head_bytes",
        "_head_only",
        "_headers",
        "_keep",
        "_parser",
        "_started",
        "_stream",
        "_transport",
        "_waiter",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[HttpAnswer] | None = None
        self._keep = True
        self._stream: _Stream | None = None
        self._reset()

    def _reset(self) -> None:
        self._headers: list[tuple[str, str]] = []
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._started = False
        self._done = False
        self._expects_end = False

    async def exchange(self, data: bytes, head_only: bool) -> HttpAnswer:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise Stale
        self._reset()
        self._head_only = head_only
        self._parser: Any = httptools.HttpResponseParser(self)
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        transport.write(data)
        try:
            answer: HttpAnswer = await waiter
            return answer
        except asyncio.CancelledError:
            self.abort()  # whatever comes now belongs to nobody
            raise
        finally:
            self._waiter = None
            if self._stream is None:
                self._parser = None

    def streamed(self) -> AsyncGenerator[bytes, None]:
        """The body of the next exchange as it comes; the exchange itself ends with the head."""
        self._keep = False
        self._stream = _Stream()
        return self._chunks(self._stream)

    async def _chunks(self, stream: _Stream) -> AsyncGenerator[bytes, None]:
        try:
            while (chunk := await stream.next()) is not None:
                if self._transport is not None and stream.waiting_bytes < STREAM_BUFFER_BYTES:
                    self._transport.resume_reading()
                yield chunk
        finally:
            self.abort()

    def usable(self) -> bool:
        return self._keep and self._transport is not None and not self._transport.is_closing()

    def abort(self) -> None:
        self._keep = False
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio's callbacks ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._parser is None or (self._waiter is None and self._stream is None):
            self.abort()  # an answer that nobody asked for
            return
        self._started = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the backend wants another protocol")
        except httptools.HttpParserError as error:
            self._fail(f"the answer is no HTTP/1.1: {error}")

    def eof_received(self) -> bool:
        if self._stream is not None and self._expects_end:
            self._stream.end(None)
        if self._waiter is not None and self._expects_end and not self._done:
            self._keep = False
            self._finish()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._keep = False
        waiter = self._waiter
        if self._stream is not None and not self._stream.ended:
            whole = self._expects_end and exc is None
            self._stream.end(
                None if whole else HttpError("the connection was closed in the middle of the answer")
            )
        if waiter is not None and not waiter.done():
            if self._expects_end and exc is None:
                self._finish()
            elif self._started:
                waiter.set_exception(HttpError("the connection was closed in the middle of the answer"))
            else:
                waiter.set_exception(Stale())

    # --- httptools' callbacks ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._done:  # more than was asked for: nobody is to get it as an answer
            self._keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if len(self._headers) >= HEADERS_MAX or self._head_bytes > HEADER_BYTES_MAX:
            self._fail("the answer's headers are too large")
            return
        self._headers.append((name.decode("latin-1"), value.decode("latin-1").rstrip()))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._done:
            return
        framed = False
        for name, value in self._headers:
            lower = name.lower()
            if lower == "content-length":
                framed = True
                if (
                    self._stream is None
                    and value.isdigit()
                    and int(value) > BODY_BYTES_MAX
                    and not self._head_only
                ):
                    self._fail("the answer is too large")
            elif lower == "transfer-encoding":
                framed = True
        if self._head_only:
            self._keep = False
            self._finish()
        elif not framed and status not in (204, 304):
            self._expects_end = True
        if self._stream is not None and self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(HttpAnswer(status, self._headers, b""))

    def on_body(self, data: bytes) -> None:
        if self._done:
            return
        if self._stream is not None:
            self._stream.put(data)
            if self._transport is not None and self._stream.waiting_bytes >= STREAM_BUFFER_BYTES:
                self._transport.pause_reading()
            return
        self._body_bytes += len(data)
        if self._body_bytes > BODY_BYTES_MAX:
            self._fail("the answer is too large")
        else:
            self._body.append(data)

    def on_message_complete(self) -> None:
        if self._done:
            return
        if self._parser.get_status_code() < 200:  # 100 Continue, 103 Early Hints: the answer follows
            self._headers = []
            return
        if not self._parser.should_keep_alive():
            self._keep = False
        self._finish()

    def _finish(self) -> None:
        self._done = True
        if self._stream is not None:
            self._stream.end(None)
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            waiter.set_result(HttpAnswer(self._parser.get_status_code(), self._headers, body))

    def _fail(self, message: str) -> None:
        self._done = True
        self._keep = False
        if self._stream is not None:
            self._stream.end(HttpError(message))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(HttpError(message))
        if self._transport is not None:
            self._transport.abort()


def request_bytes(method: bytes, target: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """The bytes of a request. Raises HttpError for a header that would be two."""
    lines = [f"{method.decode('latin-1')} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method in (b"POST", b"PUT", b"PATCH"):
        lines.append(f"content-length: {len(body)}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise HttpError("a header holds a line break")
    try:
        head = text.encode("latin-1")
    except UnicodeEncodeError:
        head = text.encode()
    return head + b"\r\n\r\n" + body
