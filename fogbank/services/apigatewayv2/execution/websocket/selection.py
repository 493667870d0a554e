"""Selection expressions of WebSocket APIs: which route a message takes, which model and template holds, which response."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fogbank.java.text import json_text, text_of

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange

_PLACE = re.compile(r"\$\{([^{}]+)\}|\$([A-Za-z][\w.\-\[\]'\"]*)")
Select = Callable[["SocketExchange"], str | None]


def compile_selection(expression: str) -> Select:
    """`$request.body.action`, `${request.body.a}-${context.stage}`; None where a part has no value."""
    pieces: list[str | Select] = []
    at = 0
    for found in _PLACE.finditer(expression):
        if found.start() > at:
            pieces.append(expression[at : found.start()])
        pieces.append(source(found[1] or found[2]))
        at = found.end()
    if at < len(expression):
        pieces.append(expression[at:])

    def select(x: SocketExchange) -> str | None:
        texts = [piece if isinstance(piece, str) else piece(x) for piece in pieces]
        return None if any(text is None for text in texts) else "".join(text or "" for text in texts)

    return select


def source(name: str) -> Select:
    """A value of the message, the handshake, `$context` or the stage's variables. `route.request…` is `request…`."""
    name = name.removeprefix("$").removeprefix("route.")
    where, _, rest = name.partition(".")
    if where == "context":
        path = rest.split(".")
        return lambda x: _shown(_look_up(x.context(), path))
    if where == "stageVariables":
        return lambda x: x.stage.variables.get(rest)
    if where != "request":
        return lambda x: None
    place, _, key = rest.partition(".")
    match place:
        case "body" if key:
            return lambda x: _shown(x.body_value(key))
        case "body":
            return lambda x: x.text
        case "header":
            lower = key.lower()
            return lambda x: x.connection.request.headers.get(lower)
        case "querystring":
            return lambda x: values[-1] if (values := x.connection.query.get(key)) else None
    return lambda x: None


def _look_up(value: Any, path: list[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json_text(value, web=False) if isinstance(value, dict | list) else text_of(value)
