"""REQUEST authorizers of `$connect`: asked once for each connection, nothing is cached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.gateway.records import Wire
from fogbank.policies.documents import Asked, Decision, Policy, PolicyError
from fogbank.services.apigatewayv2.execution.iam import INVOKE
from fogbank.services.apigatewayv2.execution.invoking import InvokeError, Invoker
from fogbank.services.apigatewayv2.execution.websocket import events
from fogbank.services.apigatewayv2.execution.websocket.exchange import SocketExchange
from fogbank.services.apigatewayv2.execution.websocket.integrations import IntegrationFailed
from fogbank.services.apigatewayv2.execution.websocket.selection import source

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.websocket.stage import SocketStage

TIMEOUT_MS = 29_000


class Refused(Exception):
    """The connection is not to be: an HTTP answer instead of the handshake's."""

    def __init__(self, status: int, message: str, detail: str = "") -> None:
        super().__init__(f"{status} {message}: {detail}")
        self.status = status
        self.message = message
        self.detail = detail


class SocketAuthorizer:
    """One authorizer of one stage."""

    def __init__(self, stage: SocketStage, wire: Wire) -> None:
        self._stage = stage
        self._id: str = wire["AuthorizerId"]
        self._sources = [source(each) for each in wire.get("IdentitySource") or []]
        try:
            self._invoker = Invoker(
                stage, wire["AuthorizerUri"], wire.get("AuthorizerCredentialsArn"), TIMEOUT_MS
            )
        except InvokeError as error:
            raise IntegrationFailed(str(error)) from None

    async def check(self, x: SocketExchange) -> None:
        """Let pass, or raise Refused."""
        x.note(f"Starting authorizer for request: {x.request_id}")
        if any(not each(x) for each in self._sources):
            raise Refused(401, "Unauthorized", "an identity source has no value")
        arn = self._stage.arn("$connect")
        event: dict[str, Any] = {"type": "REQUEST", "methodArn": arn}
        event |= events.request_members(x.connection.request)
        event.setdefault("queryStringParameters", {})
        event.setdefault("multiValueQueryStringParameters", {})
        event["stageVariables"] = self._stage.variables
        event["requestContext"] = x.context()
        try:
            invoked = await self._invoker.invoke(
                orjson.dumps(event), x.connection.request.peer, source=f"authorizers/{self._id}"
            )
        except InvokeError as error:
            raise Refused(500, "Internal server error", str(error)) from None
        if invoked.failed:
            if invoked.error_message() == "Unauthorized":
                raise Refused(401, "Unauthorized")
            raise Refused(500, "Internal server error", "the authorizer failed")
        self._judge(x, invoked.payload, arn)

    @staticmethod
    def _judge(x: SocketExchange, payload: bytes, arn: str) -> None:
        try:
            answer = orjson.loads(payload)
            policy = Policy(answer["policyDocument"])
            principal_id = str(answer["principalId"])
            context = answer.get("context") or {}
            if not isinstance(context, dict):
                raise TypeError("context is no object")
        except (orjson.JSONDecodeError, PolicyError, KeyError, TypeError) as error:
            raise Refused(500, "Internal server error", f"the authorizer's answer: {error}") from None
        keys = {"aws:sourceip": [x.connection.request.peer]}
        if policy.decide(Asked(INVOKE, arn, keys)) is not Decision.ALLOW:
            raise Refused(403, "User is not authorized to access this resource")
        usage_key = answer.get("usageIdentifierKey")
        x.connection.usage_key = usage_key if isinstance(usage_key, str) else None
        x.connection.authorizer = {
            name: ("true" if value else "false") if isinstance(value, bool) else value
            for name, value in context.items()
        } | {"principalId": principal_id}
