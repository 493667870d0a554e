"""Values of parameter mappings: static texts, `$request.header.x`, `$context.y`, and texts with `${…}` in them.

A source gives a text, or None where there is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from fogbank.java.jsonpath import PathError, compile_path
from fogbank.java.text import json_text, text_of
from fogbank.services.apigatewayv2.execution.exchange import Exchange

_PLACE = re.compile(r"\$\{([^{}]+)\}")


class Answer:
    """What a backend answered: what response mappings read."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str | None:
        lower = name.lower()
        values = [value for key, value in self.headers if key.lower() == lower]
        return ",".join(values) if values else None


Source = Callable[[Exchange, Answer | None], str | None]


def compile_value(text: str) -> Source:
    """`$request.path.id`, `id-${request.path.id}`, or a text that stands for itself."""
    if text.startswith("$") and not text.startswith("${"):
        return _variable(text[1:])
    places = _PLACE.findall(text)
    if not places:
        return lambda x, answer: text
    pieces = _PLACE.split(text)
    parts: list[str | Source] = [
        _variable(piece) if index % 2 else piece for index, piece in enumerate(pieces)
    ]

    def join(x: Exchange, answer: Answer | None) -> str | None:
        return "".join(part if isinstance(part, str) else part(x, answer) or "" for part in parts)

    return join


def _variable(name: str) -> Source:
    where, _, rest = name.partition(".")
    match where:
        case "request":
            return _request(rest)
        case "response":
            return _response(rest)
        case "context":
            path = tuple(rest.split("."))
            return lambda x, answer: _shown(look_up(x.context(), path))
        case "stageVariables":
            return lambda x, answer: x.stage.variables.get(rest)
    return lambda x, answer: None


def _request(rest: str) -> Source:
    place, _, name = rest.partition(".")
    match place:
        case "header":
            lower = name.lower()
            return lambda x, answer: ",".join(x.request.headers.all(lower)) or None
        case "querystring":
            return lambda x, answer: ",".join(x.query.get(name) or []) or None
        case "path" if name:
            return lambda x, answer: x.parameters.get(name)
        case "path":
            return lambda x, answer: x.arrival.path
        case "body":
            return lambda x, answer: of_body(x.request.body, name)
    return lambda x, answer: None


def _response(rest: str) -> Source:
    place, _, name = rest.partition(".")
    match place:
        case "header":
            return lambda x, answer: answer.header(name) if answer is not None else None
        case "body":
            return lambda x, answer: of_body(answer.body, name) if answer is not None else None
        case "statuscode":
            return lambda x, answer: str(answer.status) if answer is not None else None
    return lambda x, answer: None


def of_body(body: bytes, path: str) -> str | None:
    """The whole body, or what a JSONPath below `$` finds in it: a text as it is, anything else as JSON."""
    if not path:
        return body.decode("utf-8", "replace") or None
    try:
        found = compile_path(f"$.{path}").find(orjson.loads(body))
    except (PathError, orjson.JSONDecodeError):
        return None
    return _shown(found)


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json_text(value, web=False) if isinstance(value, dict | list) else text_of(value)


def look_up(value: Any, path: tuple[str, ...]) -> Any:
    """A value below nested maps; None when there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
