"""XML bodies to shapes: what rest-xml requests carry. Document types, entities and endless nesting are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from fogbank.core.limits import SHAPE_DEPTH_MAX
from fogbank.model.shapes import Shape
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.memo import refer
from fogbank.protocol.scalars import reader_of
from fogbank.protocol.xml_write import element_name

ReadXml = Callable[[Element], Any]
SCHEMA_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"


class _Builder(TreeBuilder):
    """Builds elements without their namespaces; refuses what an XML bomb is made of."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise Malformed("A document type declaration is not allowed")

    def start(self, tag: str, attributes: dict[str, str]) -> Element:
        self._depth += 1
        if self._depth > SHAPE_DEPTH_MAX:
            raise Malformed(f"Nested deeper than {SHAPE_DEPTH_MAX} levels")
        return super().start(tag.rpartition("}")[2], attributes)

    def end(self, tag: str) -> Element:
        self._depth -= 1
        return super().end(tag.rpartition("}")[2])


def parse_xml(body: bytes) -> Element:
    """The root element. Malformed when the body is not well-formed XML."""
    parser = XMLParser(target=_Builder())
    try:
        parser.feed(body)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise Malformed(f"Unable to parse the body as XML: {error}") from None
    return root


class XmlReader:
    """Compiles readers, by the same rules that `XmlWriter` writes by."""

    def __init__(self) -> None:
        self._structures: dict[str, ReadXml] = {}

    def of(self, shape: Shape) -> ReadXml:
        """What reads the element of a value (of a flattened list or map: an element that holds its items)."""
        match shape.type:
            case "structure":
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
        convert = reader_of(shape)
        if convert is None:
            return lambda element: element.text or ""
        return lambda element: convert((element.text or "").strip())

    def members(self, shape: Shape, names: list[str]) -> ReadXml:
        """What reads those members of a structure that are named out of its element."""
        single: dict[str, tuple[str, ReadXml]] = {}
        repeated: dict[str, tuple[str, ReadXml]] = {}
        attributes: dict[str, str] = {}
        for name in names:
            member = shape.members[name]
            wire = element_name(member, name)
            if member.trait("xmlAttribute"):
                attributes[_attribute(wire)] = name
            elif member.type in ("list", "map") and member.trait("flattened"):
                repeated[wire] = (
                    name,
                    self._entry(member) if member.type == "map" else self.of(member.member),
                )
            else:
                single[wire] = (name, self.of(member))
        maps = {name for name in names if shape.members[name].type == "map"}
        return _members_read(single, repeated, attributes, maps)

    def _structure(self, shape: Shape) -> ReadXml:
        if (found := self._structures.get(shape.name)) is not None:
            return found
        self._structures[shape.name] = refer(self._structures, shape.name)
        built = self._structures[shape.name] = self.members(shape, list(shape.members))
        return built

    def _list(self, shape: Shape) -> ReadXml:
        wire, read = shape.member.trait("locationName", "member"), self.of(shape.member)

        def items(element: Element) -> list[Any]:
            found = []
            for index, child in enumerate(element):
                if child.tag == wire:
                    try:
                        found.append(read(child))
                    except Malformed as problem:
                        raise problem.at(index) from None
            return found

        return items

    def _map(self, shape: Shape) -> ReadXml:
        entry = self._entry(shape)
        return lambda element: dict(entry(child) for child in element if child.tag == "entry")

    def _entry(self, shape: Shape) -> Callable[[Element], tuple[str, Any]]:
        key_wire = shape.key.trait("locationName", "key")
        value_wire = shape.value.trait("locationName", "value")
        read_key, read_value = self.of(shape.key), self.of(shape.value)

        def pair(element: Element) -> tuple[str, Any]:
            key, value = element.find(key_wire), element.find(value_wire)
            if key is None or value is None:
                raise Malformed(f"A map entry has no {key_wire} or no {value_wire}")
            return read_key(key), read_value(value)

        return pair


def _attribute(wire: str) -> str:
    """An attribute as ElementTree names it: `xsi:type` is the only one with a prefix in any model."""
    return SCHEMA_INSTANCE + wire[4:] if wire.startswith("xsi:") else wire


def _members_read(
    single: dict[str, tuple[str, ReadXml]],
    repeated: dict[str, tuple[str, ReadXml]],
    attributes: dict[str, str],
    maps: set[str],
) -> ReadXml:
    def read(element: Element) -> dict[str, Any]:
        out: dict[str, Any] = {
            name: element.attrib[wire] for wire, name in attributes.items() if wire in element.attrib
        }
        for child in element:
            try:
                if (one := single.get(child.tag)) is not None:
                    out[one[0]] = one[1](child)
                elif (many := repeated.get(child.tag)) is None:
                    continue
                elif many[0] in maps:
                    key, value = many[1](child)
                    out.setdefault(many[0], {})[key] = value
                else:
                    out.setdefault(many[0], []).append(many[1](child))
            except Malformed as problem:
                raise problem.at(child.tag) from None
        return out

    return read
