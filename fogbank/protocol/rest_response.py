"""Where the members of a REST operation's output travel: status, headers, body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fogbank.model.shapes import OperationModel, Shape
from fogbank.protocol.codec import Params
from fogbank.protocol.scalars import ToText, header_writer_of
from fogbank.protocol.times import rfc822

HeaderItems = list[tuple[str, str]]


class ResponseBindings:
    """The members of one output (or error) shape that are outside of the body. `body` names those inside."""

    def __init__(self, shape: Shape) -> None:
        self.status: str | None = None
        self._headers: list[tuple[str, str, ToText | None]] = []
        self._lists: list[tuple[str, str, ToText | None]] = []
        self._prefixes: list[tuple[str, str]] = []
        self.body: list[str] = []
        for name, member in shape.members.items():
            wire = member.trait("locationName", name)
            match member.trait("location"), member.type:
                case "statusCode", _:
                    self.status = name
                case "header", "list":
                    self._lists.append((name, wire, header_writer_of(member.member, rfc822)))
                case "header", _:
                    self._headers.append((name, wire, header_writer_of(member, rfc822)))
                case "headers", _:
                    self._prefixes.append((name, wire))
                case _:
                    self.body.append(name)

    def names_content_type(self) -> bool:
        return any(wire.lower() == "content-type" for _, wire, _ in self._headers)

    def compile(self) -> Callable[[Params, HeaderItems], None]:
        """What adds the output's headers to a response's."""
        headers, lists, prefixes = self._headers, self._lists, self._prefixes

        def write(output: Params, items: HeaderItems) -> None:
            for name, wire, convert in headers:
                value = output.get(name)
                if value is not None:
                    items.append((wire, value if convert is None else convert(value)))
            for name, wire, convert in lists:
                if value := output.get(name):
                    items.append((wire, ",".join(_quoted(convert(v) if convert else v) for v in value)))
            for name, prefix in prefixes:
                for key, value in output.get(name, {}).items():
                    items.append((prefix + key, value))

        return write


def _quoted(text: str) -> str:
    if '"' in text or "," in text:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def status_of(operation: OperationModel, bindings: ResponseBindings) -> Callable[[dict[str, Any]], int]:
    """The HTTP status of an output: its own member, else the model's."""
    fixed, member = operation.status, bindings.status
    if member is None:
        return lambda output: fixed
    return lambda output: int(output.get(member, fixed))
