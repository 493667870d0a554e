"""`/_fogbank/…`: the server's own routes. What they do is given by app.py.

`health` and the time are open to all; `status` answers on this machine, from outside every function; what changes the
server (`reset`, `clock`) or shows what it holds (the console's pages) must come from there too, and in enforced mode be signed
by root.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response

PREFIX = "/_fogbank/"
ADVANCE_MS_MAX = 100 * 365 * 86_400_000

#: Raises AwsError unless root signed the request; returns at once in open mode.
RequireRoot = Callable[[Request], Awaitable[None]]
#: Answers what is below a prefix of `/_fogbank/`. Raises AwsError.
Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Callbacks:
    """What the routes do."""

    health: Callable[[], dict[str, Any]]  # for anyone: status, version, services
    status: Callable[[], dict[str, Any]]  # for this machine: what it holds and where
    reset: Callable[[], Awaitable[None]]  # delete everything
    now_ms: Callable[[], int]
    offset_ms: Callable[[], int]
    advance_ms: Callable[[int], None]  # move fogbank's time ahead


class InternalRoutes:
    """Answers `/_fogbank/…`."""

    def __init__(
        self, callbacks: Callbacks, require_root: RequireRoot, pages: Mapping[str, Page] | None = None
    ) -> None:
        self._callbacks = callbacks
        self._require_root = require_root
        self._pages = dict(pages or {})

    async def handle(self, request: Request) -> Response:
        """Raises AwsError."""
        callbacks = self._callbacks
        match request.method, request.path.removeprefix(PREFIX):
            case (("GET" | "HEAD"), "health"):
                return answer(callbacks.health())
            case (("GET" | "HEAD"), "status"):
                self._from_outside(request)
                return answer(callbacks.status())
            case (("GET" | "HEAD"), "clock"):
                return answer(self._clock())
            case "POST", "clock":
                await self._guard(request)
                callbacks.advance_ms(_advance_of(request.body))
                return answer(self._clock())
            case "POST", "reset":
                await self._guard(request)
                await callbacks.reset()
                return answer({"status": "reset"})
            case _, "health" | "status" | "clock" | "reset":
                raise AwsError(
                    "MethodNotAllowedException", f"{request.method} is not allowed here", status=405
                )
            case _:
                for prefix, page in self._pages.items():
                    if request.path.startswith(prefix):
                        await self._guard(request)
                        return await page(request)
                raise AwsError("NotFoundException", f"fogbank has no route {request.path[:128]}", status=404)

    def _clock(self) -> dict[str, int]:
        return {"now_ms": self._callbacks.now_ms(), "offset_ms": self._callbacks.offset_ms()}

    async def _guard(self, request: Request) -> None:
        self._from_outside(request)
        await self._require_root(request)

    def _from_outside(self, request: Request) -> None:
        if request.origin is not None or not is_loopback(request.peer):
            raise AwsError(
                "AccessDeniedException", "This route answers on the server's own machine only", status=403
            )


def is_loopback(peer: str) -> bool:
    """The client is on this machine."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_loopback or (mapped is not None and bool(mapped.is_loopback))


def answer(content: dict[str, Any], status: int = 200) -> Response:
    """A JSON response."""
    return Response(status, [("content-type", "application/json")], orjson.dumps(content))


def _advance_of(body: bytes) -> int:
    try:
        duration_ms = orjson.loads(body)["advance_ms"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise AwsError("ValidationException", 'the body must be {"advance_ms": <milliseconds>}') from None
    if type(duration_ms) is not int or not 0 <= duration_ms <= ADVANCE_MS_MAX:
        raise AwsError("ValidationException", f"advance_ms must be between 0 and {ADVANCE_MS_MAX}")
    return duration_ms
