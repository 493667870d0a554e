"""A stage of an HTTP API, compiled: its routes with all settings of the stage worked in.

Routes compile when a request first meets them, so that a large API costs what is used of it. The order of one request: route →
CORS preflight → authorizer → throttle → integration → CORS headers → metrics and access log.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

import orjson

from fogbank.core.http import Request, Response
from fogbank.gateway.buckets import Bucket
from fogbank.gateway.records import Wire
from fogbank.gateway.routing import Routes
from fogbank.services.apigatewayv2.execution.cors import Cors
from fogbank.services.apigatewayv2.execution.exchange import Arrival, Exchange
from fogbank.services.apigatewayv2.execution.faults import (
    Fault,
    internal_error,
    not_found,
    throttled,
    too_large,
)
from fogbank.services.apigatewayv2.execution.http_proxy import HttpProxy
from fogbank.services.apigatewayv2.execution.iam import check_iam
from fogbank.services.apigatewayv2.execution.jwt_authorizer import JwtAuthorizer
from fogbank.services.apigatewayv2.execution.lambda_authorizer import LambdaAuthorizer
from fogbank.services.apigatewayv2.execution.lambda_proxy import LambdaProxy
from fogbank.services.apigatewayv2.execution.logs import access_context
from fogbank.services.apigatewayv2.execution.services import ServiceOperation
from fogbank.services.apigatewayv2.execution.stage import Stage
from fogbank.services.apigatewayv2.execution.throttling import route_settings
from fogbank.services.apigatewayv2.keys import Place
from fogbank.services.apigatewayv2.limits import BODY_BYTES_MAX

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

DEFAULT = "$default"


class Integration(Protocol):
    """What a route leads to."""

    async def run(self, x: Exchange) -> Response: ...


class Route:
    """One route of one stage."""

    __slots__ = ("_stage", "_wire", "authorize", "bucket", "compiled", "integration", "key", "tally")

    def __init__(self, stage: HttpStage, wire: Wire) -> None:
        self._stage = stage
        self._wire = wire
        self.key: str = wire["RouteKey"]
        self.compiled = False
        self.integration: Integration
        self.authorize: Callable[[Exchange], Awaitable[None]] | None = None
        self.bucket: Bucket | None = None
        self.tally = stage.tally

    def compile(self) -> None:
        """Raises Fault: the API's configuration cannot serve a request."""
        stage, wire = self._stage, self._wire
        settings = route_settings(stage.wire, self.key)
        if settings.get("DetailedMetricsEnabled"):
            self.tally = stage.gateway.tally(stage.place, stage.api_id, stage.name, self.key)
        self.bucket = stage.bucket(self.key, settings)
        self.authorize = stage.authorizer(wire)
        self.integration = stage.integration(wire)
        self.compiled = True


class HttpStage(Stage):
    """One stage of an HTTP API."""

    def __init__(self, gateway: Gateway, place: Place, wire: Wire, snapshot: Wire) -> None:
        super().__init__(gateway, place, wire, snapshot)
        api = snapshot["api"]
        self.cors = Cors(api["CorsConfiguration"]) if api.get("CorsConfiguration") else None
        self.tally = gateway.tally(place, self.api_id, self.name, None)
        self._lambda_authorizers: dict[str, LambdaAuthorizer] = {}
        self._routes: Routes[Route] = Routes()
        self._default: Route | None = None
        for each in snapshot["routes"]:
            route = Route(self, each)
            if route.key == DEFAULT:
                self._default = route
            else:
                method, _, path = route.key.partition(" ")
                self._routes.add(path, method, route)

    async def serve(self, request: Request, arrival: Arrival) -> Response:
        """Answer one request."""
        x = Exchange(request, arrival, self)
        try:
            response = await self._run(x)
        except Fault as fault:
            x.error = fault
            body = orjson.dumps({"message": fault.message})
            response = Response(fault.status, [("content-type", "application/json"), *fault.headers], body)
        if self.cors is not None and not (x.error is None and x.route is None):
            self.cors.mark(x, response)
        response.headers.append(("apigw-requestid", x.request_id))
        x.status = response.status
        if type(response.body) is bytes:
            x.response_bytes = len(response.body)
        latency_ms = int((self.gateway.clock.monotonic_s() - x.started_s) * 1000)
        tally = x.route.tally if x.route is not None else self.tally
        data_bytes = len(request.body) + x.response_bytes
        tally.served(response.status, latency_ms, x.integration_latency_ms, data_bytes)
        if self._log is not None:
            self._log.write(access_context(x, latency_ms), self.variables, x.started_ms + latency_ms)
        return response

    async def _run(self, x: Exchange) -> Response:
        route = self._find(x)
        if self.cors is not None and Cors.is_preflight(x):
            # A route that asks for authorization asks it of preflights too; any other leaves them to the gateway.
            if route is not None and route.authorize is not None:
                x.route = route
                await route.authorize(x)
                x.route = None
            return self.cors.preflight(x)
        if route is None:
            raise not_found()
        x.route = route
        if len(x.request.body) > BODY_BYTES_MAX:
            raise too_large()
        if route.authorize is not None:
            await route.authorize(x)
        now_s = x.started_s if route.authorize is None else self.gateway.clock.monotonic_s()
        if route.bucket is not None and not route.bucket.take(now_s):
            raise throttled()
        if not self._account.take(now_s):
            raise throttled()
        return await route.integration.run(x)

    def _find(self, x: Exchange) -> Route | None:
        found = self._routes.find(x.arrival.path, x.request.method)
        if found is None:
            route = self._default
        else:
            route, sent = found
            if sent:
                x.parameters = {name: unquote(value) for name, value in sent.items()}
        if route is not None and not route.compiled:
            x.route = route
            route.compile()
            x.route = None
        return route

    # --- what routes are compiled from ------------------------------------------------------------------------------

    def integration(self, route: Wire) -> Integration:
        """Raises Fault."""
        target = route.get("Target") or ""
        wire = self.snapshot["integrations"].get(target.removeprefix("integrations/"))
        if wire is None:
            raise internal_error(f"Route {route['RouteKey']} has no integration")
        if wire.get("IntegrationSubtype"):
            return ServiceOperation(self, wire)
        return LambdaProxy(self, wire) if wire["IntegrationType"] == "AWS_PROXY" else HttpProxy(self, wire)

    def authorizer(self, route: Wire) -> Callable[[Exchange], Awaitable[None]] | None:
        """Raises Fault."""
        kind = route["AuthorizationType"]
        if kind == "NONE":
            return None
        if kind == "AWS_IAM":
            return check_iam
        wire = self.snapshot["authorizers"].get(route.get("AuthorizerId") or "")
        if wire is None:
            raise internal_error("The authorizer is gone", "AUTHORIZER_CONFIGURATION_ERROR")
        if kind == "JWT":
            return JwtAuthorizer(self, wire, route.get("AuthorizationScopes") or []).check
        found = self._lambda_authorizers.get(wire["AuthorizerId"])
        if found is None:
            epoch: int = self.wire["authorizerEpoch"]
            results = self.gateway.verdicts((self.api_id, self.name, wire["AuthorizerId"], epoch))
            found = self._lambda_authorizers[wire["AuthorizerId"]] = LambdaAuthorizer(self, wire, results)
        return found.check
