"""What the operations of EventBridge work with, joined from its dependencies."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.http_client import HttpClient
from fogbank.services.events.authorizing import CONNECTION_QUEUE, Authorizing
from fogbank.services.events.tokens import Tokens
from fogbank.store.api import Store
from fogbank.store.chores import Chores
from fogbank.store.secrets import Secrets


class Events:
    """The state of EventBridge on one node. What is durable is in the store; this holds connections and lanes."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, lanes: Lanes, secrets: Secrets, node: str
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.secrets = secrets
        self._client = HttpClient(lanes)
        self.tokens = Tokens(store, clock, ids, secrets, self._client)
        self._chores = Chores(store, clock, ids, lanes, owner=f"events@{node}")

    async def start(self) -> None:
        """Take up what a killed node left, and begin to serve."""
        await self._chores.take_up()
        self._chores.start(CONNECTION_QUEUE, Authorizing(self.store, self.tokens).do)

    async def close(self) -> None:
        await self._chores.close()
        self._client.close()
