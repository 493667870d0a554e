"""The order-preserving codec of tuple keys: engines store bytes, and bytes compare as the tuples do.

One part is a tag and a self-delimiting content; tags order the types within one position (bytes < int < str):

    bytes   0x10  content, 0x00 written as 0x00 0xFF, then 0x00
    int     0x21  negative of 15 bytes or more: length (4 bytes, inverted), inverted magnitude
            0x22…0x2F  negative of 14…1 bytes: inverted magnitude
            0x30  zero
            0x31…0x3E  positive of 1…14 bytes: magnitude
            0x3F  positive of 15 bytes or more: length (4 bytes), magnitude
    str     0x50  as bytes, over UTF-8 (whose byte order is the order of code points)

No tag is 0xFF, so `encode(prefix) + 0xFF` lies behind every key that begins with `prefix`, and before every other
key that sorts after it. The length of an encoded key is bounded: PostgreSQL indexes hold no more.
"""

from __future__ import annotations

from functools import lru_cache

from fogbank.core.limits import STORE_KEY_BYTES_MAX, STORE_KEYS_CACHED_MAX, STORE_STEMS_CACHED_MAX
from fogbank.store.api import Key, Part

_BYTES = 0x10
_INT_ZERO = 0x30
_INT_LONG = 15  # from this many bytes on, the length is written out
_STR = 0x50


@lru_cache(maxsize=STORE_KEYS_CACHED_MAX)  # one transaction names a key several times: condition, write, news
def encode(key: Key) -> bytes:
    """`key` as bytes that sort as the tuple does. ValueError when it exceeds STORE_KEY_BYTES_MAX."""
    encoded = b"".join([_encode_stem(key[:-2]), *[_encode_part(part) for part in key[-2:]]])
    if len(encoded) > STORE_KEY_BYTES_MAX:
        raise ValueError(f"a store key of {len(encoded)} bytes exceeds {STORE_KEY_BYTES_MAX}")
    return encoded


@lru_cache(maxsize=STORE_STEMS_CACHED_MAX)  # what keys begin with: a table, an index, a queue
def _encode_stem(stem: Key) -> bytes:
    return b"".join([_encode_part(part) for part in stem])


def decode(encoded: bytes) -> Key:
    """The tuple that `encode` was given. ValueError for bytes that it never writes."""
    parts: list[Part] = []
    at = 0
    while at < len(encoded):
        part, at = _decode_part(encoded, at)
        parts.append(part)
    return tuple(parts)


def bounds(prefix: Key) -> tuple[bytes, bytes]:
    """`(low, high)` with low <= encode(key) < high for exactly the keys that begin with `prefix`."""
    low = encode(prefix)
    return low, low + b"\xff"


def after(key: Key) -> bytes:
    """The least bytes above `encode(key)`: an inclusive lower bound that leaves out `key` but no key behind it."""
    return encode(key) + b"\x00"


def _encode_part(part: Part) -> bytes:
    if isinstance(part, str):
        # Lone surrogates occur in clients' JSON; they too must have a place in the order.
        content = part.encode("utf-8", "surrogatepass")
        return b"\x50" + content.replace(b"\x00", b"\x00\xff") + b"\x00"
    if isinstance(part, int):
        return _encode_int(part)
    if isinstance(part, bytes):
        return b"\x10" + part.replace(b"\x00", b"\x00\xff") + b"\x00"
    raise TypeError(f"a store key is made of bytes, int and str, not {type(part).__name__}")


def _encode_int(number: int) -> bytes:
    if number == 0:
        return b"\x30"
    size = (abs(number).bit_length() + 7) // 8
    if number > 0:
        content = number.to_bytes(size, "big")
        if size < _INT_LONG:
            return bytes((_INT_ZERO + size,)) + content
        return bytes((_INT_ZERO + _INT_LONG,)) + size.to_bytes(4, "big") + content
    content = ((1 << 8 * size) - 1 + number).to_bytes(size, "big")
    if size < _INT_LONG:
        return bytes((_INT_ZERO - size,)) + content
    return bytes((_INT_ZERO - _INT_LONG,)) + (0xFFFFFFFF - size).to_bytes(4, "big") + content


def _decode_part(encoded: bytes, at: int) -> tuple[Part, int]:
    tag = encoded[at]
    if tag == _STR:
        content, end = _decode_content(encoded, at + 1)
        return content.decode("utf-8", "surrogatepass"), end
    if tag == _BYTES:
        return _decode_content(encoded, at + 1)
    if _INT_ZERO - _INT_LONG <= tag <= _INT_ZERO + _INT_LONG:
        return _decode_int(encoded, at)
    raise ValueError(f"tag {tag:#x} at {at} begins no part of a key")


def _decode_content(encoded: bytes, start: int) -> tuple[bytes, int]:
    end = encoded.find(b"\x00", start)
    while end != -1 and encoded[end + 1 : end + 2] == b"\xff":
        end = encoded.find(b"\x00", end + 2)
    if end == -1:
        raise ValueError(f"the part at {start} has no end")
    return encoded[start:end].replace(b"\x00\xff", b"\x00"), end + 1


def _decode_int(encoded: bytes, at: int) -> tuple[int, int]:
    size = encoded[at] - _INT_ZERO
    start = at + 1
    if abs(size) == _INT_LONG:
        written = int.from_bytes(encoded[start : start + 4], "big")
        size = written if size > 0 else written - 0xFFFFFFFF
        start += 4
    end = start + abs(size)
    if end > len(encoded):
        raise ValueError(f"the number at {at} is cut short")
    number = int.from_bytes(encoded[start:end], "big")
    return (number if size >= 0 else number - (1 << 8 * -size) + 1), end
