"""Parameters from a definition to a service's input, and its output back, as the SDKs for Java shape both.

In: members by their names, whatever the case; null is as if it were not there; a string stands for a blob; times as text or
seconds. Out: names of one of the SDKs, blobs as text, times as ISO 8601 or milliseconds.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fogbank.asl.documents import dumps
from fogbank.model.shapes import Shape
from fogbank.services.stepfunctions.tasks.naming import pascal

_KINDS = {
    "string": "STRING",
    "boolean": "BOOLEAN",
    "integer": "INTEGER",
    "long": "LONG",
    "float": "FLOAT",
    "double": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "blob": "STRING",
    "list": "LIST",
    "map": "MAP",
    "structure": "STRUCTURE",
}


ReadBlob = Callable[[str], bytes]


class BadParameters(Exception):
    """Parameters that are no input of the operation; `problem` is AWS's sentence about one field."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def to_input(
    shape: Shape | None,
    parameters: Any,
    *,
    json_texts: frozenset[str] = frozenset(),
    read_blob: ReadBlob = str.encode,
) -> dict[str, Any]:
    """Raises BadParameters. Members in `json_texts` hold JSON in a string: other values are written as such."""
    if not isinstance(parameters, dict):
        raise BadParameters("The Parameters must be a JSON object")
    if shape is None:
        return {}
    given = {
        name: dumps(value) if name in json_texts and not isinstance(value, str | None) else value
        for name, value in parameters.items()
    }
    found: dict[str, Any] = _in(shape, given, "Parameters", read_blob)
    return found


def _in(shape: Shape, value: Any, field: str, read_blob: ReadBlob) -> Any:
    if shape.is_document:
        return value
    match shape.type, value:
        case "structure", dict():
            return _structure(shape, value, read_blob)
        case "list", list():
            return [_in(shape.member, item, field, read_blob) for item in value if item is not None]
        case "map", dict():
            return {
                key: _in(shape.value, item, key, read_blob) for key, item in value.items() if item is not None
            }
        case "string" | "character", str():
            return value
        case "boolean", bool():
            return value
        case (("integer" | "long" | "short" | "byte" | "bigInteger"), int()) if not isinstance(value, bool):
            return value
        case (("integer" | "long"), float()) if value.is_integer():
            return int(value)
        case (("float" | "double"), int() | float()) if not isinstance(value, bool):
            return value
        case "timestamp", int() | float() if not isinstance(value, bool):
            return round(value * 1000)
        case "timestamp", str():
            return _time(value, field)
        case "blob", str():
            return read_blob(value)
        case "blob", _:
            return dumps(value).encode()
    raise BadParameters(
        f"The value for the field '{field}' must be a {_KINDS.get(shape.type, shape.type.upper())}"
    )


def _structure(shape: Shape, value: dict[str, Any], read_blob: ReadBlob) -> dict[str, Any]:
    names = {name.lower(): name for name in shape.members}
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = names.get(key.lower()) or (names.get("null") if key == "Nul" else None)
        if name is None:
            raise BadParameters(f"The field '{key}' is not supported by Step Functions")
        if item is not None:
            found[name] = _in(shape.members[name], item, key, read_blob)
    return found


def foreign_fields(shape: Shape | None, given: Any, *, jsonata: bool) -> list[str]:
    """The fields of a definition that a shape does not have, at any depth: here AWS takes the second SDK's names alone
    (`SnsTopicArn`, not `SNSTopicArn`). What expressions make is known only later."""
    if shape is not None and (shape.is_document or shape.type not in ("structure", "list", "map")):
        return []
    match given:
        case dict():
            items = given if jsonata else {name.removesuffix(".$"): value for name, value in given.items()}
            if shape is not None and shape.type == "map":
                return _each(shape.value, items.values(), jsonata)
            if shape is not None and shape.type != "structure":
                return []
            members = {} if shape is None else {pascal(name): name for name in shape.members}
            found: list[str] = []
            for name, value in items.items():
                member = members.get(name)
                if shape is None or member is None:
                    found.append(name)
                else:
                    found += foreign_fields(shape.members[member], value, jsonata=jsonata)
            return found
        case list() if shape is not None and shape.type == "list":
            return _each(shape.member, given, jsonata)
    return []


def _each(shape: Shape, values: Iterable[Any], jsonata: bool) -> list[str]:
    return [name for value in values for name in foreign_fields(shape, value, jsonata=jsonata)]


def _time(text: str, field: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadParameters(f"The value for the field '{field}' must be a TIMESTAMP") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


# --- outputs --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Style:
    """How outputs are written: the names of members, times, blobs."""

    name: Callable[[str], str]
    time: Callable[[int], Any]
    blob: Callable[[bytes], Any]


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _iso(time_ms: int) -> str:
    moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{time_ms % 1000:03d}Z" if time_ms % 1000 else f"{text}Z"


def _text(blob: bytes) -> str:
    try:
        return blob.decode()
    except UnicodeDecodeError:
        return base64.b64encode(blob).decode("ascii")  # ours: JSON holds no other bytes


def _base64(blob: bytes) -> str:
    return base64.b64encode(blob).decode("ascii")


def from_base64(text: str) -> bytes:
    """A blob in the parameters of an optimized integration. Raises BadParameters."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise BadParameters("A binary value must be encoded in base64") from None


#: The second SDK, behind `aws-sdk`; the first, behind the optimized integrations.
SDK = Style(pascal, _iso, _text)
OPTIMIZED = Style(_capital, lambda time_ms: time_ms, _base64)


def from_output(shape: Shape | None, output: dict[str, Any], style: Style) -> dict[str, Any]:
    """A service's output by wire names, as a task's result."""
    if shape is None:
        return {}
    found: dict[str, Any] = _out(shape, output, style)
    return found


def _out(shape: Shape, value: Any, style: Style) -> Any:
    if shape.is_document:
        return value
    match shape.type:
        case "structure":
            members = shape.members
            return {
                style.name(name): _out(members[name], item, style)
                for name, item in value.items()
                if item is not None and name in members
            }
        case "list":
            return [_out(shape.member, item, style) for item in value]
        case "map":
            return {key: _out(shape.value, item, style) for key, item in value.items()}
        case "timestamp":
            return style.time(value)
        case "blob":
            return style.blob(value)
    return value


def written(result: dict[str, Any]) -> str:
    """A result of an optimized integration as JSON: the first SDK's beans write their members by name."""
    return dumps(dict(sorted(result.items())))
