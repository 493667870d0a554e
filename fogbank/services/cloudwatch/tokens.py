"""Page tokens: opaque to clients, and refused when they are not ours."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import orjson

from fogbank.services.cloudwatch.service import SERVICE

_CHECK_BYTES = 6


def seal(kind: str, *parts: Any) -> str:
    """A token for `kind` (the operation) that carries `parts` (JSON values)."""
    body = orjson.dumps(parts)
    return base64.urlsafe_b64encode(_check(kind, body) + body).decode().rstrip("=")


def unseal(kind: str, token: str) -> list[Any]:
    """What a token carries. Raises InvalidNextToken for one that was not made for `kind`."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise SERVICE.error("InvalidNextToken", "The next token specified is invalid.") from None
    body = raw[_CHECK_BYTES:]
    if raw[:_CHECK_BYTES] != _check(kind, body):
        raise SERVICE.error("InvalidNextToken", "The next token specified is invalid.")
    parts: list[Any] = orjson.loads(body)
    return parts


def _check(kind: str, body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECK_BYTES, person=kind.encode()[:16]).digest()
