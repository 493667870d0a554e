"""HTTP_PROXY: the request goes to a backend, changed by the integration's parameter mapping, and the answer comes back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from fogbank.core.http import Response
from fogbank.gateway.http_client import Origin, origin_of
from fogbank.gateway.http_connection import HttpAnswer, HttpError
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import internal_error, unavailable
from fogbank.services.apigatewayv2.execution.invoking import with_variables
from fogbank.services.apigatewayv2.execution.responses import ResponseParameters
from fogbank.services.apigatewayv2.execution.values import Source, compile_value

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage

_PARAMETER = re.compile(r"\{([A-Za-z0-9._-]+)\+?\}")
HOPS = frozenset(
    {
        "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
MOVED = frozenset({"host", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "x-amzn-trace-id"})


class HttpProxy:
    """One integration of one stage."""

    __slots__ = ("_changes", "_host", "_method", "_origin", "_private", "_responses", "_server_name", "_stage",
                 "_target", "_timeout_s", "_url")  # fmt: skip

    def __init__(self, stage: HttpStage, integration: Wire) -> None:
        self._stage = stage
        self._url = with_variables(integration["IntegrationUri"], stage.variables)
        self._method = integration["IntegrationMethod"]
        self._timeout_s = integration["TimeoutInMillis"] / 1000
        self._private = integration.get("ConnectionType") == "VPC_LINK"
        self._server_name = (integration.get("TlsConfig") or {}).get("ServerNameToVerify")
        self._responses = ResponseParameters(integration.get("ResponseParameters"))
        self._changes: list[tuple[str, str, str, Source]] = []
        for key, value in (integration.get("RequestParameters") or {}).items():
            operation, _, target = key.partition(":")
            place, _, name = target.partition(".")
            self._changes.append((operation, place, name, compile_value(value)))
        # The host is the same for every request where it holds no path parameter.
        self._origin: Origin | None = None
        if not _PARAMETER.search(self._url):
            try:
                self._origin, self._host, self._target = origin_of(self._url)
            except HttpError as error:
                raise internal_error(str(error)) from None

    async def run(self, x: Exchange) -> Response:
        origin, host, target, headers = self._request(x)
        method = x.request.method if self._method == "ANY" else self._method
        clock = x.stage.gateway.clock
        started_s = clock.monotonic_s()
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await x.stage.gateway.http.request(
                    origin, method.encode(), target, [("Host", host), *headers], x.request.body
                )
        except TimeoutError:
            x.integration_error = "The backend took too long"
            raise unavailable("timed out") from None
        except HttpError as error:
            x.integration_error = str(error)
            raise unavailable(str(error)) from None
        finally:
            x.integration_latency_ms = int((clock.monotonic_s() - started_s) * 1000)
        x.integration_status = answer.status
        return self._responses.apply(x, _response(answer))

    def _request(self, x: Exchange) -> tuple[Origin, str, str, list[tuple[str, str]]]:
        """(origin, Host, path with query, headers). Raises Fault."""
        if self._origin is None:
            url = _PARAMETER.sub(lambda found: x.parameters.get(found[1], ""), self._url)
            try:
                origin, host, target = origin_of(url)
            except HttpError as error:
                raise internal_error(str(error)) from None
        else:
            origin, host, target = self._origin, self._host, self._target
        if self._private:
            # A private integration's backend gets the request's own path; its URI names the listener only.
            target = x.arrival.path
            if self._server_name:
                origin = replace(origin, server_name=self._server_name)
        path, _, own_query = target.partition("?")
        query = [part for part in (own_query, x.request.query) if part]
        headers = [
            (x.request.headers.spelling(index), value)
            for index, (name, value) in enumerate(x.request.headers.items)
            if name not in HOPS and name not in MOVED
        ]
        headers += self._forwarded(x, host)
        if self._changes:
            path, query, headers, host = self._changed(x, path, query, headers, host)
        return origin, host, path + ("?" + "&".join(query) if query else ""), headers

    @staticmethod
    def _forwarded(x: Exchange, host: str) -> list[tuple[str, str]]:
        """RFC 7239's header, as HTTP APIs send it, and the trace."""
        scheme = "https" if x.request.secure else "http"
        by = f"by={host};for={x.request.peer};host={x.arrival.domain_name};proto={scheme}"
        via = x.request.headers.get("forwarded")
        return [("Forwarded", f"{via}, {by}" if via else by), ("x-amzn-trace-id", x.trace_header)]

    def _changed(
        self, x: Exchange, path: str, query: list[str], headers: list[tuple[str, str]], host: str
    ) -> tuple[str, list[str], list[tuple[str, str]], str]:
        for operation, place, name, source in self._changes:
            value = None if operation == "remove" else source(x, None)
            if place == "path":
                if value is not None:
                    path = quote(value if value.startswith("/") else "/" + value, safe="/%:@!$&'()*+,;=~-._")
            elif place == "header":
                lower = name.lower()
                if operation != "append":
                    headers = [line for line in headers if line[0].lower() != lower]
                if value is not None:
                    if lower == "host":
                        host = value
                    else:
                        headers = [*headers, (name, value)]
            else:
                if operation != "append":
                    parts = [part for whole in query for part in whole.split("&")]
                    query = [part for part in parts if part.partition("=")[0] != name]
                if value is not None:
                    query = [*query, f"{quote(name, safe='')}={quote(value, safe='')}"]
        return path, query, headers, host


def _response(answer: HttpAnswer) -> Response:
    headers = [line for line in answer.headers if line[0].lower() not in HOPS and line[0].lower() != "date"]
    return Response(answer.status, headers, answer.body)
