"""One request to an HTTP API, and all that is known of it. What is costly is made when it is first wanted."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from fogbank.core.http import Request
from fogbank.gateway.forwarded import forwarded, sent_trace
from fogbank.gateway.mutual_tls import described
from fogbank.gateway.parameters import media_type, parse_query, spelled
from fogbank.gateway.stamps import request_time
from fogbank.model.principal import Principal
from fogbank.services.apigatewayv2.execution.faults import Fault

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage, Route

#: What is handed to functions as text; anything else as base-64. AWS's list, as far as it is known.
_TEXTS = frozenset(
    {
        "application/graphql", "application/javascript", "application/json", "application/xml",
        "application/x-ndjson", "application/yaml",
    }
)  # fmt: skip


class Arrival:
    """By which address a request came in."""

    __slots__ = ("domain_name", "domain_prefix", "full_path", "mapping", "path", "raw_path")

    def __init__(
        self,
        path: str,
        raw_path: str,
        full_path: str,
        domain_name: str,
        domain_prefix: str,
        mapping: str | None = None,
    ) -> None:
        self.path = path  # below the stage: what routes are found by
        self.raw_path = raw_path  # with the stage in front, unless that is `$default`
        self.full_path = full_path  # as it was sent: with the API mapping of a custom domain name
        self.domain_name = domain_name
        self.domain_prefix = domain_prefix
        self.mapping = mapping  # the API mapping key of a custom domain name; None elsewhere


class Exchange:
    """See the module."""

    __slots__ = (
        "_context",
        "_json",
        "_query",
        "arrival",
        "authorizer",
        "authorizer_error",
        "error",
        "integration_error",
        "integration_latency_ms",
        "integration_request_id",
        "integration_status",
        "parameters",
        "principal",
        "request",
        "request_id",
        "response_bytes",
        "route",
        "stage",
        "started_ms",
        "started_s",
        "status",
        "trace_id",
    )

    def __init__(self, request: Request, arrival: Arrival, stage: HttpStage) -> None:
        gateway = stage.gateway
        self.request = request
        self.arrival = arrival
        self.stage = stage
        self.request_id = gateway.request_id()
        self.started_ms = gateway.clock.now_ms()
        self.started_s = gateway.clock.monotonic_s()
        self.route: Route | None = None
        self.parameters: dict[str, str] = {}
        self.authorizer: dict[str, Any] | None = None  # by kind: jwt, lambda, iam
        self.authorizer_error: str | None = None
        self.principal: Principal | None = None
        self.status = 0
        self.response_bytes = 0
        self.error: Fault | None = None
        self.integration_status: int | None = None
        self.integration_latency_ms: int | None = None
        self.integration_error: str | None = None
        self.integration_request_id: str | None = None
        self.trace_id = ""
        self._query: dict[str, list[str]] | None = None
        self._json: Any = None
        self._context: dict[str, Any] | None = None

    def source(self) -> str:
        """Stage and route, as policies name it: `prod/GET/orders/{id}`, `prod/$default`."""
        key = self.route.key if self.route is not None else "$default"
        _, separator, path = key.partition(" ")
        return f"{self.stage.name}/{self.request.method}{path}" if separator else f"{self.stage.name}/{key}"

    @property
    def query(self) -> dict[str, list[str]]:
        if self._query is None:
            self._query = parse_query(self.request.query)
        return self._query

    @property
    def trace_header(self) -> str:
        """The client's trace when it brings one, else one of our own."""
        if not self.trace_id:
            self.trace_id = sent_trace(self.request) or self.stage.gateway.ids.trace(self.started_ms)
        return self.trace_id

    def forwarded(self) -> list[tuple[str, str]]:
        """The headers that the front end sets, with their names in lower case."""
        via, port, scheme = forwarded(self.request)
        return [
            ("x-amzn-trace-id", self.trace_header),
            ("x-forwarded-for", via),
            ("x-forwarded-port", port),
            ("x-forwarded-proto", scheme),
        ]

    def plain_headers(self) -> tuple[dict[str, str], list[str] | None]:
        """(headers in lower case, repeats joined by commas; cookies), as payload format 2.0 has them."""
        found: dict[str, str] = {}
        cookies: list[str] | None = None
        for name, value in self.request.headers.items:
            if name == "cookie":
                cookies = (cookies or []) + [each.strip() for each in value.split(";")]
            elif name in found:
                found[name] += f",{value}"
            elif name not in _HOPS:
                found[name] = value
        found["content-length"] = str(len(self.request.body))
        for name, value in self.forwarded():
            found[name] = value
        return found, cookies

    def multi_headers(self) -> dict[str, list[str]]:
        """Headers under the names that backends see, as payload format 1.0 has them."""
        found = spelled(self.request.headers)
        found["Content-Length"] = [str(len(self.request.body))]
        for name, value in self.forwarded():
            found[_SPELLED[name]] = [value]
        return found

    def event_body(self) -> tuple[str | None, bool]:
        """(body as a function gets it, whether that is base-64)."""
        body = self.request.body
        if not body:
            return None, False
        kind = media_type(self.request.headers.get("content-type"))
        if not kind or kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml")):
            try:
                return body.decode(), False
            except UnicodeDecodeError:
                pass
        return base64.b64encode(body).decode(), True

    # --- $context ---------------------------------------------------------------------------------------------------

    def context(self) -> dict[str, Any]:
        """`$context` of parameter mappings and access logs, as it is now."""
        stage, arrival, request = self.stage, self.arrival, self.request
        found: dict[str, Any] = {
            "accountId": stage.place.account,
            "apiId": stage.api_id,
            "domainName": arrival.domain_name,
            "domainPrefix": arrival.domain_prefix,
            "extendedRequestId": self.request_id,
            "httpMethod": request.method,
            "identity": self.identity(),
            "path": arrival.full_path,
            "protocol": "HTTP/1.1",
            "requestId": self.request_id,
            "requestTime": request_time(self.started_ms),
            "requestTimeEpoch": self.started_ms,
            "routeKey": self.route.key if self.route is not None else None,
            "stage": stage.name,
            "authorizer": self.authorizer_context(),
        }
        if arrival.mapping is not None:
            found["customDomain"] = {"basePathMatched": arrival.mapping or "(none)"}
        return found

    def authorizer_context(self) -> dict[str, Any]:
        """`$context.authorizer`: a function's context, or a token's claims below `claims`."""
        found: dict[str, Any] = {}
        if self.authorizer is not None:
            if "jwt" in self.authorizer:
                found["claims"] = self.authorizer["jwt"]["claims"]
            elif "lambda" in self.authorizer:
                found |= self.authorizer["lambda"] or {}
        if self.authorizer_error is not None:
            found["error"] = self.authorizer_error
        return found

    def identity(self) -> dict[str, Any]:
        """`requestContext.identity` of payload format 1.0, and `$context.identity`."""
        who = self.principal
        shown = self.request.certificate
        return {
            **({} if shown is None else {"clientCert": described(shown)}),
            "accessKey": who.access_key_id or None if who else None,
            "accountId": who.account if who else None,
            "caller": who.user_id if who else None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": self.request.peer,
            "user": who.user_id if who else None,
            "userAgent": self.request.headers.get("user-agent"),
            "userArn": who.arn if who else None,
        }


_HOPS = frozenset(
    {
        "connection", "expect", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_SPELLED = {
    "x-amzn-trace-id": "X-Amzn-Trace-Id",
    "x-forwarded-for": "X-Forwarded-For",
    "x-forwarded-port": "X-Forwarded-Port",
    "x-forwarded-proto": "X-Forwarded-Proto",
}
