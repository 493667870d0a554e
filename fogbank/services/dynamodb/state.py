"""What one fogbank keeps for DynamoDB: caches, turns and lanes over the store, which alone holds the truth."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.model.telemetry import Telemetry
from fogbank.services.dynamodb.backfill import BACKFILL_QUEUE, Backfill
from fogbank.services.dynamodb.backing_up import BACKUP_QUEUE, BackingUp
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.expiry import TTL_QUEUE, Expiry
from fogbank.services.dynamodb.expressions.request import Expressions
from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.joining import JOIN_QUEUE, Joining
from fogbank.services.dynamodb.journal import JOURNAL_QUEUE, JournalUpkeep
from fogbank.services.dynamodb.purging import PURGE_QUEUE, Purging
from fogbank.services.dynamodb.replication import Replicator
from fogbank.services.dynamodb.restoring import RESTORE_QUEUE, Restoring
from fogbank.services.dynamodb.stream_upkeep import STREAM_QUEUE, StreamUpkeep
from fogbank.services.dynamodb.system_backups import EXPIRY_QUEUE, BackupExpiry
from fogbank.services.dynamodb.throughput import Buckets, NoThrottle, Throttle
from fogbank.services.dynamodb.tokens import TokenSweeper
from fogbank.services.dynamodb.tombstones import TOMBSTONE_QUEUE, Tombstones
from fogbank.services.dynamodb.writes import Writer
from fogbank.store.api import Store
from fogbank.store.chores import Chores


class DynamoDB:
    """The state behind the dynamodb service."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        node: str = "node",
        is_throttled: bool = False,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.directory = Directory(store)
        self.expressions = Expressions()
        self.figures = Figures(store, clock, node)
        self.writer = Writer(store, clock, self.figures, self.directory)
        self.throttle: Throttle = Buckets(clock) if is_throttled else NoThrottle()
        self._replicator = Replicator(store, clock, lanes, self.directory, self.writer, telemetry)
        self._tokens = TokenSweeper(store, clock)
        self._chores = Chores(store, clock, ids, lanes, owner=f"dynamodb {node}")

    async def start(self) -> None:
        self.directory.start()
        self.lanes.loop("dynamodb figures", self.figures.run)
        self.lanes.loop("dynamodb tokens", self._tokens.run)
        chores = self._chores
        await chores.take_up()
        chores.start(PURGE_QUEUE, Purging(self.store).do)
        chores.start(BACKFILL_QUEUE, Backfill(self.store, self.directory, self.figures).do)
        chores.start(TTL_QUEUE, Expiry(self.store, self.clock, self.directory, self.writer).do)
        chores.start(STREAM_QUEUE, StreamUpkeep(self.store, self.clock).do)

        chores.start(JOURNAL_QUEUE, JournalUpkeep(self.store, self.clock, self.directory).do)
        chores.start(BACKUP_QUEUE, BackingUp(self.store, self.clock, self.directory).do)
        chores.start(EXPIRY_QUEUE, BackupExpiry(self.store, self.clock).do)
        chores.start(RESTORE_QUEUE, Restoring(self.store, self.clock, self.directory).do)
        chores.start(JOIN_QUEUE, Joining(self.store, self.clock, self.directory, self.writer).do)
        chores.start(TOMBSTONE_QUEUE, Tombstones(self.store, self.clock, self.directory).do)
        self._replicator.start()

    async def close(self) -> None:
        await self._chores.close()
        await self._replicator.close()
        await self.figures.flush()
