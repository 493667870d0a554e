"""Sending a streamed response: framing, and a pace that the client sets."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Protocol, cast

from fogbank.core.http import CutShort, Response
from fogbank.edge.parser import Incoming
from fogbank.edge.writer import FAILED, LAST_CHUNK, BadResponse, Writer

log = logging.getLogger("fogbank.edge")


class Sink(Protocol):
    """Where a stream goes."""

    def write(self, data: bytes) -> bool:
        """Hand on bytes; False when nobody takes them any more."""

    async def writable(self) -> None:
        """Return when more may be written."""


async def send_stream(
    sink: Sink, writer: Writer, incoming: Incoming, response: Response, keep_alive: bool
) -> tuple[bool, bool]:
    """Send head and body. Gives whether the client has the whole, and whether the connection stays. What was cut short
    must be followed by a cut connection: nothing else tells the client."""
    request, _, http10 = incoming
    body = cast("AsyncIterator[bytes]", response.body)
    whole = False
    try:
        head, keep_alive, length = writer.start_of_stream(response, keep_alive, http10)
        if not sink.write(head):
            pass
        elif request.method == "HEAD":
            whole = True
        elif length is not None:
            whole = await _send_counted(sink, body, length)
        else:
            whole = await _send_chunks(sink, body, chunked=not http10)
    except BadResponse as error:
        log.error("the response to %s cannot be sent: %s", request.path, error)
        data, keep_alive = writer.whole(FAILED, keep_alive, http10, request.method == "HEAD")
        whole = sink.write(data)
    except CutShort as reason:
        log.info("the response to %s ended before its end: %s", request.path, reason)
    except Exception:
        log.exception("the response to %s ended before its end", request.path)
    finally:
        if (aclose := getattr(body, "aclose", None)) is not None:
            await aclose()
    return whole, keep_alive and whole


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
