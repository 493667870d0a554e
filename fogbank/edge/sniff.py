"""TLS and plain HTTP on one port, told apart by the first byte: a TLS record of a handshake starts with 0x16.

A `Sniffer` stands at the door until that byte is here, then leaves: on a plain connection the transport is handed to the
HTTP protocol, which pays nothing for it afterwards.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, cast

from fogbank.edge.http1 import Connection
from fogbank.edge.tlslayer import TlsLayer

if TYPE_CHECKING:
    from fogbank.edge.server import Server

HANDSHAKE = 0x16


class TlsContexts(Protocol):
    """Where the certificate comes from."""

    def context(self) -> ssl.SSLContext:
        """The context for a new connection, with a certificate that is valid now."""

    def choice(self) -> Callable[[str | None], ssl.SSLContext] | None:
        """What chooses the context by server name, where some names ask clients for certificates."""


class Sniffer(asyncio.Protocol):
    """Waits for the first byte of a connection."""

    __slots__ = ("_server", "_tls", "_transport", "deadline")

    def __init__(self, server: Server, tls: TlsContexts) -> None:
        self._server = server
        self._tls = tls
        self._transport: asyncio.Transport | None = None
        self.deadline = server.now + server.settings.idle_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._server.admit(self):
            self._hand_over(Connection(self._server), b"")

    def data_received(self, data: bytes) -> None:
        if data[0] == HANDSHAKE:
            choice = self._tls.choice()
            layer = TlsLayer(self._server, self._tls.context() if choice is None else choice)
            self._hand_over(layer, data)
        else:
            self._hand_over(Connection(self._server), data)

    def _hand_over(self, protocol: asyncio.Protocol, data: bytes) -> None:
        transport = self._transport
        assert transport is not None
        self._transport = None
        transport.set_protocol(protocol)
        self._server.forget(self)  # `protocol` takes the place at once
        protocol.connection_made(transport)
        if data:
            protocol.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)

    def expire(self) -> None:
        self.abort()

    def drain(self) -> None:
        self.abort()

    def shed(self) -> None:
        server = self._server
        if self.deadline <= server.now + server.settings.idle_s - server.settings.header_s:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
