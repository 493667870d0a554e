"""An item of a table as logs carry it: where it lies below the table, and its stored form, if it has one. Pure."""

from __future__ import annotations

from fogbank.store.api import Key
from fogbank.store.keys import decode, encode

_LENGTH_BYTES = 4


def pack_entry(place: Key, stored: bytes | None) -> bytes:
    """`place` is the item's key without the table's."""
    key = encode(place)
    return len(key).to_bytes(_LENGTH_BYTES, "little") + key + (stored or b"")


def unpack_entry(body: bytes) -> tuple[Key, bytes | None]:
    end = _LENGTH_BYTES + int.from_bytes(body[:_LENGTH_BYTES], "little")
    return decode(body[_LENGTH_BYTES:end]), body[end:] or None
