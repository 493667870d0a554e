"""Pages of every list: `MaxResults` (a text, as the model has it) and `NextToken`, the last key of the page before, sealed."""

from __future__ import annotations

from fogbank.gateway.records import Held, Wire, scan
from fogbank.model import page_tokens
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.limits import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX
from fogbank.services.apigatewayv2.service import bad_request
from fogbank.services.apigatewayv2.state import ApiGatewayV2
from fogbank.store.api import Key


async def page_of(
    ctx: Call[ApiGatewayV2], prefix: Key, max_results: str | None, next_token: str | None
) -> tuple[list[Held], str | None]:
    """The records under `prefix` that make the page, and the token of the next one (None: there is none)."""
    size = _size(max_results)
    kind = "apigatewayv2 " + "/".join(str(part) for part in prefix)
    after: Key | None = None
    if next_token:
        try:
            after = (*prefix, page_tokens.unseal(kind, next_token))
        except page_tokens.ForeignToken:
            raise bad_request("Invalid NextToken specified") from None
    found = await scan(ctx.state.store, prefix, after=after, limit=size + 1)
    shown = found[:size]
    following = page_tokens.seal(kind, shown[-1].key[-1]) if len(found) > size else None
    return shown, following


def _size(max_results: str | None) -> int:
    if not max_results:
        return PAGE_ITEMS_DEFAULT
    if not (max_results.isascii() and max_results.isdigit() and int(max_results) > 0):
        raise bad_request("Invalid MaxResults specified: must be a number greater than 0")  # ours
    return min(int(max_results), PAGE_ITEMS_MAX)


def listed(items: list[Wire], following: str | None) -> Wire:
    answer: Wire = {"Items": items}
    if following is not None:
        answer["NextToken"] = following
    return answer


async def answer_page(
    ctx: Call[ApiGatewayV2], prefix: Key, max_results: str | None, next_token: str | None
) -> Wire:
    """A list whose items are the records as they are."""
    found, following = await page_of(ctx, prefix, max_results, next_token)
    return listed([each.wire for each in found], following)
