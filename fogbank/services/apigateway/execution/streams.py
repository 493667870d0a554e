"""The body of a streamed answer on its way to the client: how long it may take, and what is counted when it has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from fogbank.core.http import CutShort

IDLE_S = 300.0  # AWS's bound between two pieces
IDLE_EDGE_S = 30.0  # of edge-optimized endpoints


class StreamedBody:
    """See the module. `ended` is called once with the bytes that went out."""

    __slots__ = ("_bytes", "_deadline_s", "_ended", "_idle_s", "_loop", "_pieces")

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        left_s: float,
        idle_s: float,
        ended: Callable[[int], None],
    ) -> None:
        self._pieces = pieces
        self._loop = asyncio.get_running_loop()
        self._deadline_s = self._loop.time() + left_s
        self._idle_s = idle_s
        self._bytes = 0
        self._ended: Callable[[int], None] | None = ended

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        try:
            async with asyncio.timeout_at(min(self._deadline_s, self._loop.time() + self._idle_s)):
                piece = await anext(self._pieces)
        except TimeoutError:
            raise CutShort("the integration took too long") from None
        self._bytes += len(piece)
        return piece

    async def aclose(self) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self._bytes)
        if (aclose := getattr(self._pieces, "aclose", None)) is not None:
            await aclose()
