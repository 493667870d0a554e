"""Attribute values: taken in (checked, in one canonical form, measured), compared, and put into store keys. Pure.

In here an item is what its JSON says: `{"name": {"S": "x"}, "bytes": {"B": "eA=="}}`, binaries in base64 as on the wire,
numbers canonical, sets sorted. Equal values are therefore equal Python objects, and storing an item is one `orjson.dumps`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import orjson

from fogbank.core.encoded import Encoded
from fogbank.services.dynamodb import numbers
from fogbank.services.dynamodb.limits import ATTRIBUTE_NAME_BYTES_MAX, NESTING_MAX
from fogbank.services.dynamodb.service import bad_value, invalid
from fogbank.store.api import Part

#: {"S": "text"} and so on: exactly one member.
Value = dict[str, Any]
Item = dict[str, Value]

TOO_DEEP = "Nesting Levels have exceeded supported limits"
_CONTAINER_BYTES = 3  # what a list or a map counts beside its content
_ELEMENT_BYTES = 1


def text_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def take_item(item: dict[str, Any]) -> tuple[Item, int]:
    """A client's item as we keep it, and its size in bytes. ValidationException for what DynamoDB refuses."""
    taken: Item = {}
    size = 0
    for name, value in item.items():
        text = value.get("S")
        if text is not None and len(value) == 1:
            taken[name] = value
            size += text_bytes(name) + text_bytes(text)
        else:
            kept, value_bytes = take(value)
            taken[name] = kept
            size += text_bytes(name) + value_bytes
    if size > ATTRIBUTE_NAME_BYTES_MAX:
        check_names(taken)
    return taken, size


def check_names(names: Iterable[str]) -> None:
    """The wording is a guess."""
    if any(text_bytes(name) > ATTRIBUTE_NAME_BYTES_MAX for name in names):
        raise bad_value(f"Attribute name is too large, must be no more than {ATTRIBUTE_NAME_BYTES_MAX} bytes")


def take(value: Value, depth: int = 1) -> tuple[Value, int]:
    """One value as we keep it, and its size."""
    if len(value) != 1:
        if not value:
            raise invalid(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
            )
        raise invalid(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
        )
    ((kind, content),) = value.items()
    reader = _TAKERS.get(kind)
    if reader is not None:
        return reader(kind, content)
    if depth > NESTING_MAX:
        raise invalid(TOO_DEEP)
    size = _CONTAINER_BYTES
    if kind == "L":
        elements: list[Value] = []
        for element in content:
            kept, element_bytes = take(element, depth + 1)
            elements.append(kept)
            size += element_bytes + _ELEMENT_BYTES
        return {"L": elements}, size
    members: Item = {}
    for name, element in content.items():
        members[name], element_bytes = take(element, depth + 1)
        size += text_bytes(name) + element_bytes + _ELEMENT_BYTES
    if size > ATTRIBUTE_NAME_BYTES_MAX:
        check_names(members)
    return {"M": members}, size


def _take_text(kind: str, content: str) -> tuple[Value, int]:
    return {"S": content}, text_bytes(content)


def _take_number(kind: str, content: str) -> tuple[Value, int]:
    text = numbers.canonical(content)
    return {"N": text}, numbers.size_bytes(text)


def _take_binary(kind: str, content: bytes) -> tuple[Value, int]:
    return {"B": base64.b64encode(content).decode()}, len(content)


def _take_bool(kind: str, content: bool) -> tuple[Value, int]:
    return {"BOOL": content}, 1


def _take_null(kind: str, content: bool) -> tuple[Value, int]:
    if content is not True:
        raise bad_value("Null attribute value types must have the value of true")
    return {"NULL": True}, 1


def _take_texts(kind: str, content: list[str]) -> tuple[Value, int]:
    if not content:
        raise bad_value("An string set  may not be empty")
    if len(set(content)) != len(content):
        raise bad_value(f"Input collection [{', '.join(content)}] contains duplicates.")
    return {"SS": sorted(content)}, sum(map(text_bytes, content))


def _take_numbers(kind: str, content: list[str]) -> tuple[Value, int]:
    if not content:
        raise bad_value("An number set  may not be empty")
    kept = [numbers.canonical(text) for text in content]
    if len(set(kept)) != len(kept):
        raise invalid("Input collection contains duplicates")
    return {"NS": sort_set("NS", kept)}, sum(map(numbers.size_bytes, kept))


