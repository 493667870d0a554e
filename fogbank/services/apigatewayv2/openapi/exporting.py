"""From a snapshot to a definition. What is exported with extensions comes in again as it went out. Pure."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.openapi.importing import AUTHORIZER, CORS, INTEGRATION, X

_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)\+?\}")


def document_of(snapshot: Wire, stage: str | None, *, extensions: bool) -> dict[str, Any]:
    """OpenAPI 3.0.1."""
    api = snapshot["api"]
    info: dict[str, Any] = {"title": api["Name"], "version": api.get("Version") or "1.0"}
    if api.get("Description"):
        info["description"] = api["Description"]
    path = "" if stage in (None, "$default") else f"/{stage}"
    document: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": info,
        "servers": [{"url": f"{api['ApiEndpoint']}{path}"}],
        "paths": {},
    }
    if tags := api.get("Tags"):
        document["tags"] = [{"name": name, f"{X}tag-value": value} for name, value in tags.items()]
    for route in sorted(snapshot["routes"], key=lambda each: each["RouteKey"]):
        _add_route(document, snapshot, route, extensions=extensions)
    schemes = {
        authorizer["Name"]: _scheme(authorizer, extensions=extensions)
        for authorizer in snapshot["authorizers"].values()
    }
    if any(route["AuthorizationType"] == "AWS_IAM" for route in snapshot["routes"]):
        schemes["sigv4"] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            **({f"{X}authtype": "awsSigv4"} if extensions else {}),
        }
    if schemes:
        document["components"] = {"securitySchemes": schemes}
    if extensions:
        if api.get("DisableExecuteApiEndpoint"):
            document["servers"][0][f"{X}endpoint-configuration"] = {"disableExecuteApiEndpoint": True}
        if cors := api.get("CorsConfiguration"):
            document[f"{X}cors"] = {name: cors[member] for name, member in CORS.items() if member in cors}
        document[f"{X}importexport-version"] = "1.0"
    return document


def _add_route(document: dict[str, Any], snapshot: Wire, route: Wire, *, extensions: bool) -> None:
    method, _, path = route["RouteKey"].partition(" ")
    name = method.lower()
    if route["RouteKey"] == "$default":
        path, name = "/$default", f"{X}any-method"
    elif method == "ANY":
        name = f"{X}any-method"
    if name.startswith("x-") and not extensions:
        return  # OpenAPI has no word for it
    operation: dict[str, Any] = {
        "responses": {"default": {"description": f"Default response for {route['RouteKey']}"}}
    }
    if route["RouteKey"] == "$default":
        operation["isDefaultRoute"] = True
    if route.get("OperationName"):
        operation["operationId"] = route["OperationName"]
    if route["AuthorizationType"] == "AWS_IAM":
        operation["security"] = [{"sigv4": []}]
    elif authorizer := snapshot["authorizers"].get(route.get("AuthorizerId") or ""):
        operation["security"] = [{authorizer["Name"]: route.get("AuthorizationScopes") or []}]
    target = (route.get("Target") or "").removeprefix("integrations/")
    if extensions and (integration := snapshot["integrations"].get(target)) is not None:
        operation[f"{X}integration"] = _integration(integration)
    item = document["paths"].setdefault(path, {})
    if parameters := _PARAMETER.findall(path):
        item["parameters"] = [
            {
                "name": each,
                "in": "path",
                "description": f"Generated path parameter for {each}",
                "required": True,
                "schema": {"type": "string"},
            }
            for each in parameters
        ]
    item[name] = operation


def _integration(integration: Wire) -> dict[str, Any]:
    found: dict[str, Any] = {"type": integration["IntegrationType"].lower()}
    for name, member in INTEGRATION.items():
        if member in integration:
            found[name] = integration[member]
    if "ResponseParameters" in integration:
        found["responseParameters"] = integration["ResponseParameters"]
    if server := (integration.get("TlsConfig") or {}).get("ServerNameToVerify"):
        found["tlsConfig"] = {"serverNameToVerify": server}
    return found


def _scheme(authorizer: Wire, *, extensions: bool) -> dict[str, Any]:
    jwt = authorizer["AuthorizerType"] == "JWT"
    scheme: dict[str, Any] = (
        {"type": "oauth2", "flows": {}}
        if jwt
        else {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
        }
    )
    if not extensions:
        return scheme
    found: dict[str, Any] = {
        "type": "jwt" if jwt else "request",
        "identitySource": ",".join(authorizer.get("IdentitySource") or []),
    }
    if jwt:
        configuration = authorizer["JwtConfiguration"]
        found["jwtConfiguration"] = {
            "issuer": configuration["Issuer"],
            "audience": configuration["Audience"],
        }
    for name, member in AUTHORIZER.items():
        if member in authorizer:
            found[name] = authorizer[member]
    if not found["identitySource"]:
        del found["identitySource"]
    return scheme | {f"{X}authorizer": found}
