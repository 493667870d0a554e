"""The head of a streamed HTTP response of a function: JSON with status and headers, eight zero bytes, then the body.

`awslambda.HttpResponseStream.from` of the Node.js runtime writes it; function URLs and REST APIs that stream read it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

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
