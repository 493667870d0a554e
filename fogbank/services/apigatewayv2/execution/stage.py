"""A stage of either kind of API: what `http_stage.py` and `websocket/stage.py` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.gateway.buckets import Bucket
from fogbank.gateway.records import Wire
from fogbank.services.apigatewayv2.execution.invoking import execute_api_arn
from fogbank.services.apigatewayv2.execution.logs import AccessLog
from fogbank.services.apigatewayv2.execution.throttling import account_bucket, route_bucket
from fogbank.services.apigatewayv2.keys import Place

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway


class Stage:
    """One stage of one API on one node: its record, and the snapshot of what was deployed to it."""

    def __init__(self, gateway: Gateway, place: Place, wire: Wire, snapshot: Wire) -> None:
        api = snapshot["api"]
        self.gateway = gateway
        self.place = place
        self.wire = wire
        self.snapshot = snapshot
        self.name: str = wire["StageName"]
        self.api_id: str = api["ApiId"]
        self.variables: dict[str, str] = wire.get("StageVariables") or {}
        self.own_address = not api.get("DisableExecuteApiEndpoint")
        self._account = account_bucket(gateway, place)
        settings = wire.get("AccessLogSettings")
        self._log = AccessLog(gateway, settings) if settings else None

    def arn(self, rest: str) -> str:
        """What policies call a part of it: `GET/orders`, `$connect`."""
        return execute_api_arn(self.place, self.api_id, f"{self.name}/{rest}")

    def bucket(self, route_key: str, settings: Wire) -> Bucket | None:
        """That of a route with these settings; None when it has no limit of its own."""
        return route_bucket(self.gateway, self.api_id, self.name, route_key, settings)
