"""The methods that templates call on values: those of Java's String, List, Map and numbers that do no harm.

A method that does not exist, or not for these arguments, gives null, as in Velocity. `getClass` and its like are not here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fogbank.java.expressions import Expression, ExpressionError, ExpressionTimeout
from fogbank.java.text import text_of
from fogbank.templates.errors import TemplateError
from fogbank.templates.limits import STRING_CHARS_MAX
from fogbank.templates.values import bounded, equal

_WIDTH = re.compile(r"[\d*]|%\(")
ITEMS_MAX = 100_000  # ours: entries of one list or map that a template builds


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a map, as `entrySet` gives it."""

    key: str
    value: Any

    def __str__(self) -> str:
        return f"{self.key}={text_of(self.value)}"


class VtlObject:
    """What brings methods and properties of its own (`$input`, `$foreach`)."""

    __slots__ = ()

    def vtl_property(self, name: str) -> Any:
        return None

    def vtl_call(self, name: str, arguments: list[Any]) -> Any:
        return None


def property_of(value: Any, name: str) -> Any:
    """`$value.name`."""
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, VtlObject):
        return value.vtl_property(name)
    if isinstance(value, Entry) and name in ("key", "value"):
        return getattr(value, name)
    if name == "empty" and isinstance(value, str | list):
        return not value
    return None


def item_of(value: Any, index: Any) -> Any:
    """`$value[index]`."""
    if isinstance(value, list):
        if isinstance(index, int) and not isinstance(index, bool) and -len(value) <= index < len(value):
            return value[index]
        return None
    if isinstance(value, dict):
        return value.get(index if isinstance(index, str) else text_of(index))
    return None


def call(value: Any, name: str, arguments: list[Any]) -> Any:
    """`$value.name(arguments)`. Raises TemplateError for what would take too much."""
    if isinstance(value, VtlObject):
        return value.vtl_call(name, arguments)
    method = _METHODS.get(type(value), _NONE).get(name) or _ANY.get(name)
    if method is None or value is None:
        return None
    try:
        return method(value, *arguments)
    except (ExpressionError, ExpressionTimeout) as error:
        raise TemplateError(str(error)) from None
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, AttributeError):
        return None


def _cut(text: str, start: int, stop: int | None = None) -> str | None:
    end = len(text) if stop is None else stop
    if not 0 <= start <= end <= len(text):
        raise TemplateError(f"begin {start}, end {end}, length {len(text)}")
    return text[start:end]


def _index(text: str, part: Any, start: int = 0) -> int:
    return text.find(_char(part), start)


def _char(part: Any) -> str:
    return chr(part) if type(part) is int else _text(part)


def _text(part: Any) -> str:
    if not isinstance(part, str):
        raise TypeError(part)
    return part


def _replace(text: str, old: Any, new: Any) -> str:
    old, new = _text(old), _text(new)
    if len(text) + text.count(old) * len(new) > STRING_CHARS_MAX:
        raise TemplateError("a string is too long")
    return text.replace(old, new)


def _replace_all(text: str, pattern: Any, new: Any) -> str:
    return bounded(Expression(_text(pattern)).replace(text, _text(new)))


