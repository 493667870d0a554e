"""Lists as PostgreSQL arrays in the wire's binary form, with one type each, whatever they hold.

psycopg picks an array's type by its elements, so that a list of small numbers is another type than one of large ones,
and every mixture a statement to prepare anew. These are always int8[], int4[], text[] and bytea[].
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEAD = Struct(">iiIii")  # dimensions, whether there are nulls, type of the elements, length, lower bound
_INT4 = Struct(">ii")
_INT8 = Struct(">iq")
_SIZE = Struct(">i")
_NULL = b"\xff\xff\xff\xff"


class Int4s(list[int]):
    """An int4[]."""


class Int8s(list[int | None]):
    """An int8[]."""


class Texts(list[str]):
    """A text[]."""


class Byteas(list[bytes | None]):
    """A bytea[]."""


def _array(element: int, pieces: list[bytes]) -> bytes:
    return _HEAD.pack(1, 1, element, len(pieces), 1) + b"".join(pieces)


def _sized(content: bytes | None) -> bytes:
    return _NULL if content is None else _SIZE.pack(len(content)) + content


class _ArrayDumper(Dumper):
    format = Format.BINARY


class Int4sDumper(_ArrayDumper):
    oid = 1007

    def dump(self, obj: Int4s) -> bytes:
        return _array(23, [_INT4.pack(4, number) for number in obj])


class Int8sDumper(_ArrayDumper):
    oid = 1016

    def dump(self, obj: Int8s) -> bytes:
        return _array(20, [_NULL if number is None else _INT8.pack(8, number) for number in obj])


class TextsDumper(_ArrayDumper):
    oid = 1009

    def dump(self, obj: Texts) -> bytes:
        return _array(25, [_sized(text.encode()) for text in obj])


class ByteasDumper(_ArrayDumper):
    oid = 1001

    def dump(self, obj: Byteas) -> bytes:
        return _array(17, [_sized(content) for content in obj])


def register(context: AdaptContext) -> None:
    """Teach one connection these types."""
    dumpers: list[tuple[type[Any], type[Dumper]]] = [
        (Int4s, Int4sDumper),
        (Int8s, Int8sDumper),
        (Texts, TextsDumper),
        (Byteas, ByteasDumper),
    ]
    for kind, dumper in dumpers:
        context.adapters.register_dumper(kind, dumper)
