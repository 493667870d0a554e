"""botocore signs, we verify: requests as real clients make them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from fogbank.core.http import Headers, Request

ACCESS_KEY, SECRET = "AKIAQAAAAAAAEXAMPLE1", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW_MS = 1_767_225_600_000  # VirtualClock's start
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)


def as_request(aws: AWSRequest, *, host: str | None = None) -> Request:
    """What the edge would make of a signed botocore request."""
    prepared = aws.prepare()
    parts = urlsplit(prepared.url)
    items = [(name.lower(), text(value)) for name, value in prepared.headers.items()]
    if not any(name == "host" for name, _ in items):
        items.append(("host", host or parts.netloc))
    body = prepared.body or b""
    if isinstance(body, str):
        body = body.encode()
    path, target = parts.path or "/", parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    return Request(prepared.method, target, path, parts.query, Headers(items), body, "127.0.0.1")


def text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value.encode().decode("latin-1")


def sign(
    method: str = "POST",
    url: str = "https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/f/invocations",
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    *,
    service: str = "lambda",
    region: str = "us-east-1",
    key: str = ACCESS_KEY,
    secret: str = SECRET,
    token: str | None = None,
    signer: Any = botocore.auth.SigV4Auth,
    when: datetime = NOW,
    **options: Any,
) -> Request:
    """A request signed by botocore at `when`."""
    aws = AWSRequest(method, url, headers=headers or {}, data=body)
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_, **__: when.replace(tzinfo=None)):
        signer(Credentials(key, secret, token), service, region, **options).add_auth(aws)
    return as_request(aws)


def changed(request: Request, **parts: Any) -> Request:
    """The request with some attributes changed."""
    fields = {name: getattr(request, name) for name in Request.__slots__}
    return Request(**{**fields, **parts})


def with_header(request: Request, name: str, value: str) -> Request:
    items = [(key, value if key == name else old) for key, old in request.headers.items]
    return changed(request, headers=Headers(items))
