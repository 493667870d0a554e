"""JSON Schemas between a definition and models: references are by place in one, by URL in the other."""

from __future__ import annotations

import re
from typing import Any

from fogbank.services.apigateway.models import REFERENCE

LOCAL = re.compile(r"#/(?:definitions|components/schemas)/([^/]+)")
#: What OpenAPI adds to JSON Schema and models do not know; AWS's "important notes" say that it drops them.
FOREIGN = (
    "nullable",
    "example",
    "xml",
    "externalDocs",
    "discriminator",
    "readOnly",
    "writeOnly",
    "deprecated",
)

MAPS = ("properties", "patternProperties", "definitions", "dependencies")
VALUES = ("enum", "default", "required")


def model_name(reference: str) -> str | None:
    """The model that a local reference names. Names are alphanumeric: other characters are left out."""
    found = LOCAL.fullmatch(reference)
    return None if found is None else plain_name(found[1])


def plain_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name)


def to_model(schema: Any, api_id: str) -> Any:
    """A definition's schema as a model has it."""
    match schema:
        case dict():
            found = {
                name: _member(name, value, api_id) for name, value in schema.items() if name not in FOREIGN
            }
            name = model_name(schema["$ref"]) if isinstance(schema.get("$ref"), str) else None
            if name is not None:
                found["$ref"] = f"https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}"
            return found
        case list():
            return [to_model(each, api_id) for each in schema]
        case _:
            return schema


def _member(name: str, value: Any, api_id: str) -> Any:
    """A keyword's value: maps of schemas by any name, plain values, else a schema or a list of them."""
    if name in MAPS and isinstance(value, dict):
        return {key: to_model(each, api_id) for key, each in value.items()}
    return value if name in VALUES else to_model(value, api_id)


def from_model(schema: Any, place: str) -> Any:
    """A model's schema as a definition has it; `place` is where its models lie (`#/definitions/`)."""
    match schema:
        case dict():
            found = {name: from_model(value, place) for name, value in schema.items() if name != "$schema"}
            if isinstance(schema.get("$ref"), str) and (named := REFERENCE.fullmatch(schema["$ref"])):
                found["$ref"] = place + named[1]
            return found
        case list():
            return [from_model(each, place) for each in schema]
        case _:
            return schema
