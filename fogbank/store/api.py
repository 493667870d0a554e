"""The store's contract, in prose and types. Engines implement `Store`; nobody above imports an engine but app.py.

Three shapes, one transaction:

*Records* — ordered key → value. Keys are tuples that sort as tuples do (bytes < int < str within one position;
prefix before longer). Every write gives the record a new `version`, never reused for that key, also not after a
delete; conditions compare versions, so read-decide-commit is safe without locks.

*Logs* — append-only sequences. An entry has a sequence number (1, 2, 3… gapless within its log), a time and a body.
Retention removes from the front; numbers are never reused.

*Queues* — work due at a time. `lease` hands out due items, each to one worker until acknowledged, put back, or the
lease runs out. Items of one `group` leave in the order they were enqueued, one at a time. An item has an id chosen by
the caller: enqueuing an id that is waiting replaces it, which makes timers movable and cancellable. One that is leased
is replaced as well, and its lease is lost. A lease that ran out still holds until somebody else leases the item.

A `Transaction` is data: build it, then `commit` it. It holds wholly or not at all; when `commit` returns, it survives
`kill -9` and power loss. Concurrent commits share one disk flush (group commit). Conditions are checked in order
against the state that all transactions committed before left behind; `Conflict` names the first that failed.

Reads see everything acknowledged before they began. They cost by what they return, not by what is stored, and never
block writers. `watch_*` callbacks run on the event loop after a commit is durable, coalesced; they carry no data, only
the news, and may come without a change (spuriously), never miss one. On several nodes they come from other nodes too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fogbank.core.records import hot_record

Part = bytes | int | str
Key = tuple[Part, ...]

#: `expect=ABSENT`: the condition that the key has no record.
ABSENT = 0


@hot_record
class Record:
    """One record as read. `version` >= 1."""

    key: Key
    value: bytes
    version: int


@hot_record
class Entry:
    """One entry of a log as read."""

    seq: int
    time_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Leased:
    """One queue item in this worker's hands until `lease_until_ms`. `attempt` is 1 at its first delivery."""

    queue: str
    id: str
    body: bytes
    group: str | None
    due_ms: int
    enqueued_ms: int
    attempt: int
    lease: str
    lease_until_ms: int


# --- the operations a transaction is made of: plain data, so that an engine can batch and pipeline them ---------------


@hot_record
class Put:
    key: Key
    value: bytes
    expect: int | None = None  # None: whatever is there; ABSENT: nothing there; else that version


@hot_record
class Delete:
    key: Key
    expect: int | None = None


@dataclass(frozen=True, slots=True)
class DeletePrefix:
    """Delete every record whose key begins with `prefix` (which must not be empty)."""

    prefix: Key


@hot_record
class Check:
    """A condition without a write."""

    key: Key
    expect: int


@hot_record
class Append:
    log: Key
    entries: Sequence[tuple[int, bytes]]  # (time_ms, body)
    expect_last: int | None = None  # condition: the log's last seq, 0 for an empty or new log


@dataclass(frozen=True, slots=True)
class TrimLog:
    """Drop entries from the front, up to and including `through_seq`."""

    log: Key
    through_seq: int


@dataclass(frozen=True, slots=True)
class DropLog:
    log: Key


@dataclass(frozen=True, slots=True)
class Enqueue:
    queue: str
    id: str
    body: bytes
    due_ms: int
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """Remove an item, leased or not; no effect when it is not there."""

    queue: str
    id: str


@dataclass(frozen=True, slots=True)
class Ack:
    """The item is done: remove it. Conflict when the lease was lost, so that work and its ack commit together."""

    leased: Leased


@dataclass(frozen=True, slots=True)
class Retry:
    """Put the item back, due at `due_ms`; `body` replaces its content. Conflict when the lease was lost."""

    leased: Leased
    due_ms: int
    body: bytes | None = None


Operation = Put | Delete | DeletePrefix | Check | Append | TrimLog | DropLog | Enqueue | Cancel | Ack | Retry


