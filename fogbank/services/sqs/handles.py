"""Receipt handles: which message, and which of its deliveries. Opaque, and recognised as ours when they come back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct

_FORM = struct.Struct(">QI")
_CHECK_BYTES = 8
_PREFIX = "AQEB"  # as AWS's begin
_CHARS = (_CHECK_BYTES + _FORM.size + 2) // 3 * 4
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")


def handle_of(uid: str, seq: int, count: int) -> str:
    """The handle of delivery `count` of a message in the queue `uid`."""
    body = _FORM.pack(seq, count)
    return _PREFIX + base64.b64encode(_check(uid, body) + body).decode()


def open_handle(uid: str, handle: str) -> tuple[int, int] | None:
    """(seq, count); None when it was not given out by that queue."""
    if not handle.startswith(_PREFIX):
        return None
    try:
        raw = base64.b64decode(handle[len(_PREFIX) :], validate=True)
    except (binascii.Error, ValueError):
        return None
    body = raw[_CHECK_BYTES:]
    if len(body) != _FORM.size or raw[:_CHECK_BYTES] != _check(uid, body):
        return None
    seq, count = _FORM.unpack(body)
    return seq, count


def is_of_another_queue(handle: str) -> bool:
    """Whether a handle that this queue did not give out has the form of those that queues give out."""
    body = handle.removeprefix(_PREFIX)
    return body != handle and len(body) == _CHARS and _BASE64.match(body) is not None


def _check(uid: str, body: bytes) -> bytes:
    return hashlib.blake2b(uid.encode() + body, digest_size=_CHECK_BYTES).digest()
