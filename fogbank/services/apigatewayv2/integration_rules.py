"""What an integration may be, by the protocol of its API. Raises BadRequestException; NotSupported (501) for a service that
fogbank lacks, so that a first-class integration works as soon as its service is there."""

from __future__ import annotations

import re
from typing import Any

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.limits import (
    HTTP_TIMEOUT_MS_MAX,
    TIMEOUT_MS_MIN,
    WEBSOCKET_TIMEOUT_MS_MAX,
)
from fogbank.services.apigatewayv2.rules import check_templates
from fogbank.services.apigatewayv2.service import bad_request
from fogbank.services.apigatewayv2.subtypes import SUBTYPES

METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
MAPPING_KEY = re.compile(
    r"(append|overwrite|remove):(header\.[!#$%&'*+\-.^_`|~0-9A-Za-z]+|querystring\.\S+|path)"
)
RESPONSE_KEY = re.compile(
    r"(append|overwrite|remove):header\.[!#$%&'*+\-.^_`|~0-9A-Za-z]+|overwrite:statuscode"
)
WEBSOCKET_KEY = re.compile(r"integration\.request\.(header|querystring|path)\.[^\s]+")
WEBSOCKET_SOURCE = re.compile(
    r"'.*'|(route\.request\.(header|querystring|body)|context|stageVariables)(\.\S+)?|route\.request\.body",
    re.DOTALL,
)
STATUS = re.compile(r"[2-5]\d\d|default")
#: Headers that belong to the gateway: no mapping may name them (AWS's list of reserved headers).
RESERVED = frozenset(
    {
        "connection", "content-encoding", "content-length", "content-location", "forwarded", "keep-alive", "origin",
        "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding", "upgrade", "via",
        "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    }
)  # fmt: skip


def is_reserved(header: str) -> bool:
    lower = header.lower()
    return lower in RESERVED or lower.startswith(("access-control-", "apigw-", "x-amz-", "x-amzn-"))


def defaults(api: Wire, asked: Wire) -> Wire:
    """What an integration has that says nothing of it."""
    found: Wire = {"ConnectionType": "INTERNET", "PayloadFormatVersion": "1.0"}
    if api["ProtocolType"] == "HTTP":
        found["TimeoutInMillis"] = HTTP_TIMEOUT_MS_MAX
        if asked["IntegrationType"] == "AWS_PROXY" and "IntegrationSubtype" not in asked:
            found["IntegrationMethod"] = "POST"
        return found
    found["TimeoutInMillis"] = WEBSOCKET_TIMEOUT_MS_MAX
    found["PassthroughBehavior"] = "WHEN_NO_MATCH"
    found["IntegrationResponseSelectionExpression"] = "${integration.response.statuscode}"
    if asked["IntegrationType"] in ("AWS_PROXY", "AWS"):
        found["IntegrationMethod"] = "POST"
    return found


def check_integration(ctx: Call[Any], api: Wire, integration: Wire) -> None:
    """Refuse what AWS does not combine."""
    if api["ProtocolType"] == "HTTP":
        _check_http(ctx, integration)
        timeout_max = HTTP_TIMEOUT_MS_MAX
    else:
        _check_websocket(integration)
        timeout_max = WEBSOCKET_TIMEOUT_MS_MAX
    timeout_ms = integration["TimeoutInMillis"]
    if not TIMEOUT_MS_MIN <= timeout_ms <= timeout_max:
        raise bad_request(f"Timeout should be between {TIMEOUT_MS_MIN} ms and {timeout_max} ms")
    method = integration.get("IntegrationMethod")
    if method is not None and method not in METHODS:
        raise bad_request(f"Invalid HTTP method specified: {method}")
    if credentials := integration.get("CredentialsArn"):
        arn = parse_arn(credentials)
        if arn is None or arn.service != "iam":
            raise bad_request("Invalid ARN specified in the request for credentialsArn")


def _check_http(ctx: Call[Any], integration: Wire) -> None:
    kind, subtype = integration["IntegrationType"], integration.get("IntegrationSubtype")
    if kind not in ("AWS_PROXY", "HTTP_PROXY"):
        raise bad_request(f"Integration type {kind} is not supported for HTTP APIs")  # ours
    for member in (
        "ContentHandlingStrategy",
        "PassthroughBehavior",
        "RequestTemplates",
        "TemplateSelectionExpression",
    ):
        if integration.get(member):
            name = member[0].lower() + member[1:]
            raise bad_request(f"{name} is only supported for WebSocket APIs")  # ours
    if subtype is not None:
        _check_subtype(ctx, integration, subtype)
        return
    if not integration.get("IntegrationUri"):
        raise bad_request("IntegrationUri should be a valid URI")  # ours
    if integration["PayloadFormatVersion"] not in ("1.0", "2.0"):
        raise bad_request("PayloadFormatVersion must be one of: 1.0, 2.0")  # ours
    if kind == "AWS_PROXY":
        _check_function(integration)
    else:
        _check_proxy(integration)
    _check_response_parameters(integration.get("ResponseParameters") or {})


def _check_function(integration: Wire) -> None:
    uri = integration["IntegrationUri"]
    arn = parse_arn(uri)
    if arn is None or arn.service not in ("lambda", "apigateway"):
        raise bad_request(f"Invalid integration URI specified: {uri}")  # ours
    if integration.get("RequestParameters"):
        raise bad_request("requestParameters are not supported for integrations with functions")  # ours
    if integration.get("ConnectionType") == "VPC_LINK":
        raise bad_request("VPC_LINK is only supported for HTTP_PROXY integrations")  # ours


def _check_proxy(integration: Wire) -> None:
    uri = integration["IntegrationUri"]
    if integration["PayloadFormatVersion"] != "1.0":
        raise bad_request("PayloadFormatVersion 2.0 is not supported for HTTP_PROXY integrations")  # ours
    if not integration.get("IntegrationMethod"):
        raise bad_request("HttpMethod is required for HTTP_PROXY integrations")  # ours
    private = integration.get("ConnectionType") == "VPC_LINK"
    if private and not integration.get("ConnectionId"):
        raise bad_request("ConnectionId is required when the connectionType is VPC_LINK")  # ours
    if not uri.startswith(("http://", "https://")):
        raise bad_request(f"Invalid HTTP endpoint specified for URI: {uri}")
    if integration.get("TlsConfig") and not private:
        raise bad_request("TlsConfig is only supported for private integrations")  # ours
    for key, value in (integration.get("RequestParameters") or {}).items():
        found = MAPPING_KEY.fullmatch(key)
        if found is None or (found[2] == "path" and found[1] != "overwrite"):
            raise bad_request(f"Invalid mapping expression specified: {key}")
        if found[2].startswith("header.") and is_reserved(found[2].removeprefix("header.")):
            raise bad_request(f"Operations on header {found[2].removeprefix('header.')} are restricted")
        if found[1] != "remove" and not isinstance(value, str):
            raise bad_request(f"Invalid mapping expression specified: {value}")


def _check_response_parameters(by_status: dict[str, Any]) -> None:
    for status, mapping in by_status.items():
        if not STATUS.fullmatch(status) or status == "default":
            raise bad_request(f"Invalid status code specified in responseParameters: {status}")
        for key in mapping:
            if not RESPONSE_KEY.fullmatch(key):
                raise bad_request(f"Invalid mapping expression specified: {key}")
            name = key.partition(":header.")[2]
            if name and is_reserved(name):
                raise bad_request(f"Operations on header {name} are restricted")


def _check_subtype(ctx: Call[Any], integration: Wire, subtype: str) -> None:
    """A first-class integration: its service is there, its parameters are what the service asks for."""
    found = SUBTYPES.get(subtype)
    if found is None or integration["IntegrationType"] != "AWS_PROXY":
        raise bad_request(f"Invalid integration subtype specified: {subtype}")  # ours
    ctx.calls.find(found.service, found.operation)
    if integration["PayloadFormatVersion"] != "1.0":
        raise bad_request("PayloadFormatVersion must be 1.0 for AWS service integrations")  # ours
    if not integration.get("CredentialsArn"):
        raise bad_request("credentialsArn is required for AWS service integrations")  # ours
    if integration.get("IntegrationUri") or integration.get("IntegrationMethod"):
        raise bad_request("integrationUri and integrationMethod do not go with integrationSubtype")  # ours
    parameters = integration.get("RequestParameters") or {}
    missing = found.required - parameters.keys()
    if missing:
        raise bad_request(f"Parameters: {', '.join(sorted(missing))} are required for {subtype}")  # ours
    for name in parameters:
        if name not in found.parameters:
            raise bad_request(f"Parameter: {name} does not fit schema for Operation: {subtype}.")
    _check_response_parameters(integration.get("ResponseParameters") or {})


def check_handling(wire: Wire) -> None:
    """Binary messages reach backends in base-64, which is CONVERT_TO_TEXT."""
    if wire.get("ContentHandlingStrategy") == "CONVERT_TO_BINARY":
        raise NotSupported("apigatewayv2 contentHandlingStrategy CONVERT_TO_BINARY")


def _check_websocket(integration: Wire) -> None:
    kind, uri = integration["IntegrationType"], integration.get("IntegrationUri") or ""
    if integration.get("IntegrationSubtype"):
        raise bad_request("integrationSubtype is only supported for HTTP APIs")  # ours
    if integration.get("ResponseParameters"):
        raise bad_request("responseParameters are only supported for HTTP APIs")  # ours
    if integration["PayloadFormatVersion"] != "1.0":
        raise bad_request("PayloadFormatVersion must be 1.0 for WebSocket APIs")  # ours
    if kind == "MOCK":
        pass
    elif kind in ("HTTP", "HTTP_PROXY"):
        if not uri.startswith(("http://", "https://")):
            raise bad_request(f"Invalid HTTP endpoint specified for URI: {uri}")
        if not integration.get("IntegrationMethod"):
            raise bad_request("Enumeration value for HttpMethod must be non-empty")
    else:
        arn = parse_arn(uri)
        if arn is None or arn.service != "apigateway":
            raise bad_request("Invalid ARN specified in the request")
    check_templates(integration.get("RequestTemplates"))
    check_handling(integration)
    for key, value in (integration.get("RequestParameters") or {}).items():
        if not WEBSOCKET_KEY.fullmatch(key) or not WEBSOCKET_SOURCE.fullmatch(value):
            raise bad_request(f"Invalid mapping expression specified: {key}: {value}")
    if integration.get("TlsConfig") and integration.get("ConnectionType") != "VPC_LINK":
        raise bad_request("TlsConfig is only supported for private integrations")  # ours
