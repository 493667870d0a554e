"""`$input`: the payload and the parameters that came with the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from fogbank.java.expressions import ExpressionTimeout
from fogbank.java.jsonpath import PathError, PathNotFound, compile_path
from fogbank.java.text import json_text, text_of
from fogbank.templates.errors import TemplateError
from fogbank.templates.methods import VtlObject

_UNREAD = object()
EMPTY_BODY = "{}"  # what `$input.body` and `$input.json('$')` are without a payload (AWS recordings)

Parameters = Mapping[str, Mapping[str, str]]


class Input(VtlObject):
    """`parameters` gives `{"path": …, "querystring": …, "header": …}` when it is first wanted; `find` one of them, in this
    order, for who can find it without making them all."""

    __slots__ = ("_document", "_find", "_parameters", "_read", "body")

    def __init__(
        self,
        body: str,
        parameters: Callable[[], Parameters],
        find: Callable[[str], str | None] | None = None,
    ) -> None:
        self.body = body
        self._find = find
        self._parameters = parameters
        self._read: Parameters | None = None
        self._document: Any = _UNREAD

    def vtl_property(self, name: str) -> Any:
        return (self.body or EMPTY_BODY) if name == "body" else None

    def vtl_call(self, name: str, arguments: list[Any]) -> Any:
        match name, arguments:
            case "json", [str(path)]:
                return self.json(path)
            case "path", [str(path)]:
                return self.path(path)
            case "params", []:
                return {place: dict(values) for place, values in self.parameters.items()}
            case "params", [str(wanted)]:
                return self.parameter(wanted)
            case "getBody", []:
                return self.body or EMPTY_BODY
            case _:
                return None

    @property
    def parameters(self) -> Parameters:
        if self._read is None:
            self._read = self._parameters()
        return self._read

    @property
    def document(self) -> Any:
        """The payload as JSON; what is no JSON is one string."""
        if self._document is _UNREAD:
            try:
                self._document = orjson.loads(self.body) if self.body else None
            except orjson.JSONDecodeError:
                self._document = self.body
        return self._document

    def path(self, path: str) -> Any:
        """What a JSONPath finds; null when there is nothing."""
        try:
            return compile_path(path).find(self.document)
        except PathNotFound:
            return None
        except (PathError, ExpressionTimeout) as error:
            raise TemplateError(f"Invalid JSON path {path}: {error}") from None

    def json(self, path: str) -> str:
        """The same as JSON text; `""` when there is nothing."""
        if not self.body and path.strip() == "$":
            return EMPTY_BODY
        found = self.path(path)
        return '""' if found is None else json_text(found, web=False)

    def parameter(self, name: str) -> str:
        """A parameter of the path, else of the query string, else a header; the empty string when there is none."""
        if self._find is not None:
            return self._find(name) or ""
        for place in ("path", "querystring", "header"):
            value = self.parameters[place].get(name)
            if value is not None:
                return text_of(value)
        lower = name.lower()
        for header, value in self.parameters["header"].items():
            if header.lower() == lower:
                return value
        return ""
