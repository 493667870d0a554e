"""Pages of IAM's lists: `MaxItems`, `IsTruncated` and the opaque `Marker`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from fogbank.core.errors import AwsError
from fogbank.core.limits import IAM_PAGE_ITEMS_DEFAULT, IAM_SCAN_CHUNK
from fogbank.model import page_tokens
from fogbank.services.iam.table import Found, Realm, Table
from fogbank.store.api import Part

R = TypeVar("R")
T = TypeVar("T")


def encode_marker(listing: str, position: Any) -> str:
    """The marker of the page of `listing` that begins behind `position`."""
    return page_tokens.seal(f"iam {listing}", position)


def decode_marker(listing: str, marker: str | None) -> Any:
    """The position a marker names; None for the first page. ValidationError for one that was not given out here."""
    if marker is None:
        return None
    try:
        return page_tokens.unseal(f"iam {listing}", marker)
    except page_tokens.ForeignToken:
        raise AwsError("ValidationError", f"Invalid Marker: {marker}") from None


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
