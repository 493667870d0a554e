"""Query strings and header names, as AWS's gateways read and spell them."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote_plus

from fogbank.core.http import Headers

QUERY_PARAMETERS_MAX = 1000  # ours: more than a request line holds of any use

#: Headers that AWS's front end spells its own way, whatever the client sent; any other keeps the client's spelling.
CANONICAL = {
    name.lower(): name
    for name in (
        "Accept",
        "Accept-Charset",
        "Accept-Encoding",
        "Accept-Language",
        "Authorization",
        "Cache-Control",
        "Content-Encoding",
        "Content-Type",
        "Cookie",
        "Host",
        "If-Match",
        "If-Modified-Since",
        "If-None-Match",
        "Origin",
        "Range",
        "Referer",
        "User-Agent",
        "Via",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
    )
}
#: Between two hops, not for the backend.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def parse_query(query: str) -> dict[str, list[str]]:
    """Every value of every parameter, decoded, in order."""
    found: dict[str, list[str]] = {}
    if not query:
        return found
    for part in query.split("&", QUERY_PARAMETERS_MAX)[:QUERY_PARAMETERS_MAX]:
        if not part:
            continue
        name, _, value = part.partition("=")
        if "%" in part or "+" in part:
            name, value = unquote_plus(name), unquote_plus(value)
        values = found.get(name)
        if values is None:
            found[name] = [value]
        else:
            values.append(value)
    return found


@lru_cache(4096)
def _spelling(name: str) -> str | None:
    """How a backend sees a header's name; None for one that goes no further."""
    lower = name.lower()
    return None if lower in HOP_BY_HOP else CANONICAL.get(lower, name)


def spelled(headers: Headers) -> dict[str, list[str]]:
    """Every value of every header, under the name as a backend sees it."""
    found: dict[str, list[str]] = {}
    for index, (_, value) in enumerate(headers.items):
        name = _spelling(headers.spelling(index))
        if name is None:
            continue
        values = found.get(name)
        if values is None:
            found[name] = [value]
        else:
            values.append(value)
    return found


def media_type(value: str | None) -> str:
    """`application/json` of `application/json; charset=utf-8`, in lower case."""
    return (value or "").partition(";")[0].strip().lower()


class MediaTypes:
    """A list of media types, which may hold `image/*` and `*/*`."""

    __slots__ = ("_all", "_exact", "_prefixes")

    def __init__(self, types: list[str]) -> None:
        lower = [each.strip().lower() for each in types]
        self._all = "*/*" in lower or "*" in lower
        self._exact = frozenset(lower)
        self._prefixes = tuple(each[:-1] for each in lower if each.endswith("/*") and each != "*/*")

    def __bool__(self) -> bool:
        return self._all or bool(self._exact)

    def match(self, value: str | None) -> bool:
        """A header's media type is one of them."""
        if self._all:
            return True
        if not self._exact:
            return False
        kind = media_type(value)
        return kind in self._exact or bool(self._prefixes and kind.startswith(self._prefixes))
