"""The apigatewaymanagementapi service as the registry knows it."""

from __future__ import annotations

from fogbank.model.service import Service


class ApiGatewayManagementApi:
    """Nothing is held here."""

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to close."""


SERVICE: Service[ApiGatewayManagementApi] = Service("apigatewaymanagementapi")
