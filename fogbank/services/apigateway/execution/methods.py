"""A method, compiled: the steps that its configuration asks for, in AWS's order, then its cache and its integration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from fogbank.core.http import Response
from fogbank.gateway.tallies import Tally
from fogbank.services.apigateway.execution.exchange import Exchange

if TYPE_CHECKING:
    from fogbank.services.apigateway.execution.caching import MethodCache

#: A step passes (None), or raises a Fault; one that waits returns what to await.
Step = Callable[[Exchange], Awaitable[None] | None]


class Integration(Protocol):
    async def run(self, x: Exchange) -> Response: ...


class Method:
    """One method of one stage."""

    __slots__ = (
        "_steps",
        "cache",
        "http_method",
        "integration",
        "key",
        "logging",
        "resource_id",
        "resource_path",
        "settings",
        "tally",
        "wire",
    )

    def __init__(
        self,
        wire: dict[str, Any],
        resource: dict[str, Any],
        http_method: str,
        settings: dict[str, Any],
        integration: Integration,
        tally: Tally,
    ) -> None:
        self.wire = wire
        self.http_method = http_method
        self.resource_id: str = resource["id"]
        self.resource_path: str = resource["path"]
        self.key = f"{self.resource_path}/{http_method}"
        self.settings = settings
        self.integration = integration
        self.tally = tally
        self.cache: MethodCache | None = None
        self.logging: str | None = None  # ERROR or INFO
        self._steps: tuple[Step, ...] = ()

    def follow(self, steps: list[Step]) -> None:
        """The steps before the integration."""
        self._steps = tuple(steps)

    async def run(self, x: Exchange) -> Response:
        """Answer a request. Raises Fault."""
        for step in self._steps:
            waiting = step(x)
            if waiting is not None:
                await waiting
        x.authorized()
        if self.cache is not None:
            return await self.cache.serve(x, self.integration)
        return await self.integration.run(x)
