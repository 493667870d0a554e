"""What API Gateway's front end adds to a request: where it came from, and its trace."""

from __future__ import annotations

from fogbank.core.http import Request

TRACE_CHARS_MAX = 256  # ours: of a trace that a client may bring


def forwarded(request: Request) -> tuple[str, str, str]:
    """X-Forwarded-For, X-Forwarded-Port and X-Forwarded-Proto."""
    scheme, port = ("https", "443") if request.secure else ("http", "80")
    _, _, sent_port = (request.headers.get("host") or "").rpartition(":")
    if sent_port.isdigit():
        port = sent_port
    via = request.headers.get("x-forwarded-for")
    return f"{via}, {request.peer}" if via else request.peer, port, scheme


def sent_trace(request: Request) -> str | None:
    """The client's X-Amzn-Trace-Id, when it brings one."""
    sent = request.headers.get("x-amzn-trace-id")
    return sent if sent is not None and "Root=" in sent and len(sent) <= TRACE_CHARS_MAX else None
