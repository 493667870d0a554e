"""Finding and invoking the function that a URI names, for integrations and authorizers alike."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.arn import parse_arn
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, integration_failure, misconfigured
from fogbank.services.apigateway.execution.mapping import with_variables

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

_FUNCTION = re.compile(
    r":lambda:path/+2015-03-31/functions/(.+)/invocations/?$|:lambda:path/+(arn:.+)/invocations/?$"
)
_STREAMED = re.compile(r":lambda:path/+2021-11-15/functions/(.+)/response-streaming-invocations/?$")


def function_of(uri: str) -> str | None:
    """The function's ARN in `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`."""
    found = _FUNCTION.search(uri) or _STREAMED.search(uri)
    return None if found is None else next(group for group in found.groups() if group)


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a function answered."""

    payload: bytes
    failed: bool
    status: int = 200
    version: str = "$LATEST"

    def error_message(self) -> str:
        """`errorMessage` of a failed invocation."""
        try:
            return str(orjson.loads(self.payload).get("errorMessage") or "")
        except (orjson.JSONDecodeError, AttributeError):
            return ""


def role_principal(role_arn: str, stage: Stage) -> Principal:
    """A session of the role that an integration or authorizer runs with."""
    role = parse_arn(role_arn)
    if role is None:
        raise misconfigured(f"Invalid credentials {role_arn}")
    name = role.resource.rpartition("/")[2]
    account = stage.place.account if stage.gateway.open_mode else role.account
    session = f"assumed-role/{name}/BackplaneAssumeRoleSession"
    return Principal(
        PrincipalType.ASSUMED_ROLE,
        account,
        f"arn:{role.partition}:sts::{account}:{session}",
        f"AROA{name}:BackplaneAssumeRoleSession",
        issuer_arn=role_arn,
        acts_as_root=stage.gateway.open_mode,
    )


def caller_of(x: Exchange, principal: Principal, source_arn: str = "") -> Caller:
    stage = x.stage
    return Caller(
        stage.place.account,
        stage.place.region,
        principal,
        stage.gateway.ids.uuid(),
        x.request.peer,
        f"AmazonAPIGateway_{stage.api_id}",
        source_arn=source_arn,
    )


def source_of(x: Exchange) -> str:
    """The method on whose behalf the gateway calls, as policies of functions name it: the resource's path, not the request's."""
    stage, place = x.stage, x.stage.place
    path = x.method.resource_path if x.method is not None else "/"
    return (
        f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{stage.api_id}/{stage.name}/"
        f"{x.request.method}{path}"
    )


class Invoker:
    """Invokes what one URI names, as the gateway itself or with a role's session."""

    __slots__ = ("_authorizer_id", "_function", "_principal", "_stage", "_timeout_s", "_uri")

    def __init__(
        self, stage: Stage, uri: str, credentials: str | None, timeout_ms: int, *, authorizer_id: str = ""
    ) -> None:
        self._authorizer_id = authorizer_id
        self._stage = stage
        self._uri = uri
        self._timeout_s = timeout_ms / 1000
        self._function = None if "${" in uri else function_of(uri)
        if "${" not in uri and self._function is None:
            raise misconfigured(f"Invalid endpoint address {uri}")
        # A caller's own identity (`arn:aws:iam::*:user/*`) is known only with the request.
        self._principal: Principal | None = stage.own_principal
        if credentials and credentials.endswith(":user/*"):
            self._principal = None
        elif credentials:
            self._principal = role_principal(credentials, stage)

    def function(self, x: Exchange) -> str:
        """The function's ARN, stage variables filled in. Raises Fault."""
        if self._function is not None:
            return self._function
        name = function_of(with_variables(self._uri, x.variables))
        if name is None:
            raise misconfigured(f"Invalid endpoint address {self._uri}")
        return name

    async def invoke(
        self, x: Exchange, payload: bytes, *, invocation_type: str = "RequestResponse"
    ) -> Invoked:
        """Raises Fault: the function is not there, not allowed, throttled, or takes too long."""
        params: dict[str, Any] = {"FunctionName": self.function(x), "Payload": payload}
        if invocation_type != "RequestResponse":
            params["InvocationType"] = invocation_type
        gateway = self._stage.gateway
        caller = self._caller(x)
        try:
            async with asyncio.timeout(self._timeout_s):
                output = await gateway.calls.run(gateway.invoke, params, caller)
        except TimeoutError:
            raise Fault("INTEGRATION_TIMEOUT", detail="Execution failed due to a timeout error") from None
        except AwsError as error:
            if error.code == "InvalidRequestContentException":
                x.integration_error, x.integration_status = error.message, error.status
                return Invoked(orjson.dumps({"Type": "User", "message": error.message}), False, 400)
            raise _refused(x, error) from None
        return Invoked(
            output.get("Payload", b""),
            "FunctionError" in output,
            output.get("StatusCode", 200),
            output.get("ExecutedVersion", "$LATEST"),
        )

    async def stream(self, x: Exchange, payload: bytes) -> AsyncIterator[dict[str, Any]]:
        """The events of InvokeWithResponseStream, once the function has begun to answer. The caller bounds the time. Raises Fault."""
        gateway = self._stage.gateway
        params = {"FunctionName": self.function(x), "Payload": payload}
        try:
            output = await gateway.calls.run(gateway.invoke_with_response_stream, params, self._caller(x))
        except AwsError as error:
            raise _refused(x, error) from None
        events: AsyncIterator[dict[str, Any]] = output["EventStream"]
        return events

    def _caller(self, x: Exchange) -> Caller:
        principal = self._principal or x.principal
        if principal is None:
            raise integration_failure("the caller's credentials are needed and there are none")
        source_arn = ""
        if not self._stage.gateway.open_mode:  # nobody asks for it there
            source_arn = self._source_arn(x)
        caller = caller_of(x, principal, source_arn)
        x.integration_request_id = caller.request_id
        return caller

    def _source_arn(self, x: Exchange) -> str:
        place = self._stage.place
        if not self._authorizer_id:
            return source_of(x)
        api = f"arn:{place.partition}:execute-api:{place.region}:{place.account}:{self._stage.api_id}"
        return f"{api}/authorizers/{self._authorizer_id}"


def _refused(x: Exchange, error: AwsError) -> Fault:
    """Lambda did not run the function."""
    x.integration_error = error.message
    x.integration_status = error.status
    if error.code == "RequestTooLargeException":
        return Fault("REQUEST_TOO_LARGE", detail=error.message)
    return integration_failure(
        f"Lambda invocation failed with status: {error.status}. Lambda request id: {x.integration_request_id} "
        f"({error.code}: {error.message})"
    )
