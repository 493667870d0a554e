"""Sending a streamed response: framing, and a pace that the client sets."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Protocol, cast

from fogbank.core.http import Response
from fogbank.edge.parser import Incoming
from fogbank.edge.writer import LAST_CHUNK, BadResponse, Writer

log = logging.getLogger("fogbank.edge")


class Sink(Protocol):
    """Where a stream goes."""

    def write(self, data: bytes) -> bool:
        """Hand on bytes; False when nobody takes them any more."""

    async def writable(self) -> None:
        """Return when more may be written."""


async def send_stream(
    sink: Sink, writer: Writer, incoming: Incoming, response: Response, *, keep_alive: bool
) -> bool:
    """Send head and body. False when the response was cut short: the connection must then be cut too, as nothing
    else tells the client that it does not have the whole."""
    body = cast("AsyncIterator[bytes]", response.body)
    try:
        head, length = writer.start_of_stream(response, keep_alive=keep_alive, http10=incoming.http10)
        if not sink.write(head):
            return False
        if incoming.request.method == "HEAD":
            return True
        if length is not None:
            return await _send_counted(sink, body, length)
        return await _send_chunks(sink, body, chunked=not incoming.http10)
    except BadResponse as error:
        log.error("the response to %s cannot be sent: %s", incoming.request.path, error)
        return False
    except Exception:
        log.exception("the response to %s ended before its end", incoming.request.path)
        return False
    finally:
        if (aclose := getattr(body, "aclose", None)) is not None:
            await aclose()


async def _send_chunks(sink: Sink, body: AsyncIterator[bytes], *, chunked: bool) -> bool:
    async for chunk in body:
        if not chunk:
            continue
        if not sink.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk):
            return False
        await sink.writable()
    return sink.write(LAST_CHUNK) if chunked else True


async def _send_counted(sink: Sink, body: AsyncIterator[bytes], length: int) -> bool:
    left = length
    async for chunk in body:
        left -= len(chunk)
        if left < 0:
            log.error("a response is longer than its content-length")
            return False
        if not sink.write(chunk):
            return False
        await sink.writable()
    return left == 0
