"""One WebSocket (RFC 6455): messages in and out, bounds, pings, goodbyes. Framing is wsproto's.

A connection becomes one when an `Upgrade` answers its request (http1.py); the `Session` in it serves what comes. Frames and
messages that are too large end it with 1009. Who does not read what is sent is cut off: after a stall as with HTTP, and at once
when more than `UNSENT_BYTES_MAX` wait. Idle and whole times are measured on the event loop's own clock, as all waits of the edge.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from typing import TYPE_CHECKING, cast

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from fogbank.core.http import Request, Upgrade
from fogbank.edge.writer import Writer

if TYPE_CHECKING:
    from fogbank.edge.server import Server

log = logging.getLogger("fogbank.edge")

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
UNSENT_BYTES_MAX = 1024 * 1024  # ours: eight of the largest messages
CLOSE_S = 5.0  # for the client's own goodbye
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NO_CODE, ABNORMAL, INVALID, TOO_BIG = (
    1000,
    1001,
    1002,
    1005,
    1006,
    1007,
    1009,
)


def handshake(request: Request, upgrade: Upgrade, writer: Writer) -> bytes:
    """The 101 that answers a request."""
    key = (request.headers.get("sec-websocket-key") or "").encode("latin-1")
    accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
    return writer.switching([("Upgrade", "websocket"), ("Sec-WebSocket-Accept", accept), *upgrade.headers])


class WebSocket(asyncio.Protocol):
    """See the module. `deadline` is when, on the server's clock, `expire` is to be called."""

    __slots__ = (
        "_binary",
        "_closing",
        "_code",
        "_ends",
        "_frame_bytes",
        "_message_bytes",
        "_parts",
        "_paused",
        "_reason",
        "_server",
        "_session",
        "_transport",
        "_unsent_bytes",
        "_upgrade",
        "_ws",
        "deadline",
    )

    def __init__(self, server: Server, upgrade: Upgrade) -> None:
        self._server = server
        self._upgrade = upgrade
        self._session = upgrade.session
        self._ws = Connection(ConnectionType.SERVER)
        self._transport: asyncio.Transport | None = None
        self._parts: list[str] | list[bytes] = []
        self._frame_bytes = 0
        self._message_bytes = 0
        self._paused = False
        self._unsent_bytes = 0
        self._closing = False  # a goodbye was sent
        self._code, self._reason = ABNORMAL, ""
        self._ends = server.loop.time() + upgrade.duration_s
        self.deadline = self._ends
        self._touch()

    # --- asyncio's callbacks ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.admit(self)  # never one more: it takes the place of the HTTP connection
        self._session.opened(self)

    def data_received(self, data: bytes) -> None:
        self._touch()
        try:
            self._ws.receive_data(data)
            for event in self._ws.events():
                match event:
                    case TextMessage() | BytesMessage():
                        self._take(event)
                    case Ping():
                        self._write(self._ws.send(event.response()))
                    case CloseConnection():
                        self._farewell(event)
                    case Pong():
                        pass
                if self._closing and self._ws.state is not ConnectionState.LOCAL_CLOSING:
                    return
        except RemoteProtocolError as error:
            code = error.event_hint.code if isinstance(error.event_hint, CloseConnection) else PROTOCOL_ERROR
            self._code, self._reason = int(code), ""
            self._say_goodbye(int(code), "")
            self._hang_up()
        except LocalProtocolError:
            self._hang_up()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        self._transport = None
        self._parts = []
        self._session.closed(self._code, self._reason)

    def pause_writing(self) -> None:
        self._paused = True
        self._unsent_bytes = self._transport.get_write_buffer_size() if self._transport else 0
        self.deadline = min(self.deadline, self._server.now + self._server.settings.write_stall_s)

    def resume_writing(self) -> None:
        self._paused = False
        self._touch()

    # --- messages ---------------------------------------------------------------------------------------------------

    def _take(self, event: TextMessage | BytesMessage) -> None:
        """A piece of a message, perhaps its last."""
        if self._closing:
            return
        data = event.data
        size = (
            len(data)
            if not isinstance(data, str)
            else len(data.encode())
            if not data.isascii()
            else len(data)
        )
        self._frame_bytes += size
        self._message_bytes += size
        upgrade = self._upgrade
        if self._frame_bytes > upgrade.frame_bytes_max or self._message_bytes > upgrade.message_bytes_max:
            self._parts = []
            self.close(TOO_BIG, "Message too big")
            return
        if event.frame_finished:
            self._frame_bytes = 0
        if not event.message_finished:
            self._parts.append(data if isinstance(data, str) else bytes(data))  # type: ignore[arg-type]
            return
        parts, self._parts, self._message_bytes = self._parts, [], 0
        if isinstance(data, str):
            message: str | bytes = "".join([*cast("list[str]", parts), data]) if parts else data
        else:
            message = b"".join([*cast("list[bytes]", parts), data]) if parts else bytes(data)
        self._session.received(message)

    def _farewell(self, event: CloseConnection) -> None:
        if not self._closing:
            self._code, self._reason = int(event.code), event.reason or ""
            self._closing = True
            self._write(self._ws.send(event.response()))
        self._hang_up()

    # --- for the session --------------------------------------------------------------------------------------------

    def send(self, message: str | bytes) -> None:
        transport = self._transport
        if transport is None or self._closing or transport.is_closing():
            return
        event = TextMessage(data=message) if isinstance(message, str) else BytesMessage(data=message)
        self._write(self._ws.send(event))
        if not self._paused:
            self._touch()
        if transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            transport.abort()

    def close(self, code: int, reason: str = "") -> None:
        if self._closing or self._transport is None:
            return
        self._code, self._reason = code, reason
        self._say_goodbye(code, reason)
        self.resume()  # the client's own goodbye is to be read
        self.deadline = self._server.now + CLOSE_S

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # --- the server's side ------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed: a stall, a goodbye that is not answered, idleness, or the end of its time."""
        transport = self._transport
        if transport is None:
            return
        if self._closing:
            transport.abort()
            return
        if self._paused:
            unsent_bytes = transport.get_write_buffer_size()
            if unsent_bytes >= self._unsent_bytes:
                transport.abort()
                return
            self._unsent_bytes = unsent_bytes
            self.deadline = min(self._ends, self._server.now + self._server.settings.write_stall_s)
            return
        self.close(GOING_AWAY, "Going away")

    def drain(self) -> None:
        """The server is closing."""
        self.close(GOING_AWAY, "Going away")

    def shed(self) -> None:
        """A WebSocket is idle by nature."""

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # --- within -----------------------------------------------------------------------------------------------------

    def _touch(self) -> None:
        """There was a sign of life."""
        if not self._closing and not self._paused:
            self.deadline = min(self._ends, self._server.now + self._upgrade.idle_s)

    def _say_goodbye(self, code: int, reason: str) -> None:
        self._closing = True
        try:
            self._write(self._ws.send(CloseConnection(code=code, reason=reason)))
        except LocalProtocolError:
            pass  # the client said goodbye already

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _hang_up(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.close()
