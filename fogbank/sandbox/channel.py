"""The node's end of the socket to one environment: bytes in and out, by callbacks of the event loop.

What the bytes mean is `frames.py`'s; what to do about them is the environment's.
"""

from __future__ import annotations

import array
import asyncio
import socket
from collections.abc import Callable

SCRATCH_BYTES = 256 * 1024  # one receive at most
_FIRST_BYTES = 4096
_FDS_MAX = 4


class Channel:
    """See the module. `take` gets what arrives, with the sockets that came along, and `b""` once nothing more can."""

    __slots__ = ("_loop", "_outgoing", "_paused", "_scratch", "_socket", "_take")

    def __init__(
        self,
        ours: socket.socket,
        loop: asyncio.AbstractEventLoop,
        scratch: memoryview,
        take: Callable[[bytes, list[socket.socket]], None],
    ) -> None:
        """`scratch` (SCRATCH_BYTES) is what channels of one loop receive into, one after the other: a buffer of that size
        made for each receive would cost more than the receive."""
        ours.setblocking(False)
        self._socket: socket.socket | None = ours
        self._loop = loop
        self._scratch = scratch
        self._take = take
        self._paused = False
        self._outgoing: memoryview | None = None
        loop.add_reader(ours.fileno(), self._first_readable)

    def send(self, frame: bytes) -> None:
        """Send all of `frame`, the rest of it when there is room. One at a time: its answer comes before the next."""
        assert self._socket is not None
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is gone: the reader finds out
        if sent < len(frame):
            self._outgoing = memoryview(frame)[sent:]
            self._loop.add_writer(self._socket.fileno(), self._writable)

    def _writable(self) -> None:
        if self._socket is None or self._outgoing is None:
            return
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._outgoing)
        self._outgoing = self._outgoing[sent:]
        if not self._outgoing:
            self._outgoing = None
            self._loop.remove_writer(self._socket.fileno())

    def _first_readable(self) -> None:
        """The first read may bring listeners along; later ones need not look."""
        if self._socket is None:
            return
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_FIRST_BYTES, socket.CMSG_SPACE(_FDS_MAX * 4))
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        fds = array.array("i")
        for level, kind, body in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                fds.frombytes(body[: len(body) - len(body) % fds.itemsize])
        listeners = [socket.socket(fileno=fd) for fd in fds]
        self._loop.add_reader(self._socket.fileno(), self.read)
        self._take(data, listeners)

    def read(self) -> None:
        """Take what has arrived."""
        if self._socket is None:
            return
        try:
            data = bytes(self._scratch[: self._socket.recv_into(self._scratch)])
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._take(data, [])

    def pause(self) -> None:
        """Take no more for now: who writes at the other end waits when the socket's buffer is full."""
        if self._socket is not None and not self._paused:
            self._paused = True
            self._loop.remove_reader(self._socket.fileno())

    def resume(self) -> None:
        if self._socket is not None and self._paused:
            self._paused = False
            self._loop.add_reader(self._socket.fileno(), self.read)

    def close(self) -> None:
        """The environment exits when it notices."""
        ours, self._socket = self._socket, None
        if ours is None:
            return
        self._loop.remove_reader(ours.fileno())
        if self._outgoing is not None:
            self._loop.remove_writer(ours.fileno())
            self._outgoing = None
        ours.close()
