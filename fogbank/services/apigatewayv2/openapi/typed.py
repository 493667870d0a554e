"""What a definition gives for an operation's members, held against the same model as what clients send: types, then constraints."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire
from fogbank.model.calls import validation_message
from fogbank.model.shapes import Shape
from fogbank.services.apigatewayv2.service import SERVICE, bad_request

NUMBERS = frozenset({"integer", "long"})


def checked(operation: str, members: Wire) -> Wire:
    """The members as the operation takes them. Raises BadRequestException, NotSupported."""
    declared = SERVICE.operations[operation]
    shape = declared.model.input
    assert shape is not None
    found: Wire = {
        name: _typed(shape.members[name], value, name) for name, value in members.items() if value is not None
    }
    if refused := declared.refuses & found.keys():
        raise NotSupported(f"apigatewayv2 {operation} with {', '.join(sorted(refused))}")
    if declared.validate is not None and (problems := declared.validate({"ApiId": "x"} | found)):
        raise bad_request(validation_message(problems))
    return found


def _typed(shape: Shape, value: Any, where: str) -> Any:
    """Numbers are taken for texts (versions and statuses are written so), and texts of digits for numbers."""
    match shape.type:
        case "structure" if isinstance(value, dict):
            return {
                name: _typed(shape.members[name], each, f"{where}.{name}")
                for name, each in value.items()
                if each is not None and name in shape.members
            }
        case "map" if isinstance(value, dict):
            return {
                str(name): _typed(shape.value, each, f"{where}.{name}")
                for name, each in value.items()
                if each is not None
            }
        case "list" if isinstance(value, list):
            return [_typed(shape.member, each, where) for each in value]
        case "string" if isinstance(value, str):
            return value
        case "string" if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        case "boolean" if isinstance(value, bool):
            return value
        case kind if kind in NUMBERS and isinstance(value, int) and not isinstance(value, bool):
            return value
        case kind if kind in NUMBERS and isinstance(value, str) and value.isascii() and value.isdecimal():
            return int(value)
    raise bad_request(f"Unable to parse API definition: {where} must be of type {shape.type}")
