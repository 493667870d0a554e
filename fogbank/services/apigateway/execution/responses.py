"""From what a non-proxy integration answered to what the client gets: selection, header mappings, templates, overrides."""

from __future__ import annotations

from typing import Any

from fogbank.core.http import Response
from fogbank.gateway.parameters import MediaTypes, media_type
from fogbank.java.expressions import Expression, ExpressionError, ExpressionTimeout
from fogbank.java.text import text_of
from fogbank.services.apigateway.execution.bodies import JSON, Templates, outgoing, render
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import integration_failure, misconfigured
from fogbank.services.apigateway.execution.mapping import Answer, ResponseSource, compile_response_source


class IntegrationResponse:
    """One of a method's integration responses, compiled."""

    __slots__ = ("handling", "headers", "pattern", "status", "status_text", "templates")

    def __init__(self, wire: dict[str, Any], method_responses: dict[str, Any]) -> None:
        self.status_text = str(wire["statusCode"])
        self.status = int(self.status_text)
        selection = wire.get("selectionPattern") or ""
        self.pattern: Expression | None = None
        if selection and selection != "default":
            try:
                self.pattern = Expression(selection)
            except ExpressionError:
                self.pattern = Expression(r"(?!)")  # matches nothing, as a pattern that Java cannot read
        self.handling: str | None = wire.get("contentHandling")
        self.templates = Templates(wire.get("responseTemplates"))
        self.headers: list[tuple[str, ResponseSource]] = [
            (target.removeprefix("method.response.").partition(".")[2], compile_response_source(source))
            for target, source in (wire.get("responseParameters") or {}).items()
            if target.startswith(("method.response.header.", "method.response.multivalueheader."))
        ]


class IntegrationResponses:
    """The answers that a method may map its backend's to."""

    __slots__ = ("_all", "_default", "_method_responses")

    def __init__(self, method: dict[str, Any]) -> None:
        self._method_responses: dict[str, Any] = method.get("methodResponses") or {}
        responses = (method.get("methodIntegration") or {}).get("integrationResponses") or {}
        compiled = [IntegrationResponse(wire, self._method_responses) for wire in responses.values()]
        self._default = next((each for each in compiled if each.pattern is None), None)
        self._all = [each for each in compiled if each.pattern is not None]

    def select(self, text: str | None) -> IntegrationResponse:
        """By what the backend said: a function's error message, or a status code. Raises Fault."""
        if text is not None:
            for each in self._all:
                assert each.pattern is not None
                try:
                    if each.pattern.fills(text):
                        return self._checked(each)
                except ExpressionTimeout:
                    raise integration_failure(
                        f"selectionPattern {each.pattern.text} takes too long"
                    ) from None
        if self._default is None:
            raise misconfigured("No match for output mapping and no default endpoint response configured.")
        return self._checked(self._default)

    def _checked(self, chosen: IntegrationResponse) -> IntegrationResponse:
        if chosen.status_text not in self._method_responses:
            raise misconfigured(f"Output mapping refers to an invalid method response: {chosen.status_text}")
        return chosen


def answer_client(
    x: Exchange, chosen: IntegrationResponse, answer: Answer, binary: MediaTypes, *, traced: bool
) -> Response:
    """Map an answer. `traced`: the response names the trace (all but MOCK)."""
    accept = x.request.headers.get("accept")
    body, is_binary = outgoing(answer, accept, binary, chosen.handling)
    kind, content_type = JSON, JSON
    if chosen.templates:
        kind = _wanted(accept, chosen.templates)
        template = chosen.templates.get(kind)
        if template is not None:
            if is_binary:
                raise misconfigured("Unable to transform response: the body is binary")
            body = render(template, x, body.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
            content_type = kind
    headers: list[tuple[str, str]] = []
    for name, source in chosen.headers:
        values = source(x, answer)
        if values is None:
            continue
        if name.lower() == "content-type":
            content_type = values[-1]
        else:
            headers.extend((name, value) for value in values)
    status = chosen.status
    if x.overrides is not None:
        status, content_type, headers = _overridden(x, status, content_type, headers)
    lead = [("Content-Type", content_type)]
    if traced:
        lead.append(("X-Amzn-Trace-Id", x.trace_header))
    return Response(status, lead + headers, body)


def _wanted(accept: str | None, templates: Templates) -> str:
    """The template for what the client accepts first; JSON's else; the only one there is, at last."""
    if accept is not None:
        for part in accept.split(",", 16):
            kind = media_type(part)
            if templates.has(kind):
                return kind
    first = templates.first()
    return JSON if templates.has(JSON) or first is None else first


def _overridden(
    x: Exchange, status: int, content_type: str, headers: list[tuple[str, str]]
) -> tuple[int, str, list[tuple[str, str]]]:
    """`$context.responseOverride`, as templates left it."""
    override = x.context.get("responseOverride")
    if not isinstance(override, dict):
        return status, content_type, headers
    wanted = override.get("status")
    if wanted is not None:
        try:
            status = int(wanted)
        except (TypeError, ValueError):
            raise misconfigured(f"responseOverride.status {wanted!r} is no status") from None
        if not 200 <= status <= 599:
            raise misconfigured(f"responseOverride.status {status} is no status")
    given = override.get("header")
    if isinstance(given, dict):
        for name, value in given.items():
            lower = name.lower()
            values = [text_of(item) for item in value] if isinstance(value, list) else [text_of(value)]
            if lower == "content-type":
                content_type = values[-1]
                continue
            headers = [header for header in headers if header[0].lower() != lower]
            headers.extend((name, item) for item in values)
    return status, content_type, headers
