"""AWS: any service that fogbank has, by `arn:aws:apigateway:REGION:SERVICE:action/ACTION` or `…:path/PATH`.

The request is made as API Gateway makes it, an HTTP request that the service's own protocol reads; so every operation there is
can be reached, and what a template gets wrong is answered as the service answers it.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import orjson

from fogbank.core.http import Headers, Request, Response
from fogbank.gateway.parameters import MediaTypes
from fogbank.services.apigateway.execution.bodies import RequestBody
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, integration_failure, misconfigured
from fogbank.services.apigateway.execution.integrations.functions import caller_of, role_principal
from fogbank.services.apigateway.execution.mapping import (
    Answer,
    RequestParameters,
    evaluate,
    with_variables,
)
from fogbank.services.apigateway.execution.responses import IntegrationResponses, answer_client
from fogbank.services.apigateway.execution.xml import json_of_xml

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

_URI = re.compile(r"arn:[^:]+:apigateway:([^:]+):((?:[^:.]+\.)?[^:]+):(action|path)/(.*)", re.DOTALL)
_PLACE = re.compile(r"\{([\w.+-]+)\}")
_SAFE_IN_PATH = "/~:@!$&'()*+,;=-._"
#: JSON services by the name that URIs call them, with their target prefix and version.
_TARGETS = {
    "dynamodb": ("DynamoDB_20120810", "1.0"),
    "events": ("AWSEvents", "1.1"),
    "kinesis": ("Kinesis_20131202", "1.1"),
    "firehose": ("Firehose_20150804", "1.1"),
    "states": ("AWSStepFunctions", "1.0"),
    "ssm": ("AmazonSSM", "1.1"),
    "logs": ("Logs_20140328", "1.1"),
    "kms": ("TrentService", "1.1"),
    "secretsmanager": ("secretsmanager", "1.1"),
    "cognito-idp": ("AWSCognitoIdentityProviderService", "1.1"),
}
FORM = "application/x-www-form-urlencoded"


class AwsService:
    """One method's AWS integration."""

    def __init__(self, stage: Stage, method: dict[str, Any], binary: MediaTypes) -> None:
        integration = method["methodIntegration"]
        self._stage = stage
        self._uri: str = integration.get("uri") or ""
        self._method: str = integration.get("httpMethod") or "ANY"
        self._timeout_s = stage.timeout_ms(integration) / 1000
        self._parameters = RequestParameters(integration.get("requestParameters") or {})
        self._body = RequestBody(integration, binary)
        self._responses = IntegrationResponses(method)
        self._binary = binary
        credentials = integration.get("credentials")
        self._callers_own = bool(credentials) and credentials.endswith(":user/*")
        self._principal = (
            role_principal(credentials, stage)
            if credentials and not self._callers_own
            else stage.own_principal
        )

    async def run(self, x: Exchange) -> Response:
        body = self._body.make(x)
        found = _URI.fullmatch(with_variables(self._uri, x.variables))
        if found is None:
            raise misconfigured(f"Invalid endpoint address {self._uri}")
        region, service, kind, rest = found.groups()
        subdomain, _, service = service.rpartition(".")
        request = self._request(x, service, kind, rest, body, subdomain, region)
        principal = x.principal if self._callers_own else self._principal
        if principal is None:
            raise integration_failure("the caller's credentials are needed and there are none")
        caller = caller_of(x, principal)
        x.integration_request_id = caller.request_id
        if x.log is not None:
            x.log.append(f"Endpoint request URI: https://{service}.{region}.amazonaws.com{request.target}")
            x.log.append(f"Endpoint request body after transformations: {body.decode('utf-8', 'replace')}")
        answer = await self._send(x, request, service, caller)
        x.integration_status = answer.status
        if x.log is not None:
            x.log.append(
                f"Received response. Status: {answer.status}, Integration latency: {x.integration_latency_ms} ms"
            )
            x.log.append(
                f"Endpoint response body before transformations: {answer.body.decode('utf-8', 'replace')}"
            )
        chosen = self._responses.select(str(answer.status))
        return answer_client(x, chosen, answer, self._binary, traced=True)

    def _request(
        self, x: Exchange, service: str, kind: str, rest: str, body: bytes, subdomain: str, region: str
    ) -> Request:
        """The service's request."""
        headers = {
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": f"AmazonAPIGateway_{self._stage.api_id}",
            "x-amzn-apigateway-api-id": self._stage.api_id,
        }
        mapped = evaluate(self._parameters.headers, x)
        if x.overrides is not None:
            mapped |= _override(x, "header")
        headers |= {name.lower(): values[-1] for name, values in mapped.items()}
        queries = evaluate(self._parameters.queries, x)
        if x.overrides is not None:
            queries |= _override(x, "querystring")
        query = "&".join(
            f"{quote_plus(name)}={quote_plus(value)}" for name, values in queries.items() for value in values
        )
        path, method = "/", x.request.method if self._method == "ANY" else self._method
        if kind == "path":
            path, _, own_query = self._path(x, rest).partition("?")
            query = "&".join(part for part in (own_query, query) if part)
        elif service in _TARGETS:
            prefix, version = _TARGETS[service]
            headers.setdefault("x-amz-target", f"{prefix}.{rest}")
            if "Content-Type" not in mapped and "content-type" not in mapped:
                headers["content-type"] = f"application/x-amz-json-{version}"
            method = "POST"
        else:
            action, _, own_query = rest.partition("&")
            query = "&".join(part for part in (f"Action={action}", own_query, query) if part)
        headers["host"] = f"{subdomain + '.' if subdomain else ''}{service}.{region}.amazonaws.com"
        target = f"{path}?{query}" if query else path
        return Request(
            method, target, path, query, Headers(list(headers.items())), body, x.request.peer, True
        )

    def _path(self, x: Exchange, rest: str) -> str:
        given = evaluate(self._parameters.paths, x)
        if x.overrides is not None:
            given |= _override(x, "path")

        def fill(found: re.Match[str]) -> str:
            values = given.get(found[1])
            return found[0] if values is None else quote(values[-1], safe=_SAFE_IN_PATH)

        return "/" + _PLACE.sub(fill, rest).lstrip("/")

    async def _send(self, x: Exchange, request: Request, service: str, caller: Any) -> Answer:
        gateway = self._stage.gateway
        started = gateway.clock.monotonic_s()
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await gateway.send_to_service(request, service, caller)
                body = response.body
                if not isinstance(body, bytes):
                    body = b"".join([chunk async for chunk in body])
        except TimeoutError:
            raise Fault("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from None
        finally:
            x.integration_latency_ms = int((gateway.clock.monotonic_s() - started) * 1000)
        return _as_json(Answer(response.status, response.headers, body), request, service)


def _as_json(answer: Answer, request: Request, service: str) -> Answer:
    """Query services answer API Gateway in JSON, unless it asks for XML; the same members, `SendMessageResponse` on top."""
    content_type = answer.header("content-type") or ""
    wants_xml = "xml" in (request.headers.get("accept") or "")
    if service == "s3" or wants_xml or "xml" not in content_type or not answer.body:
        return answer
    converted = json_of_xml(answer.body)
    if converted is None:
        return answer
    headers = [item for item in answer.headers if item[0].lower() != "content-type"]
    return Answer(answer.status, [*headers, ("Content-Type", "application/json")], orjson.dumps(converted))


def _override(x: Exchange, place: str) -> dict[str, list[str]]:
    override = x.context.get("requestOverride")
    given = override.get(place) if isinstance(override, dict) else None
    return {name: [str(value)] for name, value in given.items()} if isinstance(given, dict) else {}
