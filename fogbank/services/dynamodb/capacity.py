"""Capacity units, exactly as AWS counts them, and ConsumedCapacity in answers. Pure.

A read unit is 4 KB read consistently, or 8 KB not; a write unit 1 KB of the larger of the item before and after; both twice
in transactions, as far as the table is concerned. Every index that a write changes is charged for what it writes.
"""

from __future__ import annotations

from typing import Any

from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.values import stored_size
from fogbank.services.dynamodb.writes import Held

READ_UNIT_BYTES = 4096
WRITE_UNIT_BYTES = 1024
TRANSACTION_FACTOR = 2
WANTED = ("TOTAL", "INDEXES")


def read_units(size_bytes: int, *, consistent: bool, transactional: bool = False) -> float:
    units = max(1, -(-size_bytes // READ_UNIT_BYTES))
    if transactional:
        return float(units * TRANSACTION_FACTOR)
    return float(units) if consistent else units / 2


def write_units(before_bytes: int, after_bytes: int) -> int:
    return max(1, -(-max(before_bytes, after_bytes) // WRITE_UNIT_BYTES))


def index_write_units(table: Table, before: Held, after: Held) -> dict[str, int]:
    """Units of each index that a write changes."""
    if not table.entries or before is after:
        return {}
    units: dict[str, int] = {}
    for entries in table.entries:
        old_item, new_item = before.item, after.item
        old_key = entries.store_key(old_item) if old_item is not None else None
        new_key = entries.store_key(new_item) if new_item is not None else None
        old = (
            entries.packed(old_item, before.stored) if old_item is not None and old_key is not None else None
        )
        new = entries.packed(new_item, after.stored) if new_item is not None and new_key is not None else None
        old_bytes = stored_size(old) if old is not None else 0
        new_bytes = stored_size(new) if new is not None else 0
        if old_key == new_key:
            spent = write_units(old_bytes, new_bytes) if old != new else 0
        else:
            spent = (write_units(0, old_bytes) if old else 0) + (write_units(0, new_bytes) if new else 0)
        if spent:
            units[entries.index.name] = spent
    return units


class Spent:
    """What an operation spent on one table and its indexes."""

    def __init__(self, table: Table, name: str, *, transactional: bool = False) -> None:
        self._table = table
        self._name = name
        self._is_transactional = transactional
        self.read_units = 0.0
        self.write_units = 0.0
        self._on_table = 0.0
        self._on_indexes: dict[str, float] = {}

    def read(self, size_bytes: int, *, consistent: bool, index: str | None = None) -> None:
        units = read_units(size_bytes, consistent=consistent, transactional=self._is_transactional)
        self.read_units += units
        self._add(units, index)

    def wrote(self, before: Held, after: Held) -> None:
        factor = TRANSACTION_FACTOR if self._is_transactional else 1
        units = factor * write_units(before.size, after.size)
        self.write_units += units
        self._add(units, None)
        # A transaction doubles what it costs the table; an index costs what it costs anyway.
        for index, spent in index_write_units(self._table, before, after).items():
            self.write_units += spent
            self._add(spent, index)

    def _add(self, units: float, index: str | None) -> None:
        if index is None:
            self._on_table += units
        else:
            self._on_indexes[index] = self._on_indexes.get(index, 0.0) + units

    def shown(self, wanted: str) -> dict[str, Any]:
        """A ConsumedCapacity; `wanted` is TOTAL or INDEXES."""
        total = float(self.read_units + self.write_units)
        found: dict[str, Any] = {"TableName": self._name, "CapacityUnits": total}
        if self._is_transactional:
            found |= self._split(self.read_units, self.write_units)
        if wanted != "INDEXES":
            return found
        found["Table"] = self._part(self._on_table)
        for member, is_global in (("LocalSecondaryIndexes", False), ("GlobalSecondaryIndexes", True)):
            parts = {
                name: self._part(units)
                for name, units in self._on_indexes.items()
                if self._table.indexes[name].index.is_global is is_global
            }
            if parts:
                found[member] = parts
        return found

    def _part(self, units: float) -> dict[str, float]:
        part = {"CapacityUnits": float(units)}
        if self._is_transactional:
            part |= self._split(units if self.read_units else 0.0, units if self.write_units else 0.0)
        return part

    def _split(self, read: float, write: float) -> dict[str, float]:
        return ({"ReadCapacityUnits": float(read)} if read else {}) | (
            {"WriteCapacityUnits": float(write)} if write else {}
        )
