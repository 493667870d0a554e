"""JSON Schemas between a definition and models: references are by place in one, by URL in the other."""

from __future__ import annotations

import re
from typing import Any

from fogbank.services.apigateway.models import REFERENCE

LOCAL = re.compile(r"#/(?:definitions|components/schemas)/([^/]+)")
#: What OpenAPI adds to JSON Schema and models do not know.
FOREIGN = ("example", "xml", "externalDocs", "discriminator", "readOnly", "writeOnly", "deprecated")


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
            found = {name: to_model(value, api_id) for name, value in schema.items() if name not in FOREIGN}
            name = model_name(schema["$ref"]) if isinstance(schema.get("$ref"), str) else None
            if name is not None:
                found["$ref"] = f"https://apigateway.amazonaws.com/restapis/{api_id}/models/{name}"
            return _without_nullable(found)
        case list():
            return [to_model(each, api_id) for each in schema]
        case _:
            return schema


def _without_nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0's `nullable` in JSON Schema draft 4."""
    nullable = schema.get("nullable")
    if not isinstance(nullable, bool):
        return schema
    del schema["nullable"]
    if nullable and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    return schema


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
