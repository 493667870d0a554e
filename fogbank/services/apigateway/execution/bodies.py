"""Bodies on their way in and out: binary media types and content handling, mapping templates by media type.

Binary or text, as AWS recordings show it. In: a body is binary when its Content-Type is one of the API's binary media types.
Out: the backend's Content-Type says what the payload is, the client's Accept what it shall become.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fogbank.gateway.parameters import MediaTypes, media_type
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, integration_failure, misconfigured
from fogbank.services.apigateway.execution.mapping import Answer
from fogbank.templates import UTIL, Input, Template, TemplateError, compile_template

JSON = "application/json"
TO_TEXT, TO_BINARY = "CONVERT_TO_TEXT", "CONVERT_TO_BINARY"


def incoming(
    body: bytes, content_type: str | None, binary: MediaTypes, handling: str | None
) -> tuple[bytes, bool]:
    """The body as it goes to templates and the backend; whether it is still binary."""
    if not body:
        return body, False
    if binary.match(content_type):
        return (base64.b64encode(body), False) if handling == TO_TEXT else (body, True)
    if handling == TO_BINARY:
        return _decoded(body), True
    return _as_text(body), False


def outgoing(
    answer: Answer, accept: str | None, binary: MediaTypes, handling: str | None
) -> tuple[bytes, bool]:
    """The backend's body as it goes to templates and the client; whether it is binary."""
    body = answer.body
    if not body:
        return body, False
    is_binary = binary.match(answer.header("content-type"))
    if handling is None:
        wants_binary = binary.match(first_accepted(accept))
        if is_binary == wants_binary:
            return (body, True) if is_binary else (_as_text(body), False)
        handling = TO_BINARY if wants_binary else TO_TEXT
    if handling == TO_TEXT:
        return (base64.b64encode(body), False) if is_binary else (_as_text(body), False)
    return (body, True) if is_binary else (_decoded(body), True)


def first_accepted(accept: str | None) -> str | None:
    """AWS looks at the first media type of Accept alone."""
    return None if accept is None else accept.partition(",")[0]


def _as_text(body: bytes) -> bytes:
    """What is no UTF-8 is replaced, as a text passes through AWS."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return body.decode("utf-8", "replace").encode()
    return body


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise integration_failure("Unable to base64 decode the body.") from None


class Templates:
    """Mapping templates by media type, compiled on first use: one that is broken fails requests, not its deployment."""

    __slots__ = ("_compiled", "_texts")

    def __init__(self, texts: dict[str, str] | None) -> None:
        self._texts = {kind.lower(): text or "" for kind, text in (texts or {}).items()}
        self._compiled: dict[str, Template] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def has(self, kind: str) -> bool:
        return kind in self._texts

    def first(self) -> str | None:
        return next(iter(self._texts), None)

    def get(self, kind: str) -> Template | None:
        found = self._compiled.get(kind)
        if found is None:
            text = self._texts.get(kind)
            if text is None:
                return None
            try:
                found = self._compiled[kind] = compile_template(text)
            except TemplateError as error:
                raise misconfigured(f"Unable to transform request: {error}") from None
        return found


def render(template: Template, x: Exchange, body: str) -> str:
    """A mapping template over a payload. Raises Fault."""
    names = template.names
    scope: dict[str, Any] = {"util": UTIL}
    if "input" in names:
        scope["input"] = Input(body, x.template_parameters, x.parameter)
    if "context" in names:
        scope["context"] = x.context
    if "stageVariables" in names:
        scope["stageVariables"] = x.variables
    try:
        return template.render(scope)
    except TemplateError as error:
        raise misconfigured(f"Unable to transform request: {error}") from None


class RequestBody:
    """How a non-proxy integration makes the body of its request."""

    __slots__ = ("_binary", "_handling", "_passthrough", "_templates")

    def __init__(self, integration: dict[str, Any], binary: MediaTypes) -> None:
        self._templates = Templates(integration.get("requestTemplates"))
        self._passthrough = integration.get("passthroughBehavior", "WHEN_NO_MATCH")
        self._handling = integration.get("contentHandling")
        self._binary = binary

    def make(self, x: Exchange) -> bytes:
        """The body; 415 where nothing maps it and it may not pass."""
        request = x.request
        content_type = request.headers.get("content-type")
        body, is_binary = incoming(request.body, content_type, self._binary, self._handling)
        kind = media_type(content_type) or JSON
        template = self._templates.get(kind)
        if template is None:
            if self._passthrough == "NEVER" or (self._passthrough == "WHEN_NO_TEMPLATES" and self._templates):
                raise Fault("UNSUPPORTED_MEDIA_TYPE")
            return body
        if is_binary:
            raise misconfigured("Unable to transform request: the body is binary")
        return render(template, x, body.decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
