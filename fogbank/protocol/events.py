"""Event streams by shape: an async iterator of single-key dicts to messages, and messages to such an iterator.

A body function per shape comes from the protocol (JSON, XML, CBOR); which members travel as headers, and which one is
the payload, comes from the event's shape.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from fogbank.core.errors import AwsError
from fogbank.model.shapes import Shape
from fogbank.protocol.eventstream import HeaderValue, Message, Time, decode_all, encode
from fogbank.protocol.malformed import Malformed

CONTENT_TYPE = "application/vnd.amazon.eventstream"

#: Compiles, for a shape and those of its members that are in the body: value → body.
BodyWriter = Callable[[Shape, list[str]], Callable[[Any], bytes]]
BodyReader = Callable[[Shape, list[str]], Callable[[bytes], Any]]


def event_member(shape: Shape | None) -> str | None:
    """The member of an operation's input or output that is an event stream."""
    if shape is not None:
        for name, member in shape.members.items():
            if member.is_event_stream:
                return name
    return None


@dataclass(frozen=True, slots=True)
class _Parts:
    """How an event's members are spread over its message."""

    headers: tuple[tuple[str, Shape], ...]
    payload: tuple[str, Shape] | None
    body: list[str]


def _parts(shape: Shape) -> _Parts:
    headers = tuple((name, member) for name, member in shape.members.items() if member.trait("eventheader"))
    payload = next(((name, m) for name, m in shape.members.items() if m.trait("eventpayload")), None)
    taken = {name for name, _ in headers}
    return _Parts(headers, payload, [name for name in shape.members if name not in taken])


class EventWriter:
    """Writes the events of one stream shape."""

    def __init__(self, stream: Shape, body: BodyWriter, content_type: str) -> None:
        self._writers: dict[str, Callable[[Any], Message]] = {}
        self._content_type = content_type
        self._exceptions: dict[str, str] = {}
        for name, event in stream.members.items():
            is_error = bool(event.trait("exception"))
            if is_error:
                self._exceptions[event.error_code] = name
            self._writers[name] = self._writer(name, event, body, is_error)

    def stream(
        self, events: AsyncIterator[dict[str, Any]], initial: bytes | None = None
    ) -> AsyncIterator[bytes]:
        """Messages as bytes. `initial` is the body of an initial-response, which RPC protocols send first. An AwsError
        that the iterator raises becomes the stream's last message; anything else breaks the connection. What is given is
        closed with the stream, also when nobody has begun to read."""
        return _Closing(self._messages(events, initial), events)

    async def _messages(
        self, events: AsyncIterator[dict[str, Any]], initial: bytes | None
    ) -> AsyncGenerator[bytes, None]:
        if initial is not None:
            yield encode(Message(self._kind("event", "initial-response", self._content_type), initial))
        try:
            async for event in events:
                for name, value in event.items():
                    yield encode(self._writers[name](value))
        except AwsError as error:
            yield encode(self._failure(error))

    def _failure(self, error: AwsError) -> Message:
        name = self._exceptions.get(error.code)
        if name is None:
            return Message(
                {":message-type": "error", ":error-code": error.code, ":error-message": error.message}
            )
        return self._writers[name]({"message": error.message, "Message": error.message, **error.fields})

    def _kind(self, kind: str, name: str, content_type: str | None) -> dict[str, HeaderValue]:
        headers: dict[str, HeaderValue] = {":message-type": kind, f":{kind}-type": name}
        if content_type is not None:
            headers[":content-type"] = content_type
        return headers

    def _writer(self, name: str, event: Shape, body: BodyWriter, is_error: bool) -> Callable[[Any], Message]:
        parts = _parts(event)
        kind = "exception" if is_error else "event"
        if parts.payload is not None and parts.payload[1].type in ("blob", "string"):
            return self._raw_writer(name, kind, parts)
        if parts.payload is not None:
            member, shape = parts.payload
            write = body(shape, list(shape.members))
        else:
            member, write = None, body(event, parts.body)

        def message(value: dict[str, Any]) -> Message:
            headers = self._kind(kind, name, self._content_type)
            _add_headers(headers, parts, value)
            return Message(headers, write(value if member is None else value.get(member, {})))

        return message

    def _raw_writer(self, name: str, kind: str, parts: _Parts) -> Callable[[Any], Message]:
        assert parts.payload is not None
        member, shape = parts.payload
        is_text = shape.type == "string"
        content_type = "text/plain" if is_text else "application/octet-stream"

        def message(value: dict[str, Any]) -> Message:
            headers = self._kind(kind, name, content_type)
            _add_headers(headers, parts, value)
            payload = value.get(member, "" if is_text else b"")
            return Message(headers, payload.encode() if is_text else payload)

        return message


class _Closing:
    """Messages, and the events they are made of: closed together."""

    __slots__ = ("_events", "_messages")

    def __init__(self, messages: AsyncGenerator[bytes, None], events: AsyncIterator[dict[str, Any]]) -> None:
        self._messages = messages
        self._events = events

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    def __anext__(self) -> Awaitable[bytes]:
        return self._messages.__anext__()

    async def aclose(self) -> None:
        await self._messages.aclose()
        if (aclose := getattr(self._events, "aclose", None)) is not None:
            await aclose()


def _add_headers(headers: dict[str, HeaderValue], parts: _Parts, value: dict[str, Any]) -> None:
    for name, shape in parts.headers:
        if name in value:
            headers[name] = Time(value[name]) if shape.type == "timestamp" else value[name]


class EventReader:
    """Reads the events of one stream shape out of a whole body."""

    def __init__(self, stream: Shape, body: BodyReader) -> None:
        self._readers = {name: self._reader(event, body) for name, event in stream.members.items()}

    def read(self, data: bytes) -> AsyncIterator[dict[str, Any]]:
        """The events, all checked now; Malformed when one is not what its shape asks for."""
        return _iterate([event for message in decode_all(data) for event in self._event(message)])

    def _event(self, message: Message) -> list[dict[str, Any]]:
        name = message.headers.get(":event-type")
        if message.headers.get(":message-type") != "event" or not isinstance(name, str):
            raise Malformed("An event stream message is not an event")
        if name == "initial-request":
            return []
        if (read := self._readers.get(name)) is None:
            raise Malformed(f"Unknown event type: {name[:64]}")
        return [{name: read(message)}]

    @staticmethod
    def _reader(event: Shape, body: BodyReader) -> Callable[[Message], dict[str, Any]]:
        parts = _parts(event)
        raw = parts.payload is not None and parts.payload[1].type in ("blob", "string")
        shape, names = event, parts.body
        if parts.payload is not None:
            shape, names = parts.payload[1], list(parts.payload[1].members) if not raw else []
        read = None if raw else body(shape, names)

        def value(message: Message) -> dict[str, Any]:
            found: dict[str, Any] = {
                name: int(message.headers[name]) if shape.type == "timestamp" else message.headers[name]
                for name, shape in parts.headers
                if name in message.headers
            }
            if parts.payload is None:
                return found | (read(message.payload) if read and message.payload else {})
            name, payload = parts.payload
            if read is not None:
                found[name] = read(message.payload)
            else:
                found[name] = message.payload if payload.type == "blob" else _text(message.payload)
            return found

        return value


def _text(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Malformed("A String in an event stream is not UTF-8") from None


async def _iterate(events: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for event in events:
        yield event
