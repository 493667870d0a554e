"""Compression: requests that come compressed, answers from `minimumCompressionSize` on."""

from __future__ import annotations

import gzip
import zlib

from fogbank.core.http import Headers, Request, Response
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault

BODY_BYTES_MAX = 10 * 1024 * 1024  # payload of a request


def decompress(x: Exchange) -> None:
    """A compressed request, where the API has compression enabled."""
    request = x.request
    coding = (request.headers.get("content-encoding") or "").lower()
    if coding not in ("gzip", "deflate") or not request.body:
        return
    window = 16 + zlib.MAX_WBITS if coding == "gzip" else zlib.MAX_WBITS
    inflate = zlib.decompressobj(window)
    try:
        body = inflate.decompress(request.body, BODY_BYTES_MAX + 1)
    except zlib.error:
        raise Fault("BAD_REQUEST_BODY", "Invalid request body") from None
    if len(body) > BODY_BYTES_MAX:
        raise Fault("REQUEST_TOO_LARGE", f"HTTP content length exceeded {BODY_BYTES_MAX} bytes.")
    kept = [item for item in request.headers.items if item[0] != "content-encoding"]
    x.request = Request(
        request.method,
        request.target,
        request.path,
        request.query,
        Headers(kept),
        body,
        request.peer,
        request.secure,
        request.origin,
        certificate=request.certificate,
    )


def compress(x: Exchange, response: Response, bytes_min: int) -> None:
    """A response of that size or more, for a client that accepts it."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < bytes_min or not body:
        return
    accepted = (x.request.headers.get("accept-encoding") or "").lower()
    if any(name.lower() == "content-encoding" for name, _ in response.headers):
        return
    if "gzip" in accepted:
        response.body = gzip.compress(body, 6, mtime=0)
        response.headers.append(("Content-Encoding", "gzip"))
    elif "deflate" in accepted:
        response.body = zlib.compress(body, 6)
        response.headers.append(("Content-Encoding", "deflate"))
