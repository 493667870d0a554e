"""Lambda authorizers of HTTP APIs: payload formats 1.0 and 2.0, simple answers and IAM policies, cached by identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.gateway.expiring import Expiring
from fogbank.gateway.records import Wire
from fogbank.policies.documents import Asked, Decision, Policy, PolicyError
from fogbank.services.apigatewayv2.execution import payloads
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import forbidden, internal_error, unauthorized
from fogbank.services.apigatewayv2.execution.iam import INVOKE, route_arn
from fogbank.services.apigatewayv2.execution.invoking import InvokeError, Invoker
from fogbank.services.apigatewayv2.execution.values import compile_value

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage

TIMEOUT_MS = 10_000  # AWS: an authorizer of an HTTP API has 10 seconds


class Verdict:
    """What an authorizer said. Raises ValueError for what is no answer."""

    __slots__ = ("allows", "context", "policy")

    def __init__(self, answer: Any, *, simple: bool) -> None:
        if not isinstance(answer, dict):
            raise ValueError("the authorizer's answer is no object")
        context = answer.get("context")
        if context is not None and not isinstance(context, dict):
            raise ValueError("context is no object")
        self.context: dict[str, Any] | None = context
        self.allows: bool | None = None
        self.policy: Policy | None = None
        if simple:
            if not isinstance(answer.get("isAuthorized"), bool):
                raise ValueError("isAuthorized is no truth value")
            self.allows = answer["isAuthorized"]
            return
        try:
            self.policy = Policy(answer.get("policyDocument"))
        except PolicyError as error:
            raise ValueError(str(error)) from None
        if not isinstance(answer.get("principalId"), str | int):
            raise ValueError("there is no principalId")
        self.context = {**(context or {}), "principalId": str(answer["principalId"])}


class LambdaAuthorizer:
    """One authorizer of one stage."""

    def __init__(self, stage: HttpStage, wire: Wire, results: Expiring[Verdict]) -> None:
        self._stage = stage
        self._wire = wire
        self._results = results
        self._simple = bool(wire.get("EnableSimpleResponses"))
        self._ttl_s: int = wire.get("AuthorizerResultTtlInSeconds", 0)
        self._sources = [compile_value(source) for source in wire.get("IdentitySource") or []]
        try:
            self._invoker = Invoker(
                stage, wire["AuthorizerUri"], wire.get("AuthorizerCredentialsArn"), TIMEOUT_MS
            )
        except InvokeError as error:
            raise internal_error(str(error), "AUTHORIZER_CONFIGURATION_ERROR") from None

    async def check(self, x: Exchange) -> None:
        """Let pass, or raise a Fault."""
        identity: list[str] = []
        for source in self._sources:
            value = source(x, None)
            if not value:
                raise unauthorized(detail="an identity source has no value")
            identity.append(value)
        now_s = self._stage.gateway.clock.monotonic_s()
        cached = self._ttl_s > 0 and bool(identity)
        # A cached verdict holds for every route of the API, unless `$context.routeKey` is among its sources.
        verdict = self._results.get(tuple(identity), now_s) if cached else None
        if verdict is None:
            verdict = await self._ask(x, identity)
            if cached:
                self._results.put(tuple(identity), verdict, now_s + self._ttl_s)
        allows = verdict.allows
        if verdict.policy is not None:
            asked = Asked(INVOKE, route_arn(x), {"aws:sourceip": [x.request.peer]})
            allows = verdict.policy.decide(asked) is Decision.ALLOW
        if not allows:
            raise forbidden(detail="the authorizer denies it")
        x.authorizer = {"lambda": verdict.context}

    async def _ask(self, x: Exchange, identity: list[str]) -> Verdict:
        event = self._event(x, identity)
        try:
            invoked = await self._invoker.invoke(
                orjson.dumps(event), x.request.peer, source=f"authorizers/{self._wire['AuthorizerId']}"
            )
        except InvokeError as error:
            x.authorizer_error = str(error)
            raise internal_error(str(error), "AUTHORIZER_FAILURE") from None
        if invoked.failed:
            x.authorizer_error = invoked.error_message()
            if x.authorizer_error == "Unauthorized":
                raise unauthorized(detail="the authorizer says so")
            raise internal_error("the authorizer failed", "AUTHORIZER_FAILURE")
        try:
            return Verdict(orjson.loads(invoked.payload), simple=self._simple)
        except ValueError as error:
            x.authorizer_error = str(error)
            raise internal_error(str(error), "AUTHORIZER_CONFIGURATION_ERROR") from None

    def _event(self, x: Exchange, identity: list[str]) -> dict[str, Any]:
        arn = route_arn(x)
        if self._wire["AuthorizerPayloadFormatVersion"] == "1.0":
            event = payloads.event_1_0(x)
            del event["body"], event["isBase64Encoded"]
            event |= {
                "type": "REQUEST",
                "methodArn": arn,
                "identitySource": ",".join(identity),
                "authorizationToken": ",".join(identity),
            }
            return event
        event = payloads.event_2_0(x)
        event.pop("body", None)
        del event["isBase64Encoded"]
        return {
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": arn,
            "identitySource": identity or None,
            **event,
        }
