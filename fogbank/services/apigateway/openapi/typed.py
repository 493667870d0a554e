"""Values of a definition by the type they must have. What is absent (or null) is empty; what is of another type is refused."""

from __future__ import annotations

from typing import Any

from fogbank.core.errors import AwsError
from fogbank.services.apigateway.service import bad_request


def mistyped(where: str, what: str) -> AwsError:
    return bad_request(f"Invalid OpenAPI input. {where} must be {what}")


def mapping(value: Any, where: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise mistyped(where, "an object")
    return value


def sequence(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise mistyped(where, "a list")
    return value


def text(value: Any, where: str) -> str | None:
    """A string; numbers are taken as they are written, as status codes and versions often are."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise mistyped(where, "a string")
    return str(value)


def flag(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise mistyped(where, "a boolean")


def number(value: Any, where: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        return int(value)
    raise mistyped(where, "an integer")


def texts(value: Any, where: str) -> dict[str, str] | None:
    """A map of strings, None where there is nothing in it. A null in it is the empty string: templates are written so."""
    found = {name: text(each, f"{where}.{name}") or "" for name, each in mapping(value, where).items()}
    return found or None


def names(value: Any, where: str) -> list[str] | None:
    """A list of strings, None where there is nothing in it."""
    return [text(each, where) or "" for each in sequence(value, where)] or None
