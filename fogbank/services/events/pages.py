"""Pages of EventBridge's lists: names in order, by prefix, up to 100."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fogbank.model.page_tokens import ForeignToken, seal, unseal
from fogbank.services.events.limits import PAGE_ITEMS_MAX
from fogbank.services.events.service import validation
from fogbank.store.api import Key, Store

T = TypeVar("T")


async def page(
    store: Store,
    kind: str,
    under: Key,
    decode: Callable[[bytes], T],
    *,
    prefix: str | None = None,
    token: str | None = None,
    limit: int | None = None,
    keep: Callable[[T], bool] = lambda _: True,
) -> tuple[list[T], dict[str, Any]]:
    """The records under a key whose last part begins with `prefix`, those that are kept; and `{"NextToken"}` if there are more."""
    found: list[T] = []
    most = limit or PAGE_ITEMS_MAX
    after = _after(kind, under, token)
    low = (*under, prefix) if prefix else None
    before = (*under, prefix + "\U0010ffff") if prefix else None
    if low is not None and after is None:
        first = await store.get(low)  # `after` is exclusive
        if first is not None and keep(item := decode(first.value)):
            found.append(item)
            if len(found) == most:
                return found, await _more(store, kind, under, low, before)
        after = low
    while True:
        records = await store.scan(under, after=after, before=before, limit=PAGE_ITEMS_MAX)
        for record in records:
            after = record.key
            if keep(item := decode(record.value)):
                found.append(item)
                if len(found) == most:
                    return found, await _more(store, kind, under, after, before)
        if len(records) < PAGE_ITEMS_MAX:
            return found, {}


async def _more(store: Store, kind: str, under: Key, after: Key, before: Key | None) -> dict[str, Any]:
    if not await store.scan(under, after=after, before=before, limit=1):
        return {}
    return {"NextToken": seal(f"events {kind} {under}", list(after[len(under) :]))}


def _after(kind: str, under: Key, token: str | None) -> Key | None:
    if token is None:
        return None
    try:
        return (*under, *unseal(f"events {kind} {under}", token))
    except ForeignToken:
        raise validation("NextToken is not valid.") from None  # a guess
