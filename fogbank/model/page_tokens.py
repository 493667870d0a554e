"""Page tokens: opaque to clients, and recognised as ours when they come back. Each service words its own refusal."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import orjson

_CHECK_BYTES = 6


class ForeignToken(ValueError):
    """A token that was not given out here for that kind of list."""


def seal(kind: str, value: Any) -> str:
    """A token for `kind` (service and list) that carries `value` (anything JSON holds)."""
    body = orjson.dumps(value)
    return base64.urlsafe_b64encode(_check(kind, body) + body).decode().rstrip("=")


def unseal(kind: str, token: str) -> Any:
    """What a token carries. Raises ForeignToken for one that was changed or made for something else."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ForeignToken(kind) from None
    body = raw[_CHECK_BYTES:]
    if not body or raw[:_CHECK_BYTES] != _check(kind, body):
        raise ForeignToken(kind)
    return orjson.loads(body)


def _check(kind: str, body: bytes) -> bytes:
    return hashlib.blake2b(kind.encode() + b"\0" + body, digest_size=_CHECK_BYTES).digest()
