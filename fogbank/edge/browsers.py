"""Web pages: which may talk to this server, and the CORS headers that let them.

A browser sends requests for any page that asks it to; only reading the answer needs CORS. Where signatures guard the
server (enforced mode) that is enough, and any origin may try, as on AWS. In open mode a request needs no secret, so
whatever a browser sends for a page that is not on this machine is refused before it has any effect: by `Origin`, by
`Sec-Fetch-Site` where there is no `Origin` (images, links, forms by GET), by `Referer` for browsers that send neither.
Programs send none of the three.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fogbank.core.http import Headers, Request, Response
from fogbank.edge.hosts import Hosts, host_name

MAX_AGE_S = 172_800
EXPOSED = (
    "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amz-request-id,x-amz-id-2,x-amz-function-error,"
    "x-amz-log-result,x-amz-executed-version,x-amzn-query-error,ETag,Date"
)
METHODS = "GET,POST,PUT,DELETE,HEAD,OPTIONS,PATCH"
FETCH_SITES_ALLOWED = frozenset({"same-origin", "same-site", "none"})
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Browsers:
    """The rules for requests that browsers send."""

    def __init__(self, hosts: Hosts, *, any_origin: bool) -> None:
        self._hosts = hosts
        self._any_origin = any_origin

    def admits(self, request: Request) -> bool:
        """The page behind this request may drive the server. Simple requests included: there is no preflight to
        rely on."""
        if self._any_origin:
            return True
        headers = request.headers
        origin = headers.get("origin")
        if origin is not None:
            return self._is_local(origin, headers)
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in FETCH_SITES_ALLOWED
        referer = headers.get("referer")
        return referer is None or self._is_local(referer, headers)

    def _is_local(self, url: str, headers: Headers) -> bool:
        try:
            parts = urlsplit(url)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return False  # "null": a sandboxed frame or a file, which anyone may have written
        name = host_name(parts.netloc.rpartition("@")[2])
        if name in LOCAL_NAMES or name.endswith(".localhost"):
            return True
        # The same host, if it is really this server's: a rebound name would equal itself.
        return parts.netloc.lower() == (headers.get("host") or "").lower() and self._hosts.is_own(name)

    def preflight(self, request: Request) -> Response | None:
        """The answer to a CORS preflight of an admitted origin; None when the request is none."""
        headers = request.headers
        if request.method != "OPTIONS" or "origin" not in headers:
            return None
        if "access-control-request-method" not in headers:
            return None
        answer = [
            ("access-control-allow-methods", METHODS),
            ("access-control-max-age", str(MAX_AGE_S)),
            ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
            *self._allow(headers),
        ]
        if wanted := headers.get("access-control-request-headers"):
            answer.append(("access-control-allow-headers", wanted))
        if headers.get("access-control-request-private-network") == "true":
            answer.append(("access-control-allow-private-network", "true"))
        return Response(200, answer)

    def mark(self, request: Request, response: Response) -> Response:
        """Let the page read the response."""
        if "origin" not in request.headers:
            return response
        marks = [("access-control-expose-headers", EXPOSED), ("vary", "Origin")]
        return Response(
            response.status, [*response.headers, *self._allow(request.headers), *marks], response.body
        )

    def _allow(self, headers: Headers) -> list[tuple[str, str]]:
        origin = "*" if self._any_origin else headers.get("origin") or "null"
        return [("access-control-allow-origin", origin)]
