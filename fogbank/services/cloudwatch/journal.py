"""From an acknowledged datum to rows that can be read: a journal, and its folding.

PutMetricData appends its data to one log and is done: one small durable write, however many metrics it names. A lane folds the
journal into rows some times a minute, and so does every reader before it reads; so nobody sees less than was acknowledged.

A row holds the distribution of one metric, unit and period: of one second (for high-resolution data), a minute, five minutes
and an hour, all written when folding. Entries leave the journal in the transaction that adds them to rows, guarded by the
version of one record: no entry is folded twice, whatever crashes and however many nodes fold.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.limits import (
    METADATA_CACHED_MAX,
    METRIC_FOLD_BATCHES,
    METRIC_FOLD_ENTRIES,
    METRIC_FOLD_SLOTS,
)
from fogbank.services.cloudwatch import keys
from fogbank.services.cloudwatch.distribution import Distribution
from fogbank.services.cloudwatch.keys import Place
from fogbank.services.cloudwatch.metric import Known, Metric
from fogbank.store.api import ABSENT, Entry, Key, Record, Store, Transaction

FOLD_INTERVAL_S = 5.0
SEEN_STEP_MS = 600_000  # how exactly it is stored when a metric last had data
RESOLUTIONS_S = (60, 300, 3600)


#: Samples of one metric and unit in one second or minute, as the journal holds them: the metric's text, the unit, the
#: resolution (1 or 60) and start in seconds, and a packed distribution.
Packed = tuple[str, str, int, int, list[Any]]

#: Where samples go: account, region, the metric's text, unit, resolution and start.
Slot = tuple[str, str, str, str, int, int]
Slots = dict[Slot, Distribution]
Metrics = dict[tuple[str, str, str], Metric]
Seen = dict[tuple[Place, Metric], int]


class Journal:
    """The journal of one store, as one node works it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._folding = asyncio.Lock()
        self._news = asyncio.Event()
        self._seen_ms: dict[tuple[Place, bytes], int] = {}
        self._places: set[Place] = set()

    def start(self) -> None:
        """Something may lie there from before."""
        self._news.set()

    async def append(self, place: Place, data: list[Packed]) -> None:
        """Durable when it returns."""
        body = orjson.dumps((*place, data))
        await self._store.commit(Transaction().append(keys.JOURNAL, [(self._clock.now_ms(), body)]))
        self._news.set()

    async def run(self) -> None:
        """The lane's body."""
        await self._news.wait()
        await self._clock.sleep_s(FOLD_INTERVAL_S)
        await self.flush()

    async def flush(self) -> None:
        """Fold everything that was acknowledged before this call."""
        through = await self._store.last_seq(keys.JOURNAL)
        async with self._folding:
            self._news.clear()
            while True:
                folded = await self._fold()
                if folded is None or folded >= through:
                    return
                await asyncio.sleep(0)  # others may be answered between two transactions

    async def _fold(self) -> int | None:
        """Fold some entries; the number of the last, None when there was none."""
        while True:
            guard = await self._store.get(keys.FOLD)
            slots, last = await self._gather()
            if last is None:
                return None
            tx = Transaction().put(keys.FOLD, b"", expect=guard.version if guard else ABSENT)
            tx.trim_log(keys.JOURNAL, last)
            metrics = {(slot[0], slot[1], slot[2]): Metric.of_text(slot[2]) for slot in slots}
            await self._add_rows(tx, slots, metrics)
            seen = await self._add_metrics(tx, slots, metrics)
            try:
                await self._store.commit(tx)
            except Conflict:
                continue  # another node folded these
            self._remember(seen)
            return last

    async def _gather(self) -> tuple[Slots, int | None]:
        """The samples of the first entries, added up, and the number of the last one taken."""
        slots: Slots = {}
        last: int | None = None
        for _ in range(METRIC_FOLD_BATCHES):
            entries = await self._store.read_log(keys.JOURNAL, after_seq=last or 0, limit=METRIC_FOLD_ENTRIES)
            for entry in entries:
                _take(entry, slots)
                last = entry.seq
                if len(slots) >= METRIC_FOLD_SLOTS:
                    return slots, last
            if len(entries) < METRIC_FOLD_ENTRIES:
                break
            await asyncio.sleep(0)  # others may be answered meanwhile
        return slots, last

    async def _add_rows(self, tx: Transaction, slots: Slots, metrics: Metrics) -> None:
        rows = _rows(slots, metrics)
        stored = await self._store.get_many(list(rows))
        for (key, samples), record in zip(rows.items(), stored, strict=True):
            if record is not None:
                samples.merge(Distribution.unpack(orjson.loads(record.value)))
            tx.put(key, orjson.dumps(samples.pack()))

    async def _add_metrics(self, tx: Transaction, slots: Slots, metrics: Metrics) -> Seen:
        """Note metrics that are new, or had no data for a while."""
        newest: Seen = {}
        for account, region, text, _, _, start_s in slots:
            known = (Place(account, region), metrics[account, region, text])
            newest[known] = max(newest.get(known, 0), start_s * 1000)
        due = {
            (place, metric): seen_ms
            for (place, metric), seen_ms in newest.items()
            if self._seen_ms.get((place, metric.id), -SEEN_STEP_MS) + SEEN_STEP_MS <= seen_ms
        }
        for (place, metric), seen_ms in due.items():
            key = keys.metric(place, metric.namespace, metric.name, metric.id)
            record = await self._store.get(key)
            if record is not None:
                seen_ms = max(seen_ms, Known.unpack(record.value).seen_ms)
            tx.put(key, Known(metric, seen_ms).pack())
            if place not in self._places:
                tx.put(keys.place(place), b"")
        return due

    def _remember(self, seen: Seen) -> None:
        for (place, metric), seen_ms in seen.items():
            if len(self._seen_ms) >= METADATA_CACHED_MAX:
                del self._seen_ms[next(iter(self._seen_ms))]
            self._seen_ms[place, metric.id] = seen_ms
            self._places.add(place)


def _take(entry: Entry, slots: Slots) -> None:
    """Add the samples of an entry to those they belong to."""
    account, region, data = orjson.loads(entry.body)
    for text, unit, resolution_s, start_s, packed in data:
        slot = (account, region, text, unit, resolution_s, start_s)
        if (known := slots.get(slot)) is None:
            slots[slot] = Distribution.unpack(packed)
        else:
            known.merge_packed(packed)


def _rows(slots: Slots, metrics: Metrics) -> dict[Key, Distribution]:
    """The rows that samples go into, at every resolution, by key."""
    rows: dict[Key, Distribution] = {}
    for (account, region, text, unit, resolution_s, start_s), samples in slots.items():
        place, metric = Place(account, region), metrics[account, region, text]
        for row_s in (1, *RESOLUTIONS_S) if resolution_s == 1 else RESOLUTIONS_S:
            key = keys.row(place, metric.id, row_s, start_s - start_s % row_s, unit)
            if (row := rows.get(key)) is None:
                row = rows[key] = Distribution()
            row.merge(samples)
    return rows


def unpack_row(record: Record) -> tuple[int, str, Distribution]:
    """(start in Unix seconds, unit, samples) of a stored row."""
    *_, start_s, unit = record.key
    return int(start_s), str(unit), Distribution.unpack(orjson.loads(record.value))
