"""AWS with a function: the mapped body is the event, the function's answer (or its errorMessage) selects the response."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.http import Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.services.apigateway.execution.bodies import RequestBody
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.integrations.functions import Invoker
from fogbank.services.apigateway.execution.mapping import Answer, RequestParameters, evaluate
from fogbank.services.apigateway.execution.responses import IntegrationResponses, answer_client

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage


class LambdaCustom:
    """One method's AWS integration with a function."""

    def __init__(self, stage: Stage, method: dict[str, Any], binary: MediaTypes) -> None:
        integration = method["methodIntegration"]
        self._invoker = Invoker(
            stage, integration["uri"], integration.get("credentials"), stage.timeout_ms(integration)
        )
        self._body = RequestBody(integration, binary)
        self._parameters = RequestParameters(integration.get("requestParameters") or {})
        self._responses = IntegrationResponses(method)
        self._binary = binary

    async def run(self, x: Exchange) -> Response:
        body = self._body.make(x)
        if x.log is not None:
            self._log_request(x, body)
        started = x.stage.gateway.clock.monotonic_s()
        invoked = await self._invoker.invoke(x, body, invocation_type=self._invocation_type(x))
        x.integration_latency_ms = int((x.stage.gateway.clock.monotonic_s() - started) * 1000)
        x.integration_status = invoked.status
        if x.log is not None:
            self._log_answer(x, invoked.payload, invoked.status, invoked.version)
        chosen = self._responses.select(invoked.error_message() if invoked.failed else None)
        answer = Answer(invoked.status, [("Content-Type", "application/json")], invoked.payload)
        return answer_client(x, chosen, answer, self._binary, traced=True)

    def _invocation_type(self, x: Exchange) -> str:
        """`integration.request.header.X-Amz-Invocation-Type` makes it an asynchronous invocation."""
        for name, values in evaluate(self._parameters.headers, x).items():
            if name.lower() == "x-amz-invocation-type":
                return values[-1]
        return "RequestResponse"

    def _log_request(self, x: Exchange, body: bytes) -> None:
        assert x.log is not None
        arn = self._invoker.function(x)
        region = x.stage.place.region
        url = f"https://lambda.{region}.amazonaws.com/2015-03-31/functions/{arn}/invocations"
        x.log.append(f"Endpoint request URI: {url}")
        x.log.append(
            f"Endpoint request headers: {{x-amzn-lambda-integration-tag={x.request_id}, "
            "Authorization=*****************************************************************************"
            f"****************************************************************************, X-Amz-Date="
            f"{x.stage.gateway.amz_date()}, x-amzn-apigateway-api-id={x.stage.api_id}, Accept=application/json, "
            f"User-Agent=AmazonAPIGateway_{x.stage.api_id}, X-Amz-Security-Token=***** [TRUNCATED]"
        )
        x.log.append(f"Endpoint request body after transformations: {body.decode('utf-8', 'replace')}")
        x.log.append(f"Sending request to {url}")

    @staticmethod
    def _log_answer(x: Exchange, payload: bytes, status: int, version: str) -> None:
        assert x.log is not None
        x.log.append(
            f"Received response. Status: {status}, Integration latency: {x.integration_latency_ms} ms"
        )
        x.log.append(
            f"Endpoint response headers: {{Date={x.stage.gateway.date()}, Content-Type=application/json, "
            f"Content-Length={len(payload)}, Connection=keep-alive, x-amzn-RequestId={x.integration_request_id}, "
            f"x-amzn-Remapped-Content-Length=0, X-Amz-Executed-Version={version}, X-Amzn-Trace-Id={x.trace_header}}}"
        )
        x.log.append(f"Endpoint response body before transformations: {payload.decode('utf-8', 'replace')}")
