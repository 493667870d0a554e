"""Parameter mappings: `method.request.header.x`, `integration.response.body.a`, `context.y`, `'static'` to functions.

What a source gives is a list of texts (a multi-value source may give several) or None where there is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from fogbank.java.expressions import ExpressionTimeout
from fogbank.java.jsonpath import PathError, compile_path
from fogbank.java.text import json_text, text_of
from fogbank.services.apigateway.execution.exchange import Exchange

Source = Callable[[Exchange], list[str] | None]


class Answer:
    """What an integration answered: what response mappings and templates read."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers  # names as they were sent
        self.body = body

    def header(self, name: str) -> str | None:
        lower = name.lower()
        return next((value for key, value in self.headers if key.lower() == lower), None)

    def all_headers(self, name: str) -> list[str]:
        lower = name.lower()
        return [value for key, value in self.headers if key.lower() == lower]


ResponseSource = Callable[[Exchange, Answer], list[str] | None]


def compile_source(text: str) -> Source:
    """A source of an integration request's parameter, a cache key or an authorizer's identity."""
    if len(text) > 1 and text[0] == "'" and text[-1] == "'":
        static = [text[1:-1]]
        return lambda x: static
    if text.startswith("method.request."):
        return _request_source(text.removeprefix("method.request."))
    if text.startswith("context."):
        path = tuple(text.split(".")[1:])
        return lambda x: _listed(look_up(x.context, path))
    if text.startswith("stageVariables."):
        name = text.removeprefix("stageVariables.")
        return lambda x: _listed(x.variables.get(name))
    return lambda x: None


def _request_source(text: str) -> Source:
    place, _, name = text.partition(".")
    match place:
        case "header":
            return lambda x: _listed(x.header(name))
        case "querystring":
            return lambda x: values[-1:] if (values := x.query.get(name)) else None
        case "path":
            return lambda x: _listed(x.decoded_path_parameters.get(name))
        case "multivalueheader":
            return lambda x: _multi_header(x, name)
        case "multivaluequerystring":
            return lambda x: x.query.get(name)
        case "body":
            path = text.removeprefix("body").removeprefix(".")
            return lambda x: _of_body(x.request.body, path)
        case _:
            return lambda x: None


def compile_response_source(text: str) -> ResponseSource:
    """A source of a method response's header."""
    if not text.startswith("integration.response."):
        source = compile_source(text)
        return lambda x, answer: source(x)
    place, _, name = text.removeprefix("integration.response.").partition(".")
    match place:
        case "header":
            return lambda x, answer: _listed(answer.header(name))
        case "multivalueheader":
            return lambda x, answer: answer.all_headers(name) or None
        case "body":
            return lambda x, answer: _of_body(answer.body, name)
        case _:
            return lambda x, answer: None


def _listed(value: Any) -> list[str] | None:
    return None if value is None or value == "" else [value if isinstance(value, str) else text_of(value)]


def _multi_header(x: Exchange, name: str) -> list[str] | None:
    lower = name.lower()
    for key, values in x.headers.items():
        if key.lower() == lower:
            return values
    return None


def _of_body(body: bytes, path: str) -> list[str] | None:
    """The whole body, or what a JSONPath below `$` finds in it: a text as it is, anything else as JSON."""
    if not path:
        return _listed(body.decode("utf-8", "replace"))
    try:
        found = compile_path(path if path.startswith("$") else f"$.{path}").find(orjson.loads(body))
    except (PathError, ExpressionTimeout, orjson.JSONDecodeError):
        return None
    if isinstance(found, dict | list):
        return [json_text(found, web=False)]
    return _listed(found)


def look_up(value: Any, path: tuple[str, ...]) -> Any:
    """A value below nested maps; None when there is none."""
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


_VARIABLE = re.compile(r"\$\{stageVariables\.([\w.-]+)\}")


def with_variables(text: str, variables: dict[str, str]) -> str:
    """`${stageVariables.x}` filled in; what the stage lacks is left empty."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), text) if "${" in text else text


class RequestParameters:
    """The `requestParameters` of an integration, by place."""

    __slots__ = ("headers", "paths", "queries")

    def __init__(self, parameters: dict[str, str]) -> None:
        self.headers: list[tuple[str, Source]] = []
        self.paths: list[tuple[str, Source]] = []
        self.queries: list[tuple[str, Source]] = []
        places = {"header": self.headers, "path": self.paths, "querystring": self.queries}
        for target, source in parameters.items():
            place, _, name = target.removeprefix("integration.request.").partition(".")
            if place in places:
                places[place].append((name, compile_source(source)))

    def __bool__(self) -> bool:
        return bool(self.headers or self.paths or self.queries)


def evaluate(sources: list[tuple[str, Source]], x: Exchange) -> dict[str, list[str]]:
    """The parameters that have a value."""
    found = {}
    for name, source in sources:
        values = source(x)
        if values is not None:
            found[name] = values
    return found
