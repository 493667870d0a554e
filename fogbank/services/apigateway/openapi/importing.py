"""A definition's values into a `Definition`: what it says of the API as a whole, and its paths. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.errors import NotSupported
from fogbank.services.apigateway.openapi.base_paths import base_path_of, rebased
from fogbank.services.apigateway.openapi.definition import ANY, METHODS, Definition
from fogbank.services.apigateway.openapi.methods import MethodReader
from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.openapi.schemas import plain_name, to_model
from fogbank.services.apigateway.openapi.security import Schemes
from fogbank.services.apigateway.records import Wire, shape
from fogbank.services.apigateway.service import bad_request

PREFIX = "x-amazon-apigateway-"
#: Extensions that have a meaning for REST APIs on AWS and none here yet.
UNSUPPORTED = ("x-amazon-apigateway-security-policy", "x-amazon-apigateway-endpoint-access-mode")
PARAMETERS = {"basepath", "endpointConfigurationTypes", "vpcEndpointIds", "ignore", "mode", "failonwarnings"}


def definition_of(document: dict[str, Any], api_id: str, parameters: dict[str, str]) -> Definition:
    """Raises BadRequestException, NotSupported."""
    if not str(document.get("swagger", "")).startswith("2.") and not str(
        document.get("openapi", "")
    ).startswith("3."):
        raise bad_request("Invalid OpenAPI input.")
    for name in parameters:
        if name not in PARAMETERS:
            raise bad_request(f"Invalid parameter specified for import: {name}")
    for name in UNSUPPORTED:
        if name in document:
            raise NotSupported(f"apigateway imports with {name}")
    info = document.get("info")
    if not isinstance(info, dict) or not info.get("title"):
        raise bad_request("Invalid OpenAPI input. info.title is missing")
    found = Definition(api=_api_of(document, info, parameters))
    schemas = document.get("definitions") or _section(document, "components").get("schemas") or {}
    for name, schema in schemas.items():
        add_model(found, name, schema, api_id)
    for name, validator in _section(document, PREFIX + "request-validators").items():
        found.validators[name] = {
            "name": name,
            "validateRequestBody": bool(validator.get("validateRequestBody", False)),
            "validateRequestParameters": bool(validator.get("validateRequestParameters", False)),
        }
    for kind, response in _section(document, PREFIX + "gateway-responses").items():
        found.gateway_responses[kind] = response
    references = References(document)
    schemes = Schemes(document, references)
    found.authorizers = schemes.authorizers
    _read_documentation(document, found, parameters)
    reader = MethodReader(document, found, references, schemes, api_id)
    base = base_path_of(document)
    for path, item in _section(document, "paths").items():
        if path.startswith("x-"):
            continue
        methods = found.methods.setdefault(rebased(path, base, parameters.get("basepath", "ignore")), {})
        item = references.resolve(item)
        if not isinstance(item, dict):
            raise bad_request(f"Invalid OpenAPI input. Path {path} is not an object")
        for name, operation in item.items():
            if name in METHODS or name == ANY:
                http_method = "ANY" if name == ANY else name.upper()
                methods[http_method] = reader.method(path, http_method, item, operation)
    return found


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name) or {}
    if not isinstance(found, dict):
        raise bad_request(f"Invalid OpenAPI input. {name} is not an object")
    return found


def add_model(found: Definition, name: str, schema: Any, api_id: str) -> None:
    plain = plain_name(name)
    if plain != name:
        found.warnings.append(f"Model name {name} is not alphanumeric, it is imported as {plain}")
    description = schema.get("description") if isinstance(schema, dict) else None
    found.models[plain] = shape(
        name=plain,
        description=description if isinstance(description, str) else None,
        schema=orjson.dumps(to_model(schema, api_id), option=orjson.OPT_INDENT_2).decode(),
        contentType="application/json",
    )


def _api_of(document: dict[str, Any], info: dict[str, Any], parameters: dict[str, str]) -> Wire:
    """The members of the RestApi that the definition, or the request's parameters, set."""
    policy = document.get(PREFIX + "policy")
    types = parameters.get("endpointConfigurationTypes")
    endpoint: Wire = {}
    disable = None
    for server in (document, *(document.get("servers") or ())):
        extension = server.get(PREFIX + "endpoint-configuration") if isinstance(server, dict) else None
        if isinstance(extension, dict):
            endpoint |= {
                name: extension[name]
                for name in ("types", "vpcEndpointIds", "ipAddressType")
                if name in extension
            }
            disable = extension.get("disableExecuteApiEndpoint", disable)
    if types:
        endpoint["types"] = types.split(",")
    if ids := parameters.get("vpcEndpointIds"):
        endpoint["vpcEndpointIds"] = ids.split(",")
    return shape(
        name=str(info["title"]),
        description=str(info["description"]) if info.get("description") else None,
        version=str(info["version"]) if info.get("version") else None,
        binaryMediaTypes=document.get(PREFIX + "binary-media-types"),
        minimumCompressionSize=document.get(PREFIX + "minimum-compression-size"),
        apiKeySource=document.get(PREFIX + "api-key-source"),
        policy=orjson.dumps(policy).decode() if policy else None,
        endpointConfiguration=endpoint or None,
        disableExecuteApiEndpoint=disable,
    )


def _read_documentation(document: dict[str, Any], found: Definition, parameters: dict[str, str]) -> None:
    if parameters.get("ignore") == "documentation":
        return
    section = _section(document, PREFIX + "documentation")
    found.documentation = documentation_parts(section)
    version = section.get("version")
    found.documentation_version = str(version) if version else None


def documentation_parts(section: dict[str, Any]) -> list[Wire]:
    """Parts as they are stored, but for their ids: properties are JSON text."""
    parts = []
    for part in section.get("documentationParts") or ():
        if not isinstance(part, dict) or not isinstance(part.get("location"), dict):
            raise bad_request("Invalid documentation part: location is missing")
        properties = part.get("properties")
        if not isinstance(properties, str):
            properties = orjson.dumps(properties or {}).decode()
        parts.append({"location": part["location"], "properties": properties})
    return parts
