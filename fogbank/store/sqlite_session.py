"""One SQLite transaction under way: the counter, the queues' sizes, and the statements that operations become.

A session serves a whole batch of callers' transactions between `begin` and `commit`. Each of them first has all its
conditions checked, and only then has effects; so one whose condition fails has written nothing, and no savepoint is
needed. Used by one thread at a time: the writer sees to that.
"""

from __future__ import annotations

from typing import Any

import apsw

from fogbank.core.limits import STORE_LAST_SEQS_CACHED_MAX, STORE_NEWS_ROWS_MAX
from fogbank.store.api import Key

_LAST = "SELECT number, node, stranger, counter FROM batch ORDER BY number DESC LIMIT 1"
_SWEEP_EVERY = 32


class Appended:
    """A log that a batch appends to: its last seq by then, and the entries that are written, together, at the batch's end."""

    __slots__ = ("entries", "last_seq")

    def __init__(self, last_seq: int) -> None:
        self.last_seq = last_seq
        self.entries: list[tuple[int, bytes]] = []


class Session:
    """What the operations of one batch share. `execute` runs a statement and gives all its rows."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._counter = 0
        self._batch = 0
        self._finished = 0  # the batch that this session wrote last
        self._last_node = 0
        self._last_stranger = 0
        self._sizes: dict[str, int] = {}
        self._changes_before = 0
        self.versions: dict[bytes, int] = {}  # of records that this batch has looked at or put; 0: not there
        self.appended: dict[Key, Appended] = {}  # logs that this batch has appended to
        self.last_seqs: dict[Key, int] = {}  # of logs, as the last batch left them; nobody has written since

    def execute(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
        # All rows are taken: a statement left half-way would hold its read lock.
        return self._cursor.execute(sql, bindings).fetchall()

    def changes(self) -> int:
        """How many rows the last statement changed."""
        return self._connection.changes()

    def next_number(self) -> int:
        """The next value of the store's counter."""
        self._counter += 1
        return self._counter

    def resize_queue(self, queue: str, by: int) -> None:
        """Note that `queue` has `by` more items; written once for the whole batch."""
        self._sizes[queue] = self._sizes.get(queue, 0) + by

    def begin(self) -> None:
        """Take the write lock. apsw.BusyError when another process holds it longer than the busy timeout."""
        if self._connection.in_transaction:
            self._cursor.execute("COMMIT")  # the reads of this turn of the loop
        self._cursor.execute("BEGIN IMMEDIATE")
        self._batch, self._last_node, self._last_stranger, self._counter = self.execute(_LAST)[0]
        if self._batch != self._finished or len(self.last_seqs) > STORE_LAST_SEQS_CACHED_MAX:
            self.last_seqs.clear()
        self._changes_before = self._connection.total_changes()
        self.versions.clear()
        self.appended.clear()

    def wrote(self) -> bool:
        """Whether anything since `begin` changed a row."""
        return bool(self.appended) or self._connection.total_changes() != self._changes_before

    def finish(self, node: int, news: bytes) -> None:
        """Write what the batch gathered, and its row; what remains is the commit itself."""
        number = self._batch + 1
        stranger = self._last_stranger if self._last_node == node else self._batch
        self.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?)", (number, node, stranger, self._counter, news)
        )
        self._finished = number
        if number % _SWEEP_EVERY == 0:
            self.execute("DELETE FROM batch WHERE number <= ?", (number - STORE_NEWS_ROWS_MAX,))
        for queue, by in self._sizes.items():
            if by:
                self.execute(
                    "INSERT INTO queue VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET items = items + excluded.items",
                    (queue, by),
                )
        self._sizes.clear()

    def commit(self) -> None:
        """Make it durable: returns after the flush."""
        self._cursor.execute("COMMIT")

    def free_bytes(self) -> int:
        """Room within the file that deleting has left."""
        pages: int = self.execute("PRAGMA freelist_count")[0][0]
        size: int = self.execute("PRAGMA page_size")[0][0]
        return pages * size

    def rollback(self) -> None:
        """Leave nothing behind. Safe when SQLite has rolled back by itself, as it does when the disk is full."""
        self._sizes.clear()
        self.last_seqs.clear()
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")
