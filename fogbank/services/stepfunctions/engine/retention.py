"""Executions that ended 90 days ago are removed: head, history, checkpoint and lists."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.keys import Ref, ref_of
from fogbank.services.stepfunctions.engine.limits import PURGED_AT_ONCE_MAX, RETENTION_MS, SCAN_MAX
from fogbank.services.stepfunctions.engine.listing import delete_listed
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.sources import PreparedSources
from fogbank.store.api import Store, Transaction

_EVERY_S = 3600.0


class Retention:
    """The lane that removes."""

    def __init__(self, store: Store, clock: Clock, sources: PreparedSources) -> None:
        self._store = store
        self._clock = clock
        self._sources = sources

    async def round(self) -> None:
        await self.purge()
        await self._clock.sleep_s(_EVERY_S)

    async def purge(self) -> None:
        """Remove all whose time is over, the oldest first."""
        while True:
            before = (*keys.ended(), self._clock.now_ms() - RETENTION_MS)
            page = await self._store.scan(keys.ended(), before=before, limit=PURGED_AT_ONCE_MAX)
            for record in page:
                await self._remove(ref_of(record.key[-1]), int(record.key[1]))
            if len(page) < PURGED_AT_ONCE_MAX:
                return

    async def _remove(self, ref: Ref, stop_ms: int) -> None:
        transaction = Transaction().delete(keys.ended_at(ref, stop_ms))
        record = await self._store.get(keys.head(ref))
        if record is not None:
            head = Head.decode(record.value)
            if head.stop_ms == stop_ms:
                prepared = await self._sources.load(ref, head.source)
                delete_listed(transaction, ref, head, prepared.source)
                transaction.delete(keys.head(ref), expect=record.version)
                transaction.delete_prefix(keys.history(ref)).delete_prefix(keys.run(ref))
                for run in await self._store.scan(keys.map_runs_of(ref), limit=SCAN_MAX):
                    transaction.delete(run.key)
                    transaction.delete(keys.map_run(ref.account, ref.region, str(run.key[-1])))
        await self._store.commit(transaction)
