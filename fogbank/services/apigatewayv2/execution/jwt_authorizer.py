"""JWT authorizers: the issuer's keys by OpenID discovery, then issuer, audience, times and scopes of the token.

The wordings of `error_description` are AWS's where its documentation shows one ("the token does not have a valid audience",
"the token has expired"); the others are ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fogbank.gateway.jwt import TokenError, verify
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.execution.exchange import Exchange
from fogbank.services.apigatewayv2.execution.faults import Fault, forbidden, unauthorized
from fogbank.services.apigatewayv2.execution.values import compile_value

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.http_stage import HttpStage


class JwtAuthorizer:
    """One authorizer, for a route with its scopes."""

    __slots__ = ("_audience", "_issuer", "_keys", "_scopes", "_source", "_stage")

    def __init__(self, stage: HttpStage, wire: Wire, scopes: list[str]) -> None:
        self._stage = stage
        self._source = compile_value(wire["IdentitySource"][0])
        configuration = wire["JwtConfiguration"]
        self._issuer: str = configuration["Issuer"]
        self._audience = frozenset(configuration["Audience"])
        self._scopes = scopes
        self._keys = stage.gateway.issuer_keys(self._issuer)

    async def check(self, x: Exchange) -> None:
        """Let pass, or raise a Fault."""
        text = self._source(x, None)
        if not text:
            raise unauthorized("Bearer", "no token")
        token = text[7:].strip() if text[:7].lower() == "bearer " else text
        clock = self._stage.gateway.clock
        try:
            claims = await verify(token, self._keys, now_ms=clock.now_ms(), now_s=clock.monotonic_s())
        except TokenError as error:
            raise self._invalid(x, "the token has expired" if error.expired else str(error)) from None
        if "exp" not in claims:
            raise self._invalid(x, "the token has no expiration time")
        if claims.get("iss") != self._issuer:
            raise self._invalid(x, "the token does not have a valid issuer")
        if not self._is_for_us(claims):
            raise self._invalid(x, "the token does not have a valid audience")
        held = _scopes_of(claims)
        if self._scopes and not held & set(self._scopes):
            wanted = " ".join(self._scopes)
            description = "the token does not have a required scope"
            x.authorizer_error = description
            raise forbidden(
                f'Bearer scope="{wanted}" error="insufficient_scope" error_description="{description}"',
                description,
            )
        scopes = sorted(held) if self._scopes else None
        shown = {name: _text(value) for name, value in claims.items()}
        x.authorizer = {"jwt": {"claims": shown, "scopes": scopes}}

    def _invalid(self, x: Exchange, description: str) -> Fault:
        x.authorizer_error = description
        shown = description.replace('"', "'")
        scope = " ".join(self._scopes)
        return unauthorized(
            f'Bearer scope="{scope}" error="invalid_token" error_description="{shown}"', description
        )

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        """`aud` where there is one, else `client_id`."""
        audience = claims.get("aud", claims.get("client_id"))
        return any(
            each in self._audience for each in (audience if isinstance(audience, list) else [audience])
        )


def _scopes_of(claims: dict[str, Any]) -> set[str]:
    """Of `scope` or `scp`: a text with spaces, or a list."""
    given = claims.get("scope", claims.get("scp"))
    if isinstance(given, list):
        return {str(each) for each in given}
    return set(str(given).split()) if given else set()


def _text(value: Any) -> str:
    """A claim as functions get it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + " ".join(_text(each) for each in value) + "]"
    return "" if value is None else str(value)
