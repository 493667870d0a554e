"""A definition's values into a `Definition`: what it says of the API as a whole, and its paths. Pure."""

from __future__ import annotations

from typing import Any

import orjson

from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire
from fogbank.services.apigateway.documentation_parts import FIELDS
from fogbank.services.apigateway.openapi.base_paths import base_path_of, rebased
from fogbank.services.apigateway.openapi.definition import ANY, METHODS, Definition
from fogbank.services.apigateway.openapi.methods import MethodReader
from fogbank.services.apigateway.openapi.reading import References
from fogbank.services.apigateway.openapi.schemas import plain_name, to_model
from fogbank.services.apigateway.openapi.security import Schemes
from fogbank.services.apigateway.openapi.typed import flag, mapping, names, number, sequence, text
from fogbank.services.apigateway.records import shape
from fogbank.services.apigateway.service import bad_request

PREFIX = "x-amazon-apigateway-"
ENDPOINT = PREFIX + "endpoint-configuration"
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
    info = mapping(document.get("info"), "info")
    if not info.get("title"):
        raise bad_request("Invalid OpenAPI input. info.title is missing")
    found = Definition(api=_api_of(document, info, parameters))
    schemas = document.get("definitions") or _section(document, "components").get("schemas")
    for name, schema in mapping(schemas, "schemas").items():
        add_model(found, name, schema, api_id)
    for name, validator in _section(document, PREFIX + "request-validators").items():
        validator = mapping(validator, f"Request validator {name}")
        found.validators[name] = {
            "name": name,
            "validateRequestBody": bool(flag(validator.get("validateRequestBody"), name)),
            "validateRequestParameters": bool(flag(validator.get("validateRequestParameters"), name)),
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
        item = mapping(references.resolve(item), f"Path {path}")
        for name, operation in item.items():
            if name in METHODS or name == ANY:
                http_method = "ANY" if name == ANY else name.upper()
                methods[http_method] = reader.method(path, http_method, item, operation)
    return found


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    return mapping(document.get(name), name)


def add_model(found: Definition, name: str, schema: Any, api_id: str) -> None:
    plain = plain_name(name)
    if not plain:
        raise bad_request(f"Invalid OpenAPI input. Model name {name} has no alphanumeric character")
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
    endpoint, disable = _endpoint_of(document, parameters)
    compression = PREFIX + "minimum-compression-size"
    return shape(
        name=text(info["title"], "info.title"),
        description=text(info.get("description"), "info.description") or None,
        version=text(info.get("version"), "info.version") or None,
        binaryMediaTypes=names(document.get(PREFIX + "binary-media-types"), "binary-media-types"),
        minimumCompressionSize=number(document.get(compression), compression),
        apiKeySource=text(document.get(PREFIX + "api-key-source"), "api-key-source"),
        policy=orjson.dumps(policy).decode() if policy else None,
        endpointConfiguration=endpoint or None,
        disableExecuteApiEndpoint=disable,
    )


def _endpoint_of(document: dict[str, Any], parameters: dict[str, str]) -> tuple[Wire, bool | None]:
    """(EndpointConfiguration, disableExecuteApiEndpoint) as far as they are set."""
    endpoint: Wire = {}
    disable = None
    for server in (document, *sequence(document.get("servers"), "servers")):
        extension = mapping(mapping(server, "servers").get(ENDPOINT), ENDPOINT)
        kinds = names(extension.get("types"), f"{ENDPOINT}.types")
        ids = names(extension.get("vpcEndpointIds"), f"{ENDPOINT}.vpcEndpointIds")
        ip_type = text(extension.get("ipAddressType"), f"{ENDPOINT}.ipAddressType")
        endpoint |= shape(types=kinds, vpcEndpointIds=ids, ipAddressType=ip_type)
        asked = flag(extension.get("disableExecuteApiEndpoint"), f"{ENDPOINT}.disableExecuteApiEndpoint")
        disable = disable if asked is None else asked
    if types := parameters.get("endpointConfigurationTypes"):
        endpoint["types"] = types.split(",")
    if vpc := parameters.get("vpcEndpointIds"):
        endpoint["vpcEndpointIds"] = vpc.split(",")
    return endpoint, disable


def _read_documentation(document: dict[str, Any], found: Definition, parameters: dict[str, str]) -> None:
    if parameters.get("ignore") == "documentation":
        return
    section = _section(document, PREFIX + "documentation")
    found.documentation = documentation_parts(section)
    found.documentation_version = text(section.get("version"), "documentation.version") or None


def documentation_parts(section: dict[str, Any]) -> list[Wire]:
    """Parts as they are stored, but for their ids: properties are JSON text."""
    parts = []
    for part in sequence(section.get("documentationParts"), "documentationParts"):
        given = mapping(mapping(part, "documentationParts").get("location"), "location")
        location = {name: text(value, f"location.{name}") or "" for name, value in given.items()}
        if location.get("type") not in FIELDS:
            raise bad_request(f"Invalid documentation part: unknown type {location.get('type')}")
        properties = part.get("properties")
        if not isinstance(properties, str):
            properties = orjson.dumps(properties or {}).decode()
        parts.append({"location": location, "properties": properties})
    return parts
