"""The server name of a ClientHello, as OpenSSL writes it, whole and in pieces, and of what is none."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.edge.client_hello import Incomplete, server_name


def hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


def records(data: bytes, size: int) -> bytes:
    """The same message in records of `size` bytes."""
    body = data[5:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(data[:3] + len(piece).to_bytes(2) + piece for piece in pieces)


def test_the_name_is_found() -> None:
    assert server_name(hello("API.Example.com")) == "api.example.com"
    assert server_name(hello(None)) is None


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_message_in_many_records(size: int) -> None:
    assert server_name(records(hello("api.example.com"), size)) == "api.example.com"


def test_every_beginning_is_incomplete() -> None:
    data = hello("api.example.com")
    for end in range(len(data)):
        with pytest.raises(Incomplete):
            server_name(data[:end])


@given(st.binary(max_size=300), st.integers(0, 600))
def test_damage_is_no_name_and_nothing_worse(noise: bytes, at: int) -> None:
    data = bytearray(hello("api.example.com"))
    data[at : at + len(noise)] = noise
    try:
        found = server_name(bytes(data))
    except Incomplete:
        return
    assert found is None or isinstance(found, str)
