"""The HTTP client: framings, limits, connections that are kept and those that must not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.lanes import Lanes
from fogbank.gateway.http_client import HttpClient, origin_of
from fogbank.gateway.http_connection import HttpAnswer, HttpError, request_bytes

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def backend(serve: Serve) -> AsyncIterator[str]:
    """The URL of a server that answers as it is told."""
    writers: list[asyncio.StreamWriter] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass

    server = await asyncio.start_server(run, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        for writer in writers:
            writer.close()


def answering(*answers: bytes, close: bool = False) -> Serve:
    """Each request of a connection gets the next answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        if close:
            await writer.drain()
            writer.close()
        else:
            await reader.read()

    return serve


async def ask(client: HttpClient, url: str, method: bytes = b"GET") -> HttpAnswer:
    origin, host, target = origin_of(url)
    async with asyncio.timeout(5):
        return await client.request(origin, method, target, [("Host", host)], b"")


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "close", "body"),
    [
        (OK, False, b"ok"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n",
            False,
            b"abc",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", True, b"until the end"),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", False, b"x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, False, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", False, b""),
    ],
)
async def test_framings(answer: bytes, close: bool, body: bytes) -> None:
    client = HttpClient(Lanes())
    async with backend(answering(answer, close=close)) as url:
        assert (await ask(client, url)).body == body
    client.close()


@pytest.mark.parametrize(
    ("answer", "close"),
    [
        (b"nonsense\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(300)) + b"\r\n", False),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", False),
        (b"", True),
    ],
)
async def test_backends_that_lie(answer: bytes, close: bool) -> None:
    client = HttpClient(Lanes())
    async with backend(answering(answer, close=close)) as url:
        with pytest.raises(HttpError):
            await ask(client, url)
    client.close()


async def test_connections_are_kept_and_stale_ones_replaced() -> None:
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        writer.close()  # asked again, it hangs up: the client tries once more, anew

    client = HttpClient(Lanes())
    async with backend(serve) as url:
        for _ in range(5):
            assert (await ask(client, url)).body == b"ok"
        assert opened == 3
    client.close()


async def test_an_exchange_that_was_given_up_leaves_no_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if b"/slow" in request:
            await reader.read()
        writer.write(OK)
        await reader.read()

    client = HttpClient(Lanes())
    async with backend(serve) as url:
        waiting = asyncio.ensure_future(ask(client, url + "slow"))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await ask(client, url)).body == b"ok"
    client.close()


async def test_more_than_was_asked_for_is_no_answer_to_the_next() -> None:
    """A second answer behind the first must not reach whoever asks next."""
    evil = OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    client = HttpClient(Lanes())
    async with backend(answering(evil, OK)) as url:
        assert (await ask(client, url)).body == b"ok"
        assert (await ask(client, url)).body == b"ok"
    client.close()


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
def test_a_header_stays_one(value: str) -> None:
    with pytest.raises(HttpError):
        request_bytes(b"GET", "/", [("X", value)], b"")


@pytest.mark.parametrize(
    "url", ["ftp://x/", "nothing", "http://", "http://x:99999/", "http://x/a b", "http://[x/"]
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(HttpError):
        origin_of(url)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5), st.booleans())
async def test_any_body_comes_whole(pieces: list[bytes], chunked: bool) -> None:
    content = b"".join(pieces)
    if chunked:
        framed = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed
    else:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content
    client = HttpClient(Lanes())
    async with backend(answering(answer)) as url:
        assert (await ask(client, url)).body == content
    client.close()