@dataclass(slots=True)
class Transaction:
    """A list of operations that hold together. Build with the methods; order is kept.

    `patient`: nobody waits for this one, so it may be held back some milliseconds to share the flush of another."""

    operations: list[Operation] = field(default_factory=list)
    patient: bool = False

    def put(self, key: Key, value: bytes, *, expect: int | None = None) -> Transaction:
        self.operations.append(Put(key, value, expect))
        return self

    def delete(self, key: Key, *, expect: int | None = None) -> Transaction:
        self.operations.append(Delete(key, expect))
        return self

    def delete_prefix(self, prefix: Key) -> Transaction:
        self.operations.append(DeletePrefix(prefix))
        return self

    def check(self, key: Key, expect: int) -> Transaction:
        self.operations.append(Check(key, expect))
        return self

    def append(
        self, log: Key, entries: Sequence[tuple[int, bytes]], *, expect_last: int | None = None
    ) -> Transaction:
        self.operations.append(Append(log, entries, expect_last))
        return self

    def trim_log(self, log: Key, through_seq: int) -> Transaction:
        self.operations.append(TrimLog(log, through_seq))
        return self

    def drop_log(self, log: Key) -> Transaction:
        self.operations.append(DropLog(log))
        return self

    def enqueue(
        self, queue: str, id: str, body: bytes, *, due_ms: int, group: str | None = None
    ) -> Transaction:
        self.operations.append(Enqueue(queue, id, body, due_ms, group))
        return self

    def cancel(self, queue: str, id: str) -> Transaction:
        self.operations.append(Cancel(queue, id))
        return self

    def ack(self, leased: Leased) -> Transaction:
        self.operations.append(Ack(leased))
        return self

    def retry(self, leased: Leased, *, due_ms: int, body: bytes | None = None) -> Transaction:
        self.operations.append(Retry(leased, due_ms, body))
        return self


@hot_record
class Committed:
    """What a commit gave: for each Append, in order, the seq of its last entry; for each Put, in order, the version."""

    last_seqs: tuple[int, ...]
    versions: tuple[int, ...]


class Store(Protocol):
    """One durable store. Safe to use from one event loop."""

    async def open(self) -> None:
        """Connect, migrate, recover. Raises ConfigError when the data directory belongs to a newer fogbank."""

    async def close(self) -> None:
        """Finish what was accepted, then close. Later calls raise StoreClosed."""

    async def clear(self) -> None:
        """Delete everything: records, logs, queues. Versions and lease numbers are still never reused."""

    async def commit(self, transaction: Transaction) -> Committed:
        """Apply it wholly and durably. Raises Conflict, StoreFull, StoreClosed; then nothing was written."""

    # records
    async def get(self, key: Key) -> Record | None: ...

    async def get_many(self, keys: Sequence[Key]) -> list[Record | None]: ...

    async def scan(
        self,
        prefix: Key,
        *,
        after: Key | None = None,
        before: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Record]:
        """Records under `prefix` in key order. `after`/`before` are exclusive full keys (pagination, ranges)."""

    async def range_values(self, low: Key, high: Key, *, limit: int, reverse: bool = False) -> list[bytes]:
        """Values of the records with low <= key < high, in key order: for long pages whose keys nobody needs."""

    async def count(self, prefix: Key, *, limit: int) -> int:
        """How many records lie under `prefix`, counting no further than `limit`."""

    # logs
    async def read_log(
        self,
        log: Key,
        *,
        after_seq: int = 0,
        before_seq: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Entry]:
        """Entries with after_seq < seq < before_seq and from_ms <= time_ms < to_ms, by seq."""

    async def last_seq(self, log: Key) -> int:
        """The highest seq ever given in this log; 0 when it never had an entry (or was dropped)."""

    # queues
    async def lease(self, queue: str, *, owner: str, limit: int, lease_ms: int) -> list[Leased]:
        """Take due items, oldest due first, at most one of each group."""

    async def extend(self, leased: Leased, *, lease_ms: int) -> Leased | None:
        """Hold it longer (from now); None when the lease was lost."""

    async def release(self, owner: str) -> int:
        """Put back everything `owner` holds (a restarted node takes up its own work at once); how many."""

    async def next_due_ms(self, queue: str) -> int | None:
        """When the earliest item that can be leased is due (also a lease that runs out); None when there is none."""

    async def depth(self, queue: str) -> tuple[int, int]:
        """(waiting, leased) items."""

    # news
    def watch_records(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after commits that touched records under `prefix`; returns the function that ends the watch."""

    def watch_log(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after appends to logs whose key begins with `prefix`."""

    def watch_queue(self, queue: str, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after commits that put work into `queue` or moved it."""


class Blobs(Protocol):
    """Content-addressed immutable bytes: code packages, layers, objects, large payloads. Named by SHA-256 in hex."""

    async def put(self, content: bytes) -> str:
        """Store durably; the name. Storing the same content twice is free."""

    async def get(self, name: str) -> bytes | None: ...

    async def open(self, name: str, chunk_bytes: int = 1 << 20) -> AsyncIterator[bytes]: ...

    async def delete(self, name: str) -> None:
        """Remove; the caller knows that nothing refers to it."""

    def path(self, name: str) -> Path:
        """Where the content lies on this machine, for those who need a file (unzipping)."""
