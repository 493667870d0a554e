"""Where the members of a REST operation's input travel: labels of the path, query string, headers, body.

Compiled once for each operation into a list of small bindings; what a binding reads is text, or the lists and maps of
text that query strings and headers allow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from fogbank.core.http import Headers, Request
from fogbank.core.limits import QUERY_PARAMETERS_MAX
from fogbank.model.shapes import Shape
from fogbank.protocol.codec import Params
from fogbank.protocol.malformed import Malformed
from fogbank.protocol.scalars import FromText, header_reader_of, reader_of

Query = dict[str, list[str]]


def parse_query(text: str) -> Query:
    """A query string or form body as name → values, in order. Bounded."""
    if text.count("&") >= QUERY_PARAMETERS_MAX:
        raise Malformed(f"More than {QUERY_PARAMETERS_MAX} parameters")
    found: Query = {}
    try:
        for pair in text.split("&"):
            if pair:
                name, _, value = pair.partition("=")
                if (
                    "%" in pair or "+" in pair
                ):  # most pairs need no decoding, which costs more than all the rest
                    name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
                found.setdefault(name, []).append(value)
    except UnicodeDecodeError:
        raise Malformed("A parameter is not UTF-8") from None
    return found


@dataclass(frozen=True, slots=True)
class _Binding:
    member: str
    wire: str
    convert: FromText | None


def _read(binding: _Binding, text: str) -> Any:
    if binding.convert is None:
        return text
    try:
        return binding.convert(text)
    except Malformed as problem:
        raise problem.at(binding.wire) from None


class RequestBindings:
    """The members of one input shape that are outside of the body. `body` names those that are inside. `uri` is the
    operation's pattern: the query parameters in it are nobody's value."""

    def __init__(self, shape: Shape, uri: str, *, empty_is_absent: bool = False) -> None:
        self._empty_is_absent = empty_is_absent  # of numbers and such in the query
        self._labels: list[_Binding] = []
        self._headers: list[_Binding] = []
        self._header_lists: list[_Binding] = []
        self._prefixes: list[_Binding] = []
        self._query: list[_Binding] = []
        self._query_lists: list[_Binding] = []
        self._query_maps: list[tuple[str, bool, FromText | None]] = []
        self.body: list[str] = []
        for name, member in shape.members.items():
            self._bind(name, member)
        literal = {pair.partition("=")[0] for pair in uri.partition("?")[2].split("&")}
        self._named = literal | {binding.wire for binding in self._query + self._query_lists}

    def _bind(self, name: str, member: Shape) -> None:
        wire = member.trait("locationName", name)
        match member.trait("location"), member.type:
            case "uri", _:
                self._labels.append(_Binding(name, wire, reader_of(member)))
            case "header", "list":
                self._header_lists.append(_Binding(name, wire.lower(), reader_of(member.member)))
            case "header", _:
                self._headers.append(_Binding(name, wire.lower(), header_reader_of(member)))
            case "headers", _:
                self._prefixes.append(_Binding(name, wire.lower(), None))
            case "querystring", "list":
                self._query_lists.append(_Binding(name, wire, reader_of(member.member)))
            case "querystring", "map":
                many = member.value.type == "list"
                self._query_maps.append(
                    (name, many, reader_of(member.value.member if many else member.value))
                )
            case "querystring", _:
                self._query.append(_Binding(name, wire, reader_of(member)))
            case _:
                self.body.append(name)

    def compile(self) -> Callable[[Request, Mapping[str, str]], Params]:
        """What reads them all. Malformed names the field."""
        labels, headers = self._labels, [(b.member, b.wire, b.convert, b) for b in self._headers]
        has_query = bool(self._query or self._query_lists or self._query_maps)
        has_more_headers = bool(self._header_lists or self._prefixes)

        def read(request: Request, found: Mapping[str, str]) -> Params:
            params: Params = {}
            for label in labels:
                params[label.member] = _read(label, found[label.wire])
            get = request.headers.get
            for member, wire, convert, binding in headers:
                text = get(wire)
                if text is not None:
                    params[member] = text if convert is None else _read(binding, text.strip())
            if has_more_headers:
                self._more_headers(request.headers, params)
            if has_query and request.query:
                self._from_query(parse_query(request.query), params)
            return params

        return read

    def _more_headers(self, headers: Headers, params: Params) -> None:
        for binding in self._header_lists:
            if texts := headers.all(binding.wire):
                params[binding.member] = [_read(binding, text) for text in _split(texts, binding)]
        for binding in self._prefixes:
            cut = len(binding.wire)
            held = {name[cut:]: value for name, value in headers.items if name.startswith(binding.wire)}
            if held:
                params[binding.member] = held

    def _from_query(self, query: Query, params: Params) -> None:
        for binding in self._query:
            if texts := query.get(binding.wire):
                if not texts[0] and binding.convert is not None and self._empty_is_absent:
                    continue
                params[binding.member] = _read(binding, texts[0])
        for binding in self._query_lists:
            if texts := query.get(binding.wire):
                params[binding.member] = [_read(binding, text) for text in texts]
        for member, many, convert in self._query_maps:
            held = {name: texts for name, texts in query.items() if name not in self._named}
            if held:
                scalar = _Binding(member, member, convert)
                params[member] = {
                    name: [_read(scalar, text) for text in texts] if many else _read(scalar, texts[0])
                    for name, texts in held.items()
                }


def _split(texts: list[str], binding: _Binding) -> list[str]:
    """The items of a list in headers: commas separate, except inside quotes and in the dates of RFC 822."""
    joined = ",".join(texts)
    if '"' not in joined:
        return [item.strip() for item in joined.split(",")]
    items, item, quoted, escaped = [], "", False, False
    for char in joined:
        if escaped:
            item, escaped = item + char, False
        elif quoted and char == "\\":
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            items.append(item.strip())
            item = ""
        else:
            item += char
    items.append(item.strip())
    return items
