"""JSON values as text where AWS shows them: in causes, and in what intrinsic functions make. Numbers are Java's."""

from __future__ import annotations

import json
from typing import Any

import orjson

from fogbank.java.text import double_text

_quote = json.encoder.encode_basestring
_CLOSED = object()


def json_text(value: Any) -> str:
    """Compact JSON with numbers as Java prints them."""
    if not _has_odd_number(value):
        try:
            return orjson.dumps(value).decode()
        except orjson.JSONEncodeError:
            pass  # nested deeper than it goes
    return _written(value)


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


def _written(value: Any) -> str:
    """Without recursion: what is open waits on a stack, its closing bracket last."""
    parts: list[str] = []
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        before, part = waiting.pop()
        parts.append(before)
        if isinstance(part, dict) and part:
            entries = [(f",{_quote(key)}:", item) for key, item in part.items()]
            _open(waiting, entries, "{", "}")
        elif isinstance(part, list) and part:
            _open(waiting, [(",", item) for item in part], "[", "]")
        elif part is not _CLOSED:
            parts.append(_quote(part) if isinstance(part, str) else _leaf_text(part))
    return "".join(parts)


def _open(waiting: list[tuple[str, Any]], entries: list[tuple[str, Any]], opening: str, closing: str) -> None:
    first, item = entries[0]
    entries[0] = (opening + first[1:], item)
    waiting.append((closing, _CLOSED))
    waiting.extend(reversed(entries))


def _leaf_text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    return scalar_text(value)


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
