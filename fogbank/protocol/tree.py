"""Reading and writing values that are already trees of dicts and lists: JSON and CBOR bodies.

A reader checks the types that the shape asks for and turns scalars into their in-house form; members that the shape
does not know and nulls are dropped, as AWS drops them. A writer does the reverse, and is None where the in-house form
is what the encoder takes: most outputs are then encoded without being walked at all. Both are closures, compiled once
for each shape on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fogbank.core.encoded import Encoded
from fogbank.core.limits import SHAPE_DEPTH_MAX
from fogbank.model.shapes import Shape
from fogbank.protocol.malformed import Malformed, wrong_type
from fogbank.protocol.memo import refer

TEXT = {str}

Read = Callable[[Any], Any]
Write = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one shape is read. A value whose type is `exact` is taken as it is; any other goes through `read`."""

    exact: type | None
    read: Read


class TreeReader:
    """Compiles readers. `scalar` says how the encoding spells scalars."""

    def __init__(self, scalar: Callable[[Shape], Reader]) -> None:
        self._scalar = scalar
        self._structures: dict[str, Reader] = {}
        self._depth = 0

    def of(self, shape: Shape) -> Reader:
        match shape.type:
            case "structure":
                return Reader(None, _document) if shape.is_document else self._structure(shape)
            case "list":
                return self._compiled(shape, self._list)
            case "map":
                return self._compiled(shape, self._map)
            case _:
                return self._scalar(shape)

    def members(self, shape: Shape, names: list[str] | None = None) -> Read:
        """A reader of a structure's members; of those in `names` only when given (the rest travel in headers)."""
        table: dict[str, tuple[str, type | None, Read]] = {}
        self._fill(table, shape, names)
        return _structure_read(table)

    def _structure(self, shape: Shape) -> Reader:
        return self._compiled(shape, self._structure_of)

    def _structure_of(self, shape: Shape) -> Read:
        table: dict[str, tuple[str, type | None, Read]] = {}
        self._fill(table, shape, None)
        return _structure_read(table)

    def _compiled(self, shape: Shape, build: Callable[[Shape], Read]) -> Reader:
        """The memo by shape name. A shape met again while it is being built refers to itself: that reference counts
        levels, because only recursive shapes can be nested without end."""
        if (found := self._structures.get(shape.name)) is not None:
            return found
        self._structures[shape.name] = Reader(None, self._again(shape.name))
        built = self._structures[shape.name] = Reader(None, build(shape))
        return built

    def _again(self, name: str) -> Read:
        def read(value: Any) -> Any:
            self._depth += 1
            try:
                if self._depth > SHAPE_DEPTH_MAX:
                    raise Malformed(f"Nested deeper than {SHAPE_DEPTH_MAX} levels")
                return self._structures[name].read(value)
            finally:
                self._depth -= 1

        return read

    def _fill(
        self, table: dict[str, tuple[str, type | None, Read]], shape: Shape, names: list[str] | None
    ) -> None:
        for name, member in shape.members.items():
            if names is None or name in names:
                reader = self.of(member)
                table[member.trait("locationName", name)] = (name, reader.exact, reader.read)

    def _list(self, shape: Shape) -> Read:
        member = self.of(shape.member)
        return _list_read(member.exact, member.read)

    def _map(self, shape: Shape) -> Read:
        value = self.of(shape.value)
        return _map_read(value.exact, value.read)


def _document(value: Any) -> Any:
    """Free-form JSON, as it is; bounded, because whoever walks it later recurses."""
    level, depth = [value], 0
    while level:
        if (depth := depth + 1) > SHAPE_DEPTH_MAX:
            raise Malformed(f"Nested deeper than {SHAPE_DEPTH_MAX} levels")
        held = [item.values() if type(item) is dict else item for item in level if type(item) in (dict, list)]
        level = [inner for items in held for inner in items]
    return value


def _structure_read(table: dict[str, tuple[str, type | None, Read]]) -> Read:
    find = table.get

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong_type(value, "structure")
        out: dict[str, Any] = {}
        for key, item in value.items():
            entry = find(key)
            if entry is None or item is None:
                continue
            name, exact, convert = entry
            if type(item) is exact:
                out[name] = item
            else:
                try:
                    out[name] = convert(item)
                except Malformed as problem:
                    raise problem.at(key) from None
        return out

    return read


