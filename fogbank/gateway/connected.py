"""Requests to HTTP endpoints through EventBridge connections: what a connection adds to a request, and how both are merged.

Step Functions' HTTP tasks and EventBridge's API destinations merge in the same way: where both say something, the connection wins.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fogbank.gateway.http_client import HttpClient, origin_of
from fogbank.gateway.http_connection import HttpAnswer

Pairs = Sequence[tuple[str, str]]

#: What a refused token looks like: then a connection's token is renewed, once.
UNAUTHORIZED = frozenset({401, 407})


@dataclass(frozen=True, slots=True)
class Additions:
    """What a connection adds to a request: its authorization and its invocation parameters. Secrets: never shown, never logged.

    `stamp` names the token within `headers` of a connection whose token can be renewed; "" for others.
    """

    headers: Pairs = field(default=(), repr=False)
    query: Pairs = field(default=(), repr=False)
    body: Pairs = field(default=(), repr=False)
    stamp: str = ""


#: What frames a request or names its host is the sender's own to say; nobody else's is sent.
_FRAMING = frozenset(
    {"connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"}
)


class Unmergeable(Exception):
    """The body is no JSON object, and the connection has body parameters."""


def is_endpoint(url: str) -> bool:
    """An https URL; also an http one of this machine itself, which AWS could not reach at all, for developers' own servers."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    if not host or parts.scheme not in ("https", "http"):
        return False
    return parts.scheme == "https" or _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def merged_headers(own: Pairs, added: Pairs) -> list[tuple[str, str]]:
    """Header names are the same in any case. Framing is left out of both."""
    added = [pair for pair in added if pair[0].lower() not in _FRAMING]
    taken = _FRAMING | {name.lower() for name, _ in added}
    return [*(pair for pair in own if pair[0].lower() not in taken), *added]


def merged_query(own: Pairs, added: Pairs) -> list[tuple[str, str]]:
    taken = {name for name, _ in added}
    return [*(pair for pair in own if pair[0] not in taken), *added]


def merged_body(own: Any, added: Pairs) -> Any:
    """A parsed body (None: none) with the connection's parameters. Raises Unmergeable."""
    if not added:
        return own
    if own is None:
        return dict(added)
    if not isinstance(own, dict):
        raise Unmergeable
    return {**own, **dict(added)}


def with_query(url: str, pairs: Pairs) -> str:
    """The URL with query parameters at its end."""
    if not pairs:
        return url
    text = urlencode(pairs, quote_via=quote, safe="-._~", errors="replace")
    head, mark, fragment = url.partition("#")
    return f"{head}{'&' if '?' in head else '?'}{text}{mark}{fragment}"


async def send(
    client: HttpClient, method: str, url: str, headers: Pairs, body: bytes, *, timeout_s: float
) -> HttpAnswer:
    """One exchange. Raises HttpError, and TimeoutError after `timeout_s`."""
    origin, host, target = origin_of(url)
    async with asyncio.timeout(timeout_s):
        return await client.request(origin, method.encode(), target, [("Host", host), *headers], body)
