"""Opening and ending a table's stream within the transaction that changes its table."""

from __future__ import annotations

from dataclasses import replace

from fogbank.core.ids import Ids
from fogbank.services.dynamodb import stream_upkeep
from fogbank.services.dynamodb.streams import StreamRecord, opened
from fogbank.services.dynamodb.table import Table
from fogbank.store.api import ABSENT, Store, Transaction


def open_stream(ids: Ids, transaction: Transaction, table: Table, now_ms: int) -> None:
    """Add the stream that the table's record names."""
    stream = table.record.stream
    assert stream is not None and table.stream_key is not None
    record = opened(table, stream.view, stream.label, now_ms, ids.hex(8))
    transaction.put(table.stream_key, record.pack(), expect=ABSENT)
    stream_upkeep.enqueue(transaction, table.place, table.record.name, stream.label, now_ms)


async def disable_stream(store: Store, transaction: Transaction, table: Table, now_ms: int) -> None:
    """Mark the table's stream as one that nobody writes to any more; it can be read for another day."""
    if table.stream_key is None:
        return
    stored = await store.get(table.stream_key)
    if stored is not None:
        record = replace(StreamRecord.unpack(stored.value), disabled_ms=now_ms)
        transaction.put(table.stream_key, record.pack(), expect=stored.version)
