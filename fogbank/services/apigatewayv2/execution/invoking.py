"""Invoking the function that an integration or authorizer names."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.core.arn import parse_arn, partition_of
from fogbank.core.errors import AwsError
from fogbank.model.call import Caller
from fogbank.model.principal import Principal, PrincipalType
from fogbank.services.apigatewayv2.keys import Place

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.stage import Stage

SERVICE_NAME = "apigateway.amazonaws.com"
_FUNCTION = re.compile(r":lambda:path/+2015-03-31/functions/(.+?)/invocations/?$")
_VARIABLE = re.compile(r"\$\{stageVariables\.([\w.-]+)\}")


class InvokeError(Exception):
    """The function could not be invoked, or took too long (`timed_out`)."""

    def __init__(self, message: str, *, status: int = 500, timed_out: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Invoked:
    """What a function answered."""

    payload: bytes
    failed: bool
    request_id: str

    def error_message(self) -> str:
        try:
            return str(orjson.loads(self.payload).get("errorMessage") or "")
        except (orjson.JSONDecodeError, AttributeError):
            return ""


def with_variables(text: str, variables: dict[str, str]) -> str:
    """`${stageVariables.x}` filled in; what the stage lacks is left empty."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), text) if "${" in text else text


def function_of(uri: str) -> str | None:
    """The function's ARN: the URI itself, or what API Gateway's form of it holds."""
    found = _FUNCTION.search(uri)
    if found is not None:
        return found[1]
    return uri if ":lambda:" in uri and ":function:" in uri else None


def execute_api_arn(place: Place, api_id: str, rest: str) -> str:
    """What policies call a part of an API: `rest` is stage and route (`prod/GET/orders`), or an authorizer."""
    return f"arn:{partition_of(place.region)}:execute-api:{place.region}:{place.account}:{api_id}/{rest}"


def own_principal(place: Place) -> Principal:
    return Principal(PrincipalType.SERVICE, place.account, SERVICE_NAME, SERVICE_NAME)


def role_principal(role_arn: str, place: Place, *, open_mode: bool) -> Principal:
    """A session of the role that an integration or authorizer runs with. Raises ValueError."""
    role = parse_arn(role_arn)
    if role is None:
        raise ValueError(f"invalid credentials {role_arn}")
    name = role.resource.rpartition("/")[2]
    account = place.account if open_mode else role.account
    session = f"assumed-role/{name}/BackplaneAssumeRoleSession"
    return Principal(
        PrincipalType.ASSUMED_ROLE,
        account,
        f"arn:{role.partition}:sts::{account}:{session}",
        f"AROA{name}:BackplaneAssumeRoleSession",
        issuer_arn=role_arn,
        acts_as_root=open_mode,
    )


class Invoker:
    """Invokes what one URI names, as the gateway itself or with a role's session. Raises InvokeError, also when made."""

    __slots__ = ("_agent", "_principal", "_stage", "_timeout_s", "function")

    def __init__(
        self,
        stage: Stage,
        uri: str,
        credentials: str | None,
        timeout_ms: int,
    ) -> None:
        function = function_of(with_variables(uri, stage.variables))
        if function is None:
            raise InvokeError(f"Invalid endpoint address {uri}")
        self.function = function
        self._stage = stage
        self._timeout_s = timeout_ms / 1000
        self._agent = f"AmazonAPIGateway_{stage.api_id}"
        try:
            self._principal = (
                role_principal(credentials, stage.place, open_mode=stage.gateway.open_mode)
                if credentials
                else own_principal(stage.place)
            )
        except ValueError as error:
            raise InvokeError(str(error)) from None

    async def invoke(
        self, payload: bytes, source_ip: str, *, asynchronous: bool = False, source: str = ""
    ) -> Invoked:
        """`source` is the route or authorizer on whose behalf (`prod/GET/orders`). Raises InvokeError: the function is not there, not
        allowed, throttled, or takes too long."""
        gateway, place = self._stage.gateway, self._stage.place
        params: dict[str, Any] = {"FunctionName": self.function, "Payload": payload}
        if asynchronous:
            params["InvocationType"] = "Event"
        request_id = gateway.ids.uuid()
        caller = Caller(
            place.account,
            place.region,
            self._principal,
            request_id,
            source_ip,
            self._agent,
            source_arn=execute_api_arn(place, self._stage.api_id, source) if source else "",
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                output = await gateway.calls.run(gateway.invoke, params, caller)
        except TimeoutError:
            raise InvokeError("The function took too long", timed_out=True) from None
        except AwsError as error:
            raise InvokeError(f"{error.code}: {error.message}", status=error.status) from None
        return Invoked(output.get("Payload", b""), "FunctionError" in output, request_id)
