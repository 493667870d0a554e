"""CORS as a function URL answers it: preflights by itself, and the headers of every response to a page. Pure.

Where a URL has a Cors configuration, a function's own headers of that kind do not count. Which origins and methods get no
headers at all is as the CORS specification has it; AWS's documentation says no more.
"""

from __future__ import annotations

from typing import Any

from fogbank.core.http import Request, Response

_PREFIX = "access-control-"


def preflight(request: Request, cors: dict[str, Any]) -> Response | None:
    """The answer to a preflight; None for any other request."""
    method = request.headers.get("access-control-request-method")
    if request.method != "OPTIONS" or method is None or "origin" not in request.headers:
        return None
    lines = _origin(request, cors)
    methods = cors.get("AllowMethods") or []
    if lines and ("*" in methods or method.upper() in methods):
        lines.append(("Access-Control-Allow-Methods", ",".join(methods)))
        if allowed := cors.get("AllowHeaders"):
            lines.append(("Access-Control-Allow-Headers", ",".join(allowed)))
        if cors.get("MaxAge") is not None:
            lines.append(("Access-Control-Max-Age", str(cors["MaxAge"])))
    return Response(200, [*lines, ("Content-Type", "application/json")])


def mark(request: Request, cors: dict[str, Any], response: Response) -> None:
    """Give a response the headers that let the page read it."""
    response.headers[:] = [line for line in response.headers if not line[0].lower().startswith(_PREFIX)]
    if "origin" not in request.headers or not (lines := _origin(request, cors)):
        return
    if exposed := cors.get("ExposeHeaders"):
        lines.append(("Access-Control-Expose-Headers", ",".join(exposed)))
    response.headers += lines


def _origin(request: Request, cors: dict[str, Any]) -> list[tuple[str, str]]:
    origin = request.headers.get("origin") or ""
    origins = cors.get("AllowOrigins") or []
    credentials = bool(cors.get("AllowCredentials"))
    if "*" in origins and not credentials:
        lines = [("Access-Control-Allow-Origin", "*")]
    elif "*" in origins or origin.lower() in (each.lower() for each in origins):
        lines = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
    else:
        return []
    return [*lines, ("Access-Control-Allow-Credentials", "true")] if credentials else lines
