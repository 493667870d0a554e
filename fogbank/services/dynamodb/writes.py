"""Writing items: read, decide, commit, with the item's turn held on this node and its version checked for all others.

One store transaction holds the item, its entries in every index, its time-to-live entry and its stream records, and checks
the table's version: a write that was prepared for a table that has changed meanwhile is prepared anew (`TableChanged`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, Conflict
from fogbank.services.dynamodb import keys, stamps
from fogbank.services.dynamodb.change_records import change_record
from fogbank.services.dynamodb.directory import Directory
from fogbank.services.dynamodb.figures import Figures
from fogbank.services.dynamodb.journal_entries import pack_entry
from fogbank.services.dynamodb.limits import CONFLICT_RETRIES_MAX
from fogbank.services.dynamodb.novelty import Novelty
from fogbank.services.dynamodb.service import SERVICE
from fogbank.services.dynamodb.table import Table
from fogbank.services.dynamodb.turns import Turns
from fogbank.services.dynamodb.values import Item, pack, stored_size, unpack
from fogbank.store.api import ABSENT, Key, Store, Transaction
from fogbank.store.recent import Recent

R = TypeVar("R")

_PARSED = 4


class TableChanged(Exception):
    """The table is not what the write was prepared for."""


class Held:
    """An item at one moment, read or about to be written; parsed and packed only when somebody asks. May be absent."""

    __slots__ = ("_item", "_size", "_stored")

    def __init__(self, stored: bytes | None = None, item: Item | None = None, size: int = 0) -> None:
        self._stored = stored
        self._item = item
        self._size = size

    @property
    def is_absent(self) -> bool:
        return self._stored is None and self._item is None

    @property
    def item(self) -> Item | None:
        if self._item is None and self._stored is not None:
            self._item = unpack(self._stored)
        return self._item

    @property
    def size(self) -> int:
        if self._size == 0 and self._stored is not None:
            self._size = stored_size(self._stored)
        return self._size

    @property
    def stored(self) -> bytes | None:
        if self._stored is None and self._item is not None:
            self._stored = pack(self._item, self._size)
        return self._stored


#: From the item before to the item after; the same object when nothing changes. May raise AwsError.
Decide = Callable[[Held], Held]


#: Entries of indexes that a commit adds (1), removes (-1) or changes (0), and by how many bytes.
Changes = list[tuple[Key, int, int]]
NO_CHANGES: Changes = []


class Write:
    """One request's write to one item. After it was done: `before` and `after`, or `error`."""

    __slots__ = ("after", "before", "by_service", "decide", "error", "key", "table")

    def __init__(self, table: Table, key: Key, decide: Decide, *, by_service: bool = False) -> None:
        self.table = table
        self.key = key
        self.decide = decide
        self.by_service = by_service  # time to live's deletions are marked in the stream
        self.before = self.after = NOTHING
        self.error: AwsError | TableChanged | None = None


NOTHING = Held()


