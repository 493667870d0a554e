"""Client credentials for a token: the request to an authorization endpoint, and what its answer says. Pure.

AWS does not document the request. A guess: as RFC 6749 has it, `grant_type`, `client_id` and `client_secret` in the body, as a
form unless the connection's own header says JSON; a GET, which has no body, carries the client in HTTP Basic. The connection's
OAuthHttpParameters win over each.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from fogbank.gateway.connected import merged_headers, with_query
from fogbank.gateway.http_connection import HttpAnswer
from fogbank.services.events.auth_parameters import pairs
from fogbank.services.events.limits import TOKEN_BYTES_MAX

_FORM = "application/x-www-form-urlencoded"


class NoToken(Exception):
    """Why there is none. Never holds what the endpoint answered: that may hold secrets."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Token:
    """`authorization` is the header's value; `lifetime_s` None when the endpoint does not say."""

    authorization: str
    lifetime_s: int | None


def token_request(oauth: Mapping[str, Any]) -> TokenRequest:
    client, http = oauth["ClientParameters"], oauth.get("OAuthHttpParameters")
    identity, secret = client["ClientID"], client["ClientSecret"]
    query = pairs(http, "QueryStringParameters")
    fields = {"grant_type": "client_credentials"}
    headers = [("Accept", "application/json"), ("User-Agent", "Amazon/EventBridge/Connections")]
    if oauth["HttpMethod"] == "GET":
        basic = base64.b64encode(f"{identity}:{secret}".encode()).decode()
        headers.append(("Authorization", f"Basic {basic}"))
        given = dict(query)
        query = [*(pair for pair in fields.items() if pair[0] not in given), *query]
        fields = {}
    else:
        fields |= {"client_id": identity, "client_secret": secret}
        headers.append(("Content-Type", _FORM))
    fields |= dict(pairs(http, "BodyParameters"))
    headers = merged_headers(headers, pairs(http, "HeaderParameters"))
    return TokenRequest(
        oauth["HttpMethod"],
        with_query(oauth["AuthorizationEndpoint"], query),
        headers,
        _body(fields, headers),
    )


def _body(fields: dict[str, str], headers: list[tuple[str, str]]) -> bytes:
    if not fields:
        return b""
    kind = next((value for name, value in headers if name.lower() == "content-type"), _FORM)
    return orjson.dumps(fields) if "json" in kind.lower() else urlencode(fields).encode()


def token_of(answer: HttpAnswer) -> Token:
    """Raises NoToken."""
    if not 200 <= answer.status < 300:
        raise NoToken(f"the authorization endpoint answered with status {answer.status}")
    if len(answer.body) > TOKEN_BYTES_MAX:
        raise NoToken("the authorization endpoint's answer is too large")
    try:
        said = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise NoToken("the authorization endpoint's answer is no JSON") from None
    token = said.get("access_token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token or not token.isprintable():
        raise NoToken("the authorization endpoint's answer has no access_token")
    kind = said.get("token_type")
    scheme = "Bearer" if not isinstance(kind, str) or kind.lower() == "bearer" else kind
    return Token(f"{scheme} {token}", _seconds(said.get("expires_in")))


def _seconds(value: Any) -> int | None:
    """Endpoints write numbers and texts of numbers."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return None
