"""A deployment's snapshot as a definition: Swagger 2.0 or OpenAPI 3.0.1, with the extensions that were asked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.openapi.definition import ANY
from fogbank.services.apigateway.openapi.export_methods import extension_of, operation_of
from fogbank.services.apigateway.openapi.schemas import from_model
from fogbank.services.apigateway.records import shape

#: Every extension but Postman's: what `extensions=apigateway` asks for.
EXTENSIONS = frozenset({"integrations", "authorizers", "documentation", "validators", "gatewayresponses"})


@dataclass(frozen=True, slots=True)
class Export:
    """What to export. `host` is the stage's own; `version` stands in where the API has none."""

    oas30: bool
    snapshot: Wire
    stage_name: str
    host: str
    version: str
    extensions: frozenset[str]
    documentation: tuple[str | None, list[Wire]]

    @property
    def place(self) -> str:
        """Where models lie."""
        return "#/components/schemas/" if self.oas30 else "#/definitions/"


def document_of(export: Export) -> dict[str, Any]:
    api = export.snapshot["api"]
    info = shape(
        title=api["name"], description=api.get("description"), version=api.get("version") or export.version
    )
    schemas = _schemas(export)
    schemes = _security_schemes(export)
    if export.oas30:
        components = shape(schemas=schemas or None, securitySchemes=schemes or None)
        document: dict[str, Any] = {
            "openapi": "3.0.1",
            "info": info,
            "servers": [
                {
                    "url": f"https://{export.host}/{{basePath}}",
                    "variables": {"basePath": {"default": f"/{export.stage_name}"}},
                }
            ],
            "paths": _paths(export),
            "components": components,
        }
    else:
        document = {
            "swagger": "2.0",
            "info": info,
            "host": export.host,
            "basePath": f"/{export.stage_name}",
            "schemes": ["https"],
            "paths": _paths(export),
        }
        document |= shape(securityDefinitions=schemes or None, definitions=schemas or None)
    return document | _api_extensions(export)


def _schemas(export: Export) -> dict[str, Any]:
    """The models that methods refer to, and those that these refer to."""
    models = {model["name"]: model for model in export.snapshot["models"]}
    used: dict[str, Any] = {}
    waiting = sorted({name for method in _methods(export) for name in _model_names(method)})
    while waiting:
        name = waiting.pop(0)
        if name in used or name not in models:
            continue
        used[name] = schema = from_model(_loaded(models[name].get("schema")), export.place)
        waiting += sorted(_references(schema, export.place))
    return {name: used[name] for name in sorted(used)}


def _loaded(schema: str | None) -> Any:
    try:
        return orjson.loads(schema or "{}")
    except orjson.JSONDecodeError:
        return {}


def _references(schema: Any, place: str) -> set[str]:
    match schema:
        case dict():
            found = {name for value in schema.values() for name in _references(value, place)}
            if isinstance(schema.get("$ref"), str) and schema["$ref"].startswith(place):
                found.add(schema["$ref"].removeprefix(place))
            return found
        case list():
            return {name for value in schema for name in _references(value, place)}
        case _:
            return set()


def _methods(export: Export) -> list[Wire]:
    return [
        method
        for resource in export.snapshot["resources"]
        for method in (resource.get("resourceMethods") or {}).values()
    ]


def _model_names(method: Wire) -> list[str]:
    names = list((method.get("requestModels") or {}).values())
    for response in (method.get("methodResponses") or {}).values():
        names += (response.get("responseModels") or {}).values()
    return names


