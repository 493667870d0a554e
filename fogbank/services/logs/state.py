"""What one fogbank keeps for CloudWatch Logs: caches and lanes over the store, which alone holds the truth."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.calls import Calls
from fogbank.services.logs.chunks import UNIQUE_BITS
from fogbank.services.logs.directory import Directory
from fogbank.services.logs.filters import Filters
from fogbank.services.logs.purging import PURGE_QUEUE, Purging
from fogbank.services.logs.querying import QUERY_QUEUE, Querying
from fogbank.services.logs.retaining import RETENTION_QUEUE, Retaining
from fogbank.services.logs.settling import Settling
from fogbank.services.logs.subscription_delivery import SUBSCRIPTION_QUEUE, Delivery
from fogbank.store.api import Store
from fogbank.store.chores import Chores


class Logs:
    """The state behind the logs service."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, lanes: Lanes, calls: Calls) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.directory = Directory(store)
        self.filters = Filters(store)
        self.settling = Settling(store, clock)
        self.chores = Chores(store, clock, ids, lanes)
        self._calls = calls
        self._unique = 0

    async def start(self) -> None:
        """Recover what a crash left unsettled, then start the lanes."""
        await self.settling.recover()
        self.lanes.loop("logs settling", self.settling.run)
        self.chores.start(PURGE_QUEUE, Purging(self.store).do)
        self.chores.start(QUERY_QUEUE, Querying(self.store, self.clock, self.directory).do)
        self.chores.start(SUBSCRIPTION_QUEUE, Delivery(self.store, self._calls, self.ids).do)
        self.chores.start(RETENTION_QUEUE, Retaining(self.store, self.clock).do)

    async def close(self) -> None:
        await self.chores.close()
        await self.settling.flush()

    def next_unique(self, now_ms: int) -> int:
        """A number that rises with every chunk this node stores; the low bits begin at random, as nodes do not speak."""
        if self._unique >> UNIQUE_BITS < now_ms:
            self._unique = now_ms << UNIQUE_BITS | int(self.ids.uniform() * (1 << UNIQUE_BITS - 1))
        else:
            self._unique += 1
        return self._unique

    def new_id(self) -> str:
        """The id of a new group or stream."""
        return self.ids.alnum(14)
