"""A stage of a WebSocket API, compiled: `$connect`, `$disconnect`, and messages by the route selection expression."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.http import Request, Response, Upgrade
from fogbank.gateway.json_schema import SchemaError, Validator, compile_schema
from fogbank.gateway.records import Wire
from fogbank.model.call import Caller
from fogbank.model.principal import PrincipalType
from fogbank.services.apigatewayv2.execution.faults import Fault
from fogbank.services.apigatewayv2.execution.iam import check_invoke
from fogbank.services.apigatewayv2.execution.invoking import own_principal
from fogbank.services.apigatewayv2.execution.stage import Stage
from fogbank.services.apigatewayv2.execution.throttling import route_settings
from fogbank.services.apigatewayv2.execution.websocket.authorizer import Refused, SocketAuthorizer
from fogbank.services.apigatewayv2.execution.websocket.connection import Connection
from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange
from fogbank.services.apigatewayv2.execution.websocket.execution_log import ExecutionLog
from fogbank.services.apigatewayv2.execution.websocket.integrations import (
    Integration,
    IntegrationFailed,
    Reply,
)
from fogbank.services.apigatewayv2.execution.websocket.selection import compile_selection, source
from fogbank.services.apigatewayv2.keys import Place
from fogbank.services.apigatewayv2.limits import (
    WEBSOCKET_DURATION_S,
    WEBSOCKET_FRAME_BYTES_MAX,
    WEBSOCKET_IDLE_S,
    WEBSOCKET_MESSAGE_BYTES_MAX,
)

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway

log = logging.getLogger("fogbank.apigatewayv2")
KEY_OF_AUTHORIZER = "$context.authorizer.usageIdentifierKey"
CONNECT, DISCONNECT, DEFAULT = "$connect", "$disconnect", "$default"
SUBPROTOCOL = "sec-websocket-protocol"


class Route:
    """One route, compiled when it is first taken. Raises IntegrationFailed."""

    def __init__(self, stage: SocketStage, wire: Wire) -> None:
        self.key: str = wire["RouteKey"]
        self.wire = wire
        snapshot = stage.snapshot
        target = (wire.get("Target") or "").removeprefix("integrations/")
        integration = snapshot["integrations"].get(target)
        if integration is None and target:
            raise IntegrationFailed(f"Route {self.key} has no integration")
        responses = snapshot["integrationResponses"].get(target) or []
        self.integration = Integration(stage, integration, responses) if integration is not None else None
        answers = snapshot["routeResponses"].get(wire["RouteId"])
        self.answers = bool(wire.get("RouteResponseSelectionExpression") and answers)
        self.bucket = stage.bucket(self.key, route_settings(stage.wire, self.key))
        self.models: dict[str, Validator] = {}
        self.select_model = compile_selection(wire.get("ModelSelectionExpression") or DEFAULT)
        if not snapshot["api"].get("DisableSchemaValidation"):
            named = {model["Name"]: model for model in snapshot["models"]}
            for key, name in (wire.get("RequestModels") or {}).items():
                try:
                    self.models[key] = compile_schema(orjson.loads(named[name]["Schema"]))
                except (SchemaError, KeyError, orjson.JSONDecodeError):
                    raise IntegrationFailed(f"Model {name} cannot be used") from None
        self.required = [
            (key.removeprefix("route."), source(key))
            for key, rule in (wire.get("RequestParameters") or {}).items()
            if rule.get("Required")
        ]
        self.authorizer: SocketAuthorizer | None = None
        if wire["AuthorizationType"] == "CUSTOM":
            found = snapshot["authorizers"].get(wire.get("AuthorizerId") or "")
            if found is None:
                raise IntegrationFailed("The authorizer is gone")
            self.authorizer = SocketAuthorizer(stage, found)


class SocketStage(Stage):
    """One stage of a WebSocket API."""

    def __init__(self, gateway: Gateway, place: Place, wire: Wire, snapshot: Wire) -> None:
        super().__init__(gateway, place, wire, snapshot)
        api = snapshot["api"]
        self._key_source: str = api.get("ApiKeySelectionExpression") or ""
        self._executions = ExecutionLog(self)
        self.requires_key = any(
            route["RouteKey"] == CONNECT and route.get("ApiKeyRequired") for route in snapshot["routes"]
        )
        self._select = compile_selection(api["RouteSelectionExpression"])
        self._wires: dict[str, Wire] = {route["RouteKey"]: route for route in snapshot["routes"]}
        self._routes: dict[str, Route] = {}

    def _route(self, key: str) -> Route | None:
        """Raises IntegrationFailed."""
        found = self._routes.get(key)
        if found is None and key in self._wires:
            found = self._routes[key] = Route(self, self._wires[key])
        return found

    # --- $connect ---------------------------------------------------------------------------------------------------

    async def connect(self, request: Request) -> Response:
        """The answer to a handshake: the connection, or why there is none."""
        connection = Connection(self, request)
        x = SocketExchange(connection, "CONNECT")
        x.route_key = CONNECT
        self._executions.begin(x)
        headers: list[tuple[str, str]] = []
        try:
            reply = await self._connect(x)
            if (protocol := reply.headers.get(SUBPROTOCOL)) is not None:
                headers.append(("Sec-WebSocket-Protocol", protocol))
        except Refused as refusal:
            return self._refused(x, refusal)
        except IntegrationFailed as failure:
            x.integration_error = str(failure)
            return self._refused(x, Refused(failure.status, failure.message, str(failure)))
        self._note(x, "ConnectCount")
        await self.gateway.sockets.add(connection)
        return Upgrade(
            headers=headers,
            session=connection,
            frame_bytes_max=WEBSOCKET_FRAME_BYTES_MAX,
            message_bytes_max=WEBSOCKET_MESSAGE_BYTES_MAX,
            idle_s=WEBSOCKET_IDLE_S,
            duration_s=WEBSOCKET_DURATION_S,
        )

    async def _connect(self, x: SocketExchange) -> Reply:
        """Raises Refused, IntegrationFailed."""
        route = self._route(CONNECT)
        if route is None:
            return Reply(200)
        for name, value in route.required:
            if value(x) is None:
                raise Refused(400, f"Missing required request parameters: [{name}]")
        if route.authorizer is not None:
            await route.authorizer.check(x)
        elif route.wire["AuthorizationType"] == "AWS_IAM":
            await self._identify(x)
        if self.requires_key:
            await self._check_key(x)
        self._throttle(route)
        if route.integration is None:
            return Reply(200)
        reply = await route.integration.run(x)
        if not 200 <= reply.status < 300:
            status = reply.status if 400 <= reply.status <= 599 else 502
            raise Refused(status, reply.body or "Forbidden")
        return reply

    def _throttle(self, route: Route) -> None:
        now_s = self.gateway.clock.monotonic_s()
        if route.bucket is not None and not route.bucket.take(now_s):
            raise Refused(429, "Too Many Requests", "The route's throttling limit was exceeded")
        if not self._account.take(now_s):
            raise Refused(429, "Too Many Requests", "The account's throttling limit was exceeded")

    async def _check_key(self, x: SocketExchange) -> None:
        """An API key, and the usage plan that leads it here: a connection counts once, its messages do not."""
        connection, place, gateway = x.connection, self.place, self.gateway
        if self._key_source == KEY_OF_AUTHORIZER:
            value = connection.usage_key
        else:
            value = connection.request.headers.get("x-api-key")
        caller = Caller(
            place.account, place.region, own_principal(place), gateway.ids.uuid(), connection.request.peer
        )
        found = await gateway.calls.internal(
            "apigateway",
            "admit_api_key",
            caller,
            api_id=self.api_id,
            stage=self.name,
            route_key=x.route_key,
            value=value,
        )
        if value and "keyId" in found:
            connection.api_key = (value, found["keyId"])
        if "status" in found:
            raise Refused(found["status"], found["message"], found["detail"])

    async def _identify(self, x: SocketExchange) -> None:
        """AWS_IAM: in enforced mode whom the caller's policies let in; in open mode, which evaluates none, root."""
        try:
            who = await self.gateway.identify(x.connection.request)
        except AwsError as error:
            raise Refused(403, error.message) from None
        if who is None:
            raise Refused(403, "Missing Authentication Token")
        gateway, request = self.gateway, x.connection.request
        if not gateway.open_mode:
            arn = self.arn(x.route_key)
            try:
                await check_invoke(gateway, self.place, who, arn, request)
            except Fault as fault:
                raise Refused(403, "Forbidden", fault.detail) from None
        elif not (who.type is PrincipalType.ROOT or who.acts_as_root):
            raise Refused(403, "Forbidden")
        x.connection.principal = who

    def _refused(self, x: SocketExchange, refusal: Refused) -> Response:
        x.status, x.error, x.detail = refusal.status, refusal.message, refusal.detail
        self._note(x, "ClientError" if refusal.status < 500 else "IntegrationError")
        body = x.refusal(refusal.message).encode()
        headers = [("content-type", "application/json"), ("x-amzn-requestid", x.request_id)]
        return Response(refusal.status, headers, body)

    # --- messages ---------------------------------------------------------------------------------------------------

    async def message(self, connection: Connection, message: str | bytes) -> None:
        """Serve a message; what goes wrong is told to the client."""
        x = SocketExchange(connection, "MESSAGE", message)
        try:
            key = self._select(x)
            route = self._route(key) if key is not None and key not in (CONNECT, DISCONNECT) else None
            route = route or self._route(DEFAULT)
            if route is None:
                self._say(x, 403, "Forbidden", "ClientError")
                return
            x.route_key = route.key
            self._executions.begin(x)
            reply = await self._serve(x, route)
        except Refused as refusal:
            x.detail = refusal.detail
            self._say(x, refusal.status, refusal.message, "ClientError")
            return
        except IntegrationFailed as failure:
            x.integration_error = str(failure)
            self._say(x, failure.status, failure.message, "IntegrationError")
            return
        x.status = reply.status
        if route.answers and reply.body:
            connection.send(reply.body)
        self._note(x, "MessageCount")

    async def _serve(self, x: SocketExchange, route: Route) -> Reply:
        self._throttle(route)
        if route.models:
            self._check_model(x, route)
        if route.integration is None:
            raise IntegrationFailed(f"Route {route.key} has no integration")
        return await route.integration.run(x)

    @staticmethod
    def _check_model(x: SocketExchange, route: Route) -> None:
        validator = route.models.get(route.select_model(x) or "") or route.models.get(DEFAULT)
        if validator is None:
            return
        try:
            value: Any = orjson.loads(x.message)
        except orjson.JSONDecodeError:
            raise Refused(400, "Bad request body") from None
        if validator.problems(value):
            raise Refused(400, "Bad request body")

    def _say(self, x: SocketExchange, status: int, message: str, metric: str) -> None:
        x.status, x.error = status, message
        x.connection.send(x.refusal(message))
        self._note(x, metric)

    # --- $disconnect ------------------------------------------------------------------------------------------------

    async def disconnect(self, connection: Connection, code: int, reason: str) -> None:
        """Best effort, as on AWS."""
        x = SocketExchange(connection, "DISCONNECT")
        x.route_key, x.close_code, x.close_reason = DISCONNECT, code, reason
        self._executions.begin(x)
        try:
            route = self._route(DISCONNECT)
            if route is not None and route.integration is not None:
                x.status = (await route.integration.run(x)).status
        except IntegrationFailed as failure:
            x.status, x.error, x.integration_error = 500, failure.message, str(failure)
        self._note(x, "")

    def _note(self, x: SocketExchange, metric: str) -> None:
        """Metrics and the access log."""
        latency_ms = int((self.gateway.clock.monotonic_s() - x.started_s) * 1000)
        if metric:
            detailed = route_settings(self.wire, x.route_key).get("DetailedMetricsEnabled")
            route_key = x.route_key if detailed else None
            self.gateway.socket_metrics(self, metric, x.integration_latency_ms, route_key)
        self._executions.write(x)
        if self._log is None:
            return
        context = x.context() | {
            "status": x.status,
            "responseLatency": latency_ms,
            "integrationLatency": x.integration_latency_ms,
            "integrationStatus": x.integration_status,
            "integrationErrorMessage": x.integration_error,
            "error": {"message": x.error, "messageString": f'"{x.error}"'} if x.error else None,
        }
        self._log.write(context, self.variables, x.started_ms + latency_ms)