def _paths(export: Export) -> dict[str, Any]:
    """Resources that have methods, by path."""
    validators = {each["id"]: each["name"] for each in export.snapshot["requestValidators"]}
    authorizers = {each["id"]: each["name"] for each in export.snapshot["authorizers"]}
    paths: dict[str, Any] = {}
    for resource in sorted(export.snapshot["resources"], key=lambda resource: str(resource["path"])):
        methods = resource.get("resourceMethods")
        if not methods:
            continue
        item = paths[resource["path"]] = {}
        for name in sorted(methods):
            operation = operation_of(methods[name], resource["path"], export.place, export.oas30, authorizers)
            if "integrations" in export.extensions and "methodIntegration" in methods[name]:
                operation["x-amazon-apigateway-integration"] = extension_of(
                    methods[name]["methodIntegration"]
                )
            validator = validators.get(methods[name].get("requestValidatorId", ""))
            if "validators" in export.extensions and validator is not None:
                operation["x-amazon-apigateway-request-validator"] = validator
            item[ANY if name == "ANY" else name.lower()] = operation
    return paths


def _security_schemes(export: Export) -> dict[str, Any]:
    """Of authorizers, API keys and signatures that methods use."""
    methods = _methods(export)
    found: dict[str, Any] = {}
    used = {method.get("authorizerId") for method in methods}
    for authorizer in export.snapshot["authorizers"]:
        if authorizer["id"] in used:
            found[authorizer["name"]] = _scheme(authorizer, "authorizers" in export.extensions)
    if any(method["apiKeyRequired"] for method in methods):
        found["api_key"] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    if any(method["authorizationType"] == "AWS_IAM" for method in methods):
        found["sigv4"] = {"type": "apiKey", "name": "Authorization", "in": "header"}
        if "authorizers" in export.extensions:
            found["sigv4"]["x-amazon-apigateway-authtype"] = "awsSigv4"
    return found


def _scheme(authorizer: Wire, extended: bool) -> dict[str, Any]:
    source = authorizer.get("identitySource", "")
    header = (
        source.removeprefix("method.request.header.") if source.startswith("method.request.header.") else ""
    )
    kind = authorizer["type"]
    name = header if header and kind != "REQUEST" else "Unused" if kind == "REQUEST" else "Authorization"
    scheme: dict[str, Any] = {"type": "apiKey", "name": name, "in": "header"}
    if not extended:
        return scheme
    scheme["x-amazon-apigateway-authtype"] = authorizer["authType"]
    members = (
        "providerARNs",
        "authorizerUri",
        "authorizerCredentials",
        "identityValidationExpression",
        "authorizerResultTtlInSeconds",
    )
    scheme["x-amazon-apigateway-authorizer"] = shape(
        **{member: authorizer.get(member) for member in members},
        identitySource=source if kind == "REQUEST" and source else None,
        type=kind.lower(),
    )
    return scheme


def _api_extensions(export: Export) -> dict[str, Any]:
    api, prefix = export.snapshot["api"], "x-amazon-apigateway-"
    found: dict[str, Any] = {}
    if "validators" in export.extensions and export.snapshot["requestValidators"]:
        found[prefix + "request-validators"] = {
            each["name"]: {
                "validateRequestParameters": each["validateRequestParameters"],
                "validateRequestBody": each["validateRequestBody"],
            }
            for each in export.snapshot["requestValidators"]
        }
    if "gatewayresponses" in export.extensions and export.snapshot["gatewayResponses"]:
        found[prefix + "gateway-responses"] = {
            kind: shape(
                statusCode=int(each["statusCode"]) if "statusCode" in each else None,
                responseParameters=each.get("responseParameters") or None,
                responseTemplates=each.get("responseTemplates") or None,
            )
            for kind, each in export.snapshot["gatewayResponses"].items()
        }
    if "integrations" in export.extensions:
        if "policy" in api:
            found[prefix + "policy"] = orjson.loads(api["policy"])
        if api.get("binaryMediaTypes"):
            found[prefix + "binary-media-types"] = api["binaryMediaTypes"]
        if "minimumCompressionSize" in api:
            found[prefix + "minimum-compression-size"] = api["minimumCompressionSize"]
        if api.get("apiKeySource") == "AUTHORIZER":
            found[prefix + "api-key-source"] = "AUTHORIZER"
    version, parts = export.documentation
    if "documentation" in export.extensions and parts:
        found[prefix + "documentation"] = shape(
            version=version,
            documentationParts=[
                {"location": part["location"], "properties": _loaded(part["properties"])} for part in parts
            ],
        )
    return found
