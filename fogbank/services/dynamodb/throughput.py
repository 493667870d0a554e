"""Provisioned throughput, and the maxima of tables on demand, enforced when the server was started with
`--dynamodb-throughput`.

Each table and global index with units has a bucket for reads and one for writes on this node: it fills by its
units a second, up to five minutes' worth, as AWS lets unused capacity be used later. An operation is admitted while its bucket is
above zero, and pays what it cost afterwards, so the bucket may owe for a while. Local indexes use the table's capacity.
"""

from __future__ import annotations

from typing import Protocol

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError
from fogbank.services.dynamodb.capacity import index_write_units, read_units, write_units
from fogbank.services.dynamodb.limits import BUCKETS_MAX, BURST_S
from fogbank.services.dynamodb.records import Index, TableRecord
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
OVER_MAXIMUM = "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
READ, WRITE = "Read", "Write"


class Throttle(Protocol):
    """What operations ask before, and tell after, they read or write."""

    def admit_read(self, table: Table, entries: IndexEntries | None = None) -> None:
        """Raises ProvisionedThroughputExceededException, or ThrottlingException for a table on demand."""

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
        self._admit(table, entries, READ)

    def admit_write(self, table: Table) -> None:
        self._admit(table, None, WRITE)
        for entries in table.entries:
            if entries.index.is_global:
                self._admit(table, entries, WRITE)

    def read(
        self, table: Table, size_bytes: int, *, consistent: bool, entries: IndexEntries | None = None
    ) -> None:
        self._pay(table, entries, READ, read_units(size_bytes, consistent=consistent))

    def wrote(self, table: Table, before: Held, after: Held, *, factor: int = 1) -> None:
        self._pay(table, None, WRITE, factor * write_units(before.size, after.size))
        for name, units in index_write_units(table, before, after).items():
            self._pay(table, table.indexes[name], WRITE, units)

    def _admit(self, table: Table, entries: IndexEntries | None, kind: str) -> None:
        rate = _units(_charged(table, entries), kind)
        if rate and self._bucket(table, entries, kind, rate).left <= 0:
            raise _refusal(table, entries, kind)

    def _pay(self, table: Table, entries: IndexEntries | None, kind: str, units: float) -> None:
        rate = _units(_charged(table, entries), kind)
        if rate:
            self._bucket(table, entries, kind, rate).left -= units

    def _bucket(self, table: Table, entries: IndexEntries | None, kind: str, rate: int) -> _Bucket:
        of = _charged(table, entries)
        key = (table.record.id, of.number if isinstance(of, Index) else 0, kind)
        now_s = self._clock.monotonic_s()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= BUCKETS_MAX:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[key] = _Bucket(rate, now_s)
        bucket.fill(rate, now_s)
        return bucket


def _charged(table: Table, entries: IndexEntries | None) -> TableRecord | Index:
    """Whose capacity an operation uses: local indexes use the table's."""
    return entries.index if entries is not None and entries.index.is_global else table.record


def _units(of: TableRecord | Index, kind: str) -> int:
    """A second's units; 0: without a limit."""
    units = of.throughput.read if kind == READ else of.throughput.write
    return units or (of.on_demand or {}).get(f"Max{kind}RequestUnits", 0)


def _refusal(table: Table, entries: IndexEntries | None, kind: str) -> AwsError:
    of = _charged(table, entries)
    what, arn = ("Index", f"{table.arn}/index/{of.name}") if isinstance(of, Index) else ("Table", table.arn)
    if of.on_demand is not None:
        why = {"reason": f"{what}{kind}MaxOnDemandThroughputExceeded", "resource": arn}
        return SERVICE.error("ThrottlingException", OVER_MAXIMUM, throttlingReasons=[why])
    why = {"reason": f"{what}{kind}ProvisionedThroughputExceeded", "resource": arn}
    message = ON_INDEX if what == "Index" else ON_TABLE
    return SERVICE.error("ProvisionedThroughputExceededException", message, ThrottlingReasons=[why])
