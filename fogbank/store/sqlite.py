"""The SQLite engine: one file, one writer with group commit, reads on the event loop.

Reads run on the loop's own thread and connection: some 10 µs each, less than a hop to a thread would cost, and never
blocked by the writer (WAL). Work that writes goes through `SqliteWriter`. Several processes may open one file.
`path=None` keeps everything in memory, on one connection, with the same semantics and nothing durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import apsw

from fogbank.core.clock import Clock
from fogbank.core.errors import ConfigError, StoreClosed, StoreError
from fogbank.core.lanes import Lanes
from fogbank.core.limits import STORE_NEWS_BYTES_MAX
from fogbank.store import keys, sqlite_apply, sqlite_logs, sqlite_queues, sqlite_records
from fogbank.store.api import Committed, Entry, Key, Leased, Record, Transaction
from fogbank.store.ballast import Ballast
from fogbank.store.news import EVERYTHING, pack
from fogbank.store.sqlite_neighbours import POLL_ALONE_S, Neighbours
from fogbank.store.sqlite_schema import migrate, set_up
from fogbank.store.sqlite_session import Session
from fogbank.store.sqlite_writer import SqliteWriter
from fogbank.store.watches import Touched, Watches
from fogbank.store.weight import Weight, weigh

T = TypeVar("T")

_NEXT_READY = "SELECT min(ready_ms) FROM item WHERE queue = ? AND ready_ms IS NOT NULL"
_ITEMS = "SELECT items FROM queue WHERE name = ?"
_LEASED = "SELECT count(*) FROM item WHERE queue = ? AND lease IS NOT NULL AND lease_until_ms > ?"

# At most, and taken only as far as the file goes: room for the inner pages of the trees over ten million records, which
# every read passes. Leaves of such a file come from the system's cache either way.
_WRITER_CACHE_KIB = 32 * 1024
_READER_CACHE_KIB = 64 * 1024


class SqliteStore:
    """`Store` over one SQLite file, or in memory. Build and open it on the event loop that will use it."""

    def __init__(self, path: Path | None, clock: Clock, lanes: Lanes) -> None:
        self._path = path
        self._clock = clock
        self._lanes = lanes
        self._watches = Watches()
        self._writer: SqliteWriter | None = None
        self._writing: apsw.Connection | None = None
        self._reading: apsw.Connection | None = None
        self._neighbours: Neighbours | None = None
        self._polling: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop

    async def open(self) -> None:
        """Raises ConfigError when the file belongs to a newer fogbank, is no store, or cannot be opened."""
        self._loop = asyncio.get_running_loop()
        ballast: Ballast | None = None
        if self._path is None:
            writing = reading = _connect(None, _WRITER_CACHE_KIB)
            node = _draw_number(writing)
        else:
            ballast = Ballast(self._path)
            writing, reading, node = await asyncio.to_thread(_connect_both, self._path, ballast)
        self._writing, self._reading = writing, reading
        if self._path is not None:
            self._neighbours = Neighbours(self._path, node, reading, self._watches)
            self._polling = self._lanes.loop("store news", self._poll)
        self._writer = SqliteWriter(
            writing,
            node=node,
            threaded=self._path is not None,
            particulars=self._particulars,
            announce=self._watches.tell,
            ballast=ballast,
        )

    async def close(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        await writer.close()
        await self._leave()
        connections, self._reading, self._writing = {self._reading, self._writing}, None, None
        for connection in connections:
            if connection is not None:
                await asyncio.to_thread(connection.close)  # the last one checkpoints the log into the file

    async def clear(self) -> None:
        await self._live().submit(sqlite_apply.clear, Weight(1, 0, unbounded=True), _note_everything)

    async def commit(self, transaction: Transaction) -> Committed:
        run = partial(self._apply, transaction)
        committed: Committed = await self._live().submit(
            run, weigh(transaction), partial(_note, transaction), patient=transaction.patient
        )
        return committed

    # --- records ------------------------------------------------------------------------------------------------------

    async def get(self, key: Key) -> Record | None:
        rows = self._read(sqlite_records.GET, (keys.encode(key),))
        return Record(key, *rows[0]) if rows else None

    async def get_many(self, keys: Sequence[Key]) -> list[Record | None]:
        return [await self.get(key) for key in keys]

    async def scan(
        self,
        prefix: Key,
        *,
        after: Key | None = None,
        before: Key | None = None,
        limit: int,
        reverse: bool = False,
    ) -> list[Record]:
        low, high = keys.bounds(prefix)
        if after is not None:
            low = max(low, keys.after(after))
        if before is not None:
            high = min(high, keys.encode(before))
        rows = self._whole(sqlite_records.read, low, high, limit, reverse)
        return [Record(keys.decode(key), value, version) for key, value, version in rows]

    async def range_values(self, low: Key, high: Key, *, limit: int, reverse: bool = False) -> list[bytes]:
        read = sqlite_records.read_values
        return self._whole(read, keys.encode(low), keys.encode(high), limit, reverse)

    async def count(self, prefix: Key, *, limit: int) -> int:
        counted: int = self._read(sqlite_records.COUNT, (*keys.bounds(prefix), max(0, limit)))[0][0]
        return counted

    # --- logs ---------------------------------------------------------------------------------------------------------

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
        try:
            return sqlite_logs.read(
                self._reader(),
                log,
                after_seq=after_seq,
                before_seq=before_seq,
                from_ms=from_ms,
                to_ms=to_ms,
                limit=limit,
                reverse=reverse,
            )
        except apsw.Error as error:
            raise StoreError(f"SQLite: {error}") from error

    async def last_seq(self, log: Key) -> int:
        rows = self._read(sqlite_logs.LAST_SEQ, (keys.encode(log),))
        return rows[0][0] if rows else 0

    # --- queues -------------------------------------------------------------------------------------------------------

    async def lease(self, queue: str, *, owner: str, limit: int, lease_ms: int) -> list[Leased]:
        ready_ms = await self.next_due_ms(queue)
        if ready_ms is None or ready_ms > self._clock.now_ms():
            return []  # idle pollers cost a read, not a commit

        def run(session: Session) -> list[Leased]:
            now_ms = self._clock.now_ms()
            return sqlite_queues.lease(session, queue, owner, limit, now_ms, now_ms + lease_ms)

        taken: list[Leased] = await self._live().submit(run, Weight(max(1, limit), 0))
        return taken

    async def extend(self, leased: Leased, *, lease_ms: int) -> Leased | None:
        def run(session: Session) -> Leased | None:
            return sqlite_queues.extend(session, leased, self._clock.now_ms() + lease_ms)

        extended: Leased | None = await self._live().submit(run, Weight(1, 0))
        return extended

    async def release(self, owner: str) -> int:
        def run(session: Session) -> list[str]:
            return sqlite_queues.release(session, owner)

        released: list[str] = await self._live().submit(run, Weight(1, 0, unbounded=True), _note_queues)
        return len(released)

    async def next_due_ms(self, queue: str) -> int | None:
        ready_ms: int | None = self._read(_NEXT_READY, (queue,))[0][0]
        return ready_ms

    async def depth(self, queue: str) -> tuple[int, int]:
        items = self._read(_ITEMS, (queue,))
        leased: int = self._read(_LEASED, (queue, self._clock.now_ms()))[0][0]
        return (items[0][0] if items else 0) - leased, leased

    # --- news ---------------------------------------------------------------------------------------------------------

    def watch_records(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.records(prefix, callback)

    def watch_log(self, prefix: Key, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.logs(prefix, callback)

    def watch_queue(self, queue: str, callback: Callable[[], None]) -> Callable[[], None]:
        return self._watches.queue(queue, callback)

    # --- within -------------------------------------------------------------------------------------------------------

    def _apply(self, transaction: Transaction, session: Session) -> Committed:
        return sqlite_apply.apply(session, transaction, self._clock.now_ms())

    def _live(self) -> SqliteWriter:
        if self._writer is None:
            raise StoreClosed("the store is closed")
        return self._writer

    def _particulars(self, touched: Callable[[], Touched]) -> bytes:
        if self._neighbours is None or not self._neighbours.present:
            return EVERYTHING
        return pack(touched(), STORE_NEWS_BYTES_MAX)

    async def _poll(self) -> None:
        # Real time, not the clock's: other processes do not wait for a virtual one.
        await asyncio.sleep(POLL_ALONE_S if self._neighbours is None else self._neighbours.poll())

    async def _leave(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait([self._polling])
        if self._neighbours is not None:
            self._neighbours.close()
        self._polling = self._neighbours = None

    def _reader(self) -> apsw.Connection:
        if self._reading is None:
            raise StoreClosed("the store is closed")
        writing = self._writing
        if self._writer is None or not self._writer.rests or writing is None:
            return self._reading
        # Its pages stay cached over commits; the other's are read anew after each. Reads of one turn of the loop share a
        # transaction: to begin one costs as much as a read.
        if not writing.in_transaction:
            writing.execute("BEGIN")
            self._loop.call_soon(self._end_reads)
        return writing

    def _end_reads(self) -> None:
        writer, writing = self._writer, self._writing
        if writer is not None and writing is not None and writer.rests and writing.in_transaction:
            writing.execute("COMMIT")

    def _whole(
        self, read: Callable[..., list[T]], low: bytes, high: bytes, limit: int, reverse: bool
    ) -> list[T]:
        """A range, which takes two statements, in one transaction."""
        if self._reader().in_transaction:
            return read(self._read, low, high, max(0, limit), reverse)
        self._read("BEGIN", ())
        try:
            return read(self._read, low, high, max(0, limit), reverse)
        finally:
            self._read("COMMIT", ())

    def _read(self, sql: str, bindings: tuple[Any, ...]) -> list[Any]:
        try:
            return self._reader().execute(sql, bindings).fetchall()
        except apsw.Error as error:
            raise StoreError(f"SQLite: {error}") from error


def _note(transaction: Transaction, touched: Touched, _result: object) -> None:
    touched.add(transaction)


def _note_everything(touched: Touched, _result: object) -> None:
    touched.everything = True


def _note_queues(touched: Touched, result: list[str]) -> None:
    touched.queues.update(result)


def _connect(path: Path | None, cache_kib: int) -> apsw.Connection:
    try:
        connection = apsw.Connection(":memory:" if path is None else str(path))
        try:
            set_up(connection, cache_kib=cache_kib)
            migrate(connection)
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        raise ConfigError(f"the store cannot be opened at {path}: {error}") from error
    return connection


def _connect_both(path: Path, ballast: Ballast) -> tuple[apsw.Connection, apsw.Connection, int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    writing = _connect(path, _WRITER_CACHE_KIB)
    try:
        node = _draw_number(writing)
    except ConfigError:  # on a full disk the space that was kept lets it start, and delete
        if not ballast.drop():
            raise
        writing = _connect(path, _WRITER_CACHE_KIB)
        node = _draw_number(writing)
    return writing, _connect(path, _READER_CACHE_KIB), node


def _draw_number(connection: apsw.Connection) -> int:
    """A number for this store that no other on the file has or had. Raises ConfigError when it cannot be written."""
    session = Session(connection)
    try:
        session.begin()
        number = session.next_number()
        session.finish(number, EVERYTHING)
        session.commit()
    except apsw.Error as error:
        where = connection.filename or "memory"
        connection.close()
        raise ConfigError(f"the store at {where} cannot be written: {error}") from error
    return number
