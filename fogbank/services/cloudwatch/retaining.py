"""Deletes rows that are older than CloudWatch keeps them, hourly. Readers leave them out at once."""

from __future__ import annotations

import asyncio

from fogbank.core.clock import Clock
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Known
from fogbank.store.api import Key, Store, Transaction

HOUR_S = 3600
DAY_S = 24 * HOUR_S
#: How long rows of each resolution are kept, in seconds.
KEPT_S = {1: 3 * HOUR_S, 60: 15 * DAY_S, 300: 63 * DAY_S, 3600: 455 * DAY_S}
SWEEP_INTERVAL_S = HOUR_S
HISTORY_KEPT_MS = 30 * DAY_S * 1000  # AWS keeps alarm history for 30 days
PAGE = 500


class Retaining:
    """The sweep over all metrics."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._news = asyncio.Event()

    def start(self) -> None:
        """Hear of the first metrics."""
        self._store.watch_records(keys.PLACES, self._news.set)

    async def run(self) -> None:
        """The lane's body: a sweep every hour, and none while there are no metrics."""
        self._news.clear()
        if not await self._store.scan(keys.PLACES, limit=1):
            await self._news.wait()
        await self._clock.sleep_s(SWEEP_INTERVAL_S)
        await self.sweep()

    async def sweep(self) -> None:
        for place in await self._store.scan(keys.PLACES, limit=10_000):
            account, region = map(str, place.key[-2:])
            await self._sweep_place(Place(account, region))
            await self._sweep_history(Place(account, region))

    async def _sweep_history(self, place: Place) -> None:
        prefix = keys.histories(place)
        oldest_ms = self._clock.now_ms() - HISTORY_KEPT_MS
        while items := await self._store.scan(prefix, before=(*prefix, oldest_ms), limit=PAGE):
            tx = Transaction()
            for item in items:
                time_ms, number, alarm = item.key[-3:]
                tx.delete(item.key)
                tx.delete(keys.alarm_history(place, str(alarm), int(time_ms), int(number)))
            await self._store.commit(tx)

    async def _sweep_place(self, place: Place) -> None:
        after: Key | None = None
        while True:
            page = await self._store.scan(keys.metrics(place), after=after, limit=PAGE)
            for record in page:
                await self._sweep_metric(place, record.key, Known.unpack(record.value))
            if len(page) < PAGE:
                return
            after = page[-1].key

    async def _sweep_metric(self, place: Place, key: Key, known: Known) -> None:
        now_s = self._clock.now_ms() // 1000
        for resolution_s, kept_s in KEPT_S.items():
            prefix = keys.rows(place, known.metric.id, resolution_s)
            while True:
                rows = await self._store.scan(prefix, before=(*prefix, now_s - kept_s), limit=PAGE)
                if not rows:
                    break
                tx = Transaction()
                for row in rows:
                    tx.delete(row.key)
                await self._store.commit(tx)
        if known.seen_ms < (now_s - KEPT_S[3600]) * 1000:
            await self._store.commit(Transaction().delete(key))
