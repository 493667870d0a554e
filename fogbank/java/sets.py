"""`java.util.HashSet`: in which order it gives what was put into it. Values are JSON, as a reader in Java keeps it."""

from __future__ import annotations

import struct
from typing import Any, Final

_INT_BITS: Final = 0xFFFFFFFF


def hash_code(value: Any) -> int:
    """`hashCode`, as an unsigned 32-bit number."""
    if isinstance(value, str):
        return _string_hash(value)
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, int):
        return value & _INT_BITS if -(1 << 31) <= value < 1 << 31 else (value ^ (value >> 32)) & _INT_BITS
    if isinstance(value, float):
        bits = int.from_bytes(struct.pack(">d", value))
        return (bits ^ (bits >> 32)) & _INT_BITS
    if isinstance(value, list):
        code = 1
        for item in value:
            code = (31 * code + hash_code(item)) & _INT_BITS
        return code
    total = 0
    for key, part in value.items():
        total += _string_hash(key) ^ hash_code(part)
    return total & _INT_BITS


def _string_hash(text: str) -> int:
    code = 0
    raw = text.encode("utf-16-be", "surrogatepass")
    for at in range(0, len(raw), 2):
        code = (31 * code + (raw[at] << 8 | raw[at + 1])) & _INT_BITS
    return code


def set_order(unique: list[Any], added: int) -> list[Any]:
    """`unique` in the order in which a set, made of a collection of `added` elements, gives them."""
    table = 16
    while table < int(added / 0.75) + 1:
        table *= 2
    return sorted(unique, key=lambda value: _bucket(hash_code(value), table))


def _bucket(code: int, table: int) -> int:
    return (code ^ (code >> 16)) & (table - 1)


def grown_order(unique: list[Any], table: int = 1) -> list[Any]:
    """`unique` in the order of a set that began with `table` places and has grown as they were put into it."""
    while table * 3 < len(unique) * 4:
        table *= 2
    return sorted(unique, key=lambda value: _bucket(hash_code(value), table))
