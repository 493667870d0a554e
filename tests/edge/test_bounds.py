"""Bounds in time and number: slow clients, many clients, large bodies, the graceful end."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from fogbank.core.http import Request, Response
from fogbank.core.lanes import Lanes
from tests.edge.wire import echo, get, post
from tests.support.waiting import until

MIB = 1024 * 1024


async def test_a_head_that_comes_too_slowly_is_answered_408(serve: Any) -> None:
    client = await (await serve(header_s=0.05)).connect()
    await client.send(b"GET / HT")
    reply = await client.reply()
    assert (reply.status, reply.headers["connection"]) == (408, "close")
    assert await client.closed() == b""


async def test_a_byte_now_and_then_does_not_extend_the_time_for_a_head(serve: Any) -> None:
    wire = await serve(header_s=0.1)
    client = await wire.connect()
    await client.send(b"GET / HTTP/1.1\r\n")
    await until(lambda: wire.server.connections == 1)
    (connection,) = wire.server._members
    await until(lambda: connection.deadline < float("inf") and connection._reader.phase == 1)
    deadline = connection.deadline
    for _ in range(5):
        await client.send(b"x: y\r\n")
        await asyncio.sleep(0.002)
    assert connection.deadline == deadline
    assert (await client.reply()).status == 408


async def test_a_body_that_stalls_is_answered_408(serve: Any) -> None:
    client = await (await serve(body_stall_s=0.05)).connect()
    await client.send(post(b"all of it")[:-3])
    assert (await client.reply()).status == 408


async def test_every_part_of_a_body_renews_its_time(serve: Any) -> None:
    wire = await serve(body_stall_s=30)
    client = await wire.connect()
    await client.send(post(b"x" * 10)[:-6])
    await until(lambda: wire.server.connections == 1)
    (connection,) = wire.server._members
    await until(lambda: connection._reader.phase == 2)
    first = connection.deadline
    wire.server.now += 5
    await client.send(b"x")
    await until(lambda: connection.deadline > first)
    assert (await client.ask(b"x" * 5)).body == b"POST /x " + b"x" * 10


async def test_idle_connections_are_closed_without_a_word(serve: Any) -> None:
    wire = await serve(idle_s=0.05)
    fresh, used = await wire.connect(), await wire.connect()
    assert (await used.ask(get())).status == 200
    assert await fresh.closed() == b""
    assert await used.closed() == b""
    await until(lambda: wire.server.connections == 0)


async def test_a_handler_may_take_longer_than_every_wait(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        await asyncio.sleep(0.2)
        return Response(200, [], b"late")

    client = await (await serve(handler, idle_s=0.03, header_s=0.03, body_stall_s=0.03)).connect()
    assert (await client.ask(get())).body == b"late"


async def test_a_client_that_takes_nothing_is_cut_off(serve: Any) -> None:
    produced = 0

    async def endless() -> Any:
        nonlocal produced
        while True:
            produced += 1
            yield b"x" * 65536

    async def handler(request: Request) -> Response:
        return Response(200, [], endless())

    wire = await serve(handler, write_stall_s=0.1)
    client = await wire.connect(limit=1024)
    await client.send(get())
    await client.head()
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: wire.server.connections == 0)
    assert produced < 1000  # what sockets and buffers hold, and not what the handler could have made


async def test_a_slow_reader_gets_everything_and_the_producer_waits(serve: Any) -> None:
    total = 400
    ahead: list[int] = []
    produced = taken = 0

    async def parts() -> Any:
        nonlocal produced
        for _ in range(total):
            produced += 1
            ahead.append(produced - taken)
            yield b"x" * 65536

    async def handler(request: Request) -> Response:
        return Response(200, [("content-length", str(total * 65536))], parts())

    wire = await serve(handler)
    client = await wire.connect(limit=65536)
    await client.send(get())
    await client.head()
    for _ in range(total):
        await client.reader.readexactly(65536)
        taken += 1
    assert produced == total
    assert max(ahead) < total / 2


async def test_pipelined_replies_wait_for_a_client_that_does_not_read(serve: Any) -> None:
    served = 0

    async def handler(request: Request) -> Response:
        nonlocal served
        served += 1
        return Response(200, [], b"x" * MIB)

    wire = await serve(handler)
    client = await wire.connect(limit=1024)
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await client.send(b"".join(get(f"/{number}") for number in range(30)))
    await until(lambda: served > 0 and next(iter(wire.server._members))._paused)
    assert served < 30
    client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    for _ in range(30):
        assert len((await client.reply()).body) == MIB


async def test_connections_beyond_the_bound_are_answered_503(serve: Any) -> None:
    wire = await serve(connections_max=2, linger_s=0.05)
    first, second = await wire.connect(), await wire.connect()
    assert (await first.ask(get())).status == 200
    assert (await second.ask(get())).status == 200
    third = await wire.connect()
    assert (await third.reply()).status == 503
    assert await third.closed() == b""
    await first.close()
    await until(lambda: wire.server.connections == 1)
    assert (await (await wire.connect()).ask(get())).status == 200


async def test_idle_connections_make_room_when_it_gets_crowded(serve: Any) -> None:
    wire = await serve(connections_max=10, idle_s=300)
    clients = [await wire.connect() for _ in range(10)]
    for client in clients:
        assert (await client.ask(get())).status == 200
    for connection in wire.server._members:
        connection.deadline -= 10  # as if idle for ten seconds
    await until(lambda: wire.server.connections < 10)


async def test_handlers_at_work_are_bounded(serve: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    wire = await serve(handler, running_max=1)
    first, second = await wire.connect(), await wire.connect()
    await first.send(get("/1"))
    await until(lambda: wire.server.running == 1)
    assert (await second.ask(get("/2"))).status == 503
    gate.set()
    assert (await first.reply()).status == 200
    assert (await second.ask(get("/2"))).status == 200


async def test_a_body_too_large_is_refused_before_it_is_sent(serve: Any) -> None:
    client = await (await serve(body_bytes_max=MIB)).connect()
    head = f"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {MIB + 1}\r\nExpect: 100-continue\r\n\r\n"
    assert (await client.ask(head.encode())).status == 413


async def test_a_client_in_the_middle_of_a_body_too_large_reads_why(serve: Any) -> None:
    client = await (await serve(body_bytes_max=MIB)).connect()
    client.writer.write(post(b"x" * (8 * MIB)))
    reply = await client.reply()
    assert reply.status == 413


async def test_the_server_refuses_more_bodies_than_it_can_hold(serve: Any) -> None:
    wire = await serve(bodies_bytes_max=MIB)
    one, other = await wire.connect(), await wire.connect()
    await one.send(post(b"x" * MIB)[:-10])
    await until(lambda: wire.server.bodies_bytes > MIB - 100)
    await other.send(post(b"y" * MIB)[:-10])
    assert (await other.reply()).status == 503
    assert (await one.ask(b"x" * 10)).status == 200
    assert wire.server.bodies_bytes == 0


async def test_a_large_body_arrives_whole(serve: Any) -> None:
    client = await (await serve()).connect(limit=16 * MIB)
    body = bytes(range(256)) * 4 * 4096 * 2  # holds no end of a head
    crowded = b"\r\n\r\n" * MIB  # holds nothing else
    for content in (body, crowded):
        assert (await client.ask(post(content))).body == b"POST /x " + content


async def test_closing_lets_a_request_end_and_idle_connections_go(serve: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    wire = await serve(handler)
    busy, idle = await wire.connect(), await wire.connect()
    await busy.send(get())
    await until(lambda: wire.server.running == 1 and wire.server.connections == 2)
    closing = asyncio.create_task(wire.server.close(grace_s=30))
    assert await idle.closed() == b""
    with pytest.raises(OSError):
        await wire.connect()
    gate.set()
    reply = await busy.reply()
    assert (reply.status, reply.headers["connection"]) == (200, "close")
    await closing
    assert wire.server.connections == 0


async def test_closing_cuts_off_what_does_not_end(serve: Any) -> None:
    wire = await serve(lambda request: asyncio.Event().wait())
    client = await wire.connect()
    await client.send(get())
    await until(lambda: wire.server.running == 1)
    await wire.server.close(grace_s=0.05)
    assert wire.server.connections == 0
    assert await client.closed() == b""


async def test_sockets_that_listen_already_carry_their_origin(serve: Any) -> None:
    seen: list[object] = []

    async def handler(request: Request) -> Response:
        seen.append(request.origin)
        return await echo(request)

    wire = await serve(handler)
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    listener = await wire.server.serve_socket(sock, "environment 7")
    wire.port, public = sock.getsockname()[1], wire.port
    inside = await wire.connect()
    assert (await inside.ask(get())).status == 200
    wire.port = public
    outside = await wire.connect()
    assert (await outside.ask(get())).status == 200
    assert seen == ["environment 7", None]
    listener.close()
    assert await inside.closed() == b""
    assert (await outside.ask(get())).status == 200


async def test_lanes_hold_no_task_for_requests_that_do_not_wait(serve: Any, monkeypatch: Any) -> None:
    spawned: list[str] = []
    spawn = Lanes.spawn

    def note(self: Lanes, name: str, work: Any) -> Any:
        spawned.append(name)
        return spawn(self, name, work)

    monkeypatch.setattr(Lanes, "spawn", note)
    client = await (await serve()).connect()
    for _ in range(3):
        await client.ask(get())
    assert spawned == ["http sweep"]
