"""What the SQS operations work with, joined from its dependencies."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.telemetry import Telemetry
from fogbank.services.sqs.channels import Channels
from fogbank.services.sqs.dead_letters import DeadLetters
from fogbank.services.sqs.directory import Directory
from fogbank.services.sqs.metrics import Metrics
from fogbank.services.sqs.moving import Mover
from fogbank.services.sqs.quotas import Quotas
from fogbank.services.sqs.sequence import Sequence
from fogbank.services.sqs.sweeping import Sweeper
from fogbank.store.api import Store


class Sqs:
    """The state of SQS on one node. What is durable is in the store; this holds caches, counts and lanes."""

    def __init__(
        self, *, store: Store, clock: Clock, ids: Ids, lanes: Lanes, telemetry: Telemetry, node: str
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self._lanes = lanes
        self.directory = Directory(store)
        self.channels = Channels(store, clock, lanes)
        self.sequence = Sequence()
        self.quotas = Quotas(clock)
        self.dead_letters = DeadLetters(store, self.directory, self.channels, self.sequence)
        self.metrics = Metrics(telemetry, clock, store, self.channels)
        self.sweeper = Sweeper(store, self.channels, clock)
        self.mover = Mover(
            store=store,
            clock=clock,
            ids=ids,
            lanes=lanes,
            directory=self.directory,
            channels=self.channels,
            dead_letters=self.dead_letters,
            sequence=self.sequence,
            owner=f"sqs@{node}",
        )

    async def start(self) -> None:
        """Take up what a killed node left, and begin to serve."""
        self.directory.start()
        await self.mover.start()
        self._lanes.loop("sqs sweeper", self.sweeper.run)
        self._lanes.loop("sqs gauges", self.metrics.gauge)

    def hang_up(self) -> None:
        """Long polls end."""
        self.channels.hang_up()

    async def close(self) -> None:
        self.directory.close()
        self.mover.close()
