"""COGNITO_USER_POOLS authorizers: tokens of a user pool, verified by the keys of its issuer.

fogbank has no Cognito of its own. Where a pool's issuer is, the `cognito_issuer` setting says: `{region}` and `{pool}` stand for
the pool's, and AWS's own address is the default. `<issuer>/.well-known/jwks.json` is fetched and kept for some minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.core.arn import parse_arn
from fogbank.gateway.jwt import Jwks, TokenError, verify
from fogbank.services.apigateway.execution.exchange import Exchange
from fogbank.services.apigateway.execution.faults import Fault, misconfigured
from fogbank.services.apigateway.execution.mapping import compile_source

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.stages import Stage


class CognitoAuthorizer:
    """One authorizer, for a method with its scopes."""

    def __init__(self, stage: Stage, wire: dict[str, Any], scopes: list[str]) -> None:
        self._stage = stage
        self._scopes = frozenset(scopes)
        self._source = compile_source(
            (wire.get("identitySource") or "method.request.header.Authorization").strip()
        )
        self._pools: list[tuple[str, Jwks]] = []
        for arn in wire.get("providerARNs") or []:
            pool = parse_arn(arn)
            if pool is None:
                raise misconfigured(f"Invalid provider ARN {arn}")
            issuer = stage.gateway.cognito_issuer.format(
                region=pool.region, pool=pool.resource.rpartition("/")[2]
            )
            self._pools.append((issuer, stage.gateway.keys_of(issuer)))

    async def check(self, x: Exchange) -> None:
        """Let pass, or raise UNAUTHORIZED."""
        values = self._source(x)
        if not values or not values[-1]:
            raise Fault("UNAUTHORIZED")
        token = values[-1].removeprefix("Bearer ").strip()
        clock = self._stage.gateway.clock
        problem = "no user pool"
        for issuer, keys in self._pools:
            try:
                claims = await verify(token, keys, now_ms=clock.now_ms(), now_s=clock.monotonic_s())
            except TokenError as error:
                if error.expired:
                    raise Fault("UNAUTHORIZED", "The incoming token has expired") from None
                problem = str(error)
                continue
            if claims.get("iss") != issuer:
                problem = "the token has another issuer"
                continue
            self._accept(x, claims)
            return
        raise Fault("UNAUTHORIZED", detail=problem)

    def _accept(self, x: Exchange, claims: dict[str, Any]) -> None:
        """With scopes an access token that has one of them; without, an identity token."""
        if self._scopes:
            if not self._scopes & set(str(claims.get("scope", "")).split()):
                raise Fault("UNAUTHORIZED", detail="the token has none of the method's scopes")
        elif claims.get("token_use") not in (None, "id"):
            raise Fault("UNAUTHORIZED", detail="an identity token is needed")
        x.authorizer = {"claims": {name: _text(value) for name, value in claims.items()}}
        x.principal_id = str(claims.get("sub", ""))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value)
