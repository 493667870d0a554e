"""The reader gives the same requests however the bytes are divided."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.edge.parser import Incoming, NameCache, Phase, RequestReader
from fogbank.edge.settings import HttpSettings

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-ABCXYZ", min_size=1, max_size=12).map(lambda name: "x-" + name)
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
TARGETS = st.text("abc/%2F.~-_", max_size=12).map(lambda path: "/" + path)


@st.composite
def wire_requests(draw: st.DrawFn) -> tuple[bytes, tuple[object, ...]]:
    """Bytes of a request, and what they say."""
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]))
    target = draw(TARGETS) + draw(st.sampled_from(["", "?", "?a=b&c", "?q=%20"]))
    headers = [("host", "localhost"), *draw(st.lists(st.tuples(NAMES, VALUES), max_size=4))]
    body = draw(st.binary(max_size=60)) if method not in ("GET", "HEAD") else b""
    chunked = bool(body) and draw(st.booleans())
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if chunked:
        at = draw(st.integers(0, len(body)))
        parts = [part for part in (body[:at], body[at:]) if part]
        coded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        lines.append("transfer-encoding: chunked")
    else:
        coded = body
        lines += [f"content-length: {len(body)}"] if body or draw(st.booleans()) else []
    wire = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + coded
    meant = [(name.lower(), value) for name, value in headers]
    return wire, (method, target, meant, body)


def content(incoming: Incoming) -> tuple[object, ...]:
    request, keep_alive, http10 = incoming
    framing = ("content-length", "transfer-encoding")
    items = [item for item in request.headers.items if item[0] not in framing]
    assert keep_alive
    assert not http10
    return request.method, request.target, items, request.body


def new_reader() -> RequestReader:
    return RequestReader(HttpSettings(), NameCache(), "127.0.0.1", False, None)


@settings(max_examples=150, deadline=None)
@given(st.lists(wire_requests(), min_size=1, max_size=4), st.data())
def test_any_division_gives_the_same_requests(
    messages: list[tuple[bytes, tuple[object, ...]]], data: st.DataObject
) -> None:
    wire = b"".join(message for message, _ in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=12)))
    reader = new_reader()
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        reader.feed(wire[start:end])
    assert reader.refusal is None
    assert [content(incoming) for incoming in reader.ready] == [meant for _, meant in messages]
    assert reader.phase is Phase.IDLE
    assert reader.held_bytes == sum(len(request.body) for request, _, _ in reader.ready)


@settings(max_examples=40, deadline=None)
@given(wire_requests())
def test_split_at_every_byte(message: tuple[bytes, tuple[object, ...]]) -> None:
    wire, meant = message
    for at in range(1, len(wire)):
        reader = new_reader()
        reader.feed(wire[:at])
        assert not reader.ready or at >= len(wire) - 4  # only trailing line ends may be superfluous
        reader.feed(wire[at:])
        assert [content(incoming) for incoming in reader.ready] == [meant]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=40), wire_requests().map(lambda message: message[0])), max_size=5)
)
def test_garbage_is_refused_and_never_raises(pieces: list[bytes]) -> None:
    reader = new_reader()
    for piece in pieces:
        reader.feed(piece)
    if reader.refusal is not None:
        served = len(reader.ready)
        reader.feed(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert len(reader.ready) == served
