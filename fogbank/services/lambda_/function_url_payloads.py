"""What functions get from a URL and give to it: payload format 2.0, and what is inferred from other answers. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from fogbank.core.http import Request, Response
from fogbank.gateway.stamps import request_time
from fogbank.model.principal import Principal

#: Between two hops only, or told elsewhere in the event.
_DROPPED_IN = frozenset({"connection", "cookie", "keep-alive", "transfer-encoding", "upgrade"})
#: Headers that belong to the front end: a function's own do not pass.
_DROPPED_OUT = frozenset({"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade"})
_TEXT = frozenset({"application/json", "application/javascript", "application/xml"})
_JSON = "application/json"
#: What HttpResponseStream puts between its prelude (JSON) and the body.
_PRELUDE_END = bytes(8)


class BadAnswer(ValueError):
    """The function's answer cannot be a response."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known of a request beside itself. `trace` is its X-Amzn-Trace-Id; `port` where it came in."""

    url_id: str
    domain: str
    request_id: str
    now_ms: int
    trace: str
    port: str
    principal: Principal | None = None  # who signed, where the URL asks for that


def event_of(request: Request, arrival: Arrival) -> dict[str, Any]:
    """The event, its members in AWS's order; those without a value are left out."""
    path = unquote(request.path)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
    }
    if cookies := [
        cookie.strip() for line in request.headers.all("cookie") for cookie in line.split(";") if cookie
    ]:
        event["cookies"] = cookies
    event["headers"] = _headers_of(request, arrival)
    if query := _query_of(request.query):
        event["queryStringParameters"] = query
    event["requestContext"] = _context_of(request, arrival, path)
    if request.body:
        event["body"], event["isBase64Encoded"] = _body_of(request)
    else:
        event["isBase64Encoded"] = False
    return event


def _headers_of(request: Request, arrival: Arrival) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers.items:
        if name not in _DROPPED_IN:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    headers["x-amzn-trace-id"] = arrival.trace
    headers["x-forwarded-for"] = request.peer
    headers["x-forwarded-port"] = arrival.port
    headers["x-forwarded-proto"] = "https" if request.secure else "http"
    return headers


def _query_of(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, max_num_fields=1000):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def _context_of(request: Request, arrival: Arrival, path: str) -> dict[str, Any]:
    principal = arrival.principal
    context: dict[str, Any] = {
        "accountId": "anonymous" if principal is None else principal.account,
        "apiId": arrival.url_id,
    }
    if principal is not None:
        context["authorizer"] = {
            "iam": {
                "accessKey": principal.access_key_id,
                "accountId": principal.account,
                "callerId": principal.user_id,
                "cognitoIdentity": None,
                "principalOrgId": None,
                "userArn": principal.arn,
                "userId": principal.user_id,
            }
        }
    return context | {
        "domainName": arrival.domain,
        "domainPrefix": arrival.url_id,
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.peer,
            "userAgent": request.headers.get("user-agent") or "",
        },
        "requestId": arrival.request_id,
        "routeKey": "$default",
        "stage": "$default",
        "time": request_time(arrival.now_ms),
        "timeEpoch": arrival.now_ms,
    }


def _body_of(request: Request) -> tuple[str, bool]:
    """The body, and whether it is base64: what is not said to be text is."""
    kind = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind in _TEXT or kind.startswith("text/"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def response_of(payload: bytes) -> Response:
    """A whole answer. One with a statusCode is a response, a text is the body itself, anything else is a body of JSON.
    Raises BadAnswer."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return Response(200, [("Content-Type", _JSON)], payload)
    if isinstance(answer, dict) and "statusCode" in answer:
        return stated(answer, _content(answer))
    if isinstance(answer, str):
        return Response(200, [("Content-Type", _JSON)], _bytes(answer))
    return Response(200, [("Content-Type", _JSON)], _compact(answer))


def streamed_response_of(payload: bytes) -> Response:
    """The answer of a URL that streams: nothing is inferred. What HttpResponseStream made says its own status and headers;
    all else is passed as it is. Raises BadAnswer."""
    head, delimiter, body = payload.partition(_PRELUDE_END)
    if delimiter:
        try:
            prelude = json.loads(head)
        except (ValueError, RecursionError):
            prelude = None
        if isinstance(prelude, dict):
            return stated({"statusCode": 200} | prelude, body, "application/octet-stream")
    return Response(200, [("Content-Type", "application/octet-stream")], payload)


def stated(answer: dict[str, Any], content: bytes, kind: str = _JSON) -> Response:
    """A response by its own statusCode, headers and cookies. Raises BadAnswer."""
    try:
        status = int(answer["statusCode"])
    except (TypeError, ValueError):
        raise BadAnswer(f"statusCode {answer['statusCode']!r} is no number") from None
    if not 200 <= status <= 599:
        raise BadAnswer(f"statusCode {status} is none of a response")
    headers, cookies = answer.get("headers"), answer.get("cookies")
    headers = {} if headers is None else headers
    cookies = [] if cookies is None else cookies
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise BadAnswer("headers is no map, or cookies no list")
    lines = [(name, _value(value)) for name, value in headers.items() if name.lower() not in _DROPPED_OUT]
    if not any(name.lower() == "content-type" for name, _ in lines):
        lines.append(("Content-Type", kind))
    lines += [("Set-Cookie", _value(cookie)) for cookie in cookies]
    if any(c in text for line in lines for text in line for c in "\r\n\0"):
        raise BadAnswer("a header holds a line break")
    return Response(status, lines, content)


def _content(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    content = _bytes(body) if isinstance(body, str) else _compact(body)
    if answer.get("isBase64Encoded") is True:
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError):
            raise BadAnswer("the body is no base64") from None
    return content


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _compact(value: Any) -> bytes:
    return _bytes(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
