"""Where everything of CloudWatch Logs lies in the store. Only this file knows the layout.

Groups and streams have an id beside their name, so that one made anew under an old name never shows the old one's events.
Chunks lie by group and time; a small index entry for each lies by stream and time (see `chunks.py`).
Lists that the background work walks for all accounts lie under an empty account and region.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.model.call import Call
from fogbank.store.api import Key


class Place(NamedTuple):
    """The account and region that own a resource."""

    account: str
    region: str


def place_of(ctx: Call[Any]) -> Place:
    return Place(ctx.account, ctx.region)


def _key(place: Place, kind: str, *rest: str | int) -> Key:
    return ("logs", place.account, place.region, kind, *rest)


def groups(place: Place) -> Key:
    return _key(place, "group")


def group(place: Place, name: str) -> Key:
    return _key(place, "group", name)


def group_bytes(place: Place, group_id: str) -> Key:
    return _key(place, "bytes", group_id)


def streams(place: Place, group_id: str) -> Key:
    return _key(place, "stream", group_id)


def stream(place: Place, group_id: str, name: str) -> Key:
    return _key(place, "stream", group_id, name)


def figures(place: Place, group_id: str, stream_id: str) -> Key:
    return _key(place, "figures", group_id, stream_id)


def all_figures(place: Place, group_id: str) -> Key:
    return _key(place, "figures", group_id)


def recents(place: Place, group_id: str) -> Key:
    """Streams by the time of their last event."""
    return _key(place, "recent", group_id)


def recent(place: Place, group_id: str, last_ms: int, stream_name: str) -> Key:
    return _key(place, "recent", group_id, last_ms, stream_name)


def chunks(place: Place, group_id: str) -> Key:
    return _key(place, "chunk", group_id)


def chunk(place: Place, group_id: str, span: int, min_ms: int, unique: int) -> Key:
    return _key(place, "chunk", group_id, span, min_ms, unique)


def index(place: Place, stream_id: str) -> Key:
    return _key(place, "index", stream_id)


def index_entry(place: Place, stream_id: str, span: int, min_ms: int, unique: int) -> Key:
    return _key(place, "index", stream_id, span, min_ms, unique)


def metric_filters(place: Place, group_id: str) -> Key:
    return _key(place, "metric-filter", group_id)


def metric_filter(place: Place, group_id: str, name: str) -> Key:
    return _key(place, "metric-filter", group_id, name)


def subscription_filters(place: Place, group_id: str) -> Key:
    return _key(place, "subscription", group_id)


def subscription_filter(place: Place, group_id: str, name: str) -> Key:
    return _key(place, "subscription", group_id, name)


def policies(place: Place) -> Key:
    return _key(place, "policy")


def policy(place: Place, name: str) -> Key:
    return _key(place, "policy", name)


def destinations(place: Place) -> Key:
    return _key(place, "destination")


def destination(place: Place, name: str) -> Key:
    return _key(place, "destination", name)


def queries(place: Place) -> Key:
    return _key(place, "query")


def query(place: Place, created_ms: int, query_id: str) -> Key:
    return _key(place, "query", created_ms, query_id)


def query_time(place: Place, query_id: str) -> Key:
    """Where a query lies in the order of their creation."""
    return _key(place, "query-time", query_id)


def query_results(place: Place, query_id: str) -> Key:
    return _key(place, "query-results", query_id)


#: Streams whose figures are not settled yet.
UNSETTLED: Key = ("logs", "", "", "unsettled")


def unsettled(place: Place, group_id: str, stream_id: str, stream_name: str) -> Key:
    return (*UNSETTLED, place.account, place.region, group_id, stream_id, stream_name)
