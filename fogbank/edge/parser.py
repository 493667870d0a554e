"""From wire bytes to requests: httptools' (llhttp's strict) parser, with the bounds and checks it leaves to its user.

A `RequestReader` belongs to one connection and does no I/O: `feed` bytes, take whole requests from `ready`, look at
`refusal` and `phase`. Everything by which two HTTP implementations could disagree about where a request ends — two
lengths, a length beside chunks, codings other than `chunked`, HTTP/1.0 with chunks — is refused, and after a refusal
nothing more is read from that connection.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Any, NamedTuple

import httptools

from fogbank.core.http import ClientCertificate, Headers, Request
from fogbank.core.limits import HTTP_NAMES_CACHED_MAX
from fogbank.edge.settings import HttpSettings

CHUNK_OVERHEAD_BYTES_MAX = 64 * 1024  # chunk sizes and extensions, beside eight bytes for each byte of body


AHEAD_BYTES_MAX = 256 * 1024  # sent by a client that does not wait for the answer to its handshake


class Phase(IntEnum):
    """Where in a message the connection stands."""

    IDLE = 0  # between messages
    HEAD = 1
    BODY = 2


IDLE, HEAD, BODY = Phase.IDLE, Phase.HEAD, Phase.BODY  # read on every request: globals are the quickest names


class Refusal(NamedTuple):
    """Why a connection's next request is not served; it is answered with `status` and the connection closed."""

    status: int
    message: str


#: One whole request; whether its connection is to be kept; whether it came in HTTP/1.0. A plain tuple: one is made for
#: every request, and a named one takes longer to make than the parser takes to read a header.
Incoming = tuple[Request, bool, bool]


