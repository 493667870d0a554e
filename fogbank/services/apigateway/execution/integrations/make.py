"""Which kind of integration a method has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fogbank.gateway.records import Wire
from fogbank.services.apigateway.execution.faults import misconfigured
from fogbank.services.apigateway.execution.integrations.aws import AwsService
from fogbank.services.apigateway.execution.integrations.http import HttpBackend
from fogbank.services.apigateway.execution.integrations.lambda_custom import LambdaCustom
from fogbank.services.apigateway.execution.integrations.lambda_proxy import LambdaProxy
from fogbank.services.apigateway.execution.integrations.lambda_stream import LambdaStream
from fogbank.services.apigateway.execution.integrations.mock import Mock
from fogbank.services.apigateway.execution.methods import Integration

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Deployment, Stage

_LAMBDA = re.compile(r"arn:[^:]+:apigateway:[^:]*:lambda:path/+(2015-03-31|2021-11-15|arn:)")


def make_integration(stage: Stage, deployment: Deployment, method: Wire) -> Integration:
    """Compile a method's integration. Raises Fault."""
    integration = method.get("methodIntegration")
    if not integration:
        raise misconfigured("No integration defined for method")
    binary = deployment.binary
    match integration["type"]:
        case "MOCK":
            return Mock(method, binary)
        case "AWS_PROXY" if integration.get("responseTransferMode") == "STREAM":
            return LambdaStream(stage, method, binary)
        case "AWS_PROXY":
            return LambdaProxy(stage, method, binary)
        case "AWS" if _LAMBDA.match(integration.get("uri") or ""):
            return LambdaCustom(stage, method, binary)
        case "AWS":
            return AwsService(stage, method, binary)
        case "HTTP" | "HTTP_PROXY":
            return HttpBackend(stage, method, binary)
        case kind:
            raise misconfigured(f"Invalid integration type {kind}")
