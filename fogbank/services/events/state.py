"""What the operations of EventBridge work with, joined from its dependencies."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.config import AuthMode
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.gateway.http_client import HttpClient
from fogbank.model.calls import Calls
from fogbank.model.telemetry import Telemetry
from fogbank.services.events.authorizing import CONNECTION_QUEUE, Authorizing
from fogbank.services.events.delivering import Delivering
from fogbank.services.events.dispatching import Dispatcher
from fogbank.services.events.limits import DELIVERIES_AT_ONCE
from fogbank.services.events.matching import Rules
from fogbank.services.events.metrics import Metrics
from fogbank.services.events.pacing import Pacing
from fogbank.services.events.queues import DELIVERY_QUEUE, DESTINATION_QUEUE, SCHEDULE_QUEUE
from fogbank.services.events.scheduling import Scheduling
from fogbank.services.events.senders import Senders
from fogbank.services.events.tokens import Tokens
from fogbank.store.api import Store
from fogbank.store.chores import Chores
from fogbank.store.secrets import Secrets


class Events:
    """The state of EventBridge on one node. What is durable is in the store; this holds caches, rates and lanes."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        secrets: Secrets,
        calls: Calls,
        telemetry: Telemetry,
        mode: AuthMode,
        node: str,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.secrets = secrets
        self.client = HttpClient(lanes)
        self.tokens = Tokens(store, clock, ids, secrets, self.client)
        self.rules = Rules(store)
        self.metrics = Metrics(telemetry, clock)
        self.pacing = Pacing()
        owner = f"events@{node}"
        self._chores = Chores(store, clock, ids, lanes, owner=owner)
        delivering = Delivering(store, clock, ids, Senders(self, calls, mode), self.metrics)
        self._dispatchers = [
            Dispatcher(
                queue,
                delivering.do,
                store=store,
                clock=clock,
                lanes=lanes,
                owner=owner,
                at_once=DELIVERIES_AT_ONCE,
            )
            for queue in (DELIVERY_QUEUE, DESTINATION_QUEUE)
        ]

    async def start(self) -> None:
        """Take up what a killed node left, and begin to serve."""
        await self._chores.take_up()
        self.rules.start()
        self._chores.start(CONNECTION_QUEUE, Authorizing(self.store, self.tokens).do)
        scheduling = Scheduling(self.store, self.clock, self.ids, self.metrics)
        self._chores.start(SCHEDULE_QUEUE, scheduling.do)
        for dispatcher in self._dispatchers:
            dispatcher.start()

    async def close(self) -> None:
        for dispatcher in self._dispatchers:
            await dispatcher.close()
        await self._chores.close()
        self.rules.close()
        self.client.close()
