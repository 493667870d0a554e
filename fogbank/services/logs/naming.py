"""Records that lie by name: those under a prefix, a page at a time, in either direction."""

from __future__ import annotations

from fogbank.store.api import Key, Record, Store

_LAST = "\U0010ffff"  # sorts behind every character of a name


async def page_of_names(
    store: Store,
    base: Key,
    *,
    prefix: str = "",
    after: str | None = None,
    limit: int,
    descending: bool = False,
) -> list[Record]:
    """Up to `limit` records `(*base, name)` whose name begins with `prefix`, behind the name `after`."""
    if not prefix:
        edge: Key | None = None if after is None else (*base, after)
        low, high = (None, edge) if descending else (edge, None)
        return await store.scan(base, after=low, before=high, limit=limit, reverse=descending)
    low, high = (*base, prefix), (*base, prefix + _LAST)
    if after is not None:
        low, high = (low, (*base, after)) if descending else ((*base, after), high)
    found = await store.scan(base, after=low, before=high, limit=limit, reverse=descending)
    if descending:
        due = len(found) < limit and after != prefix  # the name that equals the prefix comes last
        exact = await store.get((*base, prefix)) if due else None
        return [*found, exact] if exact else found
    exact = await store.get((*base, prefix)) if after is None else None
    return [exact, *found][:limit] if exact else found
