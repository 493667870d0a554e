"""GetModelTemplate: a mapping template that copies, member by member, what a JSON Schema describes. Pure."""

from __future__ import annotations

from typing import Any

DEPTH_MAX = 16


def template_of(schema: dict[str, Any]) -> str:
    """`#set($inputRoot = $input.path('$'))` and then the shape of the schema with its members read from it."""
    body = _value(schema, "$inputRoot", schema.get("definitions") or {}, 0)
    return f"#set($inputRoot = $input.path('$'))\n{body}"


def _value(schema: Any, at: str, definitions: dict[str, Any], depth: int) -> str:
    schema = _resolved(schema, definitions)
    if depth > DEPTH_MAX:
        return '""'
    pad, inner = "  " * depth, "  " * (depth + 1)
    match schema.get("type"):
        case "object" | None if schema.get("properties"):
            members = [
                f'{inner}"{name}" : {_value(member, f"{at}.{name}", definitions, depth + 1)}'
                for name, member in schema["properties"].items()
            ]
            return "{\n" + ",\n".join(members) + f"\n{pad}}}"
        case "object" | None:
            return "{ }"
        case "array":
            item = _value(schema.get("items") or {"type": "string"}, "$elem", definitions, depth)
            return f"[\n#foreach($elem in {at})\n{pad}{item}#if($foreach.hasNext),#end\n#end\n{pad}]"
        case "string":
            return f'"{at}"'
        case _:
            return at


def _resolved(schema: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """A schema with its local reference followed."""
    for _ in range(DEPTH_MAX):
        if not isinstance(schema, dict):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        schema = definitions.get(reference.rsplit("/", 1)[-1])
    return {}
