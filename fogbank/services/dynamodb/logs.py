"""Trimming logs of the store without keeping writers waiting."""

from __future__ import annotations

from fogbank.services.dynamodb.limits import TRIM_STEP
from fogbank.store.api import Key, Store, Transaction


async def trim(store: Store, log: Key, through: int) -> None:
    """Drop a log's front in small steps, so that writers need not wait."""
    while entries := await store.read_log(log, before_seq=through + 1, limit=1):
        step = min(through, entries[0].seq + TRIM_STEP)
        await store.commit(Transaction().trim_log(log, step))
