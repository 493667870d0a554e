"""One HTTP/1.1 connection: the order of its messages, its waits, and back-pressure both ways.

Requests of a connection are served one after another, in order, whatever was pipelined. Reading stops while
`pipeline_depth_max` requests wait; serving stops while the client does not take what was written. When a client hangs up,
its handler runs to its end (what it does may be half done and must become whole) and only the reply is dropped; a
response that streams is cancelled.

Bytes to requests is parser.py, responses to bytes writer.py, listening and the sweep over waits server.py.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from fogbank.core.http import ClientCertificate, Request, Response, Upgrade
from fogbank.core.strands import Strand
from fogbank.edge.parser import BODY, HEAD, IDLE, Incoming, Phase, Refusal, RequestReader
from fogbank.edge.stream import send_stream
from fogbank.edge.websocket import WebSocket, handshake
from fogbank.edge.writer import CONTINUE, FAILED, OVERLOADED, BadResponse

if TYPE_CHECKING:
    from fogbank.edge.server import Server

log = logging.getLogger("fogbank.edge")

NEVER = float("inf")
CROWDED_IDLE_S = 5.0  # idle connections older than this go first when the server has nearly too many
HEAD_END = b"\r\n\r\n"
READ_AHEAD_BYTES_MAX = 1024 * 1024  # bodies read while an earlier request of the connection is being served
SMALL_READ_BYTES = 512  # holds fewer requests than any depth: the smallest has 27 bytes


class Connection(asyncio.Protocol):
    """See the module. `deadline` is when, on the server's clock, `expire` is to be called."""

    __slots__ = (
        "__weakref__",
        "_busy",
        "_certificate",
        "_eof",
        "_held",
        "_lingering",
        "_origin",
        "_paused",
        "_reader",
        "_secure",
        "_server",
        "_streaming",
        "_taken_bytes",
        "_transport",
        "_unsent_bytes",
        "_waited_for",
        "_writable",
        "deadline",
    )

    def __init__(
        self,
        server: Server,
        origin: Any = None,
        *,
        secure: bool = False,
        certificate: ClientCertificate | None = None,
    ) -> None:
        self._server = server
        self._certificate = certificate
        self._origin = origin
        self._secure = secure
        self._transport: asyncio.Transport | None = None
        self._reader: RequestReader = cast(
            RequestReader, None
        )  # from connection_made to the end of the object
        self._held = b""  # read, but not to be parsed before there is room in the pipeline
        self._busy = False  # a request is being served or its response written
        self._waited_for: Request | None = None  # the request whose handler is waiting for something
        self._eof = False  # the client sends no more; it may still read
        self._lingering = False  # the last response is out; what still comes is thrown away
        self._paused = False  # the client does not take what was written
        self._writable: asyncio.Future[None] | None = None
        self._streaming: asyncio.Task[None] | None = None
        self._unsent_bytes = 0
        self._taken_bytes = 0  # of the server's budget for bodies
        self.deadline = NEVER

    # --- asyncio's callbacks ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        server = self._server
        peer = transport.get_extra_info("peername")
        self._reader = RequestReader(
            server.settings,
            server.names,
            str(peer[0]) if isinstance(peer, tuple) else "",
            self._secure,
            self._origin,
        )
        self._reader.certificate = self._certificate
        self.deadline = server.now + server.settings.idle_s
        if not server.admit(self):
            self._reader.refuse(503, "Too many connections")
            self._advance()

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            return
        if self._held:
            self._held += data
            return
        reader = self._reader
        if len(data) > SMALL_READ_BYTES and data.count(HEAD_END) > 1:
            self._held = data
            self._feed_held()
            return
        phase = reader.phase
        reader.feed(data)
        self._advance()
        if self._busy or self._paused:
            self._limit_read_ahead()
        elif reader.phase is not IDLE:
            self._wait_for_more(phase)

    def eof_received(self) -> bool:
        self._eof = True
        if self._waited_for is not None:
            self._waited_for.gone = True
        return self._busy or bool(self._held or self._reader.ready)  # True: it still gets its replies

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)
        self._transport = None
        if self._waited_for is not None:
            self._waited_for.gone = True
        self._held = b""
        self._give_back()
        self._reader.close()
        if self._streaming is not None:
            # Not at once: one that has not begun yet would never close its body.
            self._server.loop.call_soon(self._streaming.cancel)
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True
        self._unsent_bytes = self._transport.get_write_buffer_size() if self._transport else 0
        self.deadline = self._server.now + self._server.settings.write_stall_s

    def resume_writing(self) -> None:
        self._paused = False
        self.deadline = NEVER if self._busy else self._server.now + self._server.settings.idle_s
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        elif not self._busy:
            self._go_on()

    # --- requests ---------------------------------------------------------------------------------------------------

    def _feed_held(self) -> None:
        """Parse what was read, no more of it at a time than the pipeline has room for.

        A piece cut at the n-th end of a head completes at most n requests (a bodiless request ends there, others later).
        """
        reader = self._reader
        data, at = self._held, 0
        while at < len(data) and reader.refusal is None and not self._lingering:
            end = at
            room = self._server.settings.pipeline_depth_max - len(reader.ready) - self._busy
            if room <= 0:
                break
            for _ in range(room):
                if (found := data.find(HEAD_END, end)) < 0:
                    end = len(data)
                    break
                end = found + len(HEAD_END)
            phase = reader.phase
            reader.feed(data[at:end])
            at = end
            self._advance()
            if not self._busy and not self._paused and reader.phase is not IDLE:
                self._wait_for_more(phase)
        self._held = b"" if reader.refusal is not None or self._lingering else data[at:]
        self._limit_read_ahead()

    def _limit_read_ahead(self) -> None:
        """Read on only while there is room for what comes: in the pipeline, and for bodies that wait in it."""
        transport, reader = self._transport, self._reader
        if transport is None or transport.is_closing() or self._lingering:
            return
        blocked = self._busy or self._paused
        full = bool(self._held) or (
            blocked
            and (
                len(reader.ready) + 1 >= self._server.settings.pipeline_depth_max
                or reader.held_bytes > READ_AHEAD_BYTES_MAX
            )
        )
        if full is transport.is_reading():
            if full:
                transport.pause_reading()
            else:
                transport.resume_reading()

    def _wait_for_more(self, before: Phase) -> None:
        """Set the time by which the rest of a message must come: renewed by every byte of a body, not of a head."""
        server = self._server
        if self._reader.phase is BODY:
            self.deadline = server.now + server.settings.body_stall_s
            self._take()
        elif before is not HEAD:
            self.deadline = server.now + server.settings.header_s

    def _take(self) -> None:
        """Count large bodies against the server's budget while they gather."""
        held = self._reader.held_bytes
        self._server.bodies_bytes += held - self._taken_bytes
        self._taken_bytes = held
        if self._server.bodies_bytes > self._server.settings.bodies_bytes_max:
            self._reader.refuse(503, "The server holds too many request bodies")
            self._advance()

    def _give_back(self) -> None:
        self._server.bodies_bytes -= self._taken_bytes
        self._taken_bytes = 0

    def _advance(self) -> None:
        """Serve what is ready, as far as it goes without waiting."""
        reader = self._reader
        ready = reader.ready
        while ready and not self._busy and not self._paused and not self._lingering:
            self._serve(ready.popleft())
        if self._busy or ready or self._lingering:
            return
        if reader.refusal is not None:
            self._answer_refusal(reader.refusal)
        elif reader.continue_due and self._transport is not None:
            reader.continue_due = False
            self._transport.write(CONTINUE)

    def _go_on(self) -> None:
        """After a response: serve, then parse, then read on."""
        if self._transport is None:
            return
        self._advance()
        if self._held:
            self._feed_held()
        else:
            self._limit_read_ahead()
        if self._busy or self._paused:
            return
        if self._eof and not self._reader.ready:
            self._close()
        elif self._reader.phase is not IDLE:
            self._wait_for_more(IDLE)

    def _serve(self, incoming: Incoming) -> None:
        server = self._server
        request = incoming[0]
        if server.running >= server.settings.running_max:
            self._reply(incoming, OVERLOADED)
            return
        self._busy = True
        self.deadline = NEVER
        self._reader.held_bytes -= len(request.body)
        try:
            outcome = server.lanes.begin(server.handler(request))
        except Exception:
            log.exception("the handler of %s %s failed", request.method, request.path)
            outcome = (FAILED,)
        if type(outcome) is tuple:
            self._answer(incoming, outcome[0])
            return
        assert isinstance(outcome, Strand)
        server.running += 1
        self._waited_for = request
        outcome.then = partial(self._handled, incoming)

    def _handled(self, incoming: Incoming, response: Response | None, error: BaseException | None) -> None:
        """A handler that waited has come to its end, which it does even when the client is gone."""
        self._server.running -= 1
        self._waited_for = None
        if isinstance(error, asyncio.CancelledError):
            self.abort()
            return
        if error is not None:
            log.error("the handler of %s %s failed", incoming[0].method, incoming[0].path, exc_info=error)
        self._answer(incoming, response or FAILED)
        if not self._busy:
            self._go_on()

    def _answer(self, incoming: Incoming, response: Response) -> None:
        if type(response) is Upgrade:
            self._switch(incoming, response)
        elif type(response.body) is bytes:
            self._reply(incoming, response)
        else:
            self._streaming = self._server.lanes.spawn("http stream", self._stream(incoming, response))

    async def _stream(self, incoming: Incoming, response: Response) -> None:
        keep_alive = self._keeps(incoming)
        try:
            whole, keep_alive = await send_stream(self, self._server.writer, incoming, response, keep_alive)
        except asyncio.CancelledError:
            self.abort()
            raise
        finally:
            self._streaming = None
        if not whole:
            self.abort()
        self._done(keep_alive)
        self._server.loop.call_soon(self._go_on)

    # --- responses --------------------------------------------------------------------------------------------------

    def _keeps(self, incoming: Incoming) -> bool:
        if not incoming[1] or self._server.closing:
            return False
        return not self._eof or bool(self._reader.ready or self._held)

    def _reply(self, incoming: Incoming, response: Response) -> None:
        """Write a whole response in one piece."""
        transport = self._transport
        if transport is None:
            self._busy = False
            return
        request, _, http10 = incoming
        keep_alive = self._keeps(incoming)
        writer = self._server.writer
        head = request.method == "HEAD"
        try:
            data, keep_alive = writer.whole(response, keep_alive, http10, head)
        except BadResponse as error:
            log.error("the response to %s cannot be sent: %s", request.path, error)
            data, keep_alive = writer.whole(FAILED, keep_alive, http10, head)
        transport.write(data)
        self._done(keep_alive)

    def _switch(self, incoming: Incoming, upgrade: Upgrade) -> None:
        """Become a WebSocket: it takes the transport and this connection's place."""
        transport, server = self._transport, self._server
        refusal = self._reader.refusal
        if transport is None or transport.is_closing() or self._eof or refusal is not None:
            upgrade.session.closed(1006, "")
            self._busy = False
            if refusal is not None:
                self._answer_refusal(refusal)
            else:
                self._close()
            return
        ahead = self._reader.ahead
        transport.write(handshake(incoming[0], upgrade, server.writer))
        self._transport = None
        self._reader.close()
        self._give_back()
        socket = WebSocket(server, upgrade)
        transport.set_protocol(socket)
        server.forget(self)
        socket.connection_made(transport)
        if not transport.is_reading():
            transport.resume_reading()
        if ahead:
            socket.data_received(ahead)

    def _done(self, keep_alive: bool) -> None:
        self._busy = False
        if self._reader.switching and keep_alive:
            self._reader.go_on()
        if self._taken_bytes:
            self._give_back()
        if not keep_alive:
            self._close()
        elif not self._paused:
            self.deadline = self._server.now + self._server.settings.idle_s

    def _answer_refusal(self, refusal: Refusal) -> None:
        if self._transport is None:
            return
        body = b'{"message":"' + refusal.message.encode("ascii", "replace").replace(b'"', b"'") + b'"}'
        response = Response(refusal.status, [("content-type", "application/json")], body)
        data, _ = self._server.writer.whole(response, False, False, False)
        self._transport.write(data)
        self._close(linger=True)

    def _close(self, *, linger: bool = False) -> None:
        """Close after what was written. Lingering: closing at once, with unread bytes left, would reset the connection
        and could take the response from the client before it has read it."""
        transport = self._transport
        if transport is None or self._lingering:
            return
        self._lingering = True
        self._reader.ready.clear()
        self._held = b""
        self._give_back()
        settings = self._server.settings
        self.deadline = self._server.now + (settings.linger_s if linger else settings.write_stall_s)
        if linger and transport.can_write_eof():
            transport.write_eof()
            if not transport.is_reading():
                transport.resume_reading()
        else:
            transport.close()

    # --- what a stream needs ----------------------------------------------------------------------------------------

    def write(self, data: bytes) -> bool:
        """Hand bytes to the client; False when it is gone."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    async def writable(self) -> None:
        """Return when the client takes bytes again, or is gone."""
        while self._paused and self._transport is not None:
            self._writable = self._server.loop.create_future()
            await self._writable
            self._writable = None

    # --- the server's side ------------------------------------------------------------------------------------------

    def expire(self) -> None:
        """The deadline has passed."""
        transport, reader = self._transport, self._reader
        if transport is None:
            return
        if self._paused:
            unsent_bytes = transport.get_write_buffer_size()
            if unsent_bytes < self._unsent_bytes:
                self._unsent_bytes = unsent_bytes
                self.deadline = self._server.now + self._server.settings.write_stall_s
                return
        if self._paused or self._lingering:
            transport.abort()
        elif reader.phase is IDLE:
            self._close()
        else:
            reader.refuse(408, "The request did not arrive in time")
            self._advance()

    def drain(self) -> None:
        """The server is closing: finish what is being served, then close."""
        if not self._busy and not self._paused and self._reader.phase is IDLE:
            self._close()

    def shed(self) -> None:
        """The server has too many connections: go, if idle for some seconds."""
        idle = not self._busy and not self._paused and self._reader.phase is IDLE
        server = self._server
        if idle and self.deadline <= server.now + server.settings.idle_s - CROWDED_IDLE_S:
            self._close()

    def abort(self) -> None:
        """Close at once, without what was not yet sent."""
        if self._transport is not None:
            self._transport.abort()
