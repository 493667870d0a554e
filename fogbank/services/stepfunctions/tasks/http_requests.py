"""What an HTTP task asks for: its parameters, judged, and the request that they and a connection make. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from fogbank.asl.documents import dumps
from fogbank.core.arn import parse_arn
from fogbank.gateway.connected import (
    Additions,
    Pairs,
    is_endpoint,
    merged_body,
    merged_headers,
    merged_query,
    with_query,
)
from fogbank.services.stepfunctions.tasks.casing import BadParameters

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
RESPONSE_BYTES_MAX = 262_144  # what the Range header asks for
_ENCODINGS = ("NONE", "URL_ENCODED")
_ARRAY_FORMATS = ("INDICES", "REPEAT", "COMMAS", "BRACKETS")
_FIELDS = frozenset(
    {
        "ApiEndpoint",
        "Authentication",
        "Headers",
        "InvocationConfig",
        "Method",
        "QueryParameters",
        "RequestBody",
        "Transform",
    }
)
#: Headers that no definition may set, by AWS's documentation.
_REFUSED_HEADERS = frozenset(
    {"a-im", "accept-charset", "accept-datetime", "accept-encoding", "authorization", "cache-control"}
    | {"connection", "content-encoding", "content-md5", "date", "expect", "forwarded"}
    | {"from", "host", "http2-settings", "if-match", "if-modified-since", "if-none-match"}
    | {"if-range", "if-unmodified-since", "max-forwards", "origin", "pragma", "proxy-authorization"}
    | {"referer", "server", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"via", "warning"}
)
_REFUSED_PREFIXES = ("x-forwarded-", "x-amz-", "x-amzn-")
_JSON = "application/json; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class HttpPlan:
    """A task's parameters. `body` is None when there is none; `array_format` None when the body is not URL-encoded."""

    method: str
    url: str
    connection_arn: str
    headers: Pairs
    query: Pairs
    body: Any
    array_format: str | None

    def with_additions(self, added: Additions, region: str) -> HttpRequest:
        """Raises Unmergeable, and BadParameters for a body that cannot be URL-encoded."""
        fixed = [
            ("User-Agent", f"Amazon|StepFunctions|HttpInvoke|{region}"),
            ("Range", f"bytes=0-{RESPONSE_BYTES_MAX}"),
        ]
        headers = merged_headers(merged_headers(self.headers, added.headers), fixed)
        text = self._text(merged_body(self.body, added.body))
        if text and all(name.lower() != "content-type" for name, _ in headers):
            headers.append(("Content-Type", _JSON))
        url = with_query(self.url, merged_query(self.query, added.query))
        return HttpRequest(self.method, url, headers, text)

    def _text(self, body: Any) -> str:
        if body is None:
            return ""
        if self.array_format is not None:
            return url_encoded(body, self.array_format)
        # A guess: a text is sent as it is; it may be XML.
        return body if isinstance(body, str) else dumps(body)


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """As it is sent, secrets and all."""

    method: str
    url: str
    headers: list[tuple[str, str]] = field(repr=False)
    body: str = field(repr=False)


def plan_of(parameters: Any) -> HttpPlan:
    """Raises BadParameters; AWS does not document the sentences."""
    if not isinstance(parameters, dict):
        raise BadParameters("The Parameters must be a JSON object")
    for name in parameters:
        if name not in _FIELDS:
            raise BadParameters(f"The field '{name}' is not supported by Step Functions")
    method, url = parameters.get("Method"), parameters.get("ApiEndpoint")
    if method not in METHODS:
        raise BadParameters(f"The value for the field 'Method' must be one of {', '.join(sorted(METHODS))}")
    if not isinstance(url, str) or not is_endpoint(url):
        # Plain HTTP is taken for this machine's own addresses; AWS takes none.
        raise BadParameters("The value for the field 'ApiEndpoint' must be an HTTPS URL")
    return HttpPlan(
        str(method),
        url,
        _connection_arn(parameters),
        _headers(parameters.get("Headers")),
        _query(parameters.get("QueryParameters")),
        parameters.get("RequestBody"),
        _array_format(parameters.get("Transform")),
    )


