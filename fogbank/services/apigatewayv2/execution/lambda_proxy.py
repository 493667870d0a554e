"""AWS_PROXY: a function gets the request as one event and gives the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from fogbank.core.http import Response
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.execution import payloads
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import internal_error, too_large, unavailable
from fogbank.services.apigatewayv2.execution.invoking import InvokeError, Invoker

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage


class LambdaProxy:
    """One integration of one stage."""

    __slots__ = ("_event", "_invoker", "_response")

    def __init__(self, stage: HttpStage, integration: Wire) -> None:
        try:
            self._invoker = Invoker(
                stage,
                integration["IntegrationUri"],
                integration.get("CredentialsArn"),
                integration["TimeoutInMillis"],
            )
        except InvokeError as error:
            raise internal_error(str(error)) from None
        second = integration["PayloadFormatVersion"] == "2.0"
        self._event = payloads.event_2_0 if second else payloads.event_1_0
        self._response = payloads.response_2_0 if second else payloads.response_1_0

    async def run(self, x: Exchange) -> Response:
        clock = x.stage.gateway.clock
        payload = orjson.dumps(self._event(x))
        started_s = clock.monotonic_s()
        try:
            source = "" if x.stage.gateway.open_mode else x.source()
            invoked = await self._invoker.invoke(payload, x.request.peer, source=source)
        except InvokeError as error:
            x.integration_error, x.integration_status = str(error), error.status
            if error.timed_out or error.status == 429:
                raise unavailable(str(error)) from None
            if error.status == 413:
                raise too_large() from None
            raise internal_error(str(error)) from None
        finally:
            x.integration_latency_ms = int((clock.monotonic_s() - started_s) * 1000)
        x.integration_request_id = invoked.request_id
        x.integration_status = 200
        if invoked.failed:
            x.integration_error = invoked.payload[:1024].decode("utf-8", "replace")
            raise internal_error("The function failed")
        return self._response(invoked.payload)
