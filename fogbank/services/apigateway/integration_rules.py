"""What an integration may be: its type, URI, method, credentials, connection, timeout. Pure."""

from __future__ import annotations

import re

from fogbank.core.arn import parse_arn
from fogbank.core.errors import NotSupported
from fogbank.gateway.records import Wire
from fogbank.services.apigateway.limits import (
    INTEGRATION_TIMEOUT_MS_MAX,
    INTEGRATION_TIMEOUT_MS_MIN,
    STREAM_TIMEOUT_MS_MAX,
    TEMPLATE_BYTES_MAX,
)
from fogbank.services.apigateway.mapping import check_request_mapping
from fogbank.services.apigateway.methods import check_http_method
from fogbank.services.apigateway.service import bad_request

AWS_TYPES = ("AWS", "AWS_PROXY")
HTTP_TYPES = ("HTTP", "HTTP_PROXY")
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
PROXY_TARGETS = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:(?:[^:]*\.)?(?:"
    r"lambda:path/2015-03-31/functions/.+/invocations"
    r"|lambda:path/2021-11-15/functions/.+/response-streaming-invocations"
    r"|firehose:action/PutRecord(?:Batch)?)"
)
STREAMING_URI = re.compile(r"/2021-11-15/functions/.+/response-streaming-invocations$")
STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.\w+\}")
HTTP_URI = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


def check_integration(integration: Wire, method: Wire, path: str) -> None:
    """Refuse what AWS refuses. Raises BadRequestException."""
    kind = integration["type"]
    if kind != "MOCK":
        if not integration.get("httpMethod"):
            raise bad_request("Enumeration value for HttpMethod must be non-empty")
        check_http_method(integration["httpMethod"])
    if kind in AWS_TYPES:
        check_aws_uri(kind, integration.get("uri"))
        check_credentials(integration.get("credentials"))
    elif kind in HTTP_TYPES:
        check_http_uri(integration.get("uri"))
    check_passthrough(integration["passthroughBehavior"])
    _check_connection(integration)
    _check_streaming(integration)
    check_templates(integration.get("requestTemplates"))
    if kind in HTTP_TYPES or kind == "AWS":  # AWS_PROXY and MOCK take none of them into account
        for target, source in (integration.get("requestParameters") or {}).items():
            check_request_mapping(target, source, method, path)


def check_aws_uri(kind: str, uri: str | None) -> None:
    arn = parse_arn(uri or "")
    if arn is None:
        raise bad_request("Invalid ARN specified in the request")
    if not arn.resource.startswith(("path/", "action/")):
        raise bad_request("AWS ARN for integration must contain path or action")
    if kind == "AWS_PROXY" and not PROXY_TARGETS.fullmatch(uri or ""):
        raise bad_request(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
    if kind == "AWS_PROXY" and ":firehose:" in (uri or ""):
        raise NotSupported("AWS_PROXY integrations with Firehose")


def check_http_uri(uri: str | None) -> None:
    plain = STAGE_VARIABLE.sub("x", uri or "")
    if not HTTP_URI.fullmatch(plain) and not (uri or "").startswith("${stageVariables."):
        raise bad_request("Invalid HTTP endpoint specified for URI")


def check_credentials(credentials: str | None) -> None:
    if credentials is not None and parse_arn(credentials) is None and "${stageVariables." not in credentials:
        raise bad_request("Invalid ARN specified in the request")


def check_passthrough(behavior: str) -> None:
    if behavior not in PASSTHROUGH:
        raise bad_request(
            f"Invalid passthrough behavior specified: {behavior}. Must be one of: [{', '.join(PASSTHROUGH)}]"
        )


def _check_connection(integration: Wire) -> None:
    kind = integration.get("connectionType", "INTERNET")
    if kind == "VPC_LINK":
        if integration["type"] not in HTTP_TYPES:
            raise bad_request("VPC_LINK is only supported for integrations of type HTTP and HTTP_PROXY")
        if not integration.get("connectionId"):
            raise bad_request("Connection ID must be specified for connection type VPC_LINK")
    elif integration.get("connectionId"):
        raise bad_request("Connection ID can only be specified for connection type VPC_LINK")
    if "tlsConfig" in integration and integration["type"] not in HTTP_TYPES:
        raise bad_request("TLS config is only supported for integrations of type HTTP and HTTP_PROXY")


def _check_streaming(integration: Wire) -> None:
    streams = integration.get("responseTransferMode") == "STREAM"
    if streams and integration["type"] not in ("HTTP_PROXY", "AWS_PROXY"):
        raise bad_request(
            "Response streaming is only supported for integrations of type HTTP_PROXY and AWS_PROXY"
        )
    if streams and integration["type"] == "AWS_PROXY" and not STREAMING_URI.search(integration["uri"]):
        # AWS documents that streams need this URI; its words are not known.
        raise bad_request(
            "Response streaming with Lambda functions requires the response-streaming-invocations URI"
        )
    maximum = STREAM_TIMEOUT_MS_MAX if streams else INTEGRATION_TIMEOUT_MS_MAX
    if not INTEGRATION_TIMEOUT_MS_MIN <= integration["timeoutInMillis"] <= maximum:
        raise bad_request(f"Timeout should be between {INTEGRATION_TIMEOUT_MS_MIN} ms and {maximum} ms")


def check_templates(templates: dict[str, str] | None) -> None:
    for template in (templates or {}).values():
        if len(template or "") > TEMPLATE_BYTES_MAX:
            raise bad_request(f"Mapping template size exceeds the limit of {TEMPLATE_BYTES_MAX} bytes")


def check_cache_keys(integration: Wire, method: Wire) -> None:
    """Cache keys are parameters of the method, or of the request that is made of it."""
    declared = set(method.get("requestParameters") or ()) | set(integration.get("requestParameters") or ())
    for name in integration["cacheKeyParameters"]:
        if name not in declared:
            raise bad_request(f"Invalid cache key parameter specified: {name}")  # ours
