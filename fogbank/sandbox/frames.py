"""The node's end of the frames between an environment and its node (the other end: `guest/wire.py`).

What arrives was written by a function, or by someone who took the function over: it is bounded and checked here, and a
stream that breaks the rules ends its environment.
"""

from __future__ import annotations

import struct
from enum import IntEnum

from fogbank.core.limits import LOG_EVENT_BYTES_MAX, RESPONSE_PAYLOAD_BYTES_MAX
from fogbank.sandbox.api import Invocation

_INVOKE_HEAD = struct.Struct("!7I")
_FRAME_HEAD = struct.Struct("!BI")
_USAGE_BYTES = 4
_OUTPUT_BYTES_MAX = 64 * 1024
_CHUNK_BYTES_MAX = 64 * 1024
_ERROR_BYTES_MAX = RESPONSE_PAYLOAD_BYTES_MAX


class Kind(IntEnum):
    """What a frame from an environment says."""

    BEGIN = 1
    READY = 2
    RESULT = 3
    ERROR = 4
    INIT_ERROR = 5
    OUTPUT = 6
    EVENT = 7
    BROKEN = 8
    UNSTARTED = 10  # the program it should have become could not be started: reason
    FATAL = (
        11  # like ERROR, with the status (32 bit) that the process is about to exit with before the document
    )
    STREAM = 12  # it begins to answer piece by piece: content type
    CHUNK = 13  # a piece of the answer
    END = 14  # the answer is whole: memory used so far, as in a RESULT
    TOO_LARGE = (
        9  # never on the wire: stands for a RESULT that was longer than Lambda allows, and was dropped
    )


_BODY_BYTES_MAX: dict[int, int] = {
    Kind.BEGIN: 16,
    Kind.READY: 0,
    Kind.RESULT: RESPONSE_PAYLOAD_BYTES_MAX + _USAGE_BYTES,
    Kind.ERROR: _ERROR_BYTES_MAX,
    Kind.INIT_ERROR: _ERROR_BYTES_MAX,
    Kind.OUTPUT: _OUTPUT_BYTES_MAX,
    Kind.EVENT: LOG_EVENT_BYTES_MAX,
    Kind.BROKEN: 4096,
    Kind.UNSTARTED: 4096,
    Kind.FATAL: _ERROR_BYTES_MAX,
    Kind.STREAM: 1024,
    Kind.CHUNK: _CHUNK_BYTES_MAX,
    Kind.END: _USAGE_BYTES,
}

Frame = tuple[int, bytes]


class ProtocolViolation(Exception):
    """The environment wrote something that is no frame."""


def encode_invocation(invocation: Invocation, timeout_ms: int) -> bytes:
    """The frame that asks an environment to run `invocation`, which it may for `timeout_ms`."""
    request_id = invocation.request_id.encode()
    arn = invocation.function_arn.encode()
    trace = invocation.trace_id.encode() if invocation.trace_id else b""
    context = invocation.client_context.encode() if invocation.client_context else b""
    identity = invocation.cognito_identity.encode() if invocation.cognito_identity else b""
    payload = invocation.payload
    head = _INVOKE_HEAD.pack(
        timeout_ms, len(request_id), len(arn), len(trace), len(context), len(identity), len(payload)
    )
    return b"".join((head, request_id, arn, trace, context, identity, payload))


class FrameReader:
    """Cuts what an environment writes into frames."""

    __slots__ = ("_dropping", "_needed_bytes", "_pieces", "_waiting_bytes")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # of a frame that is not whole yet; joined once, when it is
        self._waiting_bytes = 0
        self._needed_bytes = 0
        self._dropping = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Every whole frame that `data` completes, in order. Raises ProtocolViolation."""
        if self._pieces:
            self._pieces.append(data)
            self._waiting_bytes += len(data)
            if self._waiting_bytes < self._needed_bytes:
                return []
            data = b"".join(self._pieces)
            self._pieces.clear()
        frames: list[Frame] = []
        position, size = 0, len(data)
        needed = _FRAME_HEAD.size
        while True:
            if self._dropping:
                dropped = min(self._dropping, size - position)
                position += dropped
                self._dropping -= dropped
                if self._dropping:
                    return frames
                frames.append((Kind.TOO_LARGE, b""))
            if size - position < _FRAME_HEAD.size:
                break
            kind, length = _FRAME_HEAD.unpack_from(data, position)
            if self._too_long(kind, length):
                position += _FRAME_HEAD.size
                self._dropping = length
                continue
            end = position + _FRAME_HEAD.size + length
            if end > size:
                needed = end - position
                break
            frames.append((kind, data[position + _FRAME_HEAD.size : end]))
            position = end
        if position < size:
            self._pieces.append(data[position:])
            self._waiting_bytes, self._needed_bytes = size - position, needed
        return frames

    def _too_long(self, kind: int, length: int) -> bool:
        """Whether this is a response over Lambda's limit; any other excess is a violation."""
        longest = _BODY_BYTES_MAX.get(kind)
        if longest is None:
            raise ProtocolViolation(f"frame of unknown kind {kind}")
        if length <= longest:
            return False
        if kind != Kind.RESULT:
            raise ProtocolViolation(f"frame of kind {kind} and {length} bytes")
        return True


def usage_kb(body: bytes) -> int:
    """Memory that a RESULT or ERROR frame reports, in KiB."""
    if len(body) < _USAGE_BYTES:
        raise ProtocolViolation("answer without its head")
    return int.from_bytes(body[:_USAGE_BYTES], "big")


def payload_of(body: bytes) -> bytes:
    """The response or error document of a RESULT or ERROR frame."""
    return body[_USAGE_BYTES:]
