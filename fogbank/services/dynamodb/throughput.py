"""Provisioned throughput, enforced when the server was started with `--dynamodb-throughput`.

Each table and global index with provisioned capacity has a bucket for reads and one for writes on this node: it fills by its
units a second, up to five minutes' worth, as AWS lets unused capacity be used later. An operation is admitted while its bucket is
above zero, and pays what it cost afterwards, so the bucket may owe for a while. Local indexes use the table's capacity.
"""

from __future__ import annotations

from typing import Protocol

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.capacity import index_write_units, read_units, write_units
from fogbank.services.dynamodb.limits import BUCKETS_MAX, BURST_S
from fogbank.services.dynamodb.records import Throughput
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.table import IndexEntries, Table
from fogbank.services.dynamodb.writes import Held

ON_TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API."
)
ON_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable "
    "API"
)


class Throttle(Protocol):
    """What operations ask before, and tell after, they read or write."""

    def admit_read(self, table: Table, entries: IndexEntries | None = None) -> None:
        """Raises ProvisionedThroughputExceededException."""

    def admit_write(self, table: Table) -> None:
        """The same for the table and all its global indexes."""

    def read(
        self, table: Table, size_bytes: int, *, consistent: bool, entries: IndexEntries | None = None
    ) -> None: ...

    def wrote(self, table: Table, before: Held, after: Held, *, factor: int = 1) -> None:
        """`factor` is a transaction's, for the table; indexes are charged as ever."""


class NoThrottle:
    """The default: nothing is throttled."""

    def admit_read(self, table: Table, entries: IndexEntries | None = None) -> None:
        return None

    def admit_write(self, table: Table) -> None:
        return None

    def read(
        self, table: Table, size_bytes: int, *, consistent: bool, entries: IndexEntries | None = None
    ) -> None:
        return None

    def wrote(self, table: Table, before: Held, after: Held, *, factor: int = 1) -> None:
        return None


class _Bucket:
    """Units that may be spent, as of a moment."""

    __slots__ = ("at_s", "left", "rate")

    def __init__(self, rate: float, now_s: float) -> None:
        self.rate = rate
        self.left = rate
        self.at_s = now_s

    def fill(self, rate: float, now_s: float) -> float:
        self.left = min(self.left + (now_s - self.at_s) * self.rate, max(rate, rate * BURST_S))
        self.rate, self.at_s = rate, now_s
        return self.left


class Buckets:
    """Enforces throughput on this node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, int, str], _Bucket] = {}

    def admit_read(self, table: Table, entries: IndexEntries | None = None) -> None:
        number, throughput, message = _charged(table, entries)
        if throughput.read and self._bucket(table, number, "read", throughput.read).left <= 0:
            raise exceeded(message)

    def admit_write(self, table: Table) -> None:
        for entries in (None, *table.entries):
            number, throughput, message = _charged(table, entries)
            if throughput.write and self._bucket(table, number, "write", throughput.write).left <= 0:
                raise exceeded(message)

    def read(
        self, table: Table, size_bytes: int, *, consistent: bool, entries: IndexEntries | None = None
    ) -> None:
        number, throughput, _ = _charged(table, entries)
        if throughput.read:
            bucket = self._bucket(table, number, "read", throughput.read)
            bucket.left -= read_units(size_bytes, consistent=consistent)

    def wrote(self, table: Table, before: Held, after: Held, *, factor: int = 1) -> None:
        spent = [
            (table.indexes[name], units) for name, units in index_write_units(table, before, after).items()
        ]
        for entries, units in [(None, factor * write_units(before.size, after.size)), *spent]:
            number, throughput, _ = _charged(table, entries)
            if throughput.write:
                self._bucket(table, number, "write", throughput.write).left -= units

    def _bucket(self, table: Table, number: int, kind: str, rate: int) -> _Bucket:
        key, now_s = (table.record.id, number, kind), self._clock.monotonic_s()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[key] = _Bucket(rate, now_s)
        bucket.fill(rate, now_s)
        return bucket


def _charged(table: Table, entries: IndexEntries | None) -> tuple[int, Throughput, str]:
    """Whose capacity an operation uses, and what is said when it is used up."""
    if entries is None or not entries.index.is_global:
        return 0, table.record.throughput, ON_TABLE
    return entries.index.number, entries.index.throughput, ON_INDEX


def exceeded(message: str) -> AwsError:
    return SERVICE.error("ProvisionedThroughputExceededException", message)
