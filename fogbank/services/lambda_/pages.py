"""Pages of Lambda's lists: `Marker`, `MaxItems`, `NextMarker`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

import orjson

from fogbank.core.limits import LAMBDA_PAGE_ITEMS_MAX
from fogbank.services.lambda_.errors import invalid_parameter

_CHECK_BYTES = 6


def page_size(max_items: int | None, limit: int = LAMBDA_PAGE_ITEMS_MAX) -> int:
    """How many items a page holds: never more than `limit`, whatever is asked for."""
    return min(max_items or limit, limit)


def encode_marker(listing: str, position: Any) -> str:
    """The marker of the page of `listing` that begins behind `position` (anything JSON holds)."""
    body = orjson.dumps([listing, position])
    return base64.urlsafe_b64encode(_check(body) + body).decode()


def decode_marker(listing: str, marker: str | None) -> Any:
    """The position a marker names; None for the first page. Refuses one that was not given out for this list."""
    if not marker:
        return None
    try:
        raw = base64.b64decode(marker, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if body and _check(body) == check:
        name, position = orjson.loads(body)
        if name == listing:
            return position
    raise invalid_parameter("Invalid marker: it was not returned by a previous request")


def _check(body: bytes) -> bytes:
    return hashlib.blake2s(body, digest_size=_CHECK_BYTES, person=b"lampage").digest()
