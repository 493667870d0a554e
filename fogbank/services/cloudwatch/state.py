"""What one fogbank keeps for CloudWatch: lanes and caches over the store, which alone holds the truth."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.cloudwatch.alarming import Alarming
from fogbank.services.cloudwatch.journal import Journal
from fogbank.services.cloudwatch.retaining import Retaining
from fogbank.store.api import Store


class CloudWatch:
    """The state behind the cloudwatch service."""

    def __init__(self, *, store: Store, clock: Clock, ids: Ids, lanes: Lanes) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.journal = Journal(store, clock)
        self.retaining = Retaining(store, clock)
        self.alarming = Alarming(store, clock, self.journal)

    async def start(self) -> None:
        self.journal.start()
        self.retaining.start()
        self.alarming.start()
        self.lanes.loop("cloudwatch journal", self.journal.run)
        self.lanes.loop("cloudwatch alarms", self.alarming.run)
        self.lanes.loop("cloudwatch retention", self.retaining.run)

    async def close(self) -> None:
        """The journal is durable: what is not folded yet is folded after the next start."""
