"""Access logs of a stage, to CloudWatch Logs: one line a request, in the stage's own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.records import Wire
from fogbank.gateway.substitution import compile_text
from fogbank.model.telemetry import LogTarget
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.values import look_up

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway


class AccessLog:
    """Where and what one stage logs."""

    def __init__(self, gateway: Gateway, settings: Wire) -> None:
        self._telemetry = gateway.telemetry
        arn = parse_arn(settings["DestinationArn"])
        assert arn is not None
        group = arn.resource.removeprefix("log-group:").removesuffix(":*")
        self._target = LogTarget(arn.account, arn.region, group, gateway.ids.hex(32))
        self._format = compile_text(settings["Format"], missing="-")

    def write(self, context: dict[str, Any], variables: dict[str, str], time_ms: int) -> None:
        def find(path: tuple[str, ...]) -> Any:
            if path[0] == "context":
                return look_up(context, path[1:])
            return variables.get(path[1]) if path[0] == "stageVariables" else None

        self._telemetry.lines(self._target, [(time_ms, self._format(find))])


def access_context(x: Exchange, latency_ms: int) -> dict[str, Any]:
    """`$context` with what is known only at the end."""
    context = x.context() | {
        "status": x.status,
        "responseLatency": latency_ms,
        "responseLength": x.response_bytes,
        "dataProcessed": len(x.request.body) + x.response_bytes,
        "awsEndpointRequestId": x.integration_request_id,
        "integrationErrorMessage": x.integration_error,
        "integrationLatency": x.integration_latency_ms,
        "integrationStatus": x.integration_status,
        "integration": {
            "error": x.integration_error,
            "integrationStatus": x.integration_status,
            "latency": x.integration_latency_ms,
            "requestId": x.integration_request_id,
            "status": x.integration_status,
        },
    }
    if x.error is not None:
        message = x.error.message
        context["error"] = {
            "message": message,
            "messageString": f'"{message}"',
            "responseType": x.error.kind,
        }
    return context
