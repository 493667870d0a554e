"""Pages of every list: `limit` and `position`. A position is the last key of the page before, sealed."""

from __future__ import annotations

from typing import Any

from fogbank.gateway.records import Held, Wire, scan
from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.apigateway.limits import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX
from fogbank.services.apigateway.service import bad_request
from fogbank.services.apigateway.state import ApiGateway
from fogbank.store.api import Key


async def page_of(
    ctx: Call[ApiGateway], prefix: Key, position: str | None, limit: int | None
) -> tuple[list[Held], str | None]:
    """The records under `prefix` that make the page, and the position of the next one (None: there is none)."""
    size = page_size(limit)
    after = (*prefix, opened(prefix, position)) if position else None
    found = await scan(ctx.state.store, prefix, after=after, limit=size + 1)
    shown = found[:size]
    more = len(found) > size
    return shown, sealed(prefix, shown[-1].position) if more else None


def page_size(limit: int | None) -> int:
    """At most 500, 25 where nothing is asked for. AWS takes larger limits and answers as many as it may."""
    if limit is not None and limit <= 0:
        raise bad_request("Invalid limit parameter: must be greater than 0")  # ours
    return min(limit or PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX)


def sealed(listing: Key, value: Any) -> str:
    return page_tokens.seal(_kind(listing), value)


def opened(listing: Key, position: str) -> Any:
    """What a position carries. Refuses one that was not given out for this list."""
    try:
        return page_tokens.unseal(_kind(listing), position)
    except page_tokens.ForeignToken:
        raise bad_request("Invalid position parameter specified") from None


def _kind(listing: Key) -> str:
    return "apigateway " + "/".join(str(part) for part in listing)


def listed(items: list[Wire], position: str | None) -> Wire:
    """A list's answer."""
    answer: Wire = {"items": items}
    if position is not None:
        answer["position"] = position
    return answer


async def answer_page(ctx: Call[ApiGateway], prefix: Key, position: str | None, limit: int | None) -> Wire:
    """A list whose items are the records as they are."""
    found, following = await page_of(ctx, prefix, position, limit)
    return listed([each.wire for each in found], following)
