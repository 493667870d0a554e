"""Pages of IAM's lists: `MaxItems`, `IsTruncated` and the opaque `Marker`."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.limits import IAM_PAGE_ITEMS_DEFAULT, IAM_SCAN_CHUNK
from fogbank.services.iam.table import Found, Realm, Table
from fogbank.store.api import Part

R = TypeVar("R")
T = TypeVar("T")
_CHECK_BYTES = 6


def _check(body: bytes) -> bytes:
    return hashlib.blake2s(body, digest_size=_CHECK_BYTES, person=b"iampage").digest()


def encode_marker(listing: str, position: Any) -> str:
    """The marker of the page of `listing` that begins behind `position`."""
    body = orjson.dumps([listing, position])
    return base64.urlsafe_b64encode(_check(body) + body).decode()


def decode_marker(listing: str, marker: str | None) -> Any:
    """The position a marker names; None for the first page. ValidationError for one that was not given out here."""
    if marker is None:
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
    raise AwsError("ValidationError", f"Invalid Marker: {marker}")


async def page(
    table: Table[R],
    realm: Realm,
    *under: Part,
    listing: str,
    marker: str | None,
    max_items: int | None,
    keep: Callable[[R], bool] = lambda _: True,
) -> tuple[list[Found[R]], dict[str, Any]]:
    """One page of a table, and the members that say whether there is more."""
    wanted = max_items or IAM_PAGE_ITEMS_DEFAULT
    after = decode_marker(listing, marker)
    kept: list[Found[R]] = []
    while len(kept) <= wanted:
        limit = max(wanted + 1 - len(kept), IAM_SCAN_CHUNK)
        found = await table.scan(realm, *under, after=after, limit=limit)
        kept += [each for each in found if keep(each.record)]
        if len(found) < limit:
            break
        after = found[-1].position
    if len(kept) <= wanted:
        return kept, {"IsTruncated": False}
    kept = kept[:wanted]
    return kept, {"IsTruncated": True, "Marker": encode_marker(listing, kept[-1].position)}


def slice_of(
    items: Sequence[T], *, listing: str, marker: str | None, max_items: int | None
) -> tuple[list[T], dict[str, Any]]:
    """One page of a short list that lies within a record."""
    start = decode_marker(listing, marker) or 0
    if not isinstance(start, int):
        raise AwsError("ValidationError", f"Invalid Marker: {marker}")
    end = start + (max_items or IAM_PAGE_ITEMS_DEFAULT)
    if end >= len(items):
        return list(items[start:]), {"IsTruncated": False}
    return list(items[start:end]), {"IsTruncated": True, "Marker": encode_marker(listing, end)}
