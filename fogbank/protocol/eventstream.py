"""`application/vnd.amazon.eventstream`: the framing of messages, both ways. What messages mean is in `events`.

    total length u32 · headers length u32 · CRC32 of those 8 bytes · headers · payload · CRC32 of all before it
    header: name length u8 · name · type u8 · value

Header values in Python: `bool`, `int`, `bytes`, `str`; a timestamp is a `Time` (int Unix milliseconds).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from zlib import crc32

from fogbank.core.limits import EVENT_HEADERS_BYTES_MAX, EVENT_MESSAGE_BYTES_MAX
from fogbank.protocol.malformed import Malformed

PRELUDE = struct.Struct(">III")
LENGTHS = struct.Struct(">II")
U32 = struct.Struct(">I")
U16 = struct.Struct(">H")
OVERHEAD_BYTES = PRELUDE.size + U32.size

TRUE, FALSE, BYTE, SHORT, INT, LONG, BYTES, STRING, TIMESTAMP, UUID = range(10)
INTEGERS = {
    BYTE: struct.Struct(">b"),
    SHORT: struct.Struct(">h"),
    INT: struct.Struct(">i"),
    LONG: struct.Struct(">q"),
    TIMESTAMP: struct.Struct(">q"),
}
UUID_BYTES = 16


class Time(int):
    """A header value that is a timestamp."""


HeaderValue = bool | int | bytes | str | Time


@dataclass(frozen=True, slots=True)
class Message:
    """One message: headers in order, and the payload."""

    headers: dict[str, HeaderValue] = field(default_factory=dict)
    payload: bytes = b""


def encode(message: Message) -> bytes:
    """A message as bytes. ValueError past AWS's bounds: those are the sender's to keep."""
    headers = b"".join(_header(name, value) for name, value in message.headers.items())
    total_bytes = OVERHEAD_BYTES + len(headers) + len(message.payload)
    if len(headers) > EVENT_HEADERS_BYTES_MAX or total_bytes > EVENT_MESSAGE_BYTES_MAX:
        raise ValueError(f"an event of {total_bytes} bytes does not fit one message")
    lengths = LENGTHS.pack(total_bytes, len(headers))
    body = b"".join((lengths, U32.pack(crc32(lengths)), headers, message.payload))
    return body + U32.pack(crc32(body))


def _header(name: str, value: HeaderValue) -> bytes:
    key = name.encode()
    start = bytes((len(key),)) + key
    match value:
        case True:
            return start + bytes((TRUE,))
        case False:
            return start + bytes((FALSE,))
        case Time():
            return start + bytes((TIMESTAMP,)) + INTEGERS[TIMESTAMP].pack(value)
        case int():
            kind = INT if -(2**31) <= value < 2**31 else LONG
            return start + bytes((kind,)) + INTEGERS[kind].pack(value)
        case bytes():
            return start + bytes((BYTES,)) + U16.pack(len(value)) + value
        case str():
            text = value.encode()
            return start + bytes((STRING,)) + U16.pack(len(text)) + text


def decode_all(data: bytes) -> Iterator[Message]:
    """Every message of a whole body. Malformed at the first that is cut short, too large or fails a checksum."""
    at = 0
    while at < len(data):
        message, at = _decode(data, at)
        yield message


def _decode(data: bytes, at: int) -> tuple[Message, int]:
    if len(data) - at < OVERHEAD_BYTES:
        raise Malformed("An event stream message ends early")
    total_bytes, headers_bytes, checksum = PRELUDE.unpack_from(data, at)
    if crc32(data[at : at + LENGTHS.size]) != checksum:
        raise Malformed("The checksum of an event stream prelude does not match")
    if total_bytes > EVENT_MESSAGE_BYTES_MAX or headers_bytes > EVENT_HEADERS_BYTES_MAX:
        raise Malformed("An event stream message is too large")
    end = at + total_bytes
    if end > len(data) or headers_bytes > total_bytes - OVERHEAD_BYTES:
        raise Malformed("An event stream message ends early")
    if crc32(data[at : end - U32.size]) != U32.unpack_from(data, end - U32.size)[0]:
        raise Malformed("The checksum of an event stream message does not match")
    start = at + PRELUDE.size
    headers = _headers(data[start : start + headers_bytes])
    return Message(headers, data[start + headers_bytes : end - U32.size]), end


def _headers(data: bytes) -> dict[str, HeaderValue]:
    found: dict[str, HeaderValue] = {}
    at = 0
    try:
        while at < len(data):
            name_end = at + 1 + data[at]
            name = data[at + 1 : name_end].decode()
            if name in found:
                raise Malformed("An event stream header is repeated")
            found[name], at = _value(data, data[name_end], name_end + 1)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise Malformed("An event stream header is not well formed") from None
    return found


def _value(data: bytes, kind: int, at: int) -> tuple[HeaderValue, int]:
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if (packed := INTEGERS.get(kind)) is not None:
        (number,) = packed.unpack_from(data, at)
        return (Time(number) if kind == TIMESTAMP else number), at + packed.size
    if kind in (BYTES, STRING):
        (size,) = U16.unpack_from(data, at)
        start, end = at + U16.size, at + U16.size + size
    elif kind == UUID:
        start, end = at, at + UUID_BYTES
    else:
        raise Malformed(f"An event stream header has the unknown type {kind}")
    if end > len(data):
        raise Malformed("An event stream header ends early")
    return (data[start:end].decode() if kind == STRING else data[start:end]), end
