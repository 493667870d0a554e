"""What this node wrote last, so that the next write to the same item begins without reading it.

Another node may have written since. Every commit checks the version that it began with, so a stale entry costs a conflict
and another try; a decision that commits nothing (a condition that fails) is never taken on an entry alone.
"""

from __future__ import annotations

from collections import OrderedDict

from fogbank.services.dynamodb.limits import RECENT_BYTES_MAX
from fogbank.store.api import Key, Record

_ENTRY_BYTES = 512  # key and bookkeeping, about


class Recent:
    """Records by key; those that were not asked for the longest give way."""

    def __init__(self, bytes_max: int = RECENT_BYTES_MAX) -> None:
        self._records: OrderedDict[Key, Record] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def get(self, key: Key) -> Record | None:
        record = self._records.get(key)
        if record is not None:
            self._records.move_to_end(key)
        return record

    def keep(self, record: Record) -> None:
        self.drop(record.key)
        self._records[record.key] = record
        self._bytes += len(record.value) + _ENTRY_BYTES
        while self._bytes > self._bytes_max:
            _, oldest = self._records.popitem(last=False)
            self._bytes -= len(oldest.value) + _ENTRY_BYTES

    def drop(self, key: Key) -> None:
        record = self._records.pop(key, None)
        if record is not None:
            self._bytes -= len(record.value) + _ENTRY_BYTES
