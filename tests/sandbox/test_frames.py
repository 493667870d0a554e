"""The frames, both ends, however the bytes are cut on the way."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.core.limits import LOG_EVENT_BYTES_MAX, RESPONSE_PAYLOAD_BYTES_MAX
from fogbank.sandbox.api import Invocation
from fogbank.sandbox.frames import (
    FrameReader,
    Kind,
    ProtocolViolation,
    encode_invocation,
    payload_of,
    usage_kb,
)
from fogbank.sandbox.guest import wire
from tests.sandbox.harness import Log

KINDS = [kind for kind in Kind if kind not in (Kind.BEGIN, Kind.READY, Kind.TOO_LARGE, Kind.END)]
frames = st.lists(st.tuples(st.sampled_from(KINDS), st.binary(min_size=4, max_size=300)), max_size=8)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


@given(frames, st.lists(st.integers(1, 50), max_size=40))
def test_frames_come_out_as_they_went_in_however_they_are_cut(
    sent: list[tuple[Kind, bytes]], sizes: list[int]
) -> None:
    data = b"".join(wire.FRAME_HEAD.pack(kind, len(body)) + body for kind, body in sent)
    reader = FrameReader()
    assert [frame for piece in cut(data, sizes) for frame in reader.feed(piece)] == sent


@given(st.binary(max_size=2000), st.lists(st.integers(1, 50), max_size=40))
def test_garbage_is_a_frame_or_a_violation_and_nothing_else(data: bytes, sizes: list[int]) -> None:
    reader = FrameReader()
    try:
        for piece in cut(data, sizes):
            for kind, body in reader.feed(piece):
                assert Kind(kind) in Kind and len(body) <= len(data)
    except ProtocolViolation:
        pass


def test_kinds_are_the_guests() -> None:
    for kind in Kind:
        if kind is not Kind.TOO_LARGE:
            assert getattr(wire, kind.name) == kind


def test_a_response_over_the_limit_is_dropped_as_it_arrives_and_the_next_frame_is_found() -> None:
    reader, size = FrameReader(), RESPONSE_PAYLOAD_BYTES_MAX + 1 + 4
    assert reader.feed(struct.pack("!BI", Kind.RESULT, size)) == []
    for _ in range(size // 65536):
        assert reader.feed(b"x" * 65536) == []
        assert not reader._pieces  # nothing of it is kept
    rest = reader.feed(b"x" * (size % 65536) + struct.pack("!BI", Kind.OUTPUT, 2) + b"ok")
    assert rest == [(Kind.TOO_LARGE, b""), (Kind.OUTPUT, b"ok")]


def test_the_largest_response_is_not_dropped() -> None:
    reader, size = FrameReader(), RESPONSE_PAYLOAD_BYTES_MAX + 4
    reader.feed(struct.pack("!BI", Kind.RESULT, size))
    ((kind, body),) = reader.feed(b"x" * size)
    assert kind == Kind.RESULT and len(payload_of(body)) == RESPONSE_PAYLOAD_BYTES_MAX


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (0, 0),
        (Kind.TOO_LARGE, 0),
        (200, 1),
        (Kind.READY, 1),
        (Kind.EVENT, LOG_EVENT_BYTES_MAX + 9),
        (Kind.OUTPUT, 65_537),
    ],
)
def test_violations(kind: int, length: int) -> None:
    with pytest.raises(ProtocolViolation):
        FrameReader().feed(struct.pack("!BI", kind, length))


def test_an_answer_needs_its_head() -> None:
    assert usage_kb(b"\0\0\1\0rest") == 256
    with pytest.raises(ProtocolViolation):
        usage_kb(b"\0\0")


texts = st.one_of(st.none(), st.text(max_size=60))


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=40),
    st.binary(max_size=200_000),
    texts,
    texts,
    texts,
    st.integers(1, 900_000),
)
def test_an_invocation_arrives_whole(
    request_id: str,
    payload: bytes,
    context: str | None,
    identity: str | None,
    trace: str | None,
    timeout_ms: int,
) -> None:
    invocation = Invocation(request_id, payload, "arn:x", Log(), context, identity, trace)
    got = over_a_socket(encode_invocation(invocation, timeout_ms), lambda channel: channel.receive())
    expected = [request_id, "arn:x", trace or "", context or "", identity or ""]
    assert got == (timeout_ms, [*(text.encode() for text in expected), payload])


def over_a_socket(data: bytes, receive: Callable[[wire.Channel], object]) -> object:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=ours.sendall, args=(data,))
        sender.start()
        got = receive(wire.Channel(theirs))
        sender.join()
    return got


@pytest.mark.parametrize("data", [b"", b"\0\0", struct.pack("!7I", 1, 1, 1, 0, 0, 0, 500) + b"short"])
def test_the_guest_notices_that_the_node_is_gone(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        ours.sendall(data)
        ours.close()
        with pytest.raises(wire.Closed):
            wire.Channel(theirs).receive()
