"""A Method as an operation of a definition, and its integration as the extension. Pure."""

from __future__ import annotations

import re
from typing import Any

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.limits import INTEGRATION_TIMEOUT_MS_MAX
from fogbank.services.apigateway.records import shape

PLACES = {"querystring": "query", "header": "header", "path": "path"}


def operation_of(
    method: Wire, path: str, place: str, oas30: bool, authorizers: dict[str, str]
) -> dict[str, Any]:
    """`place` is where models lie; `authorizers` are names by id."""
    operation: dict[str, Any] = shape(operationId=method.get("operationName"))
    models: dict[str, str] = method.get("requestModels") or {}
    responses: dict[str, Wire] = method.get("methodResponses") or {}
    if not oas30:
        if models:
            operation["consumes"] = sorted(models)
        produced = {name for response in responses.values() for name in response.get("responseModels") or ()}
        operation["produces"] = sorted(produced) or ["application/json"]
    parameters = _parameters(method, path, oas30)
    if models and not oas30:
        name = models[min(models)]
        parameters.append({"in": "body", "name": name, "required": True, "schema": {"$ref": place + name}})
    if parameters:
        operation["parameters"] = parameters
    if models and oas30:
        content = {kind: {"schema": {"$ref": place + name}} for kind, name in models.items()}
        operation["requestBody"] = {"content": content, "required": True}
    operation["responses"] = {
        code: _response(code, response, place, oas30) for code, response in sorted(responses.items())
    }
    if security := _security(method, authorizers):
        operation["security"] = security
    return operation


def _parameters(method: Wire, path: str, oas30: bool) -> list[dict[str, Any]]:
    """Declared parameters, and those of the path that are not declared."""
    declared: dict[str, bool] = dict(method.get("requestParameters") or {})
    for name in re.findall(r"\{([^}+]+)\+?\}", path):
        declared.setdefault(f"method.request.path.{name}", True)
    found = []
    for text, required in sorted(declared.items()):
        kind, _, name = text.removeprefix("method.request.").partition(".")
        where = PLACES[kind.removeprefix("multivalue")]
        required = required or where == "path"
        if oas30:
            parameter: dict[str, Any] = {"name": name, "in": where}
            if required:
                parameter["required"] = True
            parameter["schema"] = {"type": "string"}
        else:
            parameter = {"name": name, "in": where, "required": required, "type": "string"}
        found.append(parameter)
    return found


def _response(code: str, response: Wire, place: str, oas30: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"description": f"{code} response"}
    names = [
        each.removeprefix("method.response.header.") for each in response.get("responseParameters") or ()
    ]
    models: dict[str, str] = response.get("responseModels") or {}
    if not oas30:
        if models:
            found["schema"] = {"$ref": place + models[min(models)]}
        if names:
            found["headers"] = {name: {"type": "string"} for name in sorted(names)}
        return found
    if names:
        found["headers"] = {name: {"schema": {"type": "string"}} for name in sorted(names)}
    found["content"] = {kind: {"schema": {"$ref": place + name}} for kind, name in sorted(models.items())}
    return found


def _security(method: Wire, authorizers: dict[str, str]) -> list[dict[str, list[str]]]:
    found: list[dict[str, list[str]]] = []
    authorizer = authorizers.get(method.get("authorizerId", ""))
    if authorizer is not None:
        found.append({authorizer: list(method.get("authorizationScopes") or ())})
    if method["authorizationType"] == "AWS_IAM":
        found.append({"sigv4": []})
    if method["apiKeyRequired"]:
        found.append({"api_key": []})
    return found


def extension_of(integration: Wire) -> dict[str, Any]:
    """`x-amazon-apigateway-integration`; what is as by default is left out."""
    timeout = integration["timeoutInMillis"]
    members = (
        "httpMethod",
        "uri",
        "connectionType",
        "connectionId",
        "credentials",
        "requestParameters",
        "requestTemplates",
        "contentHandling",
        "tlsConfig",
        "responseTransferMode",
    )
    responses = {
        response.get("selectionPattern") or "default": shape(
            statusCode=response["statusCode"],
            responseParameters=response.get("responseParameters"),
            responseTemplates=response.get("responseTemplates"),
            contentHandling=response.get("contentHandling"),
        )
        for response in (integration.get("integrationResponses") or {}).values()
    }
    keys = integration.get("cacheKeyParameters")
    return shape(
        type=integration["type"].lower(),
        **{member: integration.get(member) for member in members},
        responses=responses or None,
        passthroughBehavior=integration["passthroughBehavior"].lower(),
        timeoutInMillis=timeout if timeout != INTEGRATION_TIMEOUT_MS_MAX else None,
        cacheNamespace=integration.get("cacheNamespace") if keys else None,
        cacheKeyParameters=keys or None,
    )
