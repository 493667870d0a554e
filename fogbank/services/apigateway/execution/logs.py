"""Access logs and execution logs of a stage, to CloudWatch Logs.

Access logs follow the stage's format, one line a request; execution logs are API Gateway's own words, at ERROR for requests
that failed and at INFO for all, with headers and bodies where `dataTraceEnabled` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fogbank.core.arn import parse_arn
from fogbank.core.http import Response
from fogbank.gateway.substitution import Lookup, compile_text
from fogbank.model.telemetry import LogTarget
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.gateway_responses import error_context
from fogbank.services.apigateway.execution.mapping import look_up

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

LINE_BYTES_MAX = 1024  # AWS truncates events of execution logs there


class StageLogs:
    """Where and what one stage logs."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        settings = stage.wire.get("accessLogSettings") or {}
        self._format: Callable[[Lookup], str] | None = None
        self._access: LogTarget | None = None
        destination = parse_arn(settings.get("destinationArn") or "")
        stream = stage.gateway.ids.hex(32)
        if destination is not None and destination.service == "logs" and settings.get("format"):
            group = destination.resource.removeprefix("log-group:").removesuffix(":*")
            self._access = LogTarget(destination.account, destination.region, group, stream)
            self._format = compile_text(settings["format"], missing="-")
        group = f"API-Gateway-Execution-Logs_{stage.api_id}/{stage.name}"
        self._execution = LogTarget(stage.place.account, stage.place.region, group, stream)
        levels = {
            each.get("loggingLevel", "OFF") for each in (stage.wire.get("methodSettings") or {}).values()
        }
        self._executes = bool(levels - {"OFF"})
        self.wanted = self._access is not None or self._executes

    def begin(self, x: Exchange) -> None:
        """Keep an execution log of this request, where the method has one with its data."""
        method = x.method
        if method is None or method.logging is None:
            return
        if method.settings.get("dataTraceEnabled") and method.logging == "INFO":
            x.log = []

    def write(self, x: Exchange, latency_ms: int) -> None:
        """After the answer."""
        telemetry = x.stage.gateway.telemetry
        if self._access is not None and self._format is not None:
            context = access_context(x, latency_ms)
            line = self._format(lambda path: _variable(x, context, path))
            telemetry.lines(self._access, [(x.started_ms + latency_ms, line)])
        method = x.method
        if method is None or method.logging is None:
            return
        if method.logging == "ERROR" and x.status < 400:
            return
        lines = execution_lines(x)
        telemetry.lines(
            self._execution,
            [(x.started_ms, _bounded(f"({x.request_id}) {line}")) for line in lines],
        )


def _bounded(line: str) -> str:
    if len(line) <= LINE_BYTES_MAX:
        return line
    return line[: LINE_BYTES_MAX - 12] + " [TRUNCATED]"


def _variable(x: Exchange, context: dict[str, Any], path: tuple[str, ...]) -> Any:
    if path[0] == "context":
        return look_up(context, path[1:])
    if path[0] == "stageVariables":
        return x.variables.get(path[1])
    return None


def access_context(x: Exchange, latency_ms: int) -> dict[str, Any]:
    """`$context` with what is known only at the end."""
    context = dict(x.context)
    # Templates see no map of an authorizer that did not run; logs neither.
    context |= {
        "status": x.status,
        "responseLatency": latency_ms,
        "responseLength": x.response_bytes,
        "integrationLatency": x.integration_latency_ms,
        "integrationStatus": x.integration_status,
        "integrationErrorMessage": x.integration_error,
        "awsEndpointRequestId": x.integration_request_id,
        "integration": {
            "error": x.integration_error,
            "integrationStatus": x.integration_status,
            "latency": x.integration_latency_ms,
            "requestId": x.integration_request_id,
            "status": x.integration_status,
        },
        "xrayTraceId": x.trace_header.removeprefix("Root=").partition(";")[0] if x.stage.tracing else None,
    }
    if x.method is not None:
        context["resourceId"], context["resourcePath"] = x.method.resource_id, x.method.resource_path
    authorizer = dict(x.authorizer or {})
    if x.authorizer_status is not None:
        authorizer["status"] = x.authorizer_status
    context["authorizer"] = authorizer
    context["identity"] = x.identity()
    if x.error is not None:
        context["error"] = error_context(x.error)
    return context


def _map_text(values: dict[str, Any]) -> str:
    """A map as Java prints it."""
    return "{" + ", ".join(f"{name}={value}" for name, value in values.items()) + "}"


def request_lines(x: Exchange) -> list[str]:
    """The beginning of an execution with its data."""
    parameters = x.template_parameters()
    resource = x.method.resource_path if x.method is not None else ""
    return [
        f"Starting execution for request: {x.request_id}",
        f"HTTP Method: {x.request.method}, Resource Path: {resource}",
        f"Method request path: {_map_text(x.path_parameters)}",
        f"Method request query string: {_map_text(parameters['querystring'])}",
        f"Method request headers: {_map_text(parameters['header'])}",
        f"Method request body before transformations: {x.request.body.decode('utf-8', 'replace')}",
    ]


def answer_lines(response: Response) -> list[str]:
    """The answer of an execution with its data."""
    body = response.body if isinstance(response.body, bytes) else b""
    headers = dict(sorted(response.headers, key=lambda header: header[0] != "X-Amzn-Trace-Id"))
    return [
        f"Method response body after transformations: {body.decode('utf-8', 'replace')}",
        f"Method response headers: {_map_text(headers)}",
    ]


def execution_lines(x: Exchange) -> list[str]:
    """An execution's lines for CloudWatch Logs."""
    resource = x.method.resource_path if x.method is not None else ""
    place = f"{x.stage.api_id}/{x.stage.name}"
    key = x.api_key or ""
    lines = [
        f"Extended Request Id: {x.extended_id}",
        f"Verifying Usage Plan for request: {x.request_id}. API Key: {key} API Stage: {place}",
    ]
    if x.method is not None and not x.method.wire.get("apiKeyRequired"):
        lines.append(
            f"API Key {key} authorized because method '{x.request.method} {resource}' does not require API Key. "
            "Request will not contribute to throttle or quota limits"
        )
    lines.append(f"Usage Plan check succeeded for API Key {key} and API Stage {place}")
    if x.log is not None:
        lines += request_lines(x)
        lines += x.log
    else:
        lines.append(f"Starting execution for request: {x.request_id}")
        lines.append(f"HTTP Method: {x.request.method}, Resource Path: {resource}")
    lines += ending_lines(x)
    return lines


def ending_lines(x: Exchange) -> list[str]:
    """How an execution ended."""
    if x.error is not None and x.error.detail:
        return [x.error.detail, f"Method completed with status: {x.status}"]
    if x.error is not None:
        return [
            f"Gateway response type: {x.error.type} with status code: {x.status}",
            f"Method completed with status: {x.status}",
        ]
    return ["Successfully completed execution", f"Method completed with status: {x.status}"]
