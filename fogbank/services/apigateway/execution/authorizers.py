"""Lambda authorizers: TOKEN and REQUEST, their identity sources, the cache of what they said, and the policies they give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from fogbank.gateway.expiring import Expiring
from fogbank.java.expressions import Expression, ExpressionError, ExpressionTimeout
from fogbank.policies.documents import Asked, Decision, Policy, PolicyError
from fogbank.services.apigateway.execution.access import INVOKE, method_arn
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, misconfigured
from fogbank.services.apigateway.execution.integrations.functions import Invoked, Invoker
from fogbank.services.apigateway.execution.integrations.lambda_proxy import request_context
from fogbank.services.apigateway.execution.mapping import Source, compile_source

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage

TTL_DEFAULT_S = 300
TIMEOUT_MS = 29_000
RESULTS_CACHED_MAX = 10_000
USER_DENIED = "User is not authorized to access this resource"


class Verdict:
    """What an authorizer said: kept for its TTL, asked again for each method."""

    __slots__ = ("api_key", "context", "policy", "principal_id")

    def __init__(self, answer: Any) -> None:
        """Raises ValueError for what is no authorizer's answer."""
        if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str | int):
            raise ValueError("no principalId")
        self.principal_id = str(answer["principalId"])
        self.policy = Policy(answer.get("policyDocument"))
        context = answer.get("context") or {}
        if not isinstance(context, dict):
            raise ValueError("context is no map")
        for value in context.values():
            if isinstance(value, dict | list):
                raise ValueError("context holds a map or list")
        self.context: dict[str, Any] = {name: _text(value) for name, value in context.items()}
        self.api_key = answer.get("usageIdentifierKey")


def _text(value: Any) -> Any:
    return (
        ("true" if value else "false") if isinstance(value, bool) else None if value is None else str(value)
    )


class LambdaAuthorizer:
    """One authorizer of one stage."""

    def __init__(self, stage: Stage, wire: dict[str, Any]) -> None:
        self._stage = stage
        self.wire = wire
        self.is_token = wire["type"] == "TOKEN"
        self.invoker = Invoker(
            stage,
            wire.get("authorizerUri") or "",
            wire.get("authorizerCredentials"),
            TIMEOUT_MS,
            authorizer_id=wire["id"],
        )
        self.ttl_s: int = wire.get("authorizerResultTtlInSeconds", TTL_DEFAULT_S)
        self._sources: list[Source] = [
            compile_source(part.strip())
            for part in (wire.get("identitySource") or "").split(",")
            if part.strip()
        ]
        self._expression: Expression | None = None
        if self.is_token and wire.get("identityValidationExpression"):
            try:
                self._expression = Expression(wire["identityValidationExpression"])
            except ExpressionError as error:
                raise misconfigured(f"Invalid identityValidationExpression: {error}") from None
        self._results: Expiring[Verdict] = stage.gateway.verdicts(
            (stage.api_id, stage.name, wire["id"], stage.wire.get("authorizerEpoch", 0))
        )

    async def check(self, x: Exchange) -> None:
        """Let pass, or raise a Fault."""
        identity = self.identity(x)
        clock = self._stage.gateway.clock
        cached = self.ttl_s > 0 and bool(identity)
        verdict = self._results.get(identity, clock.monotonic_s()) if cached else None
        started = clock.monotonic_s()
        if verdict is None:
            verdict = await self.ask(x, identity)
            if cached:
                self._results.put(identity, verdict, clock.monotonic_s() + self.ttl_s)
        x.authorizer = {
            **verdict.context,
            "principalId": verdict.principal_id,
            "integrationLatency": int((clock.monotonic_s() - started) * 1000),
        }
        x.principal_id = verdict.principal_id
        if verdict.api_key:
            x.api_key = verdict.api_key
        decision = self.decide(x, verdict)
        if decision is Decision.DENY:
            raise Fault("ACCESS_DENIED", f"{USER_DENIED} with an explicit deny")
        if decision is Decision.NEITHER:
            raise Fault("ACCESS_DENIED", USER_DENIED)

    def identity(self, x: Exchange) -> tuple[str, ...]:
        """The values of the identity sources. Raises a Fault where one is missing or not as it must be."""
        found = []
        for source in self._sources:
            values = source(x)
            if not values or not values[-1]:
                raise Fault("UNAUTHORIZED")
            found.append(values[-1])
        if self._expression is not None:
            try:
                if not self._expression.fills(found[0]):
                    raise Fault("UNAUTHORIZED")
            except ExpressionTimeout:
                raise Fault("UNAUTHORIZED") from None
        return tuple(found)

    async def ask(self, x: Exchange, identity: tuple[str, ...]) -> Verdict:
        """What the function says. Raises Fault."""
        invoked = await self.invoke(x, identity)
        try:
            return self.read(orjson.loads(invoked.payload))
        except orjson.JSONDecodeError as error:
            raise _unreadable(error) from None

    @staticmethod
    def read(answer: Any) -> Verdict:
        """An authorizer's answer. Raises Fault."""
        try:
            return Verdict(answer)
        except (ValueError, PolicyError) as error:
            raise _unreadable(error) from None

    async def invoke(self, x: Exchange, identity: tuple[str, ...]) -> Invoked:
        """Invoke the function. Raises Fault."""
        try:
            invoked = await self.invoker.invoke(x, orjson.dumps(self.event(x, identity)))
        except Fault as fault:
            raise Fault("AUTHORIZER_FAILURE", detail=fault.detail) from None
        x.authorizer_status = invoked.status
        if invoked.failed:
            if invoked.error_message() == "Unauthorized":
                raise Fault("UNAUTHORIZED")
            raise Fault("AUTHORIZER_FAILURE", detail=invoked.payload.decode("utf-8", "replace"))
        return invoked

    def decide(self, x: Exchange, verdict: Verdict) -> Decision:
        keys = {"aws:sourceip": [x.request.peer]}
        return verdict.policy.decide(Asked(INVOKE, method_arn(x, self._stage), keys))

    def event(self, x: Exchange, identity: tuple[str, ...]) -> dict[str, Any]:
        """The authorizer's event."""
        arn = method_arn(x, self._stage)
        if self.is_token:
            return {"type": "TOKEN", "methodArn": arn, "authorizationToken": identity[0] if identity else ""}
        headers, query = x.headers, x.query
        return {
            "type": "REQUEST",
            "methodArn": arn,
            "resource": x.method.resource_path if x.method else "",
            "path": x.arrival.shown_path,
            "httpMethod": x.request.method,
            "headers": {name: values[-1] for name, values in headers.items()},
            "multiValueHeaders": headers,
            "queryStringParameters": {name: values[-1] for name, values in query.items()},
            "multiValueQueryStringParameters": query,
            "pathParameters": x.path_parameters,
            "stageVariables": x.variables,
            "requestContext": request_context(x),
        }


def _unreadable(error: Exception) -> Fault:
    return Fault("AUTHORIZER_CONFIGURATION_ERROR", detail=f"Invalid JSON in response: {error}")
