"""A stage, compiled: its deployment's routes (and its canary's) with all settings of the stage worked in.

Methods compile when a request first meets them, so that a large API costs what is used of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.http import Request, Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.gateway.records import Wire
from fogbank.gateway.routing import Routes
from fogbank.model.principal import Principal, PrincipalType
from fogbank.policies.documents import Policy
from fogbank.services.apigateway.execution.access import iam_step, policy_step, read_policy
from fogbank.services.apigateway.execution.api_keys import api_key_step
from fogbank.services.apigateway.execution.authorizers import LambdaAuthorizer
from fogbank.services.apigateway.execution.caching import MethodCache
from fogbank.services.apigateway.execution.cognito import CognitoAuthorizer
from fogbank.services.apigateway.execution.compression import BODY_BYTES_MAX, compress, decompress
from fogbank.services.apigateway.execution.exchange import Arrival, Exchange
from fogbank.services.apigateway.execution.faults import Fault, misconfigured
from fogbank.services.apigateway.execution.gateway_responses import GatewayResponses
from fogbank.services.apigateway.execution.integrations.make import make_integration
from fogbank.services.apigateway.execution.logs import StageLogs, answer_lines
from fogbank.services.apigateway.execution.methods import Method, Step
from fogbank.services.apigateway.execution.streams import IDLE_EDGE_S, IDLE_S, StreamedBody
from fogbank.services.apigateway.execution.throttling import throttle_step
from fogbank.services.apigateway.execution.validation import Models, validation_steps
from fogbank.services.apigateway.execution.web_acls import web_acl_step
from fogbank.services.apigateway.keys import Place
from fogbank.services.apigateway.limits import INTEGRATION_TIMEOUT_MS_MAX
from fogbank.services.apigateway.snapshot import method_settings

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.gateway import Gateway

SERVICE_NAME = "apigateway.amazonaws.com"


class Stage:
    """One stage of one API on one node."""

    def __init__(
        self, gateway: Gateway, place: Place, api_id: str, wire: Wire, snapshots: dict[str, Wire], news: int
    ) -> None:
        self.gateway = gateway
        self.place = place
        self.api_id = api_id
        self.wire = wire
        self.news = news  # the gateway's count of news that this stage has seen
        self.name: str = wire["stageName"]
        self.variables: dict[str, str] = wire.get("variables") or {}
        self.tracing = bool(wire.get("tracingEnabled"))
        self.cloudfront = gateway.cloudfront
        self.own_principal = Principal(PrincipalType.SERVICE, place.account, SERVICE_NAME, SERVICE_NAME)
        main = snapshots[wire["deploymentId"]]
        kinds = (main["api"].get("endpointConfiguration") or {}).get("types") or ["EDGE"]
        self.edge_optimized = "EDGE" in kinds
        self.private = "PRIVATE" in kinds
        self.vpc_endpoints: list[str] = (main["api"].get("endpointConfiguration") or {}).get(
            "vpcEndpointIds"
        ) or []
        self.api_name: str = main["api"]["name"]
        self.own_address = not main["api"].get("disableExecuteApiEndpoint")
        self.logs = StageLogs(self)
        self.main = Deployment(self, wire["deploymentId"], main, canary=False)
        self.canary: Deployment | None = None
        self.canary_share = 0.0
        self.canary_variables = self.variables
        canary = wire.get("canarySettings")
        if canary:
            deployment_id = canary.get("deploymentId") or wire["deploymentId"]
            self.canary = Deployment(self, deployment_id, snapshots[deployment_id], canary=True)
            self.canary_share = float(canary.get("percentTraffic") or 0.0) / 100
            self.canary_variables = self.variables | (canary.get("stageVariableOverrides") or {})

    def deployment_of(self, canary: bool) -> str:
        return self.canary.id if canary and self.canary is not None else self.main.id

    @staticmethod
    def timeout_ms(integration: dict[str, Any]) -> int:
        return int(integration.get("timeoutInMillis") or INTEGRATION_TIMEOUT_MS_MAX)

    async def serve(self, request: Request, request_id: str, arrival: Arrival) -> Response:
        """Answer one request."""
        gateway = self.gateway
        x = Exchange(request, request_id, arrival, self, gateway.clock.now_ms())
        x.started_s = gateway.clock.monotonic_s()
        x.extended_id = gateway.extended_id()
        deployment = self.main
        if self.canary is not None and gateway.ids.uniform() < self.canary_share:
            deployment = self.canary
            x.canary = True
            x.variables = self.canary_variables
        response = await deployment.serve(x)
        headers = response.headers
        headers.append(("Connection", "keep-alive"))
        headers.append(("x-amzn-RequestId", request_id))
        headers.append(("x-amz-apigw-id", x.extended_id))
        if x.response_headers:
            headers.extend(x.response_headers)
        if self.edge_optimized:
            self.cloudfront.response_headers(headers, response.status)
        x.status = response.status
        body = response.body
        if type(body) is bytes:
            self._served(x, deployment, len(body))
        else:
            self._stream(x, deployment, response)
        return response

    def _stream(self, x: Exchange, deployment: Deployment, response: Response) -> None:
        """The answer is counted and logged when it has gone."""
        assert not isinstance(response.body, bytes) and x.method is not None
        took_s = self.gateway.clock.monotonic_s() - x.started_s
        left_s = self.timeout_ms(x.method.wire["methodIntegration"]) / 1000 - took_s
        idle_s = IDLE_EDGE_S if self.edge_optimized else IDLE_S
        response.body = StreamedBody(
            response.body, left_s, idle_s, lambda size: self._served(x, deployment, size)
        )

    def _served(self, x: Exchange, deployment: Deployment, response_bytes: int) -> None:
        x.response_bytes = response_bytes
        gateway = self.gateway
        latency_ms = int((gateway.clock.monotonic_s() - x.started_s) * 1000)
        tally = x.method.tally if x.method is not None else deployment.tally
        tally.served(x.status, latency_ms, x.integration_latency_ms)
        if self.logs.wanted:
            self.logs.write(x, latency_ms)


class Deployment:
    """One snapshot under the settings of one stage."""

    def __init__(self, stage: Stage, deployment_id: str, snapshot: Wire, *, canary: bool) -> None:
        self.stage = stage
        self.id = deployment_id
        self.is_canary = canary
        self.snapshot = snapshot
        api = snapshot["api"]
        self.binary = MediaTypes(api.get("binaryMediaTypes") or [])
        self.compression_bytes: int | None = api.get("minimumCompressionSize")
        self.key_source: str = api.get("apiKeySource") or "HEADER"
        self.responses = GatewayResponses(snapshot.get("gatewayResponses") or {})
        self.models = Models(snapshot.get("models") or [])
        self.policy_text: str | None = api.get("policy")
        self._policy: Policy | None = None
        self._authorizers: dict[str, LambdaAuthorizer] = {}
        self.tally = stage.gateway.tally(stage, None)
        self._routes: Routes[_Slot] = Routes()
        for resource in snapshot["resources"]:
            for http_method, wire in (resource.get("resourceMethods") or {}).items():
                self._routes.add(resource["path"], http_method, _Slot(self, resource, http_method, wire))

    @property
    def policy(self) -> Policy | None:
        """The resource policy. Raises Fault."""
        if self._policy is None:
            self._policy = read_policy(self.policy_text)
        return self._policy

    def find(self, path: str, http_method: str) -> tuple[Method, dict[str, str]]:
        """The method that a request is for. Raises Fault."""
        found = self._routes.find(path, http_method)
        if found is None:
            raise Fault("MISSING_AUTHENTICATION_TOKEN")
        return found[0].method, found[1]

    async def serve(self, x: Exchange) -> Response:
        """Answer, with whatever answer it is."""
        try:
            x.method, x.path_parameters = self.find(x.arrival.path, x.request.method)
            if len(x.request.body) > BODY_BYTES_MAX:
                raise Fault("REQUEST_TOO_LARGE", f"HTTP content length exceeded {BODY_BYTES_MAX} bytes.")
            if self.compression_bytes is not None:
                decompress(x)
            self.stage.logs.begin(x)
            response = await x.method.run(x)
            if x.log is not None:
                x.log += answer_lines(response)
        except Fault as fault:
            x.error = fault
            response = self.responses.respond(x, fault)
        if self.compression_bytes is not None:
            compress(x, response, self.compression_bytes)
        return response

    def authorizer(self, authorizer_id: str) -> dict[str, Any]:
        for wire in self.snapshot.get("authorizers") or []:
            if wire["id"] == authorizer_id:
                found: dict[str, Any] = wire
                return found
        raise misconfigured(f"Authorizer {authorizer_id} does not exist")

    def lambda_authorizer(self, wire: dict[str, Any]) -> LambdaAuthorizer:
        found = self._authorizers.get(wire["id"])
        if found is None:
            found = self._authorizers[wire["id"]] = LambdaAuthorizer(self.stage, wire)
        return found

    def compile(self, resource: Wire, http_method: str, wire: Wire, *, tested: bool = False) -> Method:
        """One method with its steps, in AWS's order. `tested`: TestInvokeMethod asks nobody. Raises Fault."""
        stage = self.stage
        settings = method_settings(stage.wire, resource["path"], http_method)
        integration = make_integration(stage, self, wire)
        tally = stage.gateway.tally(
            stage, (resource["path"], http_method) if settings.get("metricsEnabled") else None
        )
        method = Method(wire, resource, http_method, settings, integration, tally)
        level = settings.get("loggingLevel", "OFF")
        method.logging = None if level == "OFF" else level
        steps: list[Step] = []
        if not tested:
            if (filtered := web_acl_step(stage)) is not None:
                steps.append(filtered)
            self._authorize(steps, wire)
            if wire.get("apiKeyRequired"):
                steps.append(api_key_step(stage, wire, method.key, self.key_source))
            steps.append(throttle_step(stage, method.key, settings, first=not steps))
        validators = self.snapshot.get("requestValidators") or []
        steps += validation_steps(wire, validators, self.models)
        method.follow(steps)
        if self._caches(settings) and not self._streams(wire):  # AWS caches no streams either
            method.cache = MethodCache(stage, method, settings, canary=self.is_canary)
        return method

    def _authorize(self, steps: list[Step], wire: Wire) -> None:
        stage = self.stage
        authorization = (wire.get("authorizationType") or "NONE").upper()
        if (policy := policy_step(stage, self, authorization)) is not None:
            steps.append(policy)
        match authorization:
            case "AWS_IAM":
                steps.append(iam_step(stage, self))
            case "CUSTOM":
                steps.append(self.lambda_authorizer(self.authorizer(wire["authorizerId"])).check)
            case "COGNITO_USER_POOLS":
                authorizer = self.authorizer(wire["authorizerId"])
                steps.append(
                    CognitoAuthorizer(stage, authorizer, wire.get("authorizationScopes") or []).check
                )

    def _caches(self, settings: dict[str, Any]) -> bool:
        return bool(self.stage.wire.get("cacheClusterEnabled") and settings.get("cachingEnabled"))

    @staticmethod
    def _streams(wire: Wire) -> bool:
        return (wire.get("methodIntegration") or {}).get("responseTransferMode") == "STREAM"


class _Slot:
    """A method that compiles when it is first used."""

    __slots__ = ("_compiled", "_deployment", "_http_method", "_resource", "_wire")

    def __init__(self, deployment: Deployment, resource: Wire, http_method: str, wire: Wire) -> None:
        self._deployment = deployment
        self._resource = resource
        self._http_method = http_method
        self._wire = wire
        self._compiled: Method | None = None

    @property
    def method(self) -> Method:
        if self._compiled is None:
            self._compiled = self._deployment.compile(self._resource, self._http_method, self._wire)
        return self._compiled
