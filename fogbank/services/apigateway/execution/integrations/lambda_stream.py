"""AWS_PROXY with `responseTransferMode` STREAM: the event of any proxy, and an answer that goes on while the function writes it.

The function writes its status and headers as JSON, eight zero bytes, then the body. One that writes something else, or fails before
the body has begun, is answered 502; one that fails later has its client's connection cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from fogbank.core.errors import AwsError
from fogbank.core.http import CutShort, Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.gateway.prelude import BadPrelude, read_prelude
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
                response = await _begun(x, _Pieces(events))
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


async def _begun(x: Exchange, pieces: _Pieces) -> Response:
    """The answer, once the function has written its metadata."""
    try:
        prelude, first = await read_prelude(pieces)
        pieces.begin(first)
        return _response(x, prelude, pieces)
    except BaseException:
        await pieces.aclose()
        raise


def _response(x: Exchange, prelude: dict[str, Any], pieces: _Pieces) -> Response:
    # What else an object holds is left alone: a guess.
    lines, typed = headers_of(prelude)
    cookies = prelude.get("cookies") or []
    if type(cookies) is not list or not all(type(cookie) is str for cookie in cookies):
        raise malformed_proxy_response()
    lead = [] if typed else [("Content-Type", "application/json")]
    lead.append(("X-Amzn-Trace-Id", x.trace_header))
    lines += [("Set-Cookie", cookie) for cookie in cookies]
    return Response(status_of(prelude.get("statusCode")), lead + lines, pieces)


class _Pieces:
    """What the function writes, out of the events of InvokeWithResponseStream. Raises CutShort where it fails."""

    __slots__ = ("_events", "_first")

    def __init__(self, events: AsyncIterator[dict[str, Any]]) -> None:
        self._events = events
        self._first = b""

    def begin(self, first: bytes) -> None:
        """`first` comes first."""
        self._first = first

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            found = await anext(self._events)
        except AwsError as error:
            raise CutShort(error.message) from None
        if "PayloadChunk" in found:
            piece: bytes = found["PayloadChunk"]["Payload"]
            return piece
        if (code := found["InvokeComplete"].get("ErrorCode")) is not None:
            raise CutShort(code)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if (aclose := getattr(self._events, "aclose", None)) is not None:
            await aclose()
