"""Requests that end before their integration answers, and what the gateway says then."""

from __future__ import annotations


class Fault(Exception):
    """A request ends with an answer of the gateway's own. `detail` is for access logs, never for the client."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "",
        detail: str = "",
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.status = status
        self.message = message
        self.kind = kind  # AWS's response type, as `$context.error.responseType` gives it
        self.detail = detail
        self.headers = headers
        super().__init__(f"{status} {message}: {detail}")


def not_found() -> Fault:
    return Fault(404, "Not Found", kind="RESOURCE_NOT_FOUND")


def unauthorized(challenge: str | None = None, detail: str = "") -> Fault:
    headers = () if challenge is None else (("www-authenticate", challenge),)
    return Fault(401, "Unauthorized", kind="UNAUTHORIZED", detail=detail, headers=headers)


def forbidden(challenge: str | None = None, detail: str = "") -> Fault:
    headers = () if challenge is None else (("www-authenticate", challenge),)
    return Fault(403, "Forbidden", kind="ACCESS_DENIED", detail=detail, headers=headers)


def internal_error(detail: str, kind: str = "INTEGRATION_FAILURE") -> Fault:
    return Fault(500, "Internal Server Error", kind=kind, detail=detail)


def unavailable(detail: str) -> Fault:
    """The backend did not answer, or not in time: HTTP APIs say 503 for both."""
    return Fault(503, "Service Unavailable", kind="INTEGRATION_FAILURE", detail=detail)


def throttled() -> Fault:
    return Fault(429, "Too Many Requests", kind="THROTTLED")


def too_large() -> Fault:
    return Fault(413, "Request Entity Too Large", kind="REQUEST_TOO_LARGE")
