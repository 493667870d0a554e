"""A batch of transactions as the columns that `fogbank_apply` takes, and its answer as theirs. No I/O.

One operation is one element of each column, an Append one for each chunk it is packed into.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from fogbank.core.errors import Conflict
from fogbank.store import keys
from fogbank.store.api import (
    Ack,
    Append,
    Cancel,
    Check,
    Committed,
    Delete,
    DeletePrefix,
    DropLog,
    Enqueue,
    Key,
    Leased,
    Operation,
    Put,
    Retry,
    Transaction,
    TrimLog,
)
from fogbank.store.chunks import pack
from fogbank.store.postgres_arrays import Byteas, Int4s, Int8s, Texts


def name(text: str) -> bytes:
    """A queue's, item's, group's or owner's name as it is stored."""
    return text.encode("utf-8", "surrogatepass")


def text(stored: bytes) -> str:
    """What `name` was given."""
    return stored.decode("utf-8", "surrogatepass")


def token(leased: Leased) -> tuple[int, int]:
    """The item's seq and the lease's number, from `Leased.lease`."""
    seq, _, number = leased.lease.partition(".")
    return int(seq), int(number)


@dataclass(slots=True)
class Columns:
    """The arguments of `fogbank_apply` that have one element for each operation (see postgres_sql.py)."""

    job: Int4s = field(default_factory=Int4s)
    kind: Texts = field(default_factory=Texts)
    k: Byteas = field(default_factory=Byteas)
    id: Byteas = field(default_factory=Byteas)
    grp: Byteas = field(default_factory=Byteas)
    v: Byteas = field(default_factory=Byteas)
    a: Int8s = field(default_factory=Int8s)
    b: Int8s = field(default_factory=Int8s)
    c: Int8s = field(default_factory=Int8s)
    d: Int8s = field(default_factory=Int8s)
    e: Int8s = field(default_factory=Int8s)

    def add(
        self,
        job: int,
        kind: str,
        k: bytes,
        *,
        id: bytes | None = None,
        grp: bytes | None = None,
        v: bytes | None = None,
        a: int | None = None,
        b: int | None = None,
        c: int | None = None,
        d: int | None = None,
        e: int | None = None,
    ) -> None:
        self.job.append(job)
        self.kind.append(kind)
        self.k.append(k)
        self.id.append(id)
        self.grp.append(grp)
        self.v.append(v)
        self.a.append(a)
        self.b.append(b)
        self.c.append(c)
        self.d.append(d)
        self.e.append(e)

    def arguments(self) -> tuple[object, ...]:
        """In the order of the function's parameters."""
        numbers = (self.a, self.b, self.c, self.d, self.e)
        return (self.job, self.kind, self.k, self.id, self.grp, self.v, *numbers)


class Batch:
    """Transactions that share one server transaction. None of them is empty."""

    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self.columns = Columns()
        self._transactions = transactions
        # For each element, the position of its operation within its transaction.
        self._positions: list[int] = []
        self._starts: list[int] = []
        for job, transaction in enumerate(transactions, 1):
            self._starts.append(len(self._positions))
            for position, operation in enumerate(transaction.operations):
                _encode(self.columns, job, operation)
                self._positions += [position] * (len(self.columns.job) - len(self._positions))
        self._starts.append(len(self._positions))

    def outcomes(
        self, results: Sequence[int | None], conflicts: Sequence[int | None]
    ) -> list[Committed | Conflict]:
        """What the function answered, for each transaction."""
        return [
            self._committed(job, results) if conflict is None else self._conflict(job, conflict)
            for job, conflict in enumerate(conflicts)
        ]

    def _conflict(self, job: int, element: int) -> Conflict:
        position = self._positions[element - 1]
        return Conflict(position, _key_of(self._transactions[job].operations[position]))

    def _committed(self, job: int, results: Sequence[int | None]) -> Committed:
        numbers: dict[int, int | None] = {}
        for element in range(self._starts[job], self._starts[job + 1]):
            numbers[self._positions[element]] = results[element]  # of an Append's chunks, the last one's
        versions: list[int] = []
        last_seqs: list[int] = []
        for position, operation in enumerate(self._transactions[job].operations):
            number = numbers[position]
            if number is not None:
                (versions if isinstance(operation, Put) else last_seqs).append(number)
        return Committed(tuple(last_seqs), tuple(versions))


def _key_of(operation: Operation) -> Key:
    match operation:
        case Put(key) | Delete(key) | Check(key) | Append(key):
            return key
        case Ack(leased) | Retry(leased):
            return (leased.queue, leased.id)
        case _:
            return ()


def _encode(columns: Columns, job: int, operation: Operation) -> None:
    match operation:
        case Put(key, value, expect):
            columns.add(job, "P", keys.encode(key), v=value, a=expect)
        case Delete(key, expect):
            columns.add(job, "D", keys.encode(key), a=expect)
        case Check(key, expect):
            columns.add(job, "C", keys.encode(key), a=expect)
        case DeletePrefix(prefix):
            low, high = keys.bounds(prefix)
            columns.add(job, "X", low, v=high)
        case Append():
            _encode_append(columns, job, operation)
        case TrimLog(log, through_seq):
            columns.add(job, "T", keys.encode(log), b=through_seq)
        case DropLog(log):
            columns.add(job, "R", keys.encode(log))
        case _:
            _encode_queue(columns, job, operation)


def _encode_append(columns: Columns, job: int, operation: Append) -> None:
    log, expect = keys.encode(operation.log), operation.expect_last
    if not operation.entries:
        columns.add(job, "A", log, a=expect, b=0)
        return
    for chunk in pack(operation.entries):
        columns.add(
            job,
            "A",
            log,
            v=chunk.packed,
            a=expect,
            b=chunk.count,
            c=chunk.max_ms,
            d=chunk.disorder_ms,
            e=chunk.min_ms,
        )
        expect = None  # one condition for the whole append


def _encode_queue(columns: Columns, job: int, operation: Operation) -> None:
    match operation:
        case Enqueue(queue, id, body, due_ms, group):
            grp = None if group is None else name(group)
            columns.add(job, "E", name(queue), id=name(id), grp=grp, v=body, b=due_ms)
        case Cancel(queue, id):
            columns.add(job, "K", name(queue), id=name(id))
        case Ack(leased):
            seq, number = token(leased)
            columns.add(job, "W", name(leased.queue), id=name(leased.id), b=seq, c=number)
        case Retry(leased, due_ms, body):
            seq, number = token(leased)
            columns.add(job, "Y", name(leased.queue), id=name(leased.id), v=body, b=seq, c=number, d=due_ms)