def _take_binaries(kind: str, content: list[bytes]) -> tuple[Value, int]:
    if not content:
        raise bad_value("Binary sets should not be empty")
    kept = [base64.b64encode(element).decode() for element in content]
    if len(set(kept)) != len(kept):
        raise bad_value(f"Input collection [{', '.join(kept)}]of type BS contains duplicates.")
    return {"BS": sort_set("BS", kept)}, sum(map(len, content))


_TAKERS: dict[str, Callable[[str, Any], tuple[Value, int]]] = {
    "S": _take_text,
    "N": _take_number,
    "B": _take_binary,
    "BOOL": _take_bool,
    "NULL": _take_null,
    "SS": _take_texts,
    "NS": _take_numbers,
    "BS": _take_binaries,
}


def sort_set(kind: str, elements: list[str]) -> list[str]:
    """A set in the one order that we keep it in."""
    if kind == "NS":
        return sorted(elements, key=Decimal)
    return sorted(elements, key=base64.b64decode) if kind == "BS" else sorted(elements)


def size_of(item: Item) -> int:
    """The size in bytes of an item that was taken in."""
    return sum(text_bytes(name) + value_size(value) for name, value in item.items())


def value_size(value: Value) -> int:
    """The size in bytes of a value that was taken in."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return text_bytes(content)
        case "N":
            return numbers.size_bytes(content)
        case "B":
            return _binary_size(content)
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(map(text_bytes, content))
        case "NS":
            return sum(map(numbers.size_bytes, content))
        case "BS":
            return sum(map(_binary_size, content))
        case "L":
            return _CONTAINER_BYTES + sum(value_size(element) + _ELEMENT_BYTES for element in content)
    return _CONTAINER_BYTES + sum(
        text_bytes(name) + value_size(element) + _ELEMENT_BYTES for name, element in content.items()
    )


def _binary_size(text: str) -> int:
    return len(text) * 3 // 4 - text.count("=", -2)


def is_too_deep(value: Value, depth: int = 1) -> bool:
    """Whether an update nested a value deeper than DynamoDB allows."""
    ((kind, content),) = value.items()
    if kind not in ("L", "M"):
        return False
    if depth > NESTING_MAX:
        return True
    return any(is_too_deep(element, depth + 1) for element in (content if kind == "L" else content.values()))


def sortable(value: Value) -> Any:
    """What compares as DynamoDB compares values of one scalar type."""
    ((kind, content),) = value.items()
    if kind == "N":
        return Decimal(content)
    return base64.b64decode(content) if kind == "B" else content


def key_part(value: Value) -> Part:
    """A key attribute's value as a part of a store key, which sorts as DynamoDB sorts it."""
    ((kind, content),) = value.items()
    if kind == "S":
        text: str = content
        return text
    return numbers.sort_bytes(content) if kind == "N" else base64.b64decode(content)


# --- stored form: the size in four bytes, then JSON -------------------------------------------------------------------

HEAD_BYTES = 4


def pack(item: Item, size: int) -> bytes:
    """An item as its record's value."""
    return size.to_bytes(HEAD_BYTES, "little") + orjson.dumps(item)


def unpack(stored: bytes) -> Item:
    item: Item = orjson.loads(memoryview(stored)[HEAD_BYTES:])
    return item


def stored_size(stored: bytes) -> int:
    return int.from_bytes(stored[:HEAD_BYTES], "little")


# --- in answers ---------------------------------------------------------------------------------------------------------


def show(item: Any) -> Encoded:
    """An item, a key or a list of them, for an answer."""
    return Encoded(orjson.dumps(item), _decode)


def show_stored(stored: bytes) -> Encoded:
    """A stored item for an answer, without looking into it."""
    return Encoded(stored[HEAD_BYTES:], _decode)


def show_all_stored(stored: list[bytes]) -> Encoded:
    return Encoded(b"[" + b",".join([each[HEAD_BYTES:] for each in stored]) + b"]", _decode)


def _decode(json: bytes) -> Any:
    found = orjson.loads(json)
    return [wire_item(item) for item in found] if isinstance(found, list) else wire_item(found)


def wire_item(item: Item) -> dict[str, Any]:
    """An item as other services hold it: binaries as bytes."""
    return {name: _wire(value) for name, value in item.items()}


def _wire(value: Value) -> Value:
    ((kind, content),) = value.items()
    match kind:
        case "B":
            return {"B": base64.b64decode(content)}
        case "BS":
            return {"BS": [base64.b64decode(element) for element in content]}
        case "L":
            return {"L": [_wire(element) for element in content]}
        case "M":
            return {"M": wire_item(content)}
    return value
