"""AuthParameters of connections: which belong to which type, what of them is secret, and how an update changes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.core.errors import NotSupported
from fogbank.gateway.connected import is_endpoint
from fogbank.services.events.service import validation

Parameters = dict[str, Any]

#: AuthorizationType → its member of AuthParameters.
MEMBERS = {
    "BASIC": "BasicAuthParameters",
    "API_KEY": "ApiKeyAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}
_REQUIRED = {
    "BASIC": ("Username", "Password"),
    "API_KEY": ("ApiKeyName", "ApiKeyValue"),
    "OAUTH_CLIENT_CREDENTIALS": ("ClientParameters", "AuthorizationEndpoint", "HttpMethod"),
}
_SECRETS = frozenset({"Password", "ApiKeyValue", "ClientSecret"})
_LISTS = ("HeaderParameters", "QueryStringParameters", "BodyParameters")
_PLAIN_HTTP = "must be an HTTPS URL (HTTP is taken for this machine's own addresses only)"


def complete(operation: str, kind: str, given: Parameters, before: Parameters | None) -> Parameters:
    """The parameters after a creation or an update. `before` are those of the same type, if any. Sentences are guesses."""
    if "ConnectivityParameters" in given:
        raise NotSupported(f"events {operation} with AuthParameters.ConnectivityParameters")
    own = MEMBERS[kind]
    for member in MEMBERS.values():
        if member != own and member in given:
            raise validation(f"{member} cannot be specified when AuthorizationType is {kind}.")
    found = _merged((before or {}).get(own), given.get(own))
    for name in _REQUIRED[kind]:
        if not found.get(name):
            raise validation(f"{own}.{name} is required when AuthorizationType is {kind}.")
    if kind == "OAUTH_CLIENT_CREDENTIALS":
        _check_oauth(found)
    whole: Parameters = {own: found}
    http = given.get("InvocationHttpParameters", (before or {}).get("InvocationHttpParameters"))
    if http is not None:
        _check_http("InvocationHttpParameters", http)
        whole["InvocationHttpParameters"] = http
    return whole


def _merged(before: Parameters | None, given: Parameters | None) -> Parameters:
    """An update gives only what changes; lists of parameters are given whole."""
    found = {**(before or {}), **(given or {})}
    if before and given and "ClientParameters" in given:
        found["ClientParameters"] = {**before.get("ClientParameters", {}), **given["ClientParameters"]}
    return found


def _check_oauth(found: Parameters) -> None:
    client = found["ClientParameters"]
    for name in ("ClientID", "ClientSecret"):
        if not client.get(name):
            raise validation(f"OAuthParameters.ClientParameters.{name} is required.")
    if not is_endpoint(found["AuthorizationEndpoint"]):
        raise validation(f"AuthorizationEndpoint {_PLAIN_HTTP}.")
    _check_http("OAuthHttpParameters", found.get("OAuthHttpParameters") or {})


def _check_http(member: str, http: Parameters) -> None:
    for name in _LISTS:
        for item in http.get(name) or ():
            if not item.get("Key"):
                raise validation(f"Every item of {member}.{name} must have a Key.")


def shown(parameters: Mapping[str, Any]) -> Parameters:
    """The parameters as DescribeConnection answers them: without secrets."""
    return {name: _shown(name, value) for name, value in parameters.items()}


def _shown(name: str, value: Parameters) -> Parameters:
    found: Parameters = {}
    for key, item in value.items():
        if key in _SECRETS:
            continue
        if key in _LISTS:
            found[key] = [_item(each) for each in item]
        else:
            found[key] = _shown(key, item) if isinstance(item, dict) else item
    return found


def _item(item: Parameters) -> Parameters:
    secret = bool(item.get("IsValueSecret"))
    found: Parameters = {"Key": item["Key"], "IsValueSecret": secret}
    if not secret and "Value" in item:
        found["Value"] = item["Value"]
    return found


def pairs(http: Mapping[str, Any] | None, name: str) -> list[tuple[str, str]]:
    """One of the lists of HTTP parameters, with its secrets."""
    return [(item["Key"], item.get("Value") or "") for item in (http or {}).get(name) or ()]