def _connection_arn(parameters: dict[str, Any]) -> str:
    """Of InvocationConfig, or of Authentication as definitions had it before."""
    given = [
        value
        for name in ("InvocationConfig", "Authentication")
        if (value := parameters.get(name)) is not None
    ]
    if len(given) != 1:
        raise BadParameters("Exactly one of the fields 'InvocationConfig' and 'Authentication' is required")
    arn = given[0].get("ConnectionArn") if isinstance(given[0], dict) else None
    if not isinstance(arn, str) or parse_arn(arn) is None or set(given[0]) != {"ConnectionArn"}:
        raise BadParameters("The value for the field 'ConnectionArn' must be the ARN of a connection")
    return arn


def _headers(value: Any) -> list[tuple[str, str]]:
    found = _pairs(value, "Headers")
    for name, text in found:
        lower = name.lower()
        if lower in _REFUSED_HEADERS or lower.startswith(_REFUSED_PREFIXES):
            raise BadParameters(f"The header '{name}' is not allowed in the field 'Headers'")
        if not name or not name.isascii() or not name.replace("-", "a").replace("_", "a").isalnum():
            raise BadParameters(f"'{name}' is no name of a header")
        if any(char < " " and char != "\t" for char in text):
            raise BadParameters(f"The value of the header '{name}' must be one line")
    return found


def _query(value: Any) -> list[tuple[str, str]]:
    return _pairs(value, "QueryParameters")


def _pairs(value: Any, name: str) -> list[tuple[str, str]]:
    """Each value a text, or a list of them: then it is there several times. Other JSON is written as such."""
    if value is None:
        return []
    if not isinstance(value, dict):
        raise BadParameters(f"The value for the field '{name}' must be a STRUCTURE")
    return [
        (key, item if isinstance(item, str) else dumps(item))
        for key, items in value.items()
        for item in (items if isinstance(items, list) else [items])
        if item is not None
    ]


def _array_format(transform: Any) -> str | None:
    if transform is None:
        return None
    if not isinstance(transform, dict) or transform.keys() - {
        "RequestBodyEncoding",
        "RequestEncodingOptions",
    }:
        raise BadParameters("The field 'Transform' has RequestBodyEncoding and RequestEncodingOptions only")
    encoding = transform.get("RequestBodyEncoding", "NONE")
    options = transform.get("RequestEncodingOptions") or {}
    if encoding not in _ENCODINGS:
        raise BadParameters(f"The field 'RequestBodyEncoding' must be one of {', '.join(_ENCODINGS)}")
    if not isinstance(options, dict) or options.keys() - {"ArrayFormat"}:
        raise BadParameters("The field 'RequestEncodingOptions' has ArrayFormat only")
    found = options.get("ArrayFormat", "INDICES")
    if found not in _ARRAY_FORMATS:
        raise BadParameters(f"The field 'ArrayFormat' must be one of {', '.join(_ARRAY_FORMATS)}")
    return str(found) if encoding == "URL_ENCODED" else None


def url_encoded(body: Any, array_format: str) -> str:
    """A form: members of members as `a[b]=…`, arrays by the format. Raises BadParameters."""
    if not isinstance(body, Mapping):
        raise BadParameters("The field 'RequestBody' must be a JSON object to be URL-encoded")
    found: list[tuple[str, str]] = []
    for name, value in body.items():
        _encode(name, value, array_format, found)
    return urlencode(found, quote_via=quote, safe="-._~", errors="replace")


def _encode(name: str, value: Any, array_format: str, into: list[tuple[str, str]]) -> None:
    match value:
        case dict():
            for key, item in value.items():
                _encode(f"{name}[{key}]", item, array_format, into)
        case list() if array_format == "COMMAS":
            into.append((name, ",".join(_scalar(item) for item in value)))
        case list():
            for index, item in enumerate(value):
                ending = {"INDICES": f"[{index}]", "BRACKETS": "[]", "REPEAT": ""}[array_format]
                _encode(name + ending, item, array_format, into)
        case _:
            into.append((name, _scalar(value)))


def _scalar(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumps(value)
