"""Scalars as JSON spells them, and bodies parsed and written with orjson."""

from __future__ import annotations

import sys
from typing import Any

import orjson

from fogbank.core.encoded import Encoded
from fogbank.model.shapes import Shape
from fogbank.protocol.malformed import WANTED, Malformed, wrong_type
from fogbank.protocol.scalars import BOUNDS, SPECIAL, decode_base64, encode_base64, special_float
from fogbank.protocol.times import FORMATS, epoch, from_seconds, from_text
from fogbank.protocol.tree import Read, Reader, TreeReader, TreeWriter, Write

FLOAT_MAX = int(sys.float_info.max)


def parse_json(body: bytes) -> Any:
    """Any JSON. Malformed when it is not; names are checked to be UTF-8 and nesting is bounded by orjson."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"Unable to parse the body as JSON: {error}") from None


def dump_json(value: Any) -> bytes:
    """JSON text. Blobs become base64 here rather than by a walk beforehand."""
    return orjson.dumps(value, _other, orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)


def _other(value: Any) -> Any:
    if isinstance(value, Encoded):
        return orjson.Fragment(value.json)
    if isinstance(value, bytes | bytearray | memoryview):
        return encode_base64(bytes(value))
    raise TypeError(f"{type(value).__name__} is not a value that fogbank puts on the wire")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise wrong_type(value, "string")
    return value


def _json_text(value: Any) -> Any:
    return parse_json(_text(value).encode())


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong_type(value, "boolean")
    return value


def _blob(value: Any) -> bytes:
    if type(value) is not str:
        raise wrong_type(value, "blob")
    return decode_base64(value)


def _float(value: Any) -> float:
    match value:
        case bool():
            raise wrong_type(value, "double")
        case float():
            return value
        case int() if -FLOAT_MAX <= value <= FLOAT_MAX:
            return float(value)
        case "NaN" | "Infinity" | "-Infinity":
            return SPECIAL[value]
    raise wrong_type(value, "double")


def _timestamp(value: Any) -> int:
    match value:
        case bool():
            raise wrong_type(value, "timestamp")
        case int() | float():
            return from_seconds(value)
        case str():
            return from_text(value)
    raise wrong_type(value, "timestamp")


def _integer(type_name: str) -> Read:
    low, high = BOUNDS[type_name]

    def read(value: Any) -> int:
        number = value
        if type(value) is float and value.is_integer():
            number = int(value)
        if type(number) is not int:
            raise wrong_type(value, type_name)
        if not low <= number <= high:
            raise Malformed(f"Value out of range for {WANTED[type_name]}")
        return number

    return read


STRING = Reader(str, _text)
READERS = {
    "string": STRING,
    "character": STRING,
    "boolean": Reader(bool, _boolean),
    "blob": Reader(None, _blob),
    "float": Reader(float, _float),
    "double": Reader(float, _float),
    "timestamp": Reader(None, _timestamp),
} | {type_name: Reader(None, _integer(type_name)) for type_name in BOUNDS}


def _scalar_reader(shape: Shape) -> Reader:
    return Reader(None, _json_text) if shape.trait("jsonvalue") else READERS[shape.type]


def _special(value: float) -> float | str:
    return special_float(value) or value


def _json_value(value: Any) -> str:
    return orjson.dumps(value).decode()


def _scalar_writer(shape: Shape) -> Write | None:
    match shape.type:
        case "timestamp":
            named = shape.trait("timestampFormat")
            return epoch if named in (None, "unixTimestamp") else FORMATS[named]
        case "float" | "double":
            return _special
        case "string" if shape.trait("jsonvalue"):
            return _json_value
    return None  # blobs too: `dump_json` meets them anyway


def json_reader() -> TreeReader:
    """A compiler of readers, with a memo of its own: one for each service model."""
    return TreeReader(_scalar_reader)


def json_writer() -> TreeWriter:
    """A compiler of writers, with a memo of its own: one for each service model."""
    return TreeWriter(_scalar_writer)