def _list_read(exact: type | None, convert: Read) -> Read:
    only = {exact}

    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise wrong_type(value, "list")
        if exact is not None and set(map(type, value)) <= only:
            return value
        out: list[Any] = []
        try:
            for item in value:
                out.append(convert(item))  # not a comprehension: `out` tells which item failed
        except Malformed as problem:
            raise problem.at(len(out)) from None
        return out

    return read


def _map_read(exact: type | None, convert: Read) -> Read:
    only = {exact}

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise wrong_type(value, "map")
        if not set(map(type, value)) <= TEXT:
            raise Malformed("A map key is not a String")
        if exact is not None and set(map(type, value.values())) <= only:
            return value
        out: dict[str, Any] = {}
        for key, item in value.items():
            if item is None:
                continue
            try:
                out[key] = item if type(item) is exact else convert(item)
            except Malformed as problem:
                raise problem.at(key) from None
        return out

    return read


class TreeWriter:
    """Compiles writers. `scalar` gives the conversion of a scalar shape, None where the encoder takes it as it is."""

    def __init__(self, scalar: Callable[[Shape], Write | None]) -> None:
        self._scalar = scalar
        self._plain: dict[str, bool] = {}
        self._writers: dict[str, Write] = {}

    def of(self, shape: Shape) -> Write | None:
        """The writer of a shape; None when its in-house form can be encoded as it is."""
        if shape.type not in ("structure", "list", "map"):
            return self._scalar(shape)
        if shape.is_document or self._is_plain(shape):
            return None
        if (found := self._writers.get(shape.name)) is not None:
            return found
        self._writers[shape.name] = refer(self._writers, shape.name)
        built = self._writers[shape.name] = self._build(shape)
        return built

    def members(self, shape: Shape, names: list[str]) -> Write:
        """A writer of those of a structure's members that are named (the others travel in headers)."""
        return _structure_write(
            {
                name: (member.trait("locationName", name), self.of(member))
                for name, member in shape.members.items()
                if name in names
            }
        )

    def _build(self, shape: Shape) -> Write:
        match shape.type:
            case "structure":
                table: dict[str, tuple[str, Write | None]] = {}
                for name, member in shape.members.items():
                    table[name] = (member.trait("locationName", name), self.of(member))
                return _structure_write(table)
            case "list":
                return _list_write(self.of(shape.member))
            case _:
                return _map_write(self.of(shape.value))

    def _is_plain(self, shape: Shape) -> bool:
        """Whether nothing at or below a shape needs a conversion or has another name on the wire."""
        known = self._plain.get(shape.name)
        if known is None:
            known = self._plain[shape.name] = all(map(self._keeps_its_form, _reachable(shape)))
        return known

    def _keeps_its_form(self, shape: Shape) -> bool:
        match shape.type:
            case "structure":
                return all(
                    member.trait("locationName", name) == name for name, member in shape.members.items()
                )
            case "list" | "map":
                return True
            case _:
                return self._scalar(shape) is None


def _reachable(shape: Shape) -> Iterator[Shape]:
    """A shape and every shape below it; a recursive one once."""
    seen: set[str] = set()
    waiting = [shape]
    while waiting:
        found = waiting.pop()
        match found.type:
            case "structure" | "list" | "map" if found.name in seen:
                continue
            case "structure":
                waiting += found.members.values() if not found.is_document else ()
            case "list":
                waiting.append(found.member)
            case "map":
                waiting.append(found.value)
        seen.add(found.name)
        yield found


def _structure_write(table: dict[str, tuple[str, Write | None]]) -> Write:
    find = table.get

    def write(value: dict[str, Any]) -> dict[str, Any]:
        out = {}
        for name, item in value.items():
            entry = find(name)
            if entry is None:
                continue
            key, convert = entry
            out[key] = item if convert is None or type(item) is Encoded else convert(item)
        return out

    return write


def _list_write(convert: Write | None) -> Write:
    if convert is None:
        return list
    return lambda value: [convert(item) for item in value]


def _map_write(convert: Write | None) -> Write:
    if convert is None:
        return dict
    return lambda value: {key: convert(item) for key, item in value.items()}
