"""What the operations on HTTP and WebSocket APIs work with, joined from its dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.calls import Calls
from fogbank.store.api import Store

if TYPE_CHECKING:
    from fogbank.services.apigatewayv2.execution.gateway import Gateway


class ApiGatewayV2:
    """The state of HTTP and WebSocket APIs on one node. What is durable is in the store."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, lanes: Lanes, calls: Calls) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.calls = calls
        self.execution: Gateway | None = None  # the data plane; None where nothing is served

    async def start(self) -> None:
        if self.execution is not None:
            await self.execution.start()

    async def close(self) -> None:
        if self.execution is not None:
            await self.execution.close()
