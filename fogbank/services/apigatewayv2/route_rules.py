"""What a route may be: its key, its target, its authorization."""

from __future__ import annotations

import re

from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.drafts import Edit
from fogbank.services.apigatewayv2.limits import SCOPES_PER_ROUTE_MAX
from fogbank.services.apigatewayv2.rules import http_only, websocket_only
from fogbank.services.apigatewayv2.service import bad_request

METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
SEGMENT = re.compile(r"\{[A-Za-z0-9._-]+\+?\}|[^{}?#\s]+")
TARGET = re.compile(r"integrations/([A-Za-z0-9_-]+)")
WEBSOCKET_OWN = frozenset({"$connect", "$disconnect", "$default"})


def check_route_key(api: Wire, key: str) -> None:
    """Refuse a key that no request could have. Raises BadRequestException."""
    if api["ProtocolType"] == "WEBSOCKET":
        if key.startswith("$") and key not in WEBSOCKET_OWN:
            raise _invalid(key)
        return
    if key == "$default":
        return
    method, _, path = key.partition(" ")
    if method not in METHODS or not path.startswith("/"):
        raise _invalid(key)
    names: list[str] = []
    segments = path[1:].split("/") if path != "/" else []
    for index, segment in enumerate(segments):
        if not SEGMENT.fullmatch(segment) and not (segment == "" and index == len(segments) - 1):
            raise _invalid(key)
        if segment.endswith("+}") and index != len(segments) - 1:
            raise _invalid(key)
        if segment.startswith("{"):
            names.append(segment.strip("{}+"))
    if len(set(names)) != len(names):
        raise _invalid(key)


def _invalid(key: str) -> Exception:
    return bad_request(
        f"The provided route key '{key}' is not formatted properly for the API's protocol. Formatting for HTTP: "
        "'<METHOD> /<path>' or '$default'"
    )  # ours


async def check_route(edit: Edit, route: Wire) -> None:
    """Refuse what AWS does not combine, and what names something that is not there."""
    check_route_key(edit.api, route["RouteKey"])
    websocket_only(
        edit.api,
        apiKeyRequired=route.get("ApiKeyRequired"),
        modelSelectionExpression=route.get("ModelSelectionExpression"),
        requestModels=route.get("RequestModels"),
        requestParameters=route.get("RequestParameters"),
        routeResponseSelectionExpression=route.get("RouteResponseSelectionExpression"),
    )
    if route.get("ApiKeyRequired") and route["RouteKey"] != "$connect":
        raise bad_request("apiKeyRequired is only supported for the $connect route")  # ours
    http_only(edit.api, authorizationScopes=route.get("AuthorizationScopes"))
    expression = route.get("RouteResponseSelectionExpression")
    if expression not in (None, "$default"):
        raise bad_request("The only supported routeResponseSelectionExpression is $default")  # ours
    if target := route.get("Target"):
        found = TARGET.fullmatch(target)
        if found is None:
            raise bad_request(f"Invalid target specified: {target}. Must be integrations/<integrationId>")
        if not await edit.has("integration", found[1]):
            raise bad_request(f"Invalid target specified: there is no integration {found[1]}")
    await _check_authorization(edit, route)
    for model in (route.get("RequestModels") or {}).values():
        if not await edit.has("model-name", model):
            raise bad_request(f"Invalid model name specified: {model}")


async def _check_authorization(edit: Edit, route: Wire) -> None:
    kind = route["AuthorizationType"]
    if not edit.is_http and route["RouteKey"] != "$connect" and kind != "NONE":
        raise bad_request("Currently, authorization is restricted to the $connect route only")
    authorizer_id = route.get("AuthorizerId")
    if kind in ("NONE", "AWS_IAM"):
        if route.get("AuthorizationScopes"):
            raise bad_request("authorizationScopes are only supported for JWT authorization")  # ours
        return
    if kind == "JWT" and not edit.is_http:
        raise bad_request("JWT authorizers are only supported for HTTP APIs")  # ours
    if not authorizer_id or not await edit.has("authorizer", authorizer_id):
        raise bad_request(f"Invalid authorizer identifier specified: {authorizer_id}")  # ours
    authorizer = edit.changes.get(("authorizer", authorizer_id)) or await edit.part(
        "authorizer", authorizer_id
    )
    if (authorizer["AuthorizerType"] == "JWT") is not (kind == "JWT"):
        raise bad_request(
            f"The authorizer {authorizer_id} is not valid for the authorization type {kind}"
        )  # ours
    if kind == "CUSTOM" and route.get("AuthorizationScopes"):
        raise bad_request("authorizationScopes are only supported for JWT authorization")  # ours
    if len(route.get("AuthorizationScopes") or []) > SCOPES_PER_ROUTE_MAX:
        raise bad_request(f"A route can have at most {SCOPES_PER_ROUTE_MAX} authorization scopes")
