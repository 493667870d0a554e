"""`states:::apigateway:invoke`: a request to an API of this fogbank. It goes in by the front door of the data plane, without a
socket; a role's signature is a real one, so authorizers and resource policies see what they would see."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from fogbank.asl.documents import dumps, loads
from fogbank.core.http import Headers, Request, Response
from fogbank.model.call import Caller
from fogbank.model.principal import SessionIssuer
from fogbank.services.stepfunctions.engine.api import Failed, Outcome, Stage, Succeeded, TaskCall
from fogbank.services.stepfunctions.tasks.callers import Callers
from fogbank.services.stepfunctions.tasks.casing import BadParameters
from fogbank.services.stepfunctions.tasks.failures import bad_parameters

#: Answers a request to a user's API.
Fetch = Callable[[Request], Awaitable[Response]]

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"})
_PARAMETERS = frozenset(
    {
        "ApiEndpoint",
        "Method",
        "Headers",
        "Stage",
        "Path",
        "QueryParameters",
        "RequestBody",
        "AllowNullValues",
        "AuthType",
    }
)
_AUTH_TYPES = ("NO_AUTH", "IAM_ROLE", "RESOURCE_POLICY")
_BODY_BYTES_MAX = 10 * 1024 * 1024  # of an answer; what API Gateway lets through
_SESSION_S = 900
_REASONS = {status.value: status.phrase for status in HTTPStatus}
#: Headers that Step Functions sets itself, or nobody may.
_REFUSED_HEADERS = frozenset(
    {
        "authorization",
        "connection",
        "content-md5",
        "date",
        "expect",
        "from",
        "host",
        "max-forwards",
        "proxy-authenticate",
    }
    | {
        "referer",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "warning",
        "www-authenticate",
    }
)


class ApiCalls:
    """Calls APIs."""

    def __init__(self, fetch: Fetch, sessions: SessionIssuer, callers: Callers) -> None:
        self._fetch = fetch
        self._sessions = sessions
        self._callers = callers

    async def run(self, call: TaskCall, stage: Stage) -> Outcome:
        try:
            request, signed = _request(call.parameters)
        except BadParameters as bad:
            return bad_parameters(call.parameters, bad.problem)
        if signed:
            request = self._sign(request, self._callers.of(call))
        response = await self._fetch(request)
        text = (await _content(response)).decode("utf-8", "replace")
        if response.status >= 400:
            return Failed(f"ApiGateway.{response.status}", text, stage)
        return Succeeded(dumps(_shown(response, text)))

    def check(self, parameters: Any) -> None:
        """Raises BadParameters."""
        _request(parameters)

    def _sign(self, request: Request, caller: Caller) -> Request:
        """Signature Version 4 with a session of the role."""
        from botocore.auth import SigV4Auth  # only who signs pays for botocore's client machinery
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        issued = self._sessions.issue(caller.principal, duration_s=_SESSION_S)
        items = dict(request.headers.items)
        host = items.pop("host")
        plain = AWSRequest(
            request.method, f"https://{host}{request.target}", data=request.body, headers=items
        )
        keys = Credentials(issued.access_key_id, issued.secret_access_key, issued.session_token)
        SigV4Auth(keys, "execute-api", caller.region).add_auth(plain)
        signed = [("host", host), *((name.lower(), str(value)) for name, value in plain.headers.items())]
        return _of(request.method, request.path, request.query, signed, request.body)


def _request(parameters: Any) -> tuple[Request, bool]:
    """The request, and whether it is to be signed."""
    if not isinstance(parameters, dict):
        raise BadParameters("The Parameters must be a JSON object")
    for name in parameters:
        if name not in _PARAMETERS:
            raise BadParameters(f"The field '{name}' is not supported by Step Functions")
    method, endpoint = parameters.get("Method"), parameters.get("ApiEndpoint")
    if method not in _METHODS:
        raise BadParameters("The value for the field 'Method' must be an HTTP method")
    if not isinstance(endpoint, str) or not endpoint:
        raise BadParameters("The value for the field 'ApiEndpoint' must be a STRING")
    auth = parameters.get("AuthType", "NO_AUTH")
    if auth not in _AUTH_TYPES:
        raise BadParameters(f"The value for the field 'AuthType' must be one of {', '.join(_AUTH_TYPES)}")
    host = endpoint.partition("://")[2] or endpoint
    host, _, base = host.partition("/")
    parts = [base, parameters.get("Stage") or "", (parameters.get("Path") or "").lstrip("/")]
    path = "/" + "/".join(quote(part, safe="/%:@!$&'()*+,;=~-._") for part in parts if part)
    nulls = parameters.get("AllowNullValues") is True
    body = parameters.get("RequestBody")
    content = b"" if body is None and not nulls else dumps(body if nulls else _without_nulls(body)).encode()
    headers = [("host", host), *_pairs(parameters.get("Headers"), "Headers")]
    if "RequestBody" in parameters and all(name != "content-type" for name, _ in headers):
        headers.append(("content-type", "application/json"))
    headers.append(("user-agent", "Amazon|StepFunctions|HttpInvoke"))
    query = urlencode(_pairs(parameters.get("QueryParameters"), "QueryParameters"), quote_via=quote)
    return _of(
        str(method), path, query, headers, content if "RequestBody" in parameters else b""
    ), auth != "NO_AUTH"


def _of(method: str, path: str, query: str, headers: list[tuple[str, str]], body: bytes) -> Request:
    items = [item for item in headers if item[0] != "content-length"]
    if body:
        items.append(("content-length", str(len(body))))
    target = f"{path}?{query}" if query else path
    return Request(method, target, path, query, Headers(items), body, "127.0.0.1", secure=True)


def _pairs(value: Any, field: str) -> list[tuple[str, str]]:
    """Headers or query parameters: each a text or a list of them."""
    if value is None:
        return []
    if not isinstance(value, dict):
        raise BadParameters(f"The value for the field '{field}' must be a STRUCTURE")
    found: list[tuple[str, str]] = []
    for name, items in value.items():
        key = name.lower() if field == "Headers" else name
        if field == "Headers" and (
            key in _REFUSED_HEADERS or key.startswith(("x-forwarded", "x-amz", "x-amzn"))
        ):
            raise BadParameters(f"The header '{name}' is not allowed")
        for item in items if isinstance(items, list) else [items]:
            if item is None:
                continue
            text = item if isinstance(item, str) else dumps(item)
            if field == "Headers" and ("\r" in text or "\n" in text):
                raise BadParameters(f"The value of the header '{name}' must be one line")
            found.append((key, text))
    return found


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {key: _without_nulls(item) for key, item in value.items() if item is not None}
        case list():
            return [_without_nulls(item) for item in value if item is not None]
    return value


async def _content(response: Response) -> bytes:
    body: bytes | AsyncIterator[bytes] = response.body
    if isinstance(body, bytes):
        return body[:_BODY_BYTES_MAX]
    parts, size = [], 0
    async for piece in body:
        parts.append(piece)
        size += len(piece)
        if size > _BODY_BYTES_MAX:
            break
    return b"".join(parts)[:_BODY_BYTES_MAX]


def _shown(response: Response, text: str) -> dict[str, Any]:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name, []).append(value)
    headers.setdefault("Content-Length", [str(len(text.encode()))])
    try:
        body = loads(text)
    except ValueError:
        body = text
    return {
        "Headers": headers,
        "ResponseBody": body,
        "StatusCode": response.status,
        "StatusText": _REASONS.get(response.status, ""),
    }
