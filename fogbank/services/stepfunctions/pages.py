"""Pages of Step Functions' lists: maxResults, nextToken. A page of 0 is one of the default size, as on AWS."""

from __future__ import annotations

from typing import Any

from fogbank.model import page_tokens
from fogbank.services.stepfunctions.errors import invalid_token
from fogbank.services.stepfunctions.limits import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX


def page_size(max_results: int | None) -> int:
    return min(max_results or PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX)


def encode_token(listing: str, position: Any) -> str:
    """The token of the page of `listing` that begins behind `position` (anything JSON holds)."""
    return page_tokens.seal(f"states {listing}", position)


def decode_token(listing: str, token: str | None) -> Any:
    """The position that a token names; None for the first page. InvalidToken for one not given out for this list."""
    if token is None:
        return None
    try:
        return page_tokens.unseal(f"states {listing}", token)
    except page_tokens.ForeignToken:
        raise invalid_token() from None
