"""HTTP/1.1 over real sockets: messages, order, persistence, what clients may and may not do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest

from fogbank.core.http import Request, Response
from tests.edge.wire import Client, Wire, echo, get, post
from tests.support.waiting import until


async def test_keep_alive_serves_one_request_after_another(serve: Any) -> None:
    client = await (await serve()).connect()
    for number in range(3):
        reply = await client.ask(post(b"body %d" % number, f"/{number}?a=%20b"))
        assert reply.status == 200
        assert reply.body == b"POST /%d?a=%%20b body %d" % (number, number)
        assert "connection" not in reply.headers
        assert reply.headers["date"].endswith(" GMT")


async def test_the_request_as_handlers_see_it(serve: Any) -> None:
    seen: list[Request] = []

    async def handler(request: Request) -> Response:
        seen.append(request)
        return Response(204)

    client = await (await serve(handler)).connect()
    await client.send(
        b"PUT /a%2Fb?q=1&q=2 HTTP/1.1\r\nHOST: h:1\r\nX-One: 1\r\nx-one:  2 \r\nX-Byte: \xe9\r\ncontent-length: 2\r\n\r\nhi"
    )
    reply = await client.reply()
    assert (reply.status, "content-length" in reply.headers) == (204, False)
    (request,) = seen
    assert (request.method, request.target) == ("PUT", "/a%2Fb?q=1&q=2")
    assert (request.path, request.query, request.body) == ("/a%2Fb", "q=1&q=2", b"hi")
    assert request.headers.items[:3] == [("host", "h:1"), ("x-one", "1"), ("x-one", "2")]
    assert request.headers.get("x-byte") == "\xe9"
    assert (request.peer, request.secure, request.origin) == ("127.0.0.1", False, None)


async def test_pipelined_requests_are_answered_in_order(serve: Any) -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def handler(request: Request) -> Response:
        if request.path != "/fast":
            await gates[int(request.path[1:])].wait()
        return await echo(request)

    client = await (await serve(handler)).connect()
    await client.send(get("/0") + get("/fast") + get("/1") + post(b"x", "/2") + get("/fast"))
    for gate in reversed(gates):  # released in the other order
        gate.set()
    bodies = [(await client.reply()).body for _ in range(5)]
    assert bodies == [b"GET /0 ", b"GET /fast ", b"GET /1 ", b"POST /2 x", b"GET /fast "]


async def test_a_pipeline_deeper_than_its_bound_is_served_whole_and_read_piecemeal(serve: Any) -> None:
    started = 0
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        nonlocal started
        started += 1
        await gate.wait()
        return await echo(request)

    wire = await serve(handler, pipeline_depth_max=4)
    client = await wire.connect()
    await client.send(b"".join(get(f"/{number}") for number in range(500)))
    await until(lambda: started == 1)
    (connection,) = wire.server._members
    assert len(connection._reader.ready) < 4
    assert not connection._transport.is_reading()
    gate.set()
    for number in range(500):
        assert (await client.reply()).body == b"GET /%d " % number
    assert started == 500


async def test_many_small_reads_do_not_pass_the_bound_either(serve: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    wire = await serve(handler, pipeline_depth_max=4)
    client = await wire.connect()
    (connection,) = [None]
    for number in range(12):
        await client.send(get(f"/{number}"))
        await asyncio.sleep(0.001)  # so that each is read for itself; the outcome does not depend on it
    (connection,) = wire.server._members
    assert len(connection._reader.ready) <= 4
    gate.set()
    for number in range(12):
        assert (await client.reply()).body == b"GET /%d " % number


async def test_a_chunked_request(serve: Any) -> None:
    client = await (await serve()).connect()
    reply = await client.ask(
        b"POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: dropped\r\n\r\n"
    )
    assert reply.body == b"POST /c abcdefg"
    assert (await client.ask(get("/after"))).body == b"GET /after "


@pytest.mark.parametrize("sent", [b"", b"bo"])
async def test_expect_100_continue(serve: Any, sent: bytes) -> None:
    client = await (await serve()).connect()
    await client.send(post(b"body", extra="Expect: 100-continue\r\n")[:-4] + sent)
    if not sent:
        assert (await client.reply()).status == 100
    await client.send(b"body"[len(sent) :])
    reply = await client.reply()
    if reply.status == 100:  # the body's beginning came later than the head
        reply = await client.reply()
    assert reply.body == b"POST /x body"


async def test_a_continue_waits_for_its_turn_in_the_pipeline(serve: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    client = await (await serve(handler)).connect()
    await client.send(get("/first") + post(b"body", extra="Expect: 100-continue\r\n")[:-4])
    gate.set()
    assert (await client.reply()).body == b"GET /first "
    assert (await client.reply()).status == 100
    assert (await client.ask(b"body")).body == b"POST /x body"


async def test_head_has_the_length_and_no_body(serve: Any) -> None:
    client = await (await serve()).connect()
    await client.send(b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
    reply = await client.reply(to_head=True)
    assert reply.headers["content-length"] == str(len(b"HEAD /x "))
    assert (await client.ask(get())).body == b"GET /x "


async def test_a_handler_gives_the_length_of_what_head_does_not_show(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [("Content-Length", "12345")])

    client = await (await serve(handler)).connect()
    await client.send(b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n")
    assert (await client.reply(to_head=True)).headers["content-length"] == "12345"


async def test_http10_closes_unless_asked_not_to(serve: Any) -> None:
    wire = await serve()
    client = await wire.connect()
    reply = await client.ask(b"GET /a HTTP/1.0\r\n\r\n")
    assert (reply.body, reply.headers["connection"]) == (b"GET /a ", "close")
    assert await client.closed() == b""
    client = await wire.connect()
    reply = await client.ask(b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert reply.headers["connection"] == "keep-alive"
    assert (await client.ask(b"GET /b HTTP/1.0\r\n\r\n")).body == b"GET /b "


async def test_connection_close_from_either_side(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [("Connection", "close")] if request.path == "/server" else [], b"bye")

    wire = await serve(handler)
    for target, extra in [("/server", ""), ("/client", "Connection: close\r\n")]:
        client = await wire.connect()
        reply = await client.ask(get(target, extra) + get("/never"))
        assert (reply.body, reply.headers["connection"]) == (b"bye", "close")
        assert await client.closed() == b""


async def test_a_client_that_ends_its_side_still_gets_its_replies(serve: Any) -> None:
    gate = asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        return await echo(request)

    client = await (await serve(handler)).connect()
    await client.send(get("/1") + get("/2"))
    client.writer.write_eof()
    gate.set()
    assert (await client.reply()).body == b"GET /1 "
    assert (await client.reply()).body == b"GET /2 "
    assert await client.closed() == b""


async def test_an_offer_to_upgrade_is_declined_and_the_request_served(serve: Any) -> None:
    client = await (await serve()).connect()
    offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    assert (await client.ask(post(b"body", extra=offer) + get("/next"))).body == b"POST /x body"
    assert (await client.reply()).body == b"GET /next "


async def test_absolute_targets_name_the_host(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], f"{request.headers.all('host')} {request.path} {request.query}".encode())

    client = await (await serve(handler)).connect()
    reply = await client.ask(b"GET http://other:80/p?q=http://x HTTP/1.1\r\nHost: h\r\n\r\n")
    assert reply.body == b"['other:80'] /p q=http://x"
    assert (await client.ask(b"GET HTTP://other HTTP/1.1\r\nHost: h\r\n\r\n")).body == b"['other'] / "


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_streams_go_in_chunks_and_the_connection_goes_on(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [("content-type", "x")], chunks(b"one", b"", b"two"))

    client = await (await serve(handler)).connect()
    for _ in range(2):
        reply = await client.ask(get())
        assert reply.headers["transfer-encoding"] == "chunked"
        assert reply.body == b"onetwo"


async def test_streams_to_http10_end_with_the_connection(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [], chunks(b"one", b"two"))

    client = await (await serve(handler)).connect()
    reply = await client.ask(b"GET / HTTP/1.0\r\n\r\n")
    assert (reply.body, "transfer-encoding" in reply.headers) == (b"onetwo", False)


@pytest.mark.parametrize(
    ("parts", "whole"), [((b"12", b"345"), True), ((b"12",), False), ((b"123456",), False)]
)
async def test_streams_of_a_known_length(serve: Any, parts: tuple[bytes, ...], whole: bool) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [("content-length", "5")], chunks(*parts))

    client = await (await serve(handler)).connect()
    await client.send(get())
    assert (await client.head())[1]["content-length"] == "5"
    if whole:
        assert await client.reader.readexactly(5) == b"12345"
        await client.send(get())
        assert (await client.head())[0] == 200
    else:
        assert len(await client.closed()) < 5  # cut: the client must not take it for the whole


async def test_a_stream_that_fails_is_cut_not_ended(serve: Any) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"begin"
        raise RuntimeError("no more")

    async def handler(request: Request) -> Response:
        return Response(200, [], broken())

    client = await (await serve(handler)).connect()
    await client.send(get())
    await client.head()
    assert not (await client.closed()).endswith(b"0\r\n\r\n")


async def test_a_handler_that_fails_answers_500_and_the_connection_goes_on(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        if request.path == "/late":
            await asyncio.sleep(0)
        if request.path != "/good":
            raise RuntimeError("secret detail")
        return Response(200)

    client = await (await serve(handler)).connect()
    for target in ("/soon", "/late"):
        reply = await client.ask(get(target))
        assert reply.status == 500
        assert b"secret" not in reply.body
    assert (await client.ask(get("/good"))).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [("x", "a\r\nset-cookie: b")],
        [("x", "a\nb")],
        [("x", "a\rb")],
        [("x", "a\0b")],
        [("x\r\ny", "a")],
        [("x y", "a")],
        [("x:", "a")],
        [("", "a")],
    ],
)
async def test_a_response_that_would_break_out_of_its_headers_is_not_sent(
    serve: Any, headers: list[tuple[str, str]]
) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, headers, b"fine")

    client = await (await serve(handler)).connect()
    reply = await client.ask(get())
    assert reply.status == 500
    assert set(reply.headers) == {"date", "content-type", "content-length"}


async def test_nor_is_a_streamed_one(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        return Response(200, [("x", "a\r\nb: c")], chunks(b"one"))

    client = await (await serve(handler)).connect()
    for _ in range(2):
        assert (await client.ask(get())).status == 500


async def test_the_edge_owns_the_framing(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        framing = [("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("Date", "never")]
        return Response(200, framing, b"four")

    client = await (await serve(handler)).connect()
    reply = await client.ask(get())
    assert (reply.body, reply.headers["content-length"]) == (b"four", "4")
    assert "transfer-encoding" not in reply.headers
    assert reply.headers["date"] != "never"


async def test_asyncio_timeout_works_before_the_first_wait(serve: Any) -> None:
    async def handler(request: Request) -> Response:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return Response(200, [], b"timed out")
        return Response(200)

    client = await (await serve(handler)).connect()
    assert (await client.ask(get())).body == b"timed out"


async def test_task_groups_work_before_the_first_wait(serve: Any) -> None:
    async def part(number: int) -> int:
        await asyncio.sleep(0)
        return number

    async def handler(request: Request) -> Response:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(part(number)) for number in range(3)]
        return Response(200, [], str([task.result() for task in tasks]).encode())

    client = await (await serve(handler)).connect()
    assert (await client.ask(get())).body == b"[0, 1, 2]"


async def hang_up(wire: Wire, client: Client) -> None:
    reset = struct.pack("ii", 1, 0)  # linger for no time: closing resets, as when a client's process dies
    client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    client.writer.transport.abort()
    await until(lambda: wire.server.connections == 0)


async def test_a_handler_runs_to_its_end_when_the_client_hangs_up(serve: Any) -> None:
    gate, ended = asyncio.Event(), asyncio.Event()

    async def handler(request: Request) -> Response:
        await gate.wait()
        ended.set()
        return Response(200)

    wire = await serve(handler)
    client = await wire.connect()
    await client.send(get())
    await until(lambda: wire.server.running == 1)
    await hang_up(wire, client)
    assert wire.server.running == 1
    gate.set()
    await ended.wait()
    await until(lambda: wire.server.running == 0)


async def test_a_stream_is_cancelled_and_cleaned_up_when_the_client_hangs_up(serve: Any) -> None:
    cleaned = asyncio.Event()

    async def forever() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick"
                await asyncio.sleep(0.001)
        finally:
            cleaned.set()

    async def handler(request: Request) -> Response:
        return Response(200, [], forever())

    wire = await serve(handler)
    client = await wire.connect()
    await client.send(get())
    await client.head()
    await hang_up(wire, client)
    async with asyncio.timeout(5):
        await cleaned.wait()


async def test_half_a_request_and_a_hang_up_leave_nothing(serve: Any) -> None:
    wire = await serve()
    for data in (b"GE", get()[:-2], post(b"abcdef")[:-3]):
        client = await wire.connect()
        await client.send(data)
        await until(lambda: wire.server.connections == 1)
        await hang_up(wire, client)
    assert wire.server.bodies_bytes == 0
