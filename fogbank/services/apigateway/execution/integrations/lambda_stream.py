"""AWS_PROXY with `responseTransferMode` STREAM: the event of any proxy, and an answer that goes on while the function writes it.

The function writes its status and headers as JSON, eight zero bytes, then the body. One that writes something else, or fails before
the body has begun, is answered 502; one that fails later has its client's connection cut.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from fogbank.core.http import CutShort, Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.gateway.prelude import BadPrelude, Pieces
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, malformed_proxy_response
from fogbank.services.apigateway.execution.integrations.lambda_proxy import Proxied, headers_of, status_of

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage


class LambdaStream(Proxied):
    """One method's integration."""

    def __init__(self, stage: Stage, method: dict[str, Any], binary: MediaTypes) -> None:
        super().__init__(stage, method, binary)
        self._timeout_s = stage.timeout_ms(method["methodIntegration"]) / 1000

    async def run(self, x: Exchange) -> Response:
        payload = self._payload(x)
        clock = x.stage.gateway.clock
        started = clock.monotonic_s()
        try:
            async with asyncio.timeout(self._timeout_s):
                events = await self._invoker.stream(x, payload)
                response = await _begun(x, Pieces(events))
        except TimeoutError:
            x.integration_error = "Endpoint request timed out"
            raise Fault("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from None
        except CutShort as problem:
            x.integration_error = str(problem)
            raise malformed_proxy_response(f"Lambda execution failed: {problem}") from None
        except BadPrelude as problem:
            raise malformed_proxy_response(f"Malformed Lambda proxy response: {problem}") from None
        x.integration_latency_ms = int((clock.monotonic_s() - started) * 1000)
        x.integration_status = 200
        if x.log is not None:
            latency_ms = x.integration_latency_ms
            x.log.append(f"Received response. Status: 200, Integration latency: {latency_ms} ms")
        return response


async def _begun(x: Exchange, pieces: Pieces) -> Response:
    """The answer, once the function has written its metadata."""
    try:
        return _response(x, await pieces.prelude(), pieces)
    except BaseException:
        await pieces.aclose()
        raise


def _response(x: Exchange, prelude: dict[str, Any], pieces: Pieces) -> Response:
    # What else an object holds is left alone: a guess.
    lines, typed = headers_of(prelude)
    cookies = prelude.get("cookies") or []
    if type(cookies) is not list or not all(type(cookie) is str for cookie in cookies):
        raise malformed_proxy_response()
    lead = [] if typed else [("Content-Type", "application/json")]
    lead.append(("X-Amzn-Trace-Id", x.trace_header))
    lines += [("Set-Cookie", cookie) for cookie in cookies]
    return Response(status_of(prelude.get("statusCode")), lead + lines, pieces)
