"""HTTP and HTTP_PROXY: a web backend. The first maps both ways, the second passes both ways through."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

from fogbank.core.http import Response
from fogbank.gateway.http_client import Origin, StreamedAnswer, origin_of
from fogbank.gateway.http_connection import HttpAnswer, HttpError
from fogbank.gateway.parameters import MediaTypes
from fogbank.services.apigateway.execution.bodies import RequestBody, first_accepted, incoming
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, integration_failure, misconfigured
from fogbank.services.apigateway.execution.integrations.lambda_proxy import DROPPED, REMAPPED
from fogbank.services.apigateway.execution.mapping import (
    Answer,
    RequestParameters,
    evaluate,
    with_variables,
)
from fogbank.services.apigateway.execution.responses import IntegrationResponses, answer_client
from fogbank.services.apigateway.snapshot import load_vpc_link

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

A = TypeVar("A")
_PLACE = re.compile(r"\{([\w.+-]+)\}")
_SAFE_IN_PATH = "/~:@!$&'()*+,;=-._"
#: The front end's own, whatever the client sent.
_OWN_HEADERS = frozenset({"host", "x-amzn-apigateway-api-id"})


class HttpBackend:
    """One method's HTTP or HTTP_PROXY integration."""

    def __init__(self, stage: Stage, method: dict[str, Any], binary: MediaTypes) -> None:
        integration = method["methodIntegration"]
        self._stage = stage
        self._proxy = integration["type"] == "HTTP_PROXY"
        self._uri: str = integration.get("uri") or ""
        self._method: str = integration.get("httpMethod") or "ANY"
        self._timeout_s = stage.timeout_ms(integration) / 1000
        self._parameters = RequestParameters(integration.get("requestParameters") or {})
        self._body = RequestBody(integration, binary)
        self._handling = integration.get("contentHandling")
        self._streams = integration.get("responseTransferMode") == "STREAM"
        self._link = _Link(integration) if integration.get("connectionType") == "VPC_LINK" else None
        self._responses = IntegrationResponses(method)
        self._binary = binary
        tls = integration.get("tlsConfig") or {}
        self._verify = not tls.get("insecureSkipVerification", False)
        self._fixed: tuple[Origin, str, str] | None = None
        if "{" not in self._uri:
            self._fixed = self._parse(self._uri)

    def _parse(self, url: str) -> tuple[Origin, str, str]:
        try:
            return origin_of(url, verify=self._verify)
        except HttpError as error:
            raise misconfigured(f"Invalid endpoint address: {error}") from None

    async def run(self, x: Exchange) -> Response:
        if self._proxy:
            content_type = x.request.headers.get("content-type")
            body, _ = incoming(x.request.body, content_type, self._binary, self._handling)
        else:
            body = self._body.make(x)
        if self._link is not None:
            await self._link.check(x)
        origin, host, target = self._fixed or self._parse(self._address(x))
        if origin.tls and self._stage.wire.get("clientCertificateId"):
            origin = await self._stage.gateway.certified(self._stage, origin)
        method = x.request.method if self._method == "ANY" else self._method
        target = self._with_query(x, target)
        headers = self._headers(x, host, body)
        if x.log is not None:
            self._log_request(x, origin, host, target, headers, body)
        http = self._stage.gateway.http
        if self._streams:
            streamed = http.stream(origin, method.encode(), target, headers, body)
            return self._stream(x, await self._within(x, streamed))
        answer = await self._within(x, http.request(origin, method.encode(), target, headers, body))
        if x.log is not None:
            self._log_answer(x, answer)
        x.integration_status = answer.status
        if self._proxy:
            return self._pass(x, answer)
        chosen = self._responses.select(str(answer.status))
        return answer_client(
            x, chosen, Answer(answer.status, answer.headers, answer.body), self._binary, traced=True
        )

    # --- the request ------------------------------------------------------------------------------------------------

    def _address(self, x: Exchange) -> str:
        """The URI, its stage variables and `{parameters}` filled in."""
        url = with_variables(self._uri, x.variables)
        given = evaluate(self._parameters.paths, x)
        if x.overrides is not None:
            given |= _overrides(x, "path")

        def fill(found: re.Match[str]) -> str:
            values = given.get(found[1])
            return found[0] if values is None else quote(values[-1], safe=_SAFE_IN_PATH)

        return _PLACE.sub(fill, url)

    def _with_query(self, x: Exchange, target: str) -> str:
        """The URI's own query, then the client's (of a proxy) with mapped parameters in place of its own."""
        if not self._parameters.queries and x.overrides is None:
            if not self._proxy or not x.request.query:
                return target
            return f"{target}{'&' if '?' in target else '?'}{x.request.query}"
        merged: dict[str, list[str]] = dict(x.query) if self._proxy else {}
        merged |= evaluate(self._parameters.queries, x)
        if x.overrides is not None:
            merged |= _overrides(x, "querystring")
        text = "&".join(
            f"{quote_plus(name)}={quote_plus(value)}" for name, values in merged.items() for value in values
        )
        return f"{target}{'&' if '?' in target else '?'}{text}" if text else target

    def _headers(self, x: Exchange, host: str, body: bytes) -> list[tuple[str, str]]:
        if self._proxy and not self._parameters.headers and x.overrides is None:
            # Nothing is mapped: the common proxy.
            plain = [("Host", host), ("x-amzn-apigateway-api-id", self._stage.api_id)]
            for name, values in x.headers.items():
                if name != "Host":
                    for value in values:
                        plain.append((name, value))
            return plain
        mapped = evaluate(self._parameters.headers, x) if self._parameters.headers else {}
        if x.overrides is not None:
            mapped |= _overrides(x, "header")
        taken = {name.lower() for name in mapped}
        found: list[tuple[str, str]] = [("Host", mapped.pop("Host", [host])[-1])]
        if self._proxy:
            for name, values in x.headers.items():
                lower = name.lower()
                if lower not in taken and lower not in _OWN_HEADERS:
                    found.extend((name, value) for value in values)
        else:
            for name, value in (
                ("Accept", "application/json"),
                ("Content-Type", "application/json"),
                ("User-Agent", f"AmazonAPIGateway_{self._stage.api_id}"),
                ("X-Amzn-Trace-Id", x.trace_header),
            ):
                if name.lower() not in taken and (body or name != "Content-Type"):
                    found.append((name, value))
        found.append(("x-amzn-apigateway-api-id", self._stage.api_id))
        for name, values in mapped.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                found.append((name, ",".join(values)))
        return found

    async def _within(self, x: Exchange, asked: Awaitable[A]) -> A:
        """What the backend answers in time. Raises Fault."""
        clock = self._stage.gateway.clock
        started = clock.monotonic_s()
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asked
        except TimeoutError:
            x.integration_error = "Endpoint request timed out"
            raise Fault("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from None
        except HttpError as error:
            x.integration_error = str(error)
            raise integration_failure(str(error)) from None
        finally:
            x.integration_latency_ms = int((clock.monotonic_s() - started) * 1000)

    # --- the answer -------------------------------------------------------------------------------------------------

    def _stream(self, x: Exchange, answer: StreamedAnswer) -> Response:
        """The answer as it comes: bytes as they are, no compression, no limit of size."""
        x.integration_status = answer.status
        given, _ = self._headers_back(x, answer.headers)
        return Response(answer.status, given, answer.body)

    @staticmethod
    def _headers_back(x: Exchange, given: list[tuple[str, str]]) -> tuple[list[tuple[str, str]], str | None]:
        """The headers of a proxy's answer, and its Content-Type: all but what the front end sets itself."""
        headers: list[tuple[str, str]] = []
        content_type = None
        for name, value in given:
            lower = name.lower()
            if lower in REMAPPED:
                headers.append((f"x-amzn-Remapped-{name}", value))
            elif lower not in DROPPED and lower != "x-amzn-trace-id":
                headers.append((name, value))
                if lower == "content-type":
                    content_type = value
        headers.append(("X-Amzn-Trace-Id", x.trace_header))
        if content_type is None:
            headers.insert(0, ("Content-Type", "application/json"))
        return headers, content_type

    def _pass(self, x: Exchange, answer: HttpAnswer) -> Response:
        """A proxy's whole answer."""
        headers, content_type = self._headers_back(x, answer.headers)
        body = answer.body
        accept = first_accepted(x.request.headers.get("accept"))
        compressed = any(name.lower() == "content-encoding" for name, _ in answer.headers)
        if not compressed and not self._binary.match(content_type) and not self._binary.match(accept):
            try:
                body.decode()
            except UnicodeDecodeError:
                body = body.decode("utf-8", "replace").encode()
        return Response(answer.status, headers, body)

    # --- logs -------------------------------------------------------------------------------------------------------

    @staticmethod
    def _log_request(
        x: Exchange, origin: Origin, host: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> None:
        assert x.log is not None
        url = f"{'https' if origin.tls else 'http'}://{host}{target}"
        x.log.append(f"Endpoint request URI: {url}")
        listed = ", ".join(f"{name}={value}" for name, value in headers)
        x.log.append(f"Endpoint request headers: {{{listed}}}")
        x.log.append(f"Endpoint request body after transformations: {body.decode('utf-8', 'replace')}")
        x.log.append(f"Sending request to {url}")

    @staticmethod
    def _log_answer(x: Exchange, answer: HttpAnswer) -> None:
        assert x.log is not None
        x.log.append(
            f"Received response. Status: {answer.status}, Integration latency: {x.integration_latency_ms} ms"
        )
        listed = ", ".join(f"{name}={value}" for name, value in answer.headers)
        x.log.append(f"Endpoint response headers: {{{listed}}}")
        x.log.append(
            f"Endpoint response body before transformations: {answer.body.decode('utf-8', 'replace')}"
        )


class _Link:
    """A private integration's VPC link: it must be there. Its load balancer's address is the integration's URI."""

    __slots__ = ("_id",)

    def __init__(self, integration: dict[str, Any]) -> None:
        self._id: str = integration.get("connectionId") or ""

    async def check(self, x: Exchange) -> None:
        stage = x.stage
        link_id = with_variables(self._id, x.variables)
        if await load_vpc_link(stage.gateway.store, stage.place, link_id) is None:
            raise misconfigured(f"VPC link {link_id} does not exist")


def _overrides(x: Exchange, place: str) -> dict[str, list[str]]:
    """`$context.requestOverride`, as templates left it."""
    override = x.context.get("requestOverride")
    given = override.get(place) if isinstance(override, dict) else None
    if not isinstance(given, dict):
        return {}
    return {
        name: [str(item) for item in value] if isinstance(value, list) else [str(value)]
        for name, value in given.items()
    }
