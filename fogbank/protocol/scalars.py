"""Scalars as text: labels, headers, query strings, form fields and XML all spell them the same way."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from fogbank.model.shapes import Shape
from fogbank.protocol.malformed import WANTED, Malformed
from fogbank.protocol.times import FORMATS, from_text

FromText = Callable[[str], Any]
ToText = Callable[[Any], str]

INTEGER = re.compile(r"[+-]?\d{1,39}", re.ASCII)
FLOAT = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})([eE][+-]?\d{1,4})?", re.ASCII)
SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

#: Inclusive bounds of the integer types, as their width gives them.
BOUNDS = {
    "byte": (-(2**7), 2**7 - 1),
    "short": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "bigInteger": (-(10**39), 10**39),
}


def decode_base64(text: str) -> bytes:
    """The bytes of a blob in a text protocol."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("Invalid Base64 encoding of a Blob") from None


def encode_base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode("ascii")


def special_float(value: float) -> str | None:
    """The protocols' word for a float that JSON has no literal for; None for every other."""
    if math.isfinite(value):
        return None
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def _boolean(text: str) -> bool:
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise Malformed("STRING_VALUE can not be converted to a Boolean")


def _integer(type_name: str) -> FromText:
    low, high = BOUNDS[type_name]

    def read(text: str) -> int:
        if not INTEGER.fullmatch(text) or not low <= (value := int(text)) <= high:
            raise Malformed(f"STRING_VALUE can not be converted to {WANTED[type_name]}")
        return value

    return read


def _float(text: str) -> float:
    if (special := SPECIAL.get(text)) is not None:
        return special
    if not FLOAT.fullmatch(text):
        raise Malformed("STRING_VALUE can not be converted to a Double")
    return float(text)


def _json_value(text: str) -> Any:
    try:
        return orjson.loads(decode_base64(text))
    except orjson.JSONDecodeError:
        raise Malformed("Invalid JSON value in a header") from None


def reader_of(shape: Shape) -> FromText | None:
    """From text to the in-house value; None when the text is the value."""
    match shape.type:
        case "string" | "character":
            return None
        case "boolean":
            return _boolean
        case "float" | "double":
            return _float
        case "timestamp":
            return from_text
        case "blob":
            return decode_base64
        case other:
            return _integer(other)


def header_reader_of(shape: Shape) -> FromText | None:
    """As `reader_of`; `jsonvalue` members are base64 JSON in headers."""
    return _json_value if shape.trait("jsonvalue") else reader_of(shape)


def _float_text(value: float) -> str:
    return special_float(value) or repr(float(value))


def _boolean_text(value: bool) -> str:
    return "true" if value else "false"


def _json_value_text(value: Any) -> str:
    return encode_base64(orjson.dumps(value))


def writer_of(shape: Shape, times: ToText) -> ToText | None:
    """From the in-house value to text; None when the value is text already. `times` writes timestamps that have no
    `timestampFormat` of their own."""
    match shape.type:
        case "string" | "character":
            return None
        case "boolean":
            return _boolean_text
        case "float" | "double":
            return _float_text
        case "timestamp":
            named = shape.trait("timestampFormat")
            return FORMATS[named] if named else times
        case "blob":
            return encode_base64
    return str


def header_writer_of(shape: Shape, times: ToText) -> ToText | None:
    """As `writer_of`; `jsonvalue` members become base64 JSON."""
    return _json_value_text if shape.trait("jsonvalue") else writer_of(shape, times)
