"""First-class integrations: an operation of a service, its parameters mapped from the request."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.errors import AwsError
from fogbank.core.http import Headers, Request, Response
from fogbank.gateway.records import Wire
from fogbank.model.call import Caller
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import Fault, internal_error, unavailable
from fogbank.services.apigatewayv2.execution.invoking import role_principal
from fogbank.services.apigatewayv2.execution.responses import ResponseParameters
from fogbank.services.apigatewayv2.execution.values import compile_value
from fogbank.services.apigatewayv2.subtypes import SUBTYPES

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage

#: Members whose name differs from the parameter's, by service.
_MEMBERS = {
    "stepfunctions": {
        "StateMachineArn": "stateMachineArn",
        "ExecutionArn": "executionArn",
        "Name": "name",
        "Input": "input",
        "TraceHeader": "traceHeader",
        "Cause": "cause",
        "Error": "error",
    }
}
DROPPED = frozenset({"content-length", "x-amzn-requestid", "date", "connection"})


class ServiceOperation:
    """One integration of one stage."""

    __slots__ = ("_principal", "_region", "_responses", "_sources", "_stage", "_subtype", "_timeout_s")

    def __init__(self, stage: HttpStage, integration: Wire) -> None:
        self._stage = stage
        self._subtype = SUBTYPES[integration["IntegrationSubtype"]]
        parameters = dict(integration.get("RequestParameters") or {})
        region = parameters.pop("Region", None)
        self._region = compile_value(region) if region else None
        self._sources = {name: compile_value(value) for name, value in parameters.items()}
        self._responses = ResponseParameters(integration.get("ResponseParameters"))
        self._timeout_s = integration["TimeoutInMillis"] / 1000
        try:
            self._principal = role_principal(
                integration["CredentialsArn"], stage.place, open_mode=stage.gateway.open_mode
            )
        except ValueError as error:
            raise internal_error(str(error)) from None

    async def run(self, x: Exchange) -> Response:
        gateway, place = self._stage.gateway, self._stage.place
        region = (self._region(x, None) if self._region is not None else None) or place.region
        caller = Caller(
            place.account,
            region,
            self._principal,
            gateway.ids.uuid(),
            x.request.peer,
            f"AmazonAPIGateway_{self._stage.api_id}",
            host=x.request.headers.get("host") or "",
        )
        started_s = gateway.clock.monotonic_s()
        params = self._params(x)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._send(params, caller)
        except TimeoutError:
            x.integration_error = "The service took too long"
            raise unavailable("timed out") from None
        finally:
            x.integration_latency_ms = int((gateway.clock.monotonic_s() - started_s) * 1000)
        x.integration_status, x.integration_request_id = answer.status, caller.request_id
        return self._responses.apply(x, answer)

    async def _send(self, params: dict[str, Any], caller: Caller) -> Response:
        """The operation in its service's own protocol: what the client gets is what the service would have answered."""
        gateway, service = self._stage.gateway, self._subtype.service
        operation = gateway.calls.find(service, self._subtype.operation)
        model = operation.service.model
        target = f"{model.metadata['targetPrefix']}.{operation.name}"
        content = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
        headers = Headers([("x-amz-target", target), ("content-type", content), ("host", caller.host)])
        request = Request("POST", "/", "/", "", headers, orjson.dumps(params), caller.source_ip)
        try:
            answer = await gateway.send_to_service(request, model.signing_name, caller)
        except AwsError as error:
            raise internal_error(f"{error.code}: {error.message}") from None
        kept = [line for line in answer.headers if line[0].lower() not in DROPPED]
        return Response(answer.status, kept, answer.body)

    def _params(self, x: Exchange) -> dict[str, Any]:
        """What the operation is called with. Raises Fault: a required one has no value, or it is not what it must be."""
        subtype = self._subtype
        names = _MEMBERS.get(subtype.service, {})
        params: dict[str, Any] = {}
        for name, source in self._sources.items():
            value = source(x, None)
            if value is None:
                if name in subtype.required:
                    raise Fault(
                        400, "Bad Request", kind="BAD_REQUEST_PARAMETERS", detail=f"{name} has no value"
                    )
                continue
            params[names.get(name, name)] = _typed(name, value, subtype)
        if subtype.operation == "PutEvents":
            if "Resources" in params and not isinstance(params["Resources"], list):
                params["Resources"] = [params["Resources"]]
            return {"Entries": [params]}
        return params


def _typed(name: str, value: str, subtype: Any) -> Any:
    try:
        if name in subtype.numbers:
            return int(value)
        if name in subtype.json:
            return orjson.loads(value)
        if name in subtype.blobs:
            return base64.b64encode(value.encode()).decode()
    except (ValueError, orjson.JSONDecodeError):
        message = f"{name} is not what it must be"
        raise Fault(400, "Bad Request", kind="BAD_REQUEST_PARAMETERS", detail=message) from None
    return value
