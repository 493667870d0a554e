"""One request on its way through a stage, and all that is known of it. What is costly is made when it is first wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fogbank.core.http import Request
from fogbank.gateway.forwarded import forwarded, sent_trace
from fogbank.gateway.mutual_tls import described
from fogbank.gateway.parameters import parse_query, spelled
from fogbank.gateway.stamps import request_time
from fogbank.model.principal import Principal

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.methods import Method
    from fogbank.services.apigateway.execution.stages import Stage


class Arrival:
    """By which address a request came in."""

    __slots__ = ("base_path", "domain_name", "domain_prefix", "full_path", "path", "shown_path", "vpce_id")

    def __init__(
        self,
        path: str,
        full_path: str,
        domain_name: str,
        domain_prefix: str,
        *,
        base_path: str | None = None,
        vpce_id: str | None = None,
    ) -> None:
        self.path = path  # below the stage, as it was sent
        # What functions see as `path`: under a custom domain name with the base path in front.
        self.shown_path = path if base_path is None else full_path
        self.full_path = full_path  # with the stage or base path in front: `$context.path`
        self.domain_name = domain_name
        self.domain_prefix = domain_prefix
        self.base_path = base_path  # of a custom domain; None elsewhere
        self.vpce_id = vpce_id


class Exchange:
    """See the module."""

    __slots__ = (
        "_context",
        "_headers",
        "_query",
        "api_key",
        "api_key_id",
        "arrival",
        "authorizer",
        "authorizer_status",
        "backend_headers",
        "body_text",
        "cache_bypassed",
        "canary",
        "error",
        "extended_id",
        "integration_error",
        "integration_latency_ms",
        "integration_request_id",
        "integration_status",
        "log",
        "method",
        "path_parameters",
        "policy",
        "principal",
        "principal_id",
        "request",
        "request_id",
        "response_bytes",
        "response_headers",
        "stage",
        "started_ms",
        "started_s",
        "status",
        "test",
        "trace_id",
        "variables",
    )

    def __init__(
        self, request: Request, request_id: str, arrival: Arrival, stage: Stage, now_ms: int
    ) -> None:
        self.request = request
        self.request_id = request_id
        self.arrival = arrival
        self.stage = stage
        self.started_ms = now_ms
        self.started_s = 0.0
        self.extended_id = ""
        self.method: Method | None = None
        self.path_parameters: dict[str, str] = {}
        self.canary = False
        self.variables: dict[str, str] = stage.variables
        self.trace_id = ""
        self.authorizer: dict[str, Any] | None = None  # the context that an authorizer gave
        self.authorizer_status: int | None = None
        self.policy: Any = None
        self.principal: Principal | None = None
        self.principal_id: str | None = None
        self.api_key: str | None = None
        self.api_key_id: str | None = None
        self.status = 0
        self.response_bytes = 0
        self.error: Any = None  # the Fault that ended it
        self.integration_status: int | None = None
        self.integration_latency_ms: int | None = None
        self.integration_error: str | None = None
        self.integration_request_id: str | None = None
        self.response_headers: list[tuple[str, str]] = []  # added to whatever answer
        self.backend_headers: Mapping[str, str] = {}
        self.cache_bypassed = False
        self.log: list[str] | None = None  # the lines of the execution log, where one is kept
        self.test = False  # TestInvokeMethod
        self.body_text: str | None = None
        self._query: dict[str, list[str]] | None = None
        self._headers: dict[str, list[str]] | None = None
        self._context: dict[str, Any] | None = None

    # --- parameters -------------------------------------------------------------------------------------------------

    @property
    def query(self) -> dict[str, list[str]]:
        if self._query is None:
            self._query = parse_query(self.request.query)
        return self._query

    @property
    def headers(self) -> dict[str, list[str]]:
        """Headers of the client and those that the front end adds, under the names that backends see."""
        if self._headers is None:
            if self.test:
                items = self.request.headers.items
                names = [self.request.headers.spelling(index) for index in range(len(items))]
                self._headers = {name: self.request.headers.all(name.lower()) for name in names}
            else:
                self._headers = self._with_forwarded(spelled(self.request.headers))
        return self._headers

    def _with_forwarded(self, found: dict[str, list[str]]) -> dict[str, list[str]]:
        via, port, scheme = forwarded(self.request)
        found["X-Forwarded-For"] = [via]
        found["X-Forwarded-Port"] = [port]
        found["X-Forwarded-Proto"] = [scheme]
        found["X-Amzn-Trace-Id"] = [self.trace_header]
        if self.stage.edge_optimized:
            self.stage.cloudfront.request_headers(found, self, secure=self.request.secure)
        return found

    @property
    def trace_header(self) -> str:
        """The client's trace when it brings one, else one of our own."""
        if not self.trace_id:
            self.trace_id = sent_trace(self.request) or self._own_trace()
        return self.trace_id

    def _own_trace(self) -> str:
        ids = self.stage.gateway.ids
        trace = ids.trace(self.started_ms)
        return f"{trace};Parent={ids.hex(16)};Sampled=1" if self.stage.tracing else trace

    def header(self, name: str) -> str | None:
        """The last value of a header, whatever its case."""
        lower = name.lower()
        values = self.request.headers.all(lower)
        if values:
            return values[-1]
        for key, found in self.headers.items():
            if key.lower() == lower:
                return found[-1]
        return None

    @property
    def decoded_path_parameters(self) -> dict[str, str]:
        """As mappings see them. Proxies get them as they were sent (an AWS recording); AWS's documentation says that mapped
        parameters are decoded."""
        found = self.path_parameters
        if any("%" in value for value in found.values()):
            return {name: unquote(value) for name, value in found.items()}
        return found

    def parameter(self, name: str) -> str | None:
        """What `$input.params(name)` gives: from the path, else the query string, else a header."""
        if name in self.path_parameters:
            return self.decoded_path_parameters[name]
        if (values := self.query.get(name)) is not None:
            return values[-1]
        found = self.request.headers.all(name.lower())
        return ",".join(found) if found else self.header(name)

    def template_parameters(self) -> dict[str, dict[str, str]]:
        """What `$input.params()` gives: one value for each name."""
        return {
            "path": self.decoded_path_parameters,
            "querystring": {name: values[-1] for name, values in self.query.items()},
            "header": {name: ",".join(values) for name, values in self.headers.items()},
        }

    # --- $context ---------------------------------------------------------------------------------------------------

    @property
    def context(self) -> dict[str, Any]:
        """`$context`, as templates may write to it. Made once; what changes later is put in by `refresh_context`."""
        if self._context is None:
            self._context = self._make_context()
        return self._context

    def authorized(self) -> None:
        """Who calls is known now: a context that was wanted before (by an identity source, say) shall know it too."""
        if self._context is not None:
            self._context["identity"] = self.identity()
            if self.authorizer is not None:
                self._context["authorizer"] = self.authorizer

    @property
    def overrides(self) -> dict[str, Any] | None:
        """`$context` when some template has seen it."""
        return self._context

    def _make_context(self) -> dict[str, Any]:
        stage, method, arrival = self.stage, self.method, self.arrival
        context: dict[str, Any] = {
            "resourceId": method.resource_id if method else "",
            "resourcePath": method.resource_path if method else "",
            "httpMethod": self.request.method,
            "extendedRequestId": self.extended_id,
            "requestTime": request_time(self.started_ms),
            "path": arrival.full_path,
            "accountId": stage.place.account,
            "protocol": "HTTP/1.1",
            "requestOverride": {"path": {}, "header": {}, "querystring": {}},
            "stage": stage.name,
            "domainPrefix": arrival.domain_prefix,
            "requestTimeEpoch": self.started_ms,
            "requestId": self.request_id,
            "identity": self.identity(),
            "domainName": arrival.domain_name,
            "deploymentId": stage.deployment_of(self.canary),
            "responseOverride": {"header": {}},
            "apiId": stage.api_id,
        }
        if stage.canary is not None:
            context["isCanaryRequest"] = self.canary
        if self.authorizer is not None:
            context["authorizer"] = self.authorizer
        if stage.tracing:
            context["xrayTraceId"] = self.trace_header.removeprefix("Root=").partition(";")[0]
        if arrival.base_path is not None:
            context["customDomain"] = {"basePathMatched": arrival.base_path}
        return context

    def identity(self) -> dict[str, Any]:
        """`$context.identity`, and `requestContext.identity` of proxy events."""
        principal = self.principal
        found: dict[str, Any] = {
            "cognitoIdentityPoolId": None,
            "accountId": principal.account if principal else None,
            "cognitoIdentityId": None,
            "caller": principal.user_id if principal else None,
            "sourceIp": self.request.peer,
            "principalOrgId": None,
            "accessKey": principal.access_key_id or None if principal else None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": principal.arn if principal else None,
            "userAgent": self.request.headers.get("user-agent"),
            "user": principal.user_id if principal else None,
        }
        if self.api_key is not None:
            found["apiKey"] = self.api_key
            found["apiKeyId"] = self.api_key_id
        if self.request.certificate is not None:
            found["clientCert"] = described(self.request.certificate)
        if self.arrival.vpce_id is not None:
            found["vpceId"] = self.arrival.vpce_id
        if self.test:
            found |= {"sourceIp": "test-invoke-source-ip", "userAgent": "aws-internal/3"}
        return found
