"""CORS of an HTTP API: preflights answered by the gateway, and the headers on what integrations answer."""

from __future__ import annotations

from fogbank.core.http import Response
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.execution.exchange import Exchange

PREFIX = "access-control-"


class Cors:
    """One configuration, compiled."""

    __slots__ = ("_any", "_credentials", "_exact", "_expose", "_patterns", "_preflight")

    def __init__(self, wire: Wire) -> None:
        origins = [origin.lower() for origin in wire.get("AllowOrigins") or []]
        self._any = "*" in origins
        self._exact = frozenset(origins)
        # `https://*` and `https://*.example.com`
        self._patterns = [
            tuple(origin.split("*", 1)) for origin in origins if "*" in origin and origin != "*"
        ]
        self._credentials = bool(wire.get("AllowCredentials"))
        self._expose = ",".join(wire.get("ExposeHeaders") or [])
        self._preflight: list[tuple[str, str]] = []
        if methods := wire.get("AllowMethods"):
            self._preflight.append(("access-control-allow-methods", ",".join(methods)))
        if headers := wire.get("AllowHeaders"):
            self._preflight.append(("access-control-allow-headers", ",".join(headers)))
        if (max_age := wire.get("MaxAge")) is not None:
            self._preflight.append(("access-control-max-age", str(max_age)))

    @staticmethod
    def is_preflight(x: Exchange) -> bool:
        request = x.request
        return (
            request.method == "OPTIONS"
            and "origin" in request.headers
            and "access-control-request-method" in request.headers
        )

    def preflight(self, x: Exchange) -> Response:
        """204; without CORS headers for an origin that is not allowed."""
        headers = self._origin(x)
        return Response(204, [*headers, *self._preflight] if headers else [])

    def mark(self, x: Exchange, response: Response) -> None:
        """Put the configured headers in the place of the backend's own."""
        response.headers = [line for line in response.headers if not line[0].lower().startswith(PREFIX)]
        if "origin" not in x.request.headers:
            return
        if headers := self._origin(x):
            response.headers += headers
            if self._expose:
                response.headers.append(("access-control-expose-headers", self._expose))

    def _origin(self, x: Exchange) -> list[tuple[str, str]]:
        origin = x.request.headers.get("origin") or ""
        lower = origin.lower()
        if self._any:
            lines = [("access-control-allow-origin", "*")]
        elif lower in self._exact or any(
            lower.startswith(start) and lower.endswith(end) for start, end in self._patterns
        ):
            lines = [("access-control-allow-origin", origin), ("vary", "Origin")]
        else:
            return []
        if self._credentials:
            lines.append(("access-control-allow-credentials", "true"))
        return lines
