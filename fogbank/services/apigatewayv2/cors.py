"""The CORS configuration of an HTTP API: checked here, acted on by execution/cors.py."""

from __future__ import annotations

import re

from fogbank.gateway.records import Wire
from fogbank.model.call import Call
from fogbank.services.apigatewayv2.drafts import edit_of
from fogbank.services.apigatewayv2.records import retried
from fogbank.services.apigatewayv2.service import SERVICE, bad_request
from fogbank.services.apigatewayv2.state import ApiGatewayV2

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "*"})
ORIGIN = re.compile(r"\*|(https?|[a-z][a-z0-9+.-]*)://(\*|[^*/?#\s]+|\*\.[^*/?#\s]+)", re.IGNORECASE)


def cors_of(asked: Wire) -> Wire:
    """The configuration as it is kept. Raises BadRequestException."""
    for origin in asked.get("AllowOrigins") or []:
        if not ORIGIN.fullmatch(origin):
            raise bad_request(f"The provided origin '{origin}' is invalid")  # ours
    for method in asked.get("AllowMethods") or []:
        if method.upper() not in METHODS:
            raise bad_request(f"The provided method '{method}' is invalid")  # ours
    if asked.get("AllowCredentials") and "*" in (asked.get("AllowOrigins") or []):
        raise bad_request("allowCredentials is not supported with a wildcard origin")  # ours
    max_age = asked.get("MaxAge")
    if max_age is not None and not -1 <= max_age <= 86_400:
        raise bad_request("Invalid maxAge specified: must be between -1 and 86400")  # ours
    kept = dict(asked)
    if kept.get("AllowMethods"):
        kept["AllowMethods"] = [method.upper() for method in kept["AllowMethods"]]
    for name in ("AllowHeaders", "ExposeHeaders"):
        if kept.get(name):
            kept[name] = [header.lower() for header in kept[name]]
    return {name: value for name, value in kept.items() if value not in (None, [])}


@SERVICE.operation
@retried
async def delete_cors_configuration(ctx: Call[ApiGatewayV2], *, api_id: str) -> None:
    edit = await edit_of(ctx, api_id)
    edit.api.pop("CorsConfiguration", None)
    edit.put_api()
    await edit.commit()
