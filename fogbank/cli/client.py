"""How the commands reach a running fogbank: its own routes by `http.client`, AWS's by boto3."""

from __future__ import annotations

import http.client
import os
import urllib.parse
from typing import Any

import orjson

from fogbank.core.config import DEFAULT_ACCOUNT, DEFAULT_PORT, DEFAULT_REGION
from fogbank.core.errors import ConfigError

DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


def endpoint(url: str | None) -> str:
    """The server to talk to: the option, else FOGBANK_URL or AWS_ENDPOINT_URL, else the default port on this machine."""
    known = os.environ.get("FOGBANK_URL") or os.environ.get("AWS_ENDPOINT_URL")
    return (url or known or DEFAULT_URL).rstrip("/")


def fetch(
    url: str, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = 30.0
) -> Any:
    """The JSON that a `/_fogbank/…` route answers. Raises ConfigError when nobody answers or the answer is an error."""
    answer = fetch_bytes(url, method, path, body, timeout_s, signed=method != "GET")
    try:
        return orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"what answers at {url} is not a fogbank") from error


def fetch_bytes(
    url: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    timeout_s: float = 30.0,
    *,
    signed: bool = True,
) -> bytes:
    """What a `/_fogbank/…` route answers. `signed`: with the environment's key, for routes that enforced mode guards."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ConfigError(f"{url} is not an http:// address")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout_s)
    try:
        content = orjson.dumps(body) if body is not None else b""
        connection.request(method, path, content, _headers(url, method, path, content, signed))
        response = connection.getresponse()
        answer = response.read()
    except OSError as error:
        raise ConfigError(f"no fogbank answers at {url} ({error}); start one with: fogbank start") from error
    finally:
        connection.close()
    if response.status >= 400:
        raise ConfigError(
            f"{url}{path} answered {response.status}: {answer[:300].decode('utf-8', 'replace')}"
        )
    return answer


def _headers(url: str, method: str, path: str, content: bytes, signed: bool) -> dict[str, str]:
    """Signed where the environment has a key: a server that enforces signatures wants root's for more than a look."""
    headers = {"content-type": "application/json"} if content else {}
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not signed or not key or not secret:
        return headers
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest(method, url + path, headers, content)
    SigV4Auth(
        Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN")), "fogbank", DEFAULT_REGION
    ).add_auth(request)
    return dict(request.headers.items())


def aws(service: str, url: str, region: str | None) -> Any:
    """A boto3 client on this endpoint; the caller's own credentials, else the default account's."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region
        or os.environ.get("AWS_REGION")
        or os.environ.get("AWS_DEFAULT_REGION")
        or DEFAULT_REGION,
        aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", DEFAULT_ACCOUNT),
        aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "fogbank"),
        aws_session_token=os.environ.get("AWS_SESSION_TOKEN"),
        config=Config(retries={"max_attempts": 1}, read_timeout=920, inject_host_prefix=False),
    )
