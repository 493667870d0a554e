"""The JSON that query services answer API Gateway with, from their XML."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

DEPTH_MAX = 32


def json_of_xml(body: bytes) -> dict[str, Any] | None:
    """`{"SendMessageResponse": {"SendMessageResult": {…}, "ResponseMetadata": {…}}}`; None for what is no XML.

    Ours comes from our own serializer: no entities, no doctypes (they are refused all the same)."""
    if b"<!" in body:
        return None
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return None
    name, value = _local(root.tag), _value(root, 0)
    if name == "ErrorResponse" and isinstance(value, dict):
        return value  # `{"Error": {"Type", "Code", "Message"}, "RequestId"}`
    return {name: value}


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _value(element: ElementTree.Element, depth: int) -> Any:
    children = list(element)
    if not children or depth > DEPTH_MAX:
        return element.text or ""
    if all(_local(child.tag) == "member" for child in children):
        return [_value(child, depth + 1) for child in children]
    found: dict[str, Any] = {}
    for child in children:
        name, value = _local(child.tag), _value(child, depth + 1)
        if name in found:
            held = found[name]
            if not isinstance(held, list):
                held = found[name] = [held]
            held.append(value)
        else:
            found[name] = value
    return found
