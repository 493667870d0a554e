"""From responses to wire bytes. Pure but for the caches; the connection writes what these functions make.

The edge owns the headers that frame a message (`Content-Length`, `Transfer-Encoding`, `Connection`, `Date`): a handler's
own are dropped, except the length of a HEAD or of a streamed body, which only the handler knows. Names and values that
could break out of their line are refused: a header value often comes from a function's reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from fogbank.core.http import Response
from fogbank.core.limits import HTTP_NAMES_CACHED_MAX

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
FAILED = Response(500, [("content-type", "application/json")], b'{"message":"Internal server error"}')
OVERLOADED = Response(503, [("content-type", "application/json")], b'{"message":"Service Unavailable"}')

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_OWNED = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "date"})
_BODILESS = frozenset({204, 304})
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class BadResponse(ValueError):
    """A handler's response that cannot go over the wire safely: a bug above, answered with 500."""


def http_date(when_ms: int) -> str:
    """`Tue, 15 Nov 1994 08:12:31 GMT`, whatever the locale."""
    at = datetime.fromtimestamp(when_ms / 1000, UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M:%S} GMT"


class Writer:
    """Makes heads. One serves a whole server; `tick` keeps its date fresh."""

    __slots__ = ("_date", "_date_s", "_names", "_now_ms", "_starts")

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._names: dict[
            str, str
        ] = {}  # a handler's header name → "name: ", or "" for one that is the edge's
        self._starts: dict[int, str] = {}  # status → its line and the date
        self._date_s = -1
        self._date = ""
        self.tick()

    def tick(self) -> None:
        """Look at the clock: called once a second by the server."""
        now_ms = self._now_ms()
        if now_ms // 1000 != self._date_s:
            self._date_s = now_ms // 1000
            self._date = http_date(now_ms)
            self._starts.clear()

    def whole(self, response: Response, keep_alive: bool, http10: bool, to_head: bool) -> tuple[bytes, bool]:
        """The bytes of a response whose body is here, and whether the connection stays. Raises BadResponse."""
        body = response.body
        assert type(body) is bytes
        fields, keep_alive = self._fields(response.headers, keep_alive)
        if response.status in _BODILESS:
            return self._join(response.status, fields, keep_alive, http10), keep_alive
        length = (_given_length(response.headers) if to_head and not body else None) or len(body)
        fields.append(f"content-length: {length}")
        start = self._join(response.status, fields, keep_alive, http10)
        return (start if to_head else start + body), keep_alive

    def start_of_stream(
        self, response: Response, keep_alive: bool, http10: bool
    ) -> tuple[bytes, bool, int | None]:
        """The head of a streamed response, whether the connection stays, and the body's length when the handler gave
        one: without it, the body goes in chunks, or to HTTP/1.0 until the connection closes. Raises BadResponse."""
        length = _given_length(response.headers)
        fields, keep_alive = self._fields(response.headers, keep_alive)
        if length is not None:
            fields.append(f"content-length: {length}")
        elif http10:
            keep_alive = False
        else:
            fields.append("transfer-encoding: chunked")
        return self._join(response.status, fields, keep_alive, http10), keep_alive, length

    def switching(self, headers: list[tuple[str, str]]) -> bytes:
        """The head by which a connection becomes a WebSocket. Raises BadResponse."""
        fields, _ = self._fields(headers, True)
        text = "\r\n".join(
            [
                f"HTTP/1.1 101 Switching Protocols\r\ndate: {self._date}",
                "Connection: Upgrade",
                *fields,
                "\r\n",
            ]
        )
        if text.count("\n") != (lines := len(fields) + 4) or text.count("\r") != lines or "\0" in text:
            raise BadResponse("a header value holds a line break or a zero byte")
        return text.encode("latin-1", "replace")

    def _fields(self, headers: list[tuple[str, str]], keep_alive: bool) -> tuple[list[str], bool]:
        """A handler's headers as lines, those left out that are the edge's; `Connection` is heard."""
        names = self._names
        fields = []
        says_so = False  # that the connection stays, as some of AWS's front ends do
        for name, value in headers:
            prefix = names.get(name)
            if prefix is None:
                prefix = self._learn(name)
            if prefix:
                fields.append(prefix + value)
            elif name.lower() == "connection":
                if "close" in value.lower():
                    keep_alive = False
                else:
                    says_so = True
        if says_so and keep_alive:
            fields.append("Connection: keep-alive")
        return fields, keep_alive

    def _learn(self, name: str) -> str:
        if not _TOKEN.fullmatch(name):
            raise BadResponse(f"header name {name!r}")
        prefix = "" if name.lower() in _OWNED else f"{name}: "
        if len(self._names) < HTTP_NAMES_CACHED_MAX and len(name) <= 64:
            self._names[name] = prefix
        return prefix

    def _start(self, status: int) -> str:
        if not 200 <= status <= 599:
            raise BadResponse(f"status {status}")
        start = f"HTTP/1.1 {status} {_REASONS.get(status, '')}\r\ndate: {self._date}"
        self._starts[status] = start
        return start

    def _join(self, status: int, fields: list[str], keep_alive: bool, http10: bool) -> bytes:
        if not keep_alive:
            fields.append("connection: close")
        elif http10:
            fields.append("connection: keep-alive")
        fields.append("\r\n")
        fields.insert(0, self._starts.get(status) or self._start(status))
        text = "\r\n".join(fields)
        # Each field is one line: as many line ends as were put in here, and not one more. (The start has one, the last
        # field one, and a join puts one between each two.)
        if text.count("\n") != (lines := len(fields) + 1) or text.count("\r") != lines or "\0" in text:
            raise BadResponse("a header value holds a line break or a zero byte")
        try:
            return text.encode("latin-1")
        except UnicodeEncodeError:
            return text.encode()


def _given_length(headers: list[tuple[str, str]]) -> int | None:
    for name, value in headers:
        if name.lower() == "content-length":
            if not (value.isascii() and value.isdigit()):
                raise BadResponse(f"content-length {value!r}")
            return int(value)
    return None
