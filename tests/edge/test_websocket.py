"""WebSockets on the wire: the handshake, messages in pieces, bounds, goodbyes, waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from fogbank.core.http import Request, Response, Socket, Upgrade
from tests.edge.wire import Wire, echo
from tests.support.waiting import until

HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
Serve = Callable[..., Coroutine[Any, Any, Wire]]


class Echo:
    """Sends back what it gets; `end` makes it say goodbye."""

    def __init__(self) -> None:
        self.socket: Socket | None = None
        self.seen: list[str | bytes] = []
        self.ends: list[tuple[int, str]] = []

    def opened(self, socket: Socket) -> None:
        self.socket = socket

    def received(self, message: str | bytes) -> None:
        self.seen.append(message)
        assert self.socket is not None
        if message == "end":
            self.socket.close(4000, "asked")
        else:
            self.socket.send(message)

    def closed(self, code: int, reason: str) -> None:
        self.ends.append((code, reason))


class Sessions:
    """A handler that makes WebSockets of requests for `/ws`."""

    def __init__(self, *, waits: bool = False, **bounds: Any) -> None:
        self.all: list[Echo] = []
        self._waits = waits
        self._bounds = bounds

    async def __call__(self, request: Request) -> Response:
        if request.path != "/ws" or not request.upgradable:
            return await echo(request)
        if self._waits:
            await asyncio.sleep(0)
        self.all.append(session := Echo())
        return Upgrade(session=session, **self._bounds)


def url(wire: Wire) -> str:
    return f"ws://127.0.0.1:{wire.port}/ws"


@pytest.mark.parametrize("waits", [False, True])
async def test_messages_come_and_go(serve: Serve, waits: bool) -> None:
    sessions = Sessions(waits=waits)
    wire = await serve(sessions)
    async with connect(url(wire), compression=None) as client:
        await client.send("hello")
        assert await client.recv() == "hello"
        await client.send([b"a", b"b", b"c"])  # three frames
        assert await client.recv() == b"abc"
        await client.send("ü" * 20_000)
        assert await client.recv() == "ü" * 20_000
        await (await client.ping())
        await client.send("end")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "asked")
    await until(lambda: sessions.all[0].ends)
    assert sessions.all[0].ends == [(4000, "asked")]


async def test_who_does_not_wait_for_the_answer(serve: Serve) -> None:
    """Frames right behind the handshake are served, also when the handler waits."""
    for waits in (False, True):
        sessions = Sessions(waits=waits)
        client = await (await serve(sessions)).connect()
        await client.send(HANDSHAKE + b"\x81\x82\0\0\0\0hi")
        status, headers = await client.head()
        assert (status, headers["Sec-WebSocket-Accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        assert await client.reader.readexactly(4) == b"\x81\x02hi"


async def test_who_sends_too_much_before_the_answer(serve: Serve) -> None:
    gate, session = asyncio.Event(), Echo()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return Upgrade(session=session)

    wire = await serve(handler)
    client = await wire.connect()
    await client.send(HANDSHAKE)
    await until(lambda: wire.server.running)
    [member] = wire.server._members
    await client.send(b"x" * 300_000)
    await until(lambda: member._reader.refusal)  # type: ignore[attr-defined]
    gate.set()
    assert (await client.reply()).status == 400
    assert (session.socket, session.ends) == (None, [(1006, "")])


async def test_an_offer_that_is_not_taken_is_plain_http(serve: Serve) -> None:
    client = await (await serve(Sessions())).connect()
    await client.send(HANDSHAKE.replace(b"/ws", b"/no") + b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await client.reply()).body == b"GET /no "
    assert (await client.reply()).body == b"GET /next "
    await client.send(HANDSHAKE.replace(b"Version: 13", b"Version: 12"))
    assert (await client.reply()).body == b"GET /ws "


async def test_what_is_too_large_ends_it(serve: Serve) -> None:
    sessions = Sessions(frame_bytes_max=1000, message_bytes_max=1500)
    wire = await serve(sessions)
    for message in ("x" * 1001, ["x" * 800, "x" * 800]):
        async with connect(url(wire), compression=None) as client:
            await client.send(message)
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009
    await until(lambda: all(each.ends for each in sessions.all))
    assert [each.seen for each in sessions.all] == [[], []]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02hi", 1002),  # not masked
        (b"\xf1\x82\0\0\0\0hi", 1002),  # reserved bits
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # no UTF-8
        (b"\x80\x82\0\0\0\0hi", 1002),  # a continuation of nothing
    ],
)
async def test_what_is_no_websocket_ends_it(serve: Serve, frame: bytes, code: int) -> None:
    sessions = Sessions()
    client = await (await serve(sessions)).connect()
    await client.send(HANDSHAKE)
    await client.head()
    await client.send(frame)
    rest = await client.reader.read()
    assert rest[0] == 0x88 and int.from_bytes(rest[2:4], "big") == code
    await until(lambda: sessions.all[0].ends)
    assert sessions.all[0].ends[0][0] == code


async def test_idle_ones_and_old_ones_are_let_go(serve: Serve) -> None:
    for bounds in ({"idle_s": 0.1}, {"duration_s": 0.1}):
        sessions = Sessions(**bounds)
        async with connect(url(await serve(sessions)), compression=None) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


async def test_who_does_not_read_is_cut_off(serve: Serve) -> None:
    sessions = Sessions()
    client = await (await serve(sessions)).connect()
    await client.send(HANDSHAKE)
    await client.head()
    await until(lambda: sessions.all and sessions.all[0].socket)
    socket = sessions.all[0].socket
    assert socket is not None
    for _ in range(400):  # more than every buffer on the way holds
        socket.send("x" * 65_536)
    await until(lambda: sessions.all[0].ends)
    assert sessions.all[0].ends == [(1006, "")]


async def test_the_end_of_the_server_is_said(serve: Serve) -> None:
    sessions = Sessions()
    wire = await serve(sessions)
    async with connect(url(wire), compression=None) as client:
        await client.send("a")
        assert await client.recv() == "a"
        await wire.server.close(grace_s=1)
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001


async def test_a_client_that_left_before_the_answer(serve: Serve) -> None:
    gate = asyncio.Event()
    session = Echo()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return Upgrade(session=session)

    wire = await serve(handler)
    client = await wire.connect()
    await client.send(HANDSHAKE)
    await until(lambda: wire.server.running)
    await client.close()
    [member] = wire.server._members
    await until(lambda: getattr(member, "_eof"))  # noqa: B009 - the connection's own; it stays, for it owes an answer
    gate.set()
    await until(lambda: session.ends)
    assert (session.socket, session.ends) == (None, [(1006, "")])
