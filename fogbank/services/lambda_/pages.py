"""Pages of Lambda's lists: `Marker`, `MaxItems`, `NextMarker`."""

from __future__ import annotations

from typing import Any

from fogbank.core.limits import LAMBDA_PAGE_ITEMS_MAX
from fogbank.model import page_tokens
from fogbank.services.lambda_.errors import invalid_parameter


def page_size(max_items: int | None, limit: int = LAMBDA_PAGE_ITEMS_MAX) -> int:
    """How many items a page holds: never more than `limit`, whatever is asked for."""
    return min(max_items or limit, limit)


def encode_marker(listing: str, position: Any) -> str:
    """The marker of the page of `listing` that begins behind `position` (anything JSON holds)."""
    return page_tokens.seal(f"lambda {listing}", position)


def decode_marker(listing: str, marker: str | None) -> Any:
    """The position a marker names; None for the first page. Refuses one that was not given out for this list."""
    if not marker:
        return None
    try:
        return page_tokens.unseal(f"lambda {listing}", marker)
    except page_tokens.ForeignToken:
        raise invalid_parameter("Invalid marker: it was not returned by a previous request") from None
