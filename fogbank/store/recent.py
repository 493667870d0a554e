"""What this node wrote last, so that the next write to one of these records begins without reading it.

Another node may have written since. So who begins with one commits on condition of its version, and a stale one costs a conflict
and another try; what comes to no commit (a condition that fails) is never decided on one alone.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from fogbank.core.limits import STORE_RECENT_BYTES_MAX
from fogbank.store.api import Key

V = TypeVar("V")

_ENTRY_BYTES = 512  # key and bookkeeping, about


class Recent(Generic[V]):
    """Versions and values by key, a value in whatever form its service has it; those not asked for the longest give way."""

    def __init__(self, bytes_max: int = STORE_RECENT_BYTES_MAX) -> None:
        self._entries: OrderedDict[Key, tuple[int, V, int]] = OrderedDict()
        self._bytes = 0
        self._bytes_max = bytes_max

    def get(self, key: Key) -> tuple[int, V] | None:
        """(version, value)"""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[:2]

    def keep(self, key: Key, version: int, value: V, size_bytes: int) -> None:
        """`size_bytes`: what the value takes in memory, about."""
        self.drop(key)
        self._entries[key] = version, value, size_bytes + _ENTRY_BYTES
        self._bytes += size_bytes + _ENTRY_BYTES
        while self._bytes > self._bytes_max:
            self._bytes -= self._entries.popitem(last=False)[1][2]

    def drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= entry[2]
