"""A streamed response between the environment that writes it and the one reader that takes it: bounded both ways.

The environment's side (`begin`, `feed`, `end`) is called from the event loop's callbacks and never waits; when the reader is slow,
`feed` says so and the environment stops reading from the function, which then waits in its own write. A reader that goes away calls
`aclose`: what the function writes from then on is dropped, and it runs on to its end, as on AWS.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from fogbank.core.limits import STREAM_BUFFER_BYTES_MAX
from fogbank.sandbox.api import InvocationResult


class ResponseStream:
    """See the module. Implements `api.ResponseSink`; iterate it for the pieces."""

    __slots__ = ("_abandoned", "_bytes", "_news", "_pieces", "_resume", "content_type", "result")

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._news: asyncio.Future[None] | None = None
        self._resume: Callable[[], None] | None = None
        self._abandoned = False
        self.content_type: str | None = None  # of a response that streams, once it has begun
        self.result: InvocationResult | Exception | None = None  # once the invocation has ended

    # --- the environment's side -------------------------------------------------------------------------------------
    def begin(self, content_type: str) -> None:
        self.content_type = content_type
        self._tell()

    def feed(self, data: bytes, resume: Callable[[], None]) -> bool:
        if self._abandoned or not data:
            return True
        self._pieces.append(data)
        self._bytes += len(data)
        self._tell()
        if self._bytes < STREAM_BUFFER_BYTES_MAX:
            return True
        self._resume = resume
        return False

    def end(self, result: InvocationResult | Exception) -> None:
        """The invocation is over: `result` says how. Only the first is heard."""
        if self.result is None:
            self.result = result
            self._resume = None
            self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)

    # --- the reader's side ------------------------------------------------------------------------------------------
    async def opened(self) -> None:
        """Return when the response has begun or the invocation has ended."""
        while self.content_type is None and self.result is None:
            await self._wait()

    def __aiter__(self) -> ResponseStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self.result is not None or self._abandoned:
                raise StopAsyncIteration
            await self._wait()
        piece = self._pieces.popleft()
        self._bytes -= len(piece)
        if self._resume is not None and self._bytes <= STREAM_BUFFER_BYTES_MAX // 2:
            self._go_on()
        return piece

    async def aclose(self) -> None:
        """The reader wants no more."""
        self._abandoned = True
        self._pieces.clear()
        self._bytes = 0
        self._go_on()

    async def _wait(self) -> None:
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def _go_on(self) -> None:
        resume, self._resume = self._resume, None
        if resume is not None:
            resume()
