"""Listening, and what all connections of a server share: bounds, date, the sweep over waits, the graceful end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from socket import socket
from typing import Any, Protocol
from weakref import WeakSet

from fogbank.core.clock import Clock
from fogbank.core.http import Request, Response
from fogbank.core.lanes import Lanes
from fogbank.edge.http1 import Connection
from fogbank.edge.parser import NameCache
from fogbank.edge.settings import HttpSettings
from fogbank.edge.sniff import Sniffer, TlsContexts
from fogbank.edge.writer import Writer

log = logging.getLogger("fogbank.edge")

BACKLOG = 4096
ABORT_S = 1.0  # for aborted connections to be gone
CROWDED = 0.9  # of the connections that may be open: beyond it, idle ones are let go early

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Member(Protocol):
    """A connection as the server sees it."""

    deadline: float

    def expire(self) -> None: ...
    def drain(self) -> None: ...
    def shed(self) -> None: ...
    def abort(self) -> None: ...


class Listener:
    """One listening socket. `close` stops it and ends its connections."""

    def __init__(self, server: asyncio.Server, members: WeakSet[Connection]) -> None:
        self._server = server
        self._members = members

    def close(self) -> None:
        self._server.close()
        for member in list(self._members):
            member.abort()


class Server:
    """An HTTP/1.1 server on the running loop. `handler` may be replaced at any time."""

    def __init__(
        self,
        handler: Handler,
        lanes: Lanes,
        clock: Clock,
        settings: HttpSettings | None = None,
        tls: TlsContexts | None = None,
    ) -> None:
        self.handler = handler
        self.lanes = lanes
        self.settings = settings or HttpSettings()
        self.names = NameCache()
        self.writer = Writer(clock.now_ms)
        self.closing = False
        self.running = 0  # handlers that wait
        self.bodies_bytes = 0
        self.loop: asyncio.AbstractEventLoop
        self.now = 0.0  # the loop's time at the next sweep: waits counted from here never end early
        self._tls = tls
        self._members: set[Member] = set()
        self._listeners: list[asyncio.Server] = []
        self._sweeper: asyncio.Task[Any] | None = None
        self._empty: asyncio.Event = asyncio.Event()

    async def start(self, host: str, port: int) -> int:
        """Listen at `host` and `port` (0: any free one); gives the actual port. Raises OSError."""
        server = await self._listen(None, host=host, port=port)
        return int(server.sockets[0].getsockname()[1])

    async def serve_socket(self, sock: socket, origin: Any) -> Listener:
        """Serve, in plain HTTP, a socket that listens already; its requests carry `origin`."""
        members: WeakSet[Connection] = WeakSet()
        server = await self._listen(origin, sock=sock, members=members)
        return Listener(server, members)

    async def close(self, grace_s: float = 10.0) -> None:
        """Stop listening, let what is being served end within `grace_s`, cut off the rest."""
        self.closing = True
        for server in self._listeners:
            server.close()
        for member in list(self._members):
            member.drain()
        if not await self._emptied(grace_s):
            log.warning("%d connections cut off at the end of the grace time", len(self._members))
            for member in list(self._members):
                member.abort()
            await self._emptied(ABORT_S)
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    async def _emptied(self, within_s: float) -> bool:
        """Wait until no connection is left; False when some are."""
        try:
            async with asyncio.timeout(within_s):
                while self._members:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            return False
        return True

    @property
    def connections(self) -> int:
        return len(self._members)

    # --- for connections --------------------------------------------------------------------------------------------

    def admit(self, member: Member) -> bool:
        """Take a connection in; False when there are too many already (it is then to be refused)."""
        self._members.add(member)
        return len(self._members) <= self.settings.connections_max

    def forget(self, member: Member) -> None:
        self._members.discard(member)
        if not self._members:
            self._empty.set()

    # --- within -----------------------------------------------------------------------------------------------------

    async def _listen(
        self, origin: Any, members: WeakSet[Connection] | None = None, **where: Any
    ) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._sweeper is None:
            self.loop = loop
            self.now = loop.time() + self.settings.sweep_s
            self._sweeper = self.lanes.loop("http sweep", self._wait_and_sweep)

        def connect() -> asyncio.Protocol:
            if self._tls is not None and members is None:
                return Sniffer(self, self._tls)
            connection = Connection(self, origin)
            if members is not None:
                members.add(connection)
            return connection

        server = await loop.create_server(connect, backlog=BACKLOG, **where)
        self._listeners.append(server)
        return server

    async def _wait_and_sweep(self) -> None:
        await asyncio.sleep(self.settings.sweep_s)
        self.loop.call_soon(self._sweep)  # not in here: connections run handlers in place, outside every task

    def _sweep(self) -> None:
        now = self.loop.time()
        self.now = now + self.settings.sweep_s
        self.writer.tick()
        for member in [member for member in self._members if member.deadline <= now]:
            member.expire()
        if len(self._members) > CROWDED * self.settings.connections_max:
            for member in list(self._members):
                member.shed()
