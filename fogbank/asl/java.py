"""What of AWS's answers is Java's doing: how numbers are printed, how sets are ordered, how seeds give numbers."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable
from typing import Any, Final

import orjson

_quote = json.encoder.encode_basestring
_INT_BITS: Final = 0xFFFFFFFF
_MULTIPLIER: Final = 0x5DEECE66D
_SEED_MASK: Final = (1 << 48) - 1


def double_text(number: float) -> str:
    """`Double.toString`: `3.5`, `1.0E10`, `1.0E-5`."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    size = abs(number)
    if size == 0 or 1e-3 <= size < 1e7:
        return repr(number)
    mantissa, _, exponent_text = f"{number!r}".partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    exponent = int(exponent_text or 0)
    digits = (whole + fraction).lstrip("0")
    exponent += len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    digits = digits.rstrip("0")
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def json_text(value: Any) -> str:
    """Compact JSON with numbers as Java prints them."""
    return "".join(_write(value)) if _has_odd_number(value) else orjson.dumps(value).decode()


def _has_odd_number(value: Any) -> bool:
    """Whether a number is in there that Java prints in another way, or that orjson does not take."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is dict:
            waiting.extend(part.values())
        elif kind is list:
            waiting.extend(part)
        elif kind is float:
            if part != 0 and not 1e-3 <= abs(part) < 1e7:
                return True
        elif kind is int and not -(1 << 63) <= part < 1 << 63:
            return True
    return False


def _write(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        yield "{"
        for position, (key, part) in enumerate(value.items()):
            yield f"{',' if position else ''}{_quote(key)}:"
            yield from _write(part)
        yield "}"
    elif isinstance(value, list):
        yield "["
        for position, part in enumerate(value):
            if position:
                yield ","
            yield from _write(part)
        yield "]"
    else:
        yield scalar_text(_quote(value) if isinstance(value, str) else value)


def scalar_text(value: Any) -> str:
    """A value as text: a string as it is, any other as its JSON."""
    kind = type(value)
    if kind is str:
        return str(value)
    if kind is float:
        return double_text(value)
    if kind is int:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    return json_text(value)


# --- java.util.HashSet -----------------------------------------------------------------------------------------------


def hash_code(value: Any) -> int:
    """`hashCode` of what a JSON reader makes of `value`, as an unsigned 32-bit number."""
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
    """`unique` in the order in which a `HashSet`, made for `added` elements, gives them."""
    table = 16
    while table < added / 0.75 + 1:
        table *= 2
    return sorted(unique, key=lambda value: _bucket(hash_code(value), table))


def _bucket(code: int, table: int) -> int:
    return (code ^ (code >> 16)) & (table - 1)


# --- java.util.Random ------------------------------------------------------------------------------------------------


def seeded_int(seed: int, bound: int) -> int:
    """`new Random(seed).nextInt(bound)`."""
    state = (seed ^ _MULTIPLIER) & _SEED_MASK
    while True:
        state = (state * _MULTIPLIER + 0xB) & _SEED_MASK
        bits = state >> 17
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        value = bits % bound
        if bits - value + (bound - 1) < 1 << 31:
            return value
