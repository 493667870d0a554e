"""What functions get and give: payload formats 1.0 and 2.0 of HTTP APIs. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from fogbank.core.http import Response
from fogbank.gateway.mutual_tls import described
from fogbank.gateway.stamps import request_time
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import Fault, internal_error

#: Headers that belong to the front end: a function's own do not pass.
DROPPED = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})


def event_2_0(x: Exchange) -> dict[str, Any]:
    """AWS's members, in AWS's order; those without a value are left out."""
    request, arrival, stage = x.request, x.arrival, x.stage
    headers, cookies = x.plain_headers()
    key = x.route.key if x.route is not None else ""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": key,
        "rawPath": arrival.raw_path,
        "rawQueryString": request.query,
    }
    if cookies is not None:
        event["cookies"] = cookies
    event["headers"] = headers
    if x.query:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in x.query.items()}
    event["requestContext"] = request_context_2_0(x)
    if x.parameters:
        event["pathParameters"] = x.parameters
    if stage.variables:
        event["stageVariables"] = stage.variables
    body, encoded = x.event_body()
    if body is not None:
        event["body"] = body
    event["isBase64Encoded"] = encoded
    return event


def request_context_2_0(x: Exchange) -> dict[str, Any]:
    """`requestContext`, also of authorizers' events."""
    request, arrival, stage = x.request, x.arrival, x.stage
    context: dict[str, Any] = {"accountId": stage.place.account, "apiId": stage.api_id}
    if request.certificate is not None:
        context["authentication"] = {"clientCert": described(request.certificate)}
    if x.authorizer is not None:
        context["authorizer"] = x.authorizer
    context["domainName"] = arrival.domain_name
    context["domainPrefix"] = arrival.domain_prefix
    context["http"] = {
        "method": request.method,
        "path": arrival.raw_path,
        "protocol": "HTTP/1.1",
        "sourceIp": request.peer,
        "userAgent": request.headers.get("user-agent") or "",
    }
    context["requestId"] = x.request_id
    context["routeKey"] = x.route.key if x.route is not None else ""
    context["stage"] = stage.name
    context["time"] = request_time(x.started_ms)
    context["timeEpoch"] = x.started_ms
    return context


def event_1_0(x: Exchange) -> dict[str, Any]:
    """The same as a REST API's event, with `version` in front."""
    headers, query = x.multi_headers(), x.query
    body, encoded = x.event_body()
    key = x.route.key if x.route is not None else ""
    resource = key.partition(" ")[2] or key
    return {
        "version": "1.0",
        "resource": resource,
        "path": x.arrival.full_path,
        "httpMethod": x.request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "requestContext": request_context_1_0(x, resource),
        "pathParameters": x.parameters or None,
        "stageVariables": x.stage.variables or None,
        "body": body,
        "isBase64Encoded": encoded,
    }


def request_context_1_0(x: Exchange, resource: str) -> dict[str, Any]:
    stage, arrival = x.stage, x.arrival
    context: dict[str, Any] = {"accountId": stage.place.account, "apiId": stage.api_id}
    match x.authorizer:
        case {"jwt": jwt}:
            context["authorizer"] = jwt
        case {"lambda": given}:
            context["authorizer"] = given or {}
    return context | {
        "domainName": arrival.domain_name,
        "domainPrefix": arrival.domain_prefix,
        "extendedRequestId": x.request_id,
        "httpMethod": x.request.method,
        "identity": x.identity(),
        "path": arrival.full_path,
        "protocol": "HTTP/1.1",
        "requestId": x.request_id,
        "requestTime": request_time(x.started_ms),
        "requestTimeEpoch": x.started_ms,
        "resourceId": x.route.key if x.route is not None else "",
        "resourcePath": resource,
        "stage": stage.name,
    }


def response_2_0(payload: bytes) -> Response:
    """A function's answer; one without `statusCode` is the body itself, as JSON. Raises Fault."""
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise _malformed("the function's answer is no JSON") from None
    if type(answer) is not dict or "statusCode" not in answer:
        # A text is the body as it is, anything else its JSON: AWS's inference.
        body = answer.encode("utf-8", "replace") if type(answer) is str else payload
        return Response(200, [("content-type", "application/json")], b"" if answer is None else body)
    lines = _single_headers(answer)
    cookies = answer.get("cookies")
    if cookies is not None:
        if type(cookies) is not list:
            raise _malformed("cookies is no list")
        lines += [("set-cookie", _text(cookie)) for cookie in cookies]
    return _response(answer, lines)


def response_1_0(payload: bytes) -> Response:
    """A function's answer, which must be a response. Raises Fault."""
    try:
        answer = orjson.loads(payload)
    except orjson.JSONDecodeError:
        raise _malformed("the function's answer is no JSON") from None
    if type(answer) is not dict or "statusCode" not in answer:
        raise _malformed("the function's answer has no statusCode")
    multi = answer.get("multiValueHeaders") or {}
    if type(multi) is not dict or not all(type(values) is list for values in multi.values()):
        raise _malformed("multiValueHeaders is no map of lists")
    lines = [
        (name, _text(value))
        for name, values in multi.items()
        for value in values
        if name.lower() not in DROPPED
    ]
    named = {name.lower() for name in multi}
    lines += [line for line in _single_headers(answer) if line[0].lower() not in named]
    return _response(answer, lines)


def _single_headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    headers = answer.get("headers") or {}
    if type(headers) is not dict:
        raise _malformed("headers is no map")
    return [(name, _text(value)) for name, value in headers.items() if name.lower() not in DROPPED]


def _response(answer: dict[str, Any], lines: list[tuple[str, str]]) -> Response:
    status, body = answer["statusCode"], answer.get("body")
    try:
        status = int(status)
    except (TypeError, ValueError):
        raise _malformed(f"statusCode {status!r} is no number") from None
    if not 200 <= status <= 599:
        raise _malformed(f"statusCode {status} is none of a response")
    if body is None:
        content = b""
    elif type(body) is str:
        content = body.encode("utf-8", "replace")
    else:
        content = orjson.dumps(body)
    if answer.get("isBase64Encoded") is True:
        try:
            content = base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise _malformed("the body is no base-64") from None
    if not any(name.lower() == "content-type" for name, _ in lines):
        lines.insert(0, ("content-type", "text/plain;charset=UTF-8"))
    return Response(status, lines, content)


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise _malformed("a header's value is no text")
    return "" if value is None else str(value)


def _malformed(detail: str) -> Fault:
    return internal_error(f"Malformed response: {detail}")
