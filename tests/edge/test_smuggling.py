"""Requests that two servers could read differently, and other broken ones: refused, and nothing after them is served."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.core.http import Request, Response
from fogbank.edge.parser import NameCache, RequestReader
from fogbank.edge.settings import HttpSettings

HOST = b"Host: h\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"

CORPUS = {
    "length and chunks": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
    "the same length twice": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "a list of lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 0\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n",
    "a negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a hex length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 0x0\r\n\r\n",
    "an empty length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length:\r\n\r\n",
    "an endless length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n",
    "chunks in disguise": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks not last": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunks twice": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunks in two headers": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip and chunks": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunks by vertical tab": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length : 0\r\n\r\n",
    "tab before the colon": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "a folded header": b"POST / HTTP/1.1\r\n" + HOST + b"X: a\r\n Content-Length: 5\r\n\r\n",
    "a folded first header": b"POST / HTTP/1.1\r\n X: a\r\n" + HOST + b"\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "a zero byte in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a zero byte in a name": b"GET / HTTP/1.1\r\n" + HOST + b"X\0: a\r\n\r\n",
    "a bare CR in a value": b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rContent-Length: 5\r\n\r\n",
    "bare line feeds": b"GET / HTTP/1.1\nHost: h\n\n",
    "a bare line feed at the end": b"GET / HTTP/1.1\r\n" + HOST + b"\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "a version to come": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/2 with prior knowledge": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a lower-case version": b"GET / http/1.1\r\n" + HOST + b"\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a byte above 127 in the target": b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a slash": b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
    "credentials in the target": b"GET http://user@host/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "another scheme": b"GET ftp://host/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a proxy's request": b"CONNECT h:443 HTTP/1.1\r\n" + HOST + b"\r\n",
    "an unknown method": b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
    "TLS on a plain socket": b"\x16\x03\x01\x02\x00\x01\x00",
    "a chunk size with a sign": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
    "a chunk size with 0x": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
    "a chunk size with a space": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n 0\r\n\r\n",
    "an empty chunk size": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n\r\n\r\n",
    "an endless chunk size": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"f" * 40
    + b"\r\n",
    "a chunk longer than it says": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
    "a chunk ended by a line feed": b"POST / HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n",
}


def read(pieces: list[bytes], **bounds: int) -> RequestReader:
    reader = RequestReader(HttpSettings(**bounds), NameCache(), "127.0.0.1", False, None)
    for piece in pieces:
        reader.feed(piece)
    return reader


@pytest.mark.parametrize("name", CORPUS)
def test_it_is_refused_and_nothing_after_it_is_served(name: str) -> None:
    reader = read([CORPUS[name] + SMUGGLED])
    assert reader.refusal is not None
    assert reader.refusal.status in (400, 501, 505)
    assert not reader.ready


@pytest.mark.parametrize("name", CORPUS)
def test_byte_by_byte_as_well(name: str) -> None:
    data = CORPUS[name] + SMUGGLED
    reader = read([data[at : at + 1] for at in range(len(data))])
    assert reader.refusal is not None
    assert not reader.ready


async def test_the_answer_comes_after_earlier_ones_and_the_connection_closes(serve: Any) -> None:
    served: list[str] = []

    async def handler(request: Request) -> Response:
        served.append(request.path)
        return Response(200, [], b"ok")

    client = await (await serve(handler)).connect()
    await client.send(b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n" + CORPUS["length and chunks"] + SMUGGLED)
    assert (await client.reply()).body == b"ok"
    reply = await client.reply()
    assert (reply.status, reply.headers["connection"]) == (400, "close")
    assert await client.closed() == b""
    assert served == ["/first"]


def test_what_is_bounded() -> None:
    head = b"GET / HTTP/1.1\r\n" + HOST
    assert read([b"GET /" + b"a" * 100 + b" HTTP/1.1\r\n"], request_line_bytes_max=50).refusal.status == 414  # type: ignore[union-attr]
    many = b"".join(b"x%d: 1\r\n" % number for number in range(20))
    assert read([head + many + b"\r\n"], headers_max=10).refusal.status == 431  # type: ignore[union-attr]
    assert read([head + b"x: " + b"a" * 500 + b"\r\n\r\n"], header_bytes_max=400).refusal.status == 431  # type: ignore[union-attr]
    body = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2000000\r\n\r\n"
    assert read([body], body_bytes_max=1_000_000).refusal.status == 413  # type: ignore[union-attr]
    assert read([head + b"Expect: tea\r\n\r\n"]).refusal.status == 417  # type: ignore[union-attr]


def test_a_head_that_never_ends_is_cut_off() -> None:
    reader = read(
        [b"GET / HTTP/1.1\r\n" + HOST + b"x: "] + [b"a" * 100] * 40,
        header_bytes_max=1000,
        request_line_bytes_max=100,
    )
    assert reader.refusal is not None
    assert reader.refusal.status == 431


def test_chunks_beyond_the_bound_are_refused() -> None:
    start = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    reader = read([start] + [b"10\r\n" + b"a" * 16 + b"\r\n"] * 10, body_bytes_max=100)
    assert reader.refusal is not None
    assert reader.refusal.status == 413


def test_endless_chunk_extensions_are_refused() -> None:
    start = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1;"
    reader = read([start] + [b"e" * 16_384] * 20)
    assert reader.refusal is not None


def test_endless_trailers_are_refused() -> None:
    start = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    reader = read([start] + [b"t: " + b"x" * 200 + b"\r\n"] * 20, header_bytes_max=1000)
    assert reader.refusal is not None
    assert reader.refusal.status == 431
