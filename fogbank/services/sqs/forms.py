"""Whether what a caller gives has the form of the operation's input. Clients' requests have, their codec sees to it; callers
inside fogbank (state machines, integrations) bring what their users wrote. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.model.shapes import Shape

Check = Callable[[Any], bool]


def has_form_of(shape: Shape) -> Check:
    """Compile: value → whether it, and all within it, is of the shape's types. No shape of SQS's inputs is recursive."""
    match shape.type:
        case "structure":
            members = {name: has_form_of(member) for name, member in shape.members.items()}
            return lambda value: isinstance(value, dict) and _structure(value, members)
        case "list":
            item = has_form_of(shape.member)
            return lambda value: isinstance(value, list) and all(map(item, value))
        case "map":
            inner = has_form_of(shape.value)
            return lambda value: isinstance(value, dict) and _map(value, inner)
        case "integer" | "long":
            return lambda value: type(value) is int
        case "boolean":
            return lambda value: isinstance(value, bool)
        case "blob":
            return lambda value: isinstance(value, bytes)
    return lambda value: isinstance(value, str)


def _structure(value: dict[str, Any], members: dict[str, Check]) -> bool:
    for name, inner in value.items():
        check = members.get(name)
        if inner is not None and check is not None and not check(inner):
            return False
    return True


def _map(value: dict[str, Any], inner: Check) -> bool:
    return all(isinstance(key, str) and inner(each) for key, each in value.items())
