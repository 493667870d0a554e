"""HTTP messages as every floor above knows them: plain data, no sockets (those are in edge/)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol


class Headers:
    """Header fields of a request: names are case-insensitive, order and repeats are kept.

    Built once by the edge from wire bytes. `get` joins nothing: it gives the first value; `all` gives every one.
    """

    __slots__ = ("_first", "_wire", "items")

    def __init__(self, items: list[tuple[str, str]], wire: list[bytes] | None = None) -> None:
        self.items = items  # (lower-case name, value) in wire order
        self._first = dict(items[::-1])  # the last to be set is the first in wire order
        self._wire = wire  # the names as they were sent

    def spelling(self, index: int) -> str:
        """The name of an item as it was sent."""
        return self.items[index][0] if self._wire is None else self._wire[index].decode("latin-1")

    @property
    def repeated(self) -> bool:
        """Some name occurs more than once."""
        return len(self._first) != len(self.items)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of `name` (given in lower case)."""
        return self._first.get(name, default)

    def __contains__(self, name: str) -> bool:
        return name in self._first

    def all(self, name: str) -> list[str]:
        """Every value of `name`, in order."""
        return [value for key, value in self.items if key == name]


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Who came by TLS, where a custom domain name asks for it. Its chain leads to that name's truststore."""

    server_name: str  # the name that asked, lower case: nothing is proven to any other
    pem: str
    subject: str
    issuer: str
    serial: str
    not_before: str  # "May 28 12:30:02 2019 GMT"
    not_after: str
    problem: str | None = None  # why AWS would refuse it all the same


@dataclass(slots=True)
class Request:
    """One request with its whole body."""

    method: str
    target: str  # as on the wire: path and query, still percent-encoded
    path: str  # the part before "?", still percent-encoded
    query: str  # the part after "?", still percent-encoded; "" when there is none
    headers: Headers
    body: bytes
    peer: str  # address of the client
    secure: bool = False  # came over TLS
    origin: Any = (
        None  # who owns the listener: None for the public port, a FunctionConfig inside an environment
    )
    upgradable: bool = False  # offers a WebSocket, and its connection can become one: `Upgrade` may answer it
    gone: bool = False  # the client has closed its side, while the request is served
    certificate: ClientCertificate | None = None


class CutShort(Exception):
    """The rest of a streamed body will not come: the connection is cut, for nothing else tells the client."""


@dataclass(slots=True)
class Response:
    """One response. `body` is bytes, or an async iterator of chunks (sent chunked, with back-pressure)."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] = b""


class Socket(Protocol):
    """A WebSocket, as who serves it sees it. Nothing here waits."""

    def send(self, message: str | bytes) -> None:
        """Send a text or binary message; nothing happens when the client is gone."""

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye and close."""

    def pause(self) -> None:
        """Read no further messages for now."""

    def resume(self) -> None:
        """Read on."""


class Session(Protocol):
    """Who serves a WebSocket. Called by the edge, on the event loop, outside of every task."""

    def opened(self, socket: Socket) -> None:
        """The connection is a WebSocket now."""

    def received(self, message: str | bytes) -> None:
        """A whole message came."""

    def closed(self, code: int, reason: str) -> None:
        """It ended, by whomever; called once, also when the client was gone before `opened`. 1005: without a code; 1006:
        without a goodbye."""


@dataclass(slots=True)
class Upgrade(Response):
    """The answer to a request that is `upgradable`: its connection becomes a WebSocket."""

    status: int = 101
    session: Session = None  # type: ignore[assignment]  # a default only because the base class has some
    frame_bytes_max: int = 1 << 20
    message_bytes_max: int = 1 << 20
    idle_s: float = 600.0  # without a byte in either direction
    duration_s: float = 7200.0