class Writer:
    """Does writes to single items; transactions share its turns and its way to build a commit."""

    def __init__(self, store: Store, clock: Clock, figures: Figures, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._figures = figures
        self._recent: Recent[Held] = Recent()
        self._novelty = Novelty()
        self.turns: Turns[Write] = Turns()

    async def write(self, write: Write) -> None:
        """Raises AwsError, TableChanged."""
        await self.turns.join(write.key, write, self._run)
        if write.error is not None:
            raise write.error

    async def _run(self, writes: Sequence[Write]) -> None:
        key = writes[0].key
        table = writes[0].table
        if len(writes) > 1:
            table = max((write.table for write in writes), key=lambda table: table.version)
        for tries in range(CONFLICT_RETRIES_MAX):
            try:
                done = await self._attempt(table, key, writes, may_guess=tries == 0)
            except Conflict as conflict:
                self._recent.drop(key)
                if conflict.key == table.key:
                    self.forget(table)
                    for write in writes:
                        write.error = TableChanged()
                    return
            else:
                if done:
                    return
        for write in writes:
            write.error = SERVICE.error("TransactionConflictException", "Transaction is ongoing for the item")

    async def _attempt(self, table: Table, key: Key, writes: Sequence[Write], *, may_guess: bool) -> bool:
        """Decide on the item as it is and commit; False when it has to be looked at again. Raises Conflict."""
        stamped = recent = record = None
        guessed = False
        if table.stamps_prefix is not None:
            record, stamp = await self._store.get_many([key, stamps.key_of(table, key)])
            stamped = stamps.stamped(stamp)
        elif (recent := self._recent.get(key)) is None:
            guessed = may_guess and self._novelty.expects_new(table.record.id)
            if not guessed:
                record = await self._store.get(key)
                self._novelty.looked(table.record.id, found=record is not None)
        if recent is not None:
            version, first = recent
        elif record is not None:
            version, first = record.version, Held(record.value)
        else:
            version, first = ABSENT, NOTHING
        last = self._decide_all(writes, first)
        if all(write.before is write.after for write in writes):
            self._recent.drop(key)
            return recent is None and not guessed
        transaction = Transaction().check(table.key, table.version)
        changes = self.add(transaction, table, key, first, last, version)
        if stamped is not None:
            stamps.add_change(transaction, table, key, last, stamped, self._clock.now_ms())
        self.add_records(transaction, [write for write in writes if write.error is None])
        try:
            committed = await self._store.commit(transaction)
        except Conflict:
            if guessed:
                self._novelty.looked(table.record.id, found=True)
            raise
        if last.is_absent:
            self._recent.drop(key)
        else:
            # The item is what `add` puts first. Parsed it takes several times its bytes.
            self._recent.keep(key, committed.versions[0], last, last.size * _PARSED)
        self.count(table, first, last, changes)
        return True

    def _decide_all(self, writes: Sequence[Write], first: Held) -> Held:
        held = first
        for write in writes:
            write.before = held
            try:
                write.after = held = write.decide(held)
                write.error = None
            except AwsError as error:
                write.after = held
                write.error = error
        return held

    def add(
        self, transaction: Transaction, table: Table, key: Key, before: Held, after: Held, version: int
    ) -> Changes:
        """Add to `transaction` what makes the item at `key` `after`, provided that it is still at `version`."""
        if after.is_absent:
            transaction.delete(key, expect=version)
        else:
            stored = after.stored
            assert stored is not None
            transaction.put(key, stored, expect=version)
        if table.journal_key is not None:
            was = pack_entry(key[keys.HEAD_PARTS :], before.stored)
            transaction.append(table.journal_key, [(self._clock.now_ms(), was)])
        if not table.entries and table.ttl_prefix is None:
            return NO_CHANGES
        changes: Changes = []
        old = table.shared_entries(before.item, before.stored)
        new = table.shared_entries(after.item, after.stored)
        for entry, value in old.items():
            if entry not in new:
                transaction.delete(entry)
                changes.append((entry, -1, -stored_size(value)))
        for entry, value in new.items():
            there = old.get(entry)
            if there is None:
                changes.append((entry, 1, stored_size(value)))
            elif there != value:
                changes.append((entry, 0, stored_size(value) - stored_size(there)))
            if there != value:
                transaction.put(entry, value)
        return changes

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def forget(self, table: Table) -> None:
        """The table is not what this node remembers: the news of its change may still be on the way."""
        self._directory.forget(table.place, table.record.name)

    def add_records(self, transaction: Transaction, writes: Sequence[Write]) -> None:
        """Add the stream records of writes, in their order. A write that changes nothing leaves none."""
        now_ms = self._clock.now_ms()
        for write in writes:
            table = write.table
            if table.stream_key is None or write.before is write.after:
                continue
            if write.before.item != write.after.item:
                record = change_record(table, write.before, write.after, by_service=write.by_service)
                transaction.append(table.stream_key, [(now_ms, record)])

    def count(self, table: Table, before: Held, after: Held, changes: Changes) -> None:
        """Note for DescribeTable what a commit changed."""
        items = int(before.is_absent) - int(after.is_absent)
        self._figures.note(table.record.id, 0, items, after.size - before.size)
        for entry, entries, size_bytes in changes:
            number = entry[3]
            assert isinstance(number, int)  # by the layout of `keys.data`
            self._figures.note(table.record.id, number, entries, size_bytes)


async def prepared(attempt: Callable[[], Awaitable[R]]) -> R:
    """What `attempt` comes to, tried again while the table changes under it."""
    for _ in range(CONFLICT_RETRIES_MAX):
        try:
            return await attempt()
        except TableChanged:
            continue
    raise SERVICE.error("ResourceInUseException", "The table is being updated")