class NameCache:
    """Lower-case header names by their wire form; shared by a server's connections and bounded."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        self._names: dict[bytes, str] = {}

    def learn(self, name: bytes) -> str:
        text = name.decode("latin-1").lower()
        if len(self._names) < HTTP_NAMES_CACHED_MAX and len(name) <= 64:
            self._names[name] = text
        return text

    @property
    def known(self) -> dict[bytes, str]:
        return self._names


class RequestReader:
    """Reads requests off one connection. The `on_…` methods are httptools' callbacks."""

    __slots__ = (
        "_body_bytes",
        "_fed_bytes",
        "_headers",
        "_http10",
        "_items",
        "_known",
        "_names",
        "_origin",
        "_parser",
        "_parts",
        "_peer",
        "_piece_bytes",
        "_secure",
        "_settings",
        "_spelled",
        "_trim",
        "_url",
        "ahead",
        "certificate",
        "continue_due",
        "held_bytes",
        "phase",
        "ready",
        "refusal",
        "switching",
    )

    def __init__(
        self, settings: HttpSettings, names: NameCache, peer: str, secure: bool, origin: Any
    ) -> None:
        self._settings = settings
        self._names = names
        self._known = names.known
        self._peer = peer
        self._secure = secure
        self._origin = origin
        self.certificate: ClientCertificate | None = None  # of the connection's client
        self._parser: Any = httptools.HttpRequestParser(self)
        self._headers: Headers | None = None
        self._items: list[tuple[str, str]] = []
        self._spelled: list[bytes] = []
        self._url = b""
        self._http10 = False
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._piece_bytes = 0  # length of the present feed
        self._fed_bytes = 0  # fed since the feed in which the present message began
        self._trim = False  # a header value of this message may end in white space
        self.ready: deque[Incoming] = deque()
        self.refusal: Refusal | None = None
        self.phase = IDLE
        self.continue_due = False  # the client waits for "100 Continue" before it sends its body
        self.held_bytes = 0  # body bytes in `ready` and in the present message
        self.switching = (
            False  # the last of `ready` offers a WebSocket: nothing is parsed before it is answered
        )
        self.ahead = b""  # what came behind it

    def feed(self, data: bytes) -> None:
        """Take bytes of the connection, in any division. Never raises: see `refusal`."""
        if self.refusal is not None:
            return
        if self.switching:
            self.ahead += data
            if len(self.ahead) > AHEAD_BYTES_MAX:
                self.refuse(400, "The request's connection is not a WebSocket yet")
            return
        self._fed_bytes += len(data)
        self._piece_bytes = len(data)
        # Values are given as sent; white space behind one belongs to the line. Rare: looked for once in a piece, and
        # taken for granted where a head comes in several.
        self._trim = self.phase is not IDLE or b" \r" in data or b"\t\r" in data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self.refusal is None and self._headers is not None:
                rest = data[upgrade.args[0] :]
                if offers_websocket(self._parser.get_method(), self._headers) and not self._http10:
                    self._offer(self._headers, rest)
                else:
                    self._decline_upgrade(self._headers, rest)
            return
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            self.refuse(400, f"The request is not valid HTTP/1.1: {error}")
        if self.phase is not IDLE:
            self._check_partial()

    def refuse(self, status: int, message: str) -> None:
        """Serve nothing more; the first reason stands."""
        if self.refusal is None:
            self.refusal = Refusal(status, message)
            self.continue_due = False
            self._parts = []

    def close(self) -> None:
        """Let go of everything (the parser and this reader refer to each other)."""
        self.refuse(400, "closed")
        self._parser = None
        self.ready.clear()

    # --- httptools' callbacks ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.phase = HEAD
        self._fed_bytes = 0
        self._url = b""
        self._items = []
        self._spelled = []

    def on_url(self, part: bytes) -> None:
        self._url += part
        if len(self._url) > self._settings.request_line_bytes_max:
            self.refuse(414, "The request's target is too long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._items.append((self._known.get(name) or self._names.learn(name), value.decode("latin-1")))
        self._spelled.append(name)

    def on_headers_complete(self) -> None:
        self.phase = BODY
        items = self._items
        if self._trim:
            items = [(name, value.rstrip(" \t")) for name, value in items]
        headers = self._headers = Headers(items, self._spelled)
        self._spelled = []
        self._items = []  # from here on trailers: nothing in AWS's protocols uses them; bounded and dropped
        version = self._parser.get_http_version()
        self._http10 = version != "1.1"
        if self._http10 and version != "1.0":
            self.refuse(505, "The versions that are understood are HTTP/1.1 and HTTP/1.0")
        self._parts = []
        self._body_bytes = 0
        if "host" not in headers or headers.repeated:
            self._check_repeats(headers)
        if "transfer-encoding" in headers:
            self._check_coding(headers)
        if len(items) > self._settings.headers_max or (
            self._fed_bytes + self._piece_bytes > self._settings.header_bytes_max
            and sum(len(name) + len(value) + 4 for name, value in items) > self._settings.header_bytes_max
        ):
            self.refuse(431, "The request's headers are too large")
        length = headers.get("content-length")
        if length is not None and len(length) > 6 and int(length) > self._settings.body_bytes_max:
            self.refuse(413, "The request's body is too large")
        if "expect" in headers:
            self._expect(headers.all("expect"))

    def on_body(self, data: bytes) -> None:
        if self.refusal is not None:
            return
        self._body_bytes += len(data)
        self.held_bytes += len(data)
        if self._body_bytes > self._settings.body_bytes_max:
            self.refuse(413, "The request's body is too large")
            return
        self._parts.append(data)
        self.continue_due = False

    def on_message_complete(self) -> None:
        self.phase = IDLE
        headers = self._headers
        if self._items:
            self._check_trailers()
        if self.refusal is not None or headers is None:
            return
        if "upgrade" in headers and self._parser.should_upgrade():
            self.phase = HEAD
            return  # `feed` goes on with it
        self._headers = None
        self.continue_due = False
        parts = self._parts
        body = b"".join(parts) if len(parts) > 1 else parts[0] if parts else b""
        target = self._url.decode("latin-1")
        if target[:1] != "/":
            target, headers = self._relative(target, headers)
            if not target:
                return
        if "#" in target or not target.isascii():
            self.refuse(400, "The request's target is not valid")
            return
        path, _, query = target.partition("?")
        method = self._parser.get_method().decode("ascii")
        request = Request(method, target, path, query, headers, body, self._peer, self._secure, self._origin)
        if self.certificate is not None:
            request.certificate = self.certificate
        self.ready.append((request, self._parser.should_keep_alive(), self._http10))

    # --- checks off the common path ---------------------------------------------------------------------------------

    def _check_partial(self) -> None:
        """Bound a message that is still coming."""
        if self.phase is HEAD:
            if self._fed_bytes > self._settings.header_bytes_max + self._settings.request_line_bytes_max:
                self.refuse(431, "The request's headers are too large")
            return
        if self._items:
            self._check_trailers()
        if self._headers is not None and "transfer-encoding" in self._headers:
            allowed = (
                CHUNK_OVERHEAD_BYTES_MAX
                + self._settings.header_bytes_max
                + self._settings.request_line_bytes_max
                + 9 * self._body_bytes
            )
            if self._fed_bytes > allowed:
                self.refuse(400, "The request's chunks carry more framing than content")

    def _check_trailers(self) -> None:
        if sum(len(name) + len(value) + 4 for name, value in self._items) > self._settings.header_bytes_max:
            self.refuse(431, "The request's trailers are too large")

    def _check_repeats(self, headers: Headers) -> None:
        hosts = len(headers.all("host"))
        if hosts > 1 or (hosts == 0 and not self._http10):
            self.refuse(400, "The request must have one Host header")
        if len(headers.all("content-length")) > 1:
            self.refuse(400, "The request has more than one Content-Length")

    def _check_coding(self, headers: Headers) -> None:
        codings = headers.all("transfer-encoding")
        if "content-length" in headers:
            self.refuse(400, "The request has both Content-Length and Transfer-Encoding")
        elif self._http10:
            self.refuse(400, "Transfer-Encoding is not allowed in HTTP/1.0")
        elif len(codings) > 1 or codings[0].strip().lower() != "chunked":
            self.refuse(501, "The only Transfer-Encoding that is understood is chunked")

    def _expect(self, wanted: list[str]) -> None:
        if [value.strip().lower() for value in wanted] != ["100-continue"]:
            self.refuse(417, "The only expectation that is understood is 100-continue")
        elif self.refusal is None and not self._http10:
            self.continue_due = True

    def _relative(self, target: str, headers: Headers) -> tuple[str, Headers]:
        """The path of an absolute target (`http://host/path`), whose authority replaces Host; "" when refused."""
        scheme, separator, rest = target.partition("://")
        if target == "*" and self._parser.get_method() == b"OPTIONS":
            return "/*", headers
        if not separator or scheme.lower() not in {"http", "https"} or not rest:
            self.refuse(400, "The request's target is not valid")
            return "", headers
        cut = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
        authority, path = rest[:cut], rest[cut:]
        if not authority or "@" in authority:
            self.refuse(400, "The request's target is not valid")
            return "", headers
        items = [("host", authority), *(item for item in headers.items if item[0] != "host")]
        return (path if path.startswith("/") else "/" + path), Headers(items)

    def _offer(self, headers: Headers, rest: bytes) -> None:
        """Hand on a request for a WebSocket. It has no body."""
        target = self._url.decode("latin-1")
        if target[:1] != "/" or "#" in target or not target.isascii():
            self.refuse(400, "The request's target is not valid")
            return
        path, _, query = target.partition("?")
        request = Request(
            "GET", target, path, query, headers, b"", self._peer, self._secure, self._origin, True
        )
        request.certificate = self.certificate
        self._headers = None
        self.phase = IDLE
        self.switching = True
        self.ahead = rest
        self.ready.append((request, True, False))

    def go_on(self) -> None:
        """The offer was not taken: what came behind it is HTTP."""
        rest, self.ahead, self.switching = self.ahead, b"", False
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.feed(rest)

    def _decline_upgrade(self, headers: Headers, rest: bytes) -> None:
        """Serve on in HTTP/1.1 a request that offers another protocol, as RFC 9110 lets a server do.

        The parser ends such a message with its head, whatever body follows. It is given the head again without the
        offer, and so finds the body.
        """
        method = self._parser.get_method().decode("ascii")
        version = "1.0" if self._http10 else "1.1"
        lines = [f"{method} {self._url.decode('latin-1')} HTTP/{version}"]
        for name, value in headers.items:
            if name == "connection":
                kept = [token for token in value.split(",") if token.strip().lower() != "upgrade"]
                lines.append(f"connection:{','.join(kept)}")
            elif name != "upgrade":
                lines.append(f"{name}:{value}")
        self._parser = httptools.HttpRequestParser(self)
        self.phase = IDLE
        self.feed("\r\n".join([*lines, "\r\n"]).encode("latin-1") + rest)


def offers_websocket(method: bytes, headers: Headers) -> bool:
    """A request is RFC 6455's opening handshake, version 13."""
    return (
        method == b"GET"
        and (headers.get("upgrade") or "").strip().lower() == "websocket"
        and headers.get("sec-websocket-version") == "13"
        and len(headers.get("sec-websocket-key") or "") == 24
        and "content-length" not in headers
        and "transfer-encoding" not in headers
    )
