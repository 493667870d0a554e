"""The bounds one HTTP server works within: `core.limits` by default, smaller ones in tests.

Waits are measured on the event loop's own clock, not on the injected one: moving fogbank's time ahead must not cut off
clients that are connected in real time.
"""

from __future__ import annotations

from dataclasses import dataclass

from fogbank.core import limits


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Bounds of a server. Bytes are bytes on the wire unless said otherwise."""

    request_line_bytes_max: int = limits.HTTP_REQUEST_LINE_BYTES_MAX
    header_bytes_max: int = limits.HTTP_HEADER_BYTES_MAX
    headers_max: int = limits.HTTP_HEADERS_MAX
    body_bytes_max: int = limits.HTTP_BODY_BYTES_MAX
    bodies_bytes_max: int = limits.HTTP_BODIES_BYTES_MAX  # all bodies that a server holds at one time
    pipeline_depth_max: int = limits.HTTP_PIPELINE_DEPTH_MAX
    connections_max: int = limits.HTTP_CONNECTIONS_MAX
    running_max: int = limits.HTTP_RUNNING_MAX  # handlers at work, those whose client hung up included
    idle_s: float = limits.HTTP_IDLE_S
    header_s: float = limits.HTTP_HEADER_S
    body_stall_s: float = limits.HTTP_BODY_STALL_S
    write_stall_s: float = limits.HTTP_WRITE_STALL_S
    linger_s: float = limits.HTTP_LINGER_S
    sweep_s: float = 1.0  # how often waits are looked at: a wait ends up to this much late, never early
