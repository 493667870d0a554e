"""AWS_PROXY: a function gets the whole request as one event (payload format 1.0) and gives the whole response."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.http import Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.gateway.stamps import request_time
from fogbank.services.apigateway.execution.bodies import first_accepted
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import (
    integration_failure,
    malformed_proxy_response,
)
from fogbank.services.apigateway.execution.integrations.functions import Invoker

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
#: Headers of a backend that go to the client as x-amzn-Remapped-…, because the front end sets its own.
REMAPPED = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "upgrade",
        "user-agent",
        "via",
        "www-authenticate",
        "x-amzn-requestid",
    }
)
DROPPED = frozenset({"transfer-encoding", "keep-alive"})


class Proxied:
    """A method's function that gets the whole request, however its answer comes back."""

    def __init__(self, stage: Stage, method: dict[str, Any], binary: MediaTypes) -> None:
        integration = method["methodIntegration"]
        self._invoker = Invoker(
            stage, integration["uri"], integration.get("credentials"), stage.timeout_ms(integration)
        )
        self._binary = binary
        self._post = (integration.get("httpMethod") or "POST") == "POST"

    def _payload(self, x: Exchange) -> bytes:
        """What the function is sent. Raises Fault."""
        if not self._post:
            raise integration_failure("functions are invoked with POST")
        payload = orjson.dumps(event(x, self._binary))
        if x.log is not None:
            x.log.append(f"Endpoint request body after transformations: {payload.decode()}")
        return payload


class LambdaProxy(Proxied):
    """One method's AWS_PROXY integration."""

    async def run(self, x: Exchange) -> Response:
        payload = self._payload(x)
        started = x.stage.gateway.clock.monotonic_s()
        invoked = await self._invoker.invoke(x, payload)
        x.integration_latency_ms = int((x.stage.gateway.clock.monotonic_s() - started) * 1000)
        x.integration_status = invoked.status
        if x.log is not None:
            _log_answer(x, invoked.payload, invoked.status)
        if invoked.failed:
            x.integration_error = "Unhandled"
            raise malformed_proxy_response()
        return proxy_response(x, invoked.payload, self._binary)


def _log_answer(x: Exchange, payload: bytes, status: int) -> None:
    assert x.log is not None
    x.log.append(f"Received response. Status: {status}, Integration latency: {x.integration_latency_ms} ms")
    x.log.append(f"Endpoint response body before transformations: {payload.decode('utf-8', 'replace')}")


def event(x: Exchange, binary: MediaTypes) -> dict[str, Any]:
    """The event: AWS's members, in AWS's order."""
    request, query = x.request, x.query
    headers = x.headers
    body: str | None = None
    encoded = False
    if request.body:
        if binary and binary.match(request.headers.get("content-type")):
            body, encoded = base64.b64encode(request.body).decode(), True
        else:
            body = request.body.decode("utf-8", "replace")
    path = x.arrival.shown_path
    if path.startswith("//"):
        path = "/" + path.lstrip("/")
    return {
        "resource": x.method.resource_path if x.method else "",
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()} or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": x.path_parameters or None,
        "stageVariables": x.variables or None,
        "requestContext": request_context(x),
        "body": body,
        "isBase64Encoded": encoded,
    }


def request_context(x: Exchange) -> dict[str, Any]:
    """`requestContext` of proxy events and of REQUEST authorizers' events."""
    stage, method, arrival = x.stage, x.method, x.arrival
    context: dict[str, Any] = {"resourceId": method.resource_id if method else ""}
    if x.authorizer is not None:
        context["authorizer"] = x.authorizer
    context |= {
        "resourcePath": method.resource_path if method else "",
        "httpMethod": x.request.method,
        "extendedRequestId": x.extended_id,
        "requestTime": request_time(x.started_ms),
        "path": arrival.full_path,
        "accountId": stage.place.account,
        "protocol": "HTTP/1.1",
        "stage": stage.name,
        "domainPrefix": arrival.domain_prefix,
        "requestTimeEpoch": x.started_ms,
        "requestId": x.request_id,
        "identity": x.identity(),
        "domainName": arrival.domain_name,
        "deploymentId": stage.deployment_of(x.canary),
        "apiId": stage.api_id,
    }
    if stage.canary is not None:
        context["isCanaryRequest"] = x.canary
    if arrival.base_path is not None:
        context["customDomain"] = {"basePathMatched": arrival.base_path}
    return context


def proxy_response(x: Exchange, payload: bytes, binary: MediaTypes) -> Response:
    """A function's answer as a response; 502 for what is none."""
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise malformed_proxy_response() from None
    if type(answer) is not dict or not answer.keys() <= _MEMBERS:
        raise malformed_proxy_response()
    status = status_of(answer.get("statusCode"))
    headers, typed = headers_of(answer)
    body = answer.get("body")
    encoded = answer.get("isBase64Encoded")
    if encoded is not None and type(encoded) is not bool:
        raise malformed_proxy_response()
    content = b""
    if body is not None:
        if type(body) is not str:
            raise malformed_proxy_response()
        content = body.encode("utf-8", "replace")
        if encoded and binary and binary.match(first_accepted(x.request.headers.get("accept"))):
            try:
                content = base64.b64decode(content, validate=True)
            except (binascii.Error, ValueError):
                raise malformed_proxy_response("Unable to base64 decode the body") from None
    lead = [] if typed else [("Content-Type", "application/json")]
    lead.append(("X-Amzn-Trace-Id", x.trace_header))
    return Response(status, lead + headers, content)


def status_of(given: Any) -> int:
    """The status that a function gave. Raises Fault."""
    if given is None:
        return 200
    try:
        status = int(given)
    except (TypeError, ValueError):
        raise malformed_proxy_response(f"Invalid status code {given!r}") from None
    if isinstance(given, bool) or not 200 <= status <= 599:
        raise malformed_proxy_response(f"Invalid status code {given!r}")
    return status


def headers_of(answer: dict[str, Any]) -> tuple[list[tuple[str, str]], bool]:
    """Headers as lines, and whether a Content-Type is among them. Those in `multiValueHeaders` come first; one that is in
    both gets the single value behind the others."""
    single, multi = answer.get("headers"), answer.get("multiValueHeaders")
    found: dict[str, tuple[str, list[str]]] = {}
    if multi is not None:
        if type(multi) is not dict:
            raise malformed_proxy_response()
        for name, values in multi.items():
            if type(values) is not list:
                raise malformed_proxy_response()
            found[name.lower()] = (name, [_text(value) for value in values])
    if single is not None:
        if type(single) is not dict:
            raise malformed_proxy_response()
        for name, value in single.items():
            text = _text(value)
            lower = name.lower()
            if lower not in found:
                found[lower] = (name, [text])
            elif text not in (values := found[lower][1]):
                values.append(text)
    lines = [
        (f"x-amzn-Remapped-{name}" if lower in REMAPPED else name, value)
        for lower, (name, values) in found.items()
        if lower not in DROPPED
        for value in values
    ]
    return lines, "content-type" in found


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise malformed_proxy_response()
    return str(value)
