"""A function's streamed HTTP response: JSON with status and headers, eight zero bytes, then the body.

`awslambda.HttpResponseStream.from` of the Node.js runtime writes it; function URLs and REST APIs that stream read it, out of the events of
InvokeWithResponseStream.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.core.http import CutShort
from fogbank.core.limits import STREAM_PRELUDE_BYTES_MAX

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
END = bytes(8)


class BadPrelude(Exception):
    """What the function wrote does not begin as it must."""


async def read_prelude(pieces: AsyncIterator[bytes]) -> tuple[dict[str, Any], bytes]:
    """The prelude, and what of the body came with it. Raises BadPrelude."""
    held = bytearray()
    async for piece in pieces:
        looked_at = max(0, len(held) - len(END) + 1)
        held += piece
        end = held.find(END, looked_at)
        if end > STREAM_PRELUDE_BYTES_MAX or (end < 0 and len(held) > STREAM_PRELUDE_BYTES_MAX):
            raise BadPrelude("no end of the metadata within its first bytes")
        if end >= 0:
            return _parse(bytes(held[:end])), bytes(held[end + len(END) :])
    raise BadPrelude("the response ended within its metadata")


def _parse(head: bytes) -> dict[str, Any]:
    try:
        found = json.loads(head)
    except (ValueError, RecursionError):
        raise BadPrelude("the metadata is no JSON") from None
    if not isinstance(found, dict):
        raise BadPrelude("the metadata is no object")
    return found


class Pieces:
    """What a function writes: a body, once its `prelude` was read, if it has one. Raises CutShort where the function fails."""

    __slots__ = ("_events", "_first")

    def __init__(self, events: AsyncIterator[dict[str, Any]]) -> None:
        self._events = events
        self._first = b""

    async def prelude(self) -> dict[str, Any]:
        """The prelude. Raises BadPrelude."""
        found, self._first = await read_prelude(self)
        return found

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            found = await anext(self._events)
        except AwsError as error:
            raise CutShort(error.message) from None
        if "PayloadChunk" in found:
            piece: bytes = found["PayloadChunk"]["Payload"]
            return piece
        if (code := found["InvokeComplete"].get("ErrorCode")) is not None:
            raise CutShort(code)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if (aclose := getattr(self._events, "aclose", None)) is not None:
            await aclose()
