"""Integrations of WebSocket APIs: Lambda proxy and custom, HTTP and HTTP_PROXY, AWS services, MOCK.

Each gives a `Reply`: the backend's status, and the body that a route with a response sends back to the client. For
non-proxy integrations the integration response that the status selects transforms it.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request
from fogbank.gateway.http_client import origin_of
from fogbank.gateway.http_connection import HttpError
from fogbank.gateway.records import Wire
from fogbank.model.call import Caller
from fogbank.services.apigatewayv2.execution.invoking import (
    InvokeError,
    Invoker,
    own_principal,
    role_principal,
    with_variables,
)
from fogbank.services.apigatewayv2.execution.websocket import events
from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange
from fogbank.services.apigatewayv2.execution.websocket.selection import Select, compile_selection, source
from fogbank.templates import UTIL, Input, Template, TemplateError, compile_template

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage

_AWS = re.compile(r"arn:[^:]+:apigateway:([^:]+):((?:[^:.]+\.)?[^:]+):(action|path)/(.*)", re.DOTALL)
#: JSON services by the name that URIs call them: the mounted service, whose model knows its target prefix.
_JSON_SERVICES = {"states": "stepfunctions", "dynamodb": "dynamodb", "events": "events", "kinesis": "kinesis",
                  "logs": "logs", "firehose": "firehose", "ssm": "ssm", "kms": "kms"}  # fmt: skip


class IntegrationFailed(Exception):
    """The client gets `message`; `detail` is for the access log."""

    def __init__(self, detail: str, *, message: str = "Internal server error", status: int = 500) -> None:
        super().__init__(detail)
        self.message = message
        self.status = status


@dataclass(slots=True)
class Reply:
    """What a backend answered."""

    status: int
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Templates:
    """Templates of an integration or a response by key, and what selects one. Compiled on first use."""

    __slots__ = ("_compiled", "_select", "_texts")

    def __init__(self, texts: dict[str, str] | None, expression: str | None) -> None:
        self._texts = texts or {}
        self._select: Select | None = compile_selection(expression) if expression else None
        self._compiled: dict[str, Template] = {}

    def __bool__(self) -> bool:
        return bool(self._texts)

    def render(self, x: SocketExchange, body: str) -> str | None:
        """None when no template is selected. Raises IntegrationFailed."""
        key = self._select(x) if self._select is not None else None
        for name in (key, "$default", "application/json"):
            if name is not None and name in self._texts:
                return self._run(name, x, body)
        return None

    def _run(self, name: str, x: SocketExchange, body: str) -> str:
        try:
            template = self._compiled.get(name)
            if template is None:
                template = self._compiled[name] = compile_template(self._texts[name])
            connection = x.connection

            def parameters() -> dict[str, dict[str, str]]:
                return {
                    "path": {},
                    "querystring": {key: values[-1] for key, values in connection.query.items()},
                    "header": dict(connection.request.headers.items),
                }

            def parameter(key: str) -> str | None:
                return next((found[key] for found in parameters().values() if key in found), None)

            scope: dict[str, Any] = {
                "util": UTIL,
                "input": Input(body, parameters, parameter),
                "context": x.context(),
                "stageVariables": x.stage.variables,
            }
            return template.render(scope)
        except TemplateError as error:
            raise IntegrationFailed(f"Unable to transform: {error}") from None


class Integration:
    """One integration of one stage, of whichever type. Raises IntegrationFailed, also when made."""

    def __init__(self, stage: SocketStage, wire: Wire, responses: list[Wire]) -> None:
        self._stage = stage
        self._type: str = wire["IntegrationType"]
        self._uri = with_variables(wire.get("IntegrationUri") or "", stage.variables)
        self._method: str = wire.get("IntegrationMethod") or "POST"
        self._timeout_ms: int = wire["TimeoutInMillis"]
        self._templates = Templates(wire.get("RequestTemplates"), wire.get("TemplateSelectionExpression"))
        self._passthrough = wire.get("PassthroughBehavior") or "WHEN_NO_MATCH"
        self._parameters = {
            key.removeprefix("integration.request."): _parameter(value)
            for key, value in (wire.get("RequestParameters") or {}).items()
        }
        self._responses = [
            (
                response["IntegrationResponseKey"],
                Templates(response.get("ResponseTemplates"), response.get("TemplateSelectionExpression")),
            )
            for response in responses
        ]
        self._credentials: str | None = wire.get("CredentialsArn")
        self._server_name: str = (wire.get("TlsConfig") or {}).get("ServerNameToVerify") or ""
        self._invoker: Invoker | None = None
        if self._type == "AWS_PROXY" or (self._type == "AWS" and ":lambda:path/" in self._uri):
            try:
                self._invoker = Invoker(stage, self._uri, self._credentials, self._timeout_ms)
            except InvokeError as error:
                raise IntegrationFailed(str(error)) from None

    async def run(self, x: SocketExchange) -> Reply:
        clock = self._stage.gateway.clock
        started_s = clock.monotonic_s()
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                reply = await self._run(x)
        except TimeoutError:
            raise IntegrationFailed(
                "The integration took too long", message="Endpoint request timed out"
            ) from None
        finally:
            x.integration_latency_ms = int((clock.monotonic_s() - started_s) * 1000)
        x.integration_status = reply.status
        if x.trace is not None:
            x.note(
                f"Received response. Status: {reply.status}, Integration latency: {x.integration_latency_ms} ms"
            )
            x.note(f"Endpoint response body before transformations: {reply.body}")
        return reply

    async def _run(self, x: SocketExchange) -> Reply:
        match self._type:
            case "AWS_PROXY":
                return _proxied(await self._invoke(x, orjson.dumps(events.event(x))))
            case "HTTP_PROXY":
                return await self._http(x, x.text)
            case "MOCK":
                return self._selected(x, self._mock(self._body(x)))
            case "HTTP":
                return self._selected(x, await self._http(x, self._body(x)))
            case _ if self._invoker is not None:
                payload = await self._invoke(x, self._body(x).encode())
                return self._selected(x, Reply(200, payload.decode("utf-8", "replace")))
            case _:
                return self._selected(x, await self._service(x, self._body(x)))

    def _body(self, x: SocketExchange) -> str:
        """The mapped request."""
        rendered = self._templates.render(x, x.text)
        if rendered is not None:
            return rendered
        forbidden = self._passthrough == "NEVER" or (
            self._passthrough == "WHEN_NO_TEMPLATES" and bool(self._templates)
        )
        if forbidden:
            raise IntegrationFailed(
                "No template maps the message", message="Unsupported Media Type", status=415
            )
        return x.text

    def _selected(self, x: SocketExchange, reply: Reply) -> Reply:
        """What the integration response for its status makes of a reply."""
        default: Templates | None = None
        for key, templates in self._responses:
            if key == "$default":
                default = templates
            elif re.fullmatch(key[1:-1], str(reply.status)):
                default = templates
                break
        if default is None or not default:
            return reply
        rendered = default.render(x, reply.body)
        return reply if rendered is None else Reply(reply.status, rendered, reply.headers)

    @staticmethod
    def _mock(body: str) -> Reply:
        """`statusCode` of the mapped request."""
        try:
            status = int(orjson.loads(body)["statusCode"])
        except (ValueError, TypeError, KeyError):
            raise IntegrationFailed("Unable to parse statusCode of the request template") from None
        return Reply(status)

    async def _invoke(self, x: SocketExchange, payload: bytes) -> bytes:
        assert self._invoker is not None
        if x.trace is not None:
            x.note(f"Endpoint request URI: {self._uri}")
            x.note(f"Endpoint request body after transformations: {payload.decode('utf-8', 'replace')}")
        asynchronous = any(
            place.lower() == "header.x-amz-invocation-type" and value(x) == "Event"
            for place, value in self._parameters.items()
        )
        try:
            invoked = await self._invoker.invoke(
                payload,
                x.connection.request.peer,
                asynchronous=asynchronous,
                source="" if self._stage.gateway.open_mode else f"{self._stage.name}/{x.route_key}",
            )
        except InvokeError as error:
            raise IntegrationFailed(str(error), status=502) from None
        if invoked.failed:
            raise IntegrationFailed(invoked.payload[:1024].decode("utf-8", "replace"), status=502)
        return invoked.payload

    async def _http(self, x: SocketExchange, body: str) -> Reply:
        url, query, headers = self._uri, [], []
        for place, value in self._parameters.items():
            kind, _, name = place.partition(".")
            text = value(x)
            if text is None:
                continue
            match kind:
                case "header":
                    headers.append((name, text))
                case "querystring":
                    query.append(f"{quote(name, safe='')}={quote(text, safe='')}")
                case "path":
                    url = url.replace(f"{{{name}}}", quote(text, safe=""))
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json"))
        headers.append(("User-Agent", f"AmazonAPIGateway_{self._stage.api_id}"))
        try:
            origin, host, target = origin_of(url)
            if self._server_name:
                origin = replace(origin, server_name=self._server_name)
            if query:
                target += ("&" if "?" in target else "?") + "&".join(query)
            method = "POST" if self._method == "ANY" else self._method
            content = b"" if method in ("GET", "HEAD") else body.encode()
            if x.trace is not None:
                x.note(f"Endpoint request URI: {url}")
                x.note(f"Endpoint request body after transformations: {body}")
            answer = await self._stage.gateway.http.request(
                origin, method.encode(), target, [("Host", host), *headers], content
            )
        except HttpError as error:
            raise IntegrationFailed(str(error), status=504) from None
        return Reply(answer.status, answer.body.decode("utf-8", "replace"))

    async def _service(self, x: SocketExchange, body: str) -> Reply:
        """An operation of any service, as its own clients would call it."""
        gateway, place = self._stage.gateway, self._stage.place
        found = _AWS.fullmatch(self._uri)
        if found is None:
            raise IntegrationFailed(f"Invalid endpoint address {self._uri}")
        region, service, kind, rest = found.groups()
        service = service.rpartition(".")[2]
        headers = {"content-type": "application/json", "host": f"{service}.{region}.amazonaws.com"}
        path, query = "/", ""
        if kind == "path":
            path, _, query = ("/" + rest.lstrip("/")).partition("?")
        elif service in _JSON_SERVICES:
            try:
                model = gateway.calls.find(_JSON_SERVICES[service], rest).service.model
            except AwsError as error:
                raise IntegrationFailed(error.message) from None
            headers["x-amz-target"] = f"{model.metadata['targetPrefix']}.{rest}"
            headers["content-type"] = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
        else:
            query = f"Action={rest}"
        for name, value in self._parameters.items():
            where, _, key = name.partition(".")
            if (text := value(x)) is not None and where == "header":
                headers[key.lower()] = text
            elif text is not None and where == "querystring":
                query += ("&" if query else "") + f"{quote(key, safe='')}={quote(text, safe='')}"
        principal = own_principal(place)
        if self._credentials:
            principal = role_principal(self._credentials, place, open_mode=gateway.open_mode)
        peer = x.connection.request.peer
        caller = Caller(place.account, region, principal, gateway.ids.uuid(), peer)
        target = f"{path}?{query}" if query else path
        method = self._method if kind == "path" and self._method != "ANY" else "POST"
        request = Request(method, target, path, query, Headers(list(headers.items())), body.encode(), peer)
        answer = await gateway.send_to_service(request, service, caller)
        content = answer.body if isinstance(answer.body, bytes) else b""
        return Reply(answer.status, content.decode("utf-8", "replace"))


def _parameter(value: str) -> Select:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return lambda x: value[1:-1]
    return source(value)


def _proxied(payload: bytes) -> Reply:
    """A function's response. Raises IntegrationFailed."""
    try:
        answer = orjson.loads(payload)
        status = int(answer["statusCode"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise IntegrationFailed("Malformed Lambda proxy response", status=502) from None
    body = answer.get("body")
    headers = answer.get("headers")
    text = body if isinstance(body, str) else "" if body is None else orjson.dumps(body).decode()
    named = (
        {str(name).lower(): str(value) for name, value in headers.items()}
        if isinstance(headers, dict)
        else {}
    )
    return Reply(status, text, named)
