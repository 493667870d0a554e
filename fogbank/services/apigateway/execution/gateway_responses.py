"""Gateway responses: what a client gets whose request ended in a Fault, as the API configures it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from fogbank.core.http import Response
from fogbank.gateway.parameters import media_type
from fogbank.gateway.substitution import Lookup, compile_text
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault
from fogbank.services.apigateway.execution.mapping import Source, compile_source, look_up

JSON = "application/json"
#: What AWS shows as this type's default and does not answer with: whoever set the response without a status has it stored.
SHOWN_INTEGRATION_FAILURE = "504"
_PREFIX = "gatewayresponse.header."


class _Configured:
    """One configured gateway response."""

    __slots__ = ("headers", "status", "templates")

    def __init__(self, kind: str, wire: dict[str, Any]) -> None:
        status = wire.get("statusCode")
        if kind == "INTEGRATION_FAILURE" and status == SHOWN_INTEGRATION_FAILURE:
            status = None
        self.status = int(status) if status else None
        self.headers: list[tuple[str, Source]] = [
            (target[len(_PREFIX) :], compile_source(source))
            for target, source in (wire.get("responseParameters") or {}).items()
            if target.startswith(_PREFIX)
        ]
        self.templates: dict[str, Callable[[Lookup], str]] = {
            kind.lower(): compile_text(text or "", missing="")
            for kind, text in (wire.get("responseTemplates") or {}).items()
        }


class GatewayResponses:
    """The gateway responses of one API."""

    def __init__(self, configured: dict[str, dict[str, Any]]) -> None:
        self._configured = {kind: _Configured(kind, wire) for kind, wire in configured.items()}

    def respond(self, x: Exchange, fault: Fault) -> Response:
        """The answer of a fault."""
        own = self._configured.get(fault.type)
        if own is None:
            own = self._configured.get("DEFAULT_4XX" if fault.status < 500 else "DEFAULT_5XX")
        if own is None:
            return Response(
                fault.status, [("Content-Type", JSON), ("x-amzn-ErrorType", fault.error)], _plain(fault)
            )
        status = own.status or fault.status
        headers = [("x-amzn-ErrorType", fault.error)]
        for name, source in own.headers:
            for value in source(x) or []:
                headers.append((name, value))
        kind, body = _body(own, x, fault)
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.insert(0, ("Content-Type", kind))
        return Response(status, headers, body)


def _plain(fault: Fault) -> bytes:
    """The default body. Refusals by policies spell it `Message`, as AWS does."""
    name = b"Message" if fault.type == "ACCESS_DENIED" else b"message"
    return b'{"' + name + b'":' + _quoted(fault) + b"}"


def _quoted(fault: Fault) -> bytes:
    """The message as JSON; a fault without a message says null, as AWS does for failing authorizers."""
    return orjson.dumps(fault.message or None)


def _body(own: _Configured, x: Exchange, fault: Fault) -> tuple[str, bytes]:
    template = None
    kind = JSON
    for part in (x.request.headers.get("accept") or "").split(",", 16):
        wanted = media_type(part)
        if wanted in own.templates:
            kind, template = wanted, own.templates[wanted]
            break
    if template is None:
        template = own.templates.get(JSON)
    if template is None and own.templates:
        kind, template = next(iter(own.templates.items()))
    if template is None:
        return JSON, _plain(fault)
    return kind, template(lambda path: _value(x, fault, path)).encode()


def error_context(fault: Fault) -> dict[str, Any]:
    """`$context.error`."""
    return {
        "message": fault.message,
        "messageString": _quoted(fault).decode(),
        "responseType": fault.type,
        "validationErrorString": fault.validation,
    }


def _value(x: Exchange, fault: Fault, path: tuple[str, ...]) -> Any:
    match path:
        case ("context", "error", *rest):
            return look_up(error_context(fault), tuple(rest))
        case ("context", *rest):
            return look_up(x.context, tuple(rest))
        case ("stageVariables", name):
            return x.variables.get(name)
        case ("method", "request", *rest):
            values = compile_source("method.request." + ".".join(rest))(x)
            return values[-1] if values else None
        case _:
            return None
