"""Shapes to XML: what query and rest-xml answer with. Closures that append to a list of strings, joined once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from fogbank.model.shapes import Shape
from fogbank.protocol.memo import refer
from fogbank.protocol.scalars import ToText, writer_of

Append = Callable[[str], None]
WriteXml = Callable[[Any, Append], None]

#: What may not stand as it is in text or attributes. A bare carriage return would come back as a line feed.
SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"}
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def escape(text: str) -> str:
    """Text for XML. Characters that XML 1.0 cannot hold become U+FFFD: no client could read them in any form."""
    if not SPECIAL.search(text):
        return text
    return SPECIAL.sub(lambda found: ENTITIES.get(found[0], "\ufffd"), text)


def namespace_attributes(trait: Any) -> str:
    """The `xmlns` attribute of an `xmlNamespace` trait, a leading space included."""
    match trait:
        case str():
            return f' xmlns="{escape(trait)}"'
        case {"uri": str(uri), "prefix": str(prefix)}:
            return f' xmlns:{prefix}="{escape(uri)}"'
        case {"uri": str(uri)}:
            return f' xmlns="{escape(uri)}"'
    return ""


class XmlWriter:
    """Compiles writers. `times` writes timestamps that have no format of their own."""

    def __init__(self, times: ToText) -> None:
        self._times = times
        self._structures: dict[str, WriteXml] = {}

    def of(self, shape: Shape, name: str) -> WriteXml:
        """What writes a value as element `name` (a flattened list or map: as elements of that name)."""
        match shape.type:
            case "structure":
                return self._element(shape, name)
            case "list":
                return self._list(shape, name)
            case "map":
                return self._map(shape, name)
            case _:
                return self._scalar(shape, name)

    def members(self, shape: Shape, names: list[str]) -> WriteXml:
        """What writes those members of a structure that are named, without an element around them."""
        writers: dict[str, WriteXml] = {}
        for member_name in names:
            member = shape.members[member_name]
            if not member.trait("xmlAttribute"):
                writers[member_name] = self.of(member, element_name(member, member_name))
        return _members_write(writers)

    def _inside(self, shape: Shape) -> WriteXml:
        """The members of a structure, compiled once for each shape: structures may hold themselves."""
        if (found := self._structures.get(shape.name)) is not None:
            return found
        self._structures[shape.name] = refer(self._structures, shape.name)
        built = self._structures[shape.name] = self.members(shape, list(shape.members))
        return built

    def _element(self, shape: Shape, name: str) -> WriteXml:
        inside = self._inside(shape)
        fixed = namespace_attributes(shape.trait("xmlNamespace"))
        attributes = [
            (member_name, element_name(member, member_name))
            for member_name, member in shape.members.items()
            if member.trait("xmlAttribute")
        ]
        close = f"</{name}>"

        def write(value: dict[str, Any], add: Append) -> None:
            held = "".join(f' {wire}="{escape(value[key])}"' for key, wire in attributes if key in value)
            add(f"<{name}{fixed}{held}>")
            inside(value, add)
            add(close)

        return write

    def _scalar(self, shape: Shape, name: str) -> WriteXml:
        convert = writer_of(shape, self._times)
        start, close = f"<{name}{namespace_attributes(shape.trait('xmlNamespace'))}>", f"</{name}>"
        if convert is None:
            return lambda value, add: add(f"{start}{escape(value)}{close}")
        return lambda value, add: add(f"{start}{convert(value)}{close}")

    def _list(self, shape: Shape, name: str) -> WriteXml:
        flattened = bool(shape.trait("flattened"))
        wire = shape.member.trait("locationName", "member")
        one = self.of(shape.member, shape.member.trait("locationName", name) if flattened else wire)

        def write(value: list[Any], add: Append) -> None:
            if not flattened:
                add(f"<{name}>")
            for item in value:
                one(item, add)
            if not flattened:
                add(f"</{name}>")

        return write

    def _map(self, shape: Shape, name: str) -> WriteXml:
        flattened = bool(shape.trait("flattened"))
        entry = name if flattened else "entry"
        key_write = self.of(shape.key, shape.key.trait("locationName", "key"))
        value_write = self.of(shape.value, shape.value.trait("locationName", "value"))

        def write(value: dict[str, Any], add: Append) -> None:
            if not flattened:
                add(f"<{name}>")
            for key, item in value.items():
                add(f"<{entry}>")
                key_write(key, add)
                value_write(item, add)
                add(f"</{entry}>")
            if not flattened:
                add(f"</{name}>")

        return write


def element_name(member: Shape, name: str) -> str:
    """The element that a structure's member is written as. A flattened list is known by what its items are called."""
    if member.type == "list" and member.trait("flattened"):
        inner = member.member.trait("locationName")
        if inner:
            return str(inner)
    return str(member.trait("locationName", name))


def _members_write(writers: dict[str, WriteXml]) -> WriteXml:
    find = writers.get

    def write(value: dict[str, Any], add: Append) -> None:
        for name, item in value.items():
            one = find(name)
            if one is not None:
                one(item, add)

    return write
