"""TLS between a transport and the HTTP protocol, over `ssl.MemoryBIO`.

`loop.start_tls` cannot be given the bytes that told TLS from plain, so the layer is our own: it is one protocol below
(bytes of records) and one transport above (`TlsTransport`, bytes of HTTP). Back-pressure passes through both ways.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from fogbank.core.limits import TLS_HELLO_BYTES_MAX
from fogbank.edge.client_hello import Incomplete, server_name
from fogbank.edge.http1 import Connection
from fogbank.edge.websocket import WebSocket

if TYPE_CHECKING:
    from fogbank.edge.server import Server

log = logging.getLogger("fogbank.edge")

READ_BYTES = 256 * 1024
Inner = Connection | WebSocket


class TlsLayer(asyncio.Protocol):
    """The server's side of one TLS connection."""

    def __init__(
        self, server: Server, context: ssl.SSLContext | Callable[[str | None], ssl.SSLContext]
    ) -> None:
        """`context`, or what chooses it by the name that the client asks for."""
        self._server = server
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls: ssl.SSLObject
        self._choose: Callable[[str | None], ssl.SSLContext] | None = None
        self._hello = b""
        if isinstance(context, ssl.SSLContext):
            self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        else:
            self._choose = context
        self._transport: asyncio.Transport | None = None
        self._inner: Inner | None = None  # from the end of the handshake
        self.deadline = server.now + server.settings.header_s

    # --- below: a protocol on the socket's transport ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.admit(self)  # never one more: it takes the place of the Sniffer

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if self._choose is not None and not self._chosen(self._choose, data):
            return
        try:
            if self._inner is None:
                self._tls.do_handshake()
                self._established()
            self._read()
        except ssl.SSLWantReadError:
            self._flush()
        except (ssl.SSLError, ssl.CertificateError) as error:
            log.debug("TLS ended: %s", error)
            self._flush()  # the alert that says why
            if self._transport is not None:
                self._transport.close()

    def eof_received(self) -> bool:
        return self._inner.eof_received() if self._inner is not None else False

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._inner is not None:
            self._inner.connection_lost(exc)
        else:
            self._server.forget(self)

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()

    def _chosen(self, choose: Callable[[str | None], ssl.SSLContext], data: bytes) -> bool:
        """Make the TLS object once the server name is known; False while it is not."""
        self._hello += data
        try:
            name = server_name(self._hello)
        except Incomplete:
            if len(self._hello) <= TLS_HELLO_BYTES_MAX:
                return False
            name = None
        self._choose, self._hello = None, b""
        self._tls = choose(name).wrap_bio(self._incoming, self._outgoing, server_side=True)
        return True

    def _established(self) -> None:
        assert self._transport is not None
        certificate = None
        if self._tls.context.verify_mode is not ssl.CERT_NONE:
            from fogbank.edge.client_certificates import certificate_of  # much to import, and rarely needed

            certificate = certificate_of(self._tls)
        inner = self._inner = Connection(self._server, secure=True, certificate=certificate)
        self._server.forget(self)  # the connection takes the place at once
        inner.connection_made(TlsTransport(self, self._transport))

    def become(self, inner: Inner) -> None:
        """Another protocol takes the connection's place: a WebSocket."""
        self._inner = inner

    def _read(self) -> None:
        """Hand up what can be decrypted. Raises SSLWantReadError when there is no more for now."""
        assert self._inner is not None
        parts: list[bytes] = []
        try:
            while part := self._tls.read(READ_BYTES):
                parts.append(part)
            ended = True
        except ssl.SSLZeroReturnError:
            ended = True
        except ssl.SSLWantReadError:
            ended = False
        if parts:
            self._inner.data_received(b"".join(parts))
        self._flush()
        if ended and not self._inner.eof_received():
            self.close()

    def _flush(self) -> None:
        if self._outgoing.pending and self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._outgoing.read())

    # --- above: what the TlsTransport does ---------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:  # one record at a time
            view = view[self._tls.write(view) :]
        self._flush()

    def close(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # the client's own farewell is not waited for
        self._flush()
        self._transport.close()

    # --- the server's side, during the handshake ---------------------------------------------------------------------

    def expire(self) -> None:
        self.abort()

    def drain(self) -> None:
        self.abort()

    def shed(self) -> None:
        """Handshakes have a short time as it is."""

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TlsTransport(asyncio.Transport):
    """The transport that the HTTP protocol writes to."""

    def __init__(self, layer: TlsLayer, below: asyncio.Transport) -> None:
        super().__init__()
        self._layer = layer
        self._below = below

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._below.get_extra_info(name, default)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._layer.become(cast(Inner, protocol))

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self._layer.write(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def is_reading(self) -> bool:
        return self._below.is_reading()

    def pause_reading(self) -> None:
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._below.resume_reading()

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self._below.is_closing()

    def close(self) -> None:
        self._layer.close()

    def abort(self) -> None:
        self._below.abort()
