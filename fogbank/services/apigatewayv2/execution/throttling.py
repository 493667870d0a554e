"""Throttles of routes: a route's own settings, else the stage's; after them the account's, of all its APIs in a region together.

A route's setting counts where it is another one than AWS's default for the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.gateway.buckets import Bucket
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.keys import Place
from fogbank.services.apigatewayv2.limits import BURST_LIMIT_DEFAULT, RATE_LIMIT_DEFAULT

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway


def account_bucket(gateway: Gateway, place: Place) -> Bucket:
    return gateway.throttles.of(place.account, place.region, gateway.clock.monotonic_s())


def route_settings(stage: Wire, key: str) -> Wire:
    """The settings that hold for a route: its own members before the stage's."""
    default: Wire = stage.get("DefaultRouteSettings") or {}
    own: Wire = (stage.get("RouteSettings") or {}).get(key) or {}
    return default | own


def route_bucket(gateway: Gateway, api_id: str, stage: str, key: str, settings: Wire) -> Bucket | None:
    """The bucket of a route; None when it has no limit of its own."""
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    if rate is None and burst is None:
        return None
    rate = RATE_LIMIT_DEFAULT if rate is None else float(rate)
    burst = BURST_LIMIT_DEFAULT if burst is None else burst
    if rate >= RATE_LIMIT_DEFAULT and burst >= BURST_LIMIT_DEFAULT:
        return None
    return gateway.buckets.get((api_id, stage, key), rate, burst, gateway.clock.monotonic_s())
