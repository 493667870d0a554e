"""The contract of `store/api.py`, written a second time as plainly as can be: what the engines are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field

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


@dataclass
class Item:
    id: str
    body: bytes
    group: str | None
    due_ms: int
    attempt: int = 0
    lease: str | None = None
    owner: str = ""
    lease_until_ms: int = 0

    @property
    def ready_ms(self) -> int:
        return self.due_ms if self.lease is None else self.lease_until_ms

    def put_back(self) -> None:
        self.lease = None


@dataclass
class Log:
    entries: list[tuple[int, bytes]] = field(default_factory=list)
    trimmed: int = 0


@dataclass
class Model:
    records: dict[Key, tuple[bytes, int]] = field(default_factory=dict)
    logs: dict[Key, Log] = field(default_factory=dict)
    queues: dict[str, list[Item]] = field(default_factory=dict)  # in the order of enqueuing
    versions_given: dict[Key, int] = field(default_factory=dict)

    # --- transactions ---------------------------------------------------------------------------------------------

    def first_conflict(self, transaction: Transaction) -> int | None:
        for index, operation in enumerate(transaction.operations):
            if not self._holds(operation):
                return index
        return None

    def _holds(self, operation: Operation) -> bool:
        match operation:
            case Put(key, _, expect) | Delete(key, expect) | Check(key, expect) if expect is not None:
                return self.version(key) == expect
            case Append(log, _, expect) if expect is not None:
                return self.last_seq(log) == expect
            case Ack(leased) | Retry(leased):
                return self.find(leased) is not None
        return True

    def apply(self, transaction: Transaction, committed: Committed) -> None:
        """Take over a transaction that the engine committed, judging the numbers it gave."""
        last_seqs = list(committed.last_seqs)
        versions = list(committed.versions)
        for operation in transaction.operations:
            match operation:
                case Put(key, value):
                    version = versions.pop(0)
                    assert version > self.versions_given.get(key, 0), "a version came twice"
                    self.versions_given[key] = version
                    self.records[key] = (value, version)
                case Append(log, entries):
                    kept = self.logs.setdefault(log, Log()) if entries else self.logs.get(log, Log())
                    kept.entries += list(entries)
                    assert last_seqs.pop(0) == len(kept.entries)
                case _:
                    self._apply_other(operation)
        assert not last_seqs and not versions

    def _apply_other(self, operation: Operation) -> None:
        match operation:
            case Delete(key):
                self.records.pop(key, None)
            case DeletePrefix(prefix):
                for key in [key for key in self.records if key[: len(prefix)] == prefix]:
                    del self.records[key]
            case TrimLog(log, through_seq):
                if log in self.logs:
                    kept = self.logs[log]
                    kept.trimmed = max(kept.trimmed, min(through_seq, len(kept.entries)))
            case DropLog(log):
                self.logs.pop(log, None)
            case Enqueue(queue, id, body, due_ms, group):
                self._remove(queue, id)
                self.queues.setdefault(queue, []).append(Item(id, body, group, due_ms))
            case Cancel(queue, id):
                self._remove(queue, id)
            case Ack(leased):
                if self.find(leased) is not None:
                    self._remove(leased.queue, leased.id)
            case Retry(leased, due_ms, new_body):
                if (item := self.find(leased)) is not None:
                    item.put_back()
                    item.due_ms = due_ms
                    item.body = item.body if new_body is None else new_body

    def _remove(self, queue: str, id: str) -> None:
        self.queues[queue] = [item for item in self.queues.get(queue, []) if item.id != id]

    def clear(self) -> None:
        self.records.clear()
        self.logs.clear()
        self.queues.clear()

    # --- queues ---------------------------------------------------------------------------------------------------

    def find(self, leased: Leased) -> Item | None:
        for item in self.queues.get(leased.queue, []):
            if item.lease == leased.lease:
                return item
        return None

    def heads(self, queue: str) -> list[Item]:
        """The items that could be leased now or later without another leaving first."""
        found: list[Item] = []
        groups: set[str] = set()
        for item in self.queues.get(queue, []):
            if item.group is None or item.group not in groups:
                found.append(item)
            if item.group is not None:
                groups.add(item.group)
        return found

    def due(self, queue: str, now_ms: int, limit: int) -> list[Item]:
        ready = [item for item in self.heads(queue) if item.ready_ms <= now_ms]
        return sorted(ready, key=lambda item: item.ready_ms)[:limit]

    def leased(self, item: Item, given: Leased, owner: str) -> None:
        item.attempt += 1
        item.lease, item.owner, item.lease_until_ms = given.lease, owner, given.lease_until_ms

    def release(self, owner: str) -> int:
        mine = [
            i for items in self.queues.values() for i in items if i.lease is not None and i.owner == owner
        ]
        for item in mine:
            item.put_back()
        return len(mine)

    def next_due_ms(self, queue: str) -> int | None:
        return min((item.ready_ms for item in self.heads(queue)), default=None)

    def depth(self, queue: str, now_ms: int) -> tuple[int, int]:
        items = self.queues.get(queue, [])
        leased = sum(1 for item in items if item.lease is not None and item.lease_until_ms > now_ms)
        return len(items) - leased, leased

    # --- records and logs -----------------------------------------------------------------------------------------

    def version(self, key: Key) -> int:
        return self.records[key][1] if key in self.records else 0

    def last_seq(self, log: Key) -> int:
        return len(self.logs[log].entries) if log in self.logs else 0

    def entries(self, log: Key) -> list[tuple[int, int, bytes]]:
        kept = self.logs.get(log, Log())
        numbered = [(seq, *entry) for seq, entry in enumerate(kept.entries, 1)]
        return numbered[kept.trimmed :]