def _compare(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _hash(text: str) -> int:
    value = 0
    for char in text:
        value = (31 * value + ord(char)) & 0xFFFFFFFF
    return value - (1 << 32) if value >= 1 << 31 else value


def _format(_: str, pattern: Any, *values: Any) -> str:
    """`String.format`, which is static: the pattern is the first argument."""
    if _WIDTH.search(_text(pattern)):
        raise TemplateError("format with widths is not supported")
    return bounded(pattern % values)


_STRING: dict[str, Callable[..., Any]] = {
    "length": len,
    "isEmpty": lambda text: not text,
    "isBlank": lambda text: not text.strip(),
    "substring": _cut,
    "subSequence": _cut,
    "indexOf": _index,
    "lastIndexOf": lambda text, part: text.rfind(_char(part)),
    "charAt": lambda text, at: _cut(text, at, at + 1),
    "contains": lambda text, part: _text(part) in text,
    "startsWith": lambda text, part, at=0: text.startswith(_text(part), at),
    "endsWith": lambda text, part: text.endswith(_text(part)),
    "replace": _replace,
    "replaceAll": _replace_all,
    "replaceFirst": lambda text, pattern, new: Expression(_text(pattern)).replace(text, _text(new), count=1),
    "matches": lambda text, pattern: Expression(_text(pattern)).fills(text),
    "split": lambda text, pattern, limit=0: Expression(_text(pattern)).split(text, limit),
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "trim": lambda text: text.strip("".join(map(chr, range(33)))),
    "strip": str.strip,
    "concat": lambda text, other: bounded(text + _text(other)),
    "repeat": lambda text, count: text * count if len(text) * count <= STRING_CHARS_MAX else bounded(""),
    "equalsIgnoreCase": lambda text, other: isinstance(other, str) and text.casefold() == other.casefold(),
    "compareTo": lambda text, other: _compare(text, _text(other)),
    "hashCode": _hash,
    "codePointAt": lambda text, at: ord(text[at]),
    "toCharArray": list,
    "join": lambda text, separator, *parts: bounded(
        separator.join(
            text_of(part) for part in (parts[0] if parts and isinstance(parts[0], list) else parts)
        )
    ),
    "format": _format,
    "valueOf": lambda text, value: text_of(value),
}


def _room(container: Any) -> None:
    if len(container) >= ITEMS_MAX:
        raise TemplateError("a list or map is too large")


def _add(items: list[Any], *arguments: Any) -> Any:
    _room(items)
    if len(arguments) == 2:
        items.insert(arguments[0], arguments[1])
        return None
    (value,) = arguments
    items.append(value)
    return True


def _add_all(items: list[Any], more: Any) -> bool:
    if not isinstance(more, list) or len(items) + len(more) > ITEMS_MAX:
        raise TypeError(more)
    items.extend(more)
    return bool(more)


def _remove(items: list[Any], what: Any) -> Any:
    if type(what) is int:
        return items.pop(what)
    if what in items:
        items.remove(what)
        return True
    return False


def _set(items: list[Any], at: int, value: Any) -> Any:
    old, items[at] = items[at], value
    return old


_LIST: dict[str, Callable[..., Any]] = {
    "size": len,
    "length": len,
    "isEmpty": lambda items: not items,
    "get": lambda items, at: item_of(items, at) if at >= 0 else None,
    "set": _set,
    "add": _add,
    "addAll": _add_all,
    "remove": _remove,
    "clear": lambda items: items.clear(),
    "contains": lambda items, value: value in items,
    "containsAll": lambda items, values: all(value in items for value in values),
    "indexOf": lambda items, value: items.index(value) if value in items else -1,
    "lastIndexOf": lambda items, value: len(items) - 1 - items[::-1].index(value) if value in items else -1,
    "subList": lambda items, start, stop: items[start:stop],
    "toArray": list,
    "iterator": list,
}


def _put(entries: dict[str, Any], key: Any, value: Any) -> Any:
    _room(entries)
    key = key if isinstance(key, str) else text_of(key)
    old = entries.get(key)
    entries[key] = value
    return old


def _put_all(entries: dict[str, Any], more: Any) -> None:
    if not isinstance(more, dict) or len(entries) + len(more) > ITEMS_MAX:
        raise TypeError(more)
    entries.update(more)


def _put_if_absent(entries: dict[str, Any], key: Any, value: Any) -> Any:
    return entries[key] if entries.get(key) is not None else _put(entries, key, value)


_MAP: dict[str, Callable[..., Any]] = {
    "size": len,
    "isEmpty": lambda entries: not entries,
    "get": lambda entries, key: entries.get(key),
    "getOrDefault": lambda entries, key, default: entries.get(key, default),
    "put": _put,
    "putAll": _put_all,
    "putIfAbsent": _put_if_absent,
    "remove": lambda entries, key: entries.pop(key, None),
    "clear": lambda entries: entries.clear(),
    "containsKey": lambda entries, key: key in entries,
    "containsValue": lambda entries, value: value in entries.values(),
    "keySet": list,
    "values": lambda entries: list(entries.values()),
    "entrySet": lambda entries: [Entry(key, value) for key, value in entries.items()],
}


def _parse_int(_: Any, text: Any) -> int:
    return int(_text(text)) if len(text) <= 20 else 0


_NUMBER: dict[str, Callable[..., Any]] = {
    "intValue": int,
    "longValue": int,
    "doubleValue": float,
    "floatValue": float,
    "compareTo": _compare,
    # Static methods, which Java lets any instance call: `$n.parseInt("5")` is how templates make numbers of strings.
    "parseInt": _parse_int,
    "parseLong": _parse_int,
    "parseDouble": lambda _, text: float(_text(text)),
    "valueOf": lambda number, text: type(number)(text),
    "toString": lambda number, *other: text_of(other[0] if other else number),
    "toHexString": lambda _, number: f"{number:x}",
    "abs": lambda number, *other: abs(other[0] if other else number),
    "max": lambda _, a, b: max(a, b),
    "min": lambda _, a, b: min(a, b),
    "isNaN": lambda number: number != number,
}
_BOOLEAN: dict[str, Callable[..., Any]] = {
    "booleanValue": bool,
    "parseBoolean": lambda _, text: _text(text).lower() == "true",
}
_ENTRY: dict[str, Callable[..., Any]] = {
    "getKey": lambda entry: entry.key,
    "getValue": lambda entry: entry.value,
}
_ANY: dict[str, Callable[..., Any]] = {
    "toString": text_of,
    "equals": lambda left, right: type(left) is type(right) and equal(left, right),
}
_NONE: dict[str, Callable[..., Any]] = {}
_METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    str: _STRING,
    list: _LIST,
    dict: _MAP,
    int: _NUMBER,
    float: _NUMBER,
    bool: _BOOLEAN,
    Entry: _ENTRY,
}
