"""The `aws-chunked` coding of bodies: chunks with a signature each, and trailers, inside the HTTP body.

    <size in hex>[;chunk-signature=<64 hex>] CRLF <bytes> CRLF … 0[;chunk-signature=…] CRLF [trailer: value CRLF …] CRLF

Each signature covers its chunk and the signature before it, from the request's own on. Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from fogbank.auth.refusals import Family, Reason, refusal
from fogbank.auth.sigv4 import EMPTY_HASH, STREAMING, ChunkSeed
from fogbank.core.errors import AwsError, NotSupported
from fogbank.core.http import Headers, Request

CODING = "aws-chunked"
CHUNK_HEAD_BYTES_MAX = 256
TRAILER_BYTES_MAX = 16 * 1024

_TRAILER = re.compile(rb"([A-Za-z0-9\-]+):[ \t]*([!-~](?:[ -~]*[!-~])?)?[ \t]*\n?")
_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")


class Streaming(Enum):
    """What `x-amz-content-sha256` says about a chunked body."""

    SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
    UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its coding, and the trailers that came with it."""

    body: bytes
    trailers: list[tuple[str, str]]


def is_chunked(request: Request) -> bool:
    """The body is in this coding."""
    declared = request.headers.get("x-amz-content-sha256")
    return declared is not None and declared.startswith(STREAMING)


def unchunk(request: Request, seed: ChunkSeed | None, family: Family) -> Request:
    """The request with its plain body, its trailers among its headers. `seed` None: signatures are not checked (the key
    is not known). Raises AwsError."""
    declared = request.headers.get("x-amz-content-sha256") or ""
    try:
        streaming = Streaming(declared)
    except ValueError:
        raise NotSupported(f"bodies of the kind {declared[:64]}") from None
    decoded = decode(request.body, streaming, seed, family)
    expected = request.headers.get("x-amz-decoded-content-length")
    if expected is not None and expected != str(len(decoded.body)):
        message = "You did not provide the number of bytes specified by the Content-Length HTTP header."
        raise AwsError("IncompleteBody", message)
    announced = {
        name.strip().lower() for value in request.headers.all("x-amz-trailer") for name in value.split(",")
    }
    if announced != {name for name, _ in decoded.trailers if name != "x-amz-trailer-signature"}:
        raise AwsError(
            "MalformedTrailerError", "The request contained trailing data that was not well-formed."
        )
    items = [item for item in request.headers.items if item[0] not in ("content-encoding", "content-length")]
    codings = [
        coding.strip()
        for value in request.headers.all("content-encoding")
        for coding in value.split(",")
        if coding.strip().lower() != CODING
    ]
    if codings:
        items.append(("content-encoding", ",".join(codings)))
    items.append(("content-length", str(len(decoded.body))))
    items += decoded.trailers
    return Request(
        request.method,
        request.target,
        request.path,
        request.query,
        Headers(items),
        decoded.body,
        request.peer,
        request.secure,
        request.origin,
    )


def decode(body: bytes, streaming: Streaming, seed: ChunkSeed | None, family: Family) -> Decoded:
    """Take the coding off. Raises AwsError when it is malformed or a signature is wrong."""
    signed = streaming is not Streaming.UNSIGNED_TRAILER
    parts: list[bytes] = []
    previous = seed.signature if seed is not None else ""
    at = 0
    while True:
        end = body.find(b"\r\n", at, at + CHUNK_HEAD_BYTES_MAX)
        head = _HEAD.fullmatch(body, at, end) if end >= 0 else None
        if head is None or signed is (head[2] is None):
            raise _incomplete()
        size = int(head[1], 16)
        chunk = body[end + 2 : end + 2 + size]
        if len(chunk) != size:
            raise _incomplete()
        if signed and seed is not None:
            previous = _check(seed, "PAYLOAD", previous, chunk, head[2].decode(), family)
        at = end + 2 + size
        if size == 0:
            break
        if body[at : at + 2] != b"\r\n":
            raise _incomplete()
        at += 2
        parts.append(chunk)
    trailers = _trailers(body[at:], streaming)
    if streaming is Streaming.SIGNED_TRAILER and seed is not None:
        _check_trailers(seed, previous, trailers, family)
    return Decoded(b"".join(parts), trailers)


def _trailers(tail: bytes, streaming: Streaming) -> list[tuple[str, str]]:
    if len(tail) > TRAILER_BYTES_MAX or not tail.endswith(b"\r\n"):
        raise _incomplete()
    trailers: list[tuple[str, str]] = []
    for line in tail.split(b"\r\n"):
        if not line:
            continue
        found = _TRAILER.fullmatch(line)
        if found is None:
            raise _incomplete()
        trailers.append((found[1].decode().lower(), (found[2] or b"").decode()))
    if trailers and streaming is Streaming.SIGNED:
        raise _incomplete()
    return trailers


def _check(seed: ChunkSeed, kind: str, previous: str, content: bytes, signature: str, family: Family) -> str:
    empty = f"{EMPTY_HASH}\n" if kind == "PAYLOAD" else ""
    text = (
        f"AWS4-HMAC-SHA256-{kind}\n{seed.amz_date}\n{seed.scope}\n{previous}\n{empty}"
        f"{hashlib.sha256(content).hexdigest()}"
    )
    expected = seed.key.sign(text)
    if not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
        raise refusal(Reason.MISMATCH, family)
    return expected


def _check_trailers(seed: ChunkSeed, previous: str, trailers: list[tuple[str, str]], family: Family) -> None:
    signatures = [value for name, value in trailers if name == "x-amz-trailer-signature"]
    if len(signatures) != 1:
        raise _incomplete()
    content = "".join(_lines(trailers)).encode("latin-1")
    _check(seed, "TRAILER", previous, content, signatures[0], family)


def _lines(trailers: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in trailers:
        if name != "x-amz-trailer-signature":
            yield f"{name}:{value}\n"


def _incomplete() -> AwsError:
    return AwsError("IncompleteBody", "The request body terminated unexpectedly")
