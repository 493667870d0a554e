"""The one writer of a SQLite file: group commit.

A batch gathers as long as each turn of the loop brings more jobs. It is *applied* on the event loop (some microseconds a
job, in memory) and *committed* there too while the disk is quick; a slow one is waited for on the writer's thread (`pace.py`),
and jobs that arrive meanwhile share the next batch. Applying on the thread as well was measured and is worse wherever it
matters: each statement gives up the interpreter, and a busy loop gives it back up to 5 ms later. Two things are applied on the
thread: what is too heavy for the loop, and what had to wait for another process's lock.

A batch that fails (the disk is full) is rolled back, and its jobs are tried one by one, so that what fits goes in. What frees
space may use the room that `Ballast` keeps; while that is used up, nothing else is let in.

    idle ──job──▶ applying ──▶ committing ──flushed──▶ answering ──▶ idle, or the next batch
"""

from __future__ import annotations

import asyncio
import errno
import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import apsw

from fogbank.core.errors import Conflict, StoreClosed, StoreError, StoreFull
from fogbank.core.limits import (
    STORE_BALLAST_BYTES,
    STORE_BUSY_S,
    STORE_GATHERED_JOBS_MAX,
    STORE_PATIENCE_S,
)
from fogbank.store import sqlite_logs
from fogbank.store.admission import Admission, Job, touched_by
from fogbank.store.ballast import Ballast
from fogbank.store.pace import Pace
from fogbank.store.sqlite_session import Session
from fogbank.store.watches import Touched
from fogbank.store.weight import Weight

log = logging.getLogger("fogbank.store")

Particulars = Callable[[Callable[[], Touched]], bytes]


class SqliteWriter:
    """Applies jobs in order of arrival and answers each once it is durable.

    `node` numbers this store in the batches it writes; `particulars` gives the news that a batch leaves for other
    processes; `announce` is called on the loop with what a batch touched, once it is durable. `threaded=False` commits
    on the loop: for a store in memory, where there is no disk to wait for.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        *,
        node: int,
        threaded: bool,
        particulars: Particulars,
        announce: Callable[[Touched], None],
        ballast: Ballast | None = None,
    ) -> None:
        self._connection = connection
        self._ballast = ballast
        self._pace = Pace()
        self._session = Session(connection)
        self._node = node
        self._particulars = particulars
        self._announce = announce
        self._loop = asyncio.get_running_loop()
        self._admission = Admission()
        self._busy = False
        self._scheduled = False
        self._gathered = 0  # jobs, when this batch was looked at last
        self._patience: asyncio.TimerHandle | None = None  # while a job is held back for others
        self._idle = asyncio.Event()
        self._idle.set()
        self._work: queue.SimpleQueue[tuple[Callable[[list[Job]], None], list[Job]] | None] = (
            queue.SimpleQueue()
        )
        self._thread: threading.Thread | None = None
        if threaded:
            self._connection.set_busy_timeout(0)
            self._thread = threading.Thread(target=self._run_thread, name="fogbank-store-writer", daemon=True)
            self._thread.start()

    async def submit(
        self,
        run: Callable[[Session], Any],
        weight: Weight,
        note: Callable[[Touched, Any], None] | None = None,
        *,
        patient: bool = False,
    ) -> Any:
        """Run `run` in the next batch; its result, once durable. Raises what it raised, StoreFull, StoreClosed."""
        job = Job(run, weight, note, self._loop.create_future(), patient=patient)
        if self._admission.is_full:
            await self._admission.enter(job)
        else:
            self._admission.add(job)
        if not patient:
            self._schedule()
        elif self._patience is None:
            self._patience = self._loop.call_later(STORE_PATIENCE_S, self._out_of_patience)
            self._idle.clear()
        return await job.future

    async def close(self) -> None:
        """Finish what was accepted, then end the thread. The connection stays with its owner."""
        self._admission.close()
        await self._idle.wait()
        if self._thread is not None:
            self._work.put(None)
            await asyncio.to_thread(self._thread.join)
            self._thread = None

    @property
    def rests(self) -> bool:
        """Nobody is at the connection: the loop may read with it."""
        return not self._busy

    # --- on the loop -------------------------------------------------------------------------------------------------

    def _out_of_patience(self) -> None:
        self._patience = None
        if len(self._admission):
            self._schedule()
        self._rest()

    def _rest(self) -> None:
        if not self._busy and not self._scheduled and self._patience is None:
            self._idle.set()

    def _schedule(self) -> None:
        if not self._busy and not self._scheduled:
            self._scheduled = True
            self._idle.clear()
            self._gathered = 0
            self._loop.call_soon(self._gather)

    def _gather(self) -> None:
        """Start the batch, unless others are still joining it."""
        jobs = len(self._admission)
        if self._thread is not None and self._gathered < jobs < STORE_GATHERED_JOBS_MAX:
            self._gathered = jobs
            self._loop.call_soon(self._gather)
        else:
            self._start()

    def _start(self) -> None:
        self._scheduled = False
        batch = self._let_in(self._admission.take_batch())
        if not batch and len(self._admission):
            self._schedule()
            return
        if not batch:
            self._rest()
            return
        self._busy = True
        if self._thread is None:
            self._whole(batch)
            self._finished(batch)
        elif batch[0].weight.heavy:
            self._work.put((self._whole, batch))
        else:
            self._apply_here(batch)

    def _let_in(self, batch: list[Job]) -> list[Job]:
        """All of it, but on a full disk only what frees space."""
        if self._ballast is None or self._ballast.load() or self._session.free_bytes() > STORE_BALLAST_BYTES:
            return batch
        let_in = []
        for job in batch:
            if job.weight.frees:
                let_in.append(job)
            else:
                job.error = _full()
                job.resolve()
        return let_in

    def _apply_here(self, batch: list[Job]) -> None:
        session = self._session
        try:
            session.begin()
            self._run_jobs(batch)
        except apsw.BusyError:
            self._work.put((self._whole, batch))  # waiting for another process is the thread's part
        except Exception as error:  # noqa: BLE001 - a batch's boundary: each job is tried and answered by itself
            log.debug("a batch of %d is taken apart: %r", len(batch), error)
            self._work.put((self._one_by_one, batch))
        else:
            if not session.wrote():
                session.rollback()
                self._finished(batch)
            elif self._pace.in_place():
                self._pace.watch(partial(self._commit, batch))
                self._finished(batch)
            else:
                self._work.put((self._commit, batch))

    def _finished(self, batch: list[Job]) -> None:
        self._busy = False
        if self._thread is not None and self._admission.urgent and not self._scheduled:
            self._start()  # before the answers: the disk works while they are sent
        for job in batch:
            job.resolve()
        self._announce(touched_by(batch))
        if self._admission.urgent or (len(self._admission) and self._patience is None):
            self._schedule()
        self._rest()

    # --- on the thread (or inline, in memory) ------------------------------------------------------------------------

    def _run_thread(self) -> None:
        while (work := self._work.get()) is not None:
            act, batch = work
            act(batch)
            try:
                self._loop.call_soon_threadsafe(self._finished, batch)
            except RuntimeError:
                return  # the loop was closed over us: nobody waits for an answer

    def _run_jobs(self, batch: list[Job]) -> None:
        session = self._session
        for job in batch:
            try:
                job.result = job.run(session)
                job.error = None
            except Conflict as conflict:
                job.error = conflict
        if session.wrote():
            sqlite_logs.flush(session)
            session.finish(self._node, self._particulars(partial(touched_by, batch)))

    def _commit(self, batch: list[Job]) -> None:
        try:
            self._session.commit()
        except Exception as error:  # noqa: BLE001 - a batch's boundary, as above
            log.debug("the commit of %d failed: %r", len(batch), error)
            self._one_by_one(batch)

    def _whole(self, batch: list[Job]) -> None:
        try:
            self._begin_patiently()
            self._run_jobs(batch)
            self._session.commit()
        except apsw.BusyError:
            for job in batch:
                job.error = StoreError(f"another process has held the store's file for {STORE_BUSY_S:.0f} s")
        except Exception as error:  # noqa: BLE001 - a batch's boundary, as above
            if len(batch) > 1:
                self._one_by_one(batch)
            else:
                self._roll_back()
                self._failed(batch[0], _as_store_error(error))

    def _failed(self, job: Job, error: Exception) -> None:
        ballast = self._ballast
        if isinstance(error, StoreFull) and ballast is not None and job.weight.frees and ballast.drop():
            log.warning("the disk is full: only what frees space is accepted now")
            self._whole([job])
        else:
            job.error = error

    def _one_by_one(self, batch: list[Job]) -> None:
        self._roll_back()
        for job in batch:
            self._whole([job])

    def _begin_patiently(self) -> None:
        self._connection.set_busy_timeout(int(STORE_BUSY_S * 1000))
        try:
            self._session.begin()
        finally:
            self._connection.set_busy_timeout(0)

    def _roll_back(self) -> None:
        try:
            self._session.rollback()
        except apsw.Error as error:
            log.error("a rollback failed: %r", error)


def _full() -> StoreFull:
    return StoreFull("no space left for the store's file")


def _as_store_error(error: Exception) -> Exception:
    if isinstance(error, apsw.FullError):
        return _full()
    if isinstance(error, apsw.IOError) and getattr(error, "system_errno", 0) in (errno.ENOSPC, errno.EDQUOT):
        return _full()
    if isinstance(error, apsw.ConnectionClosedError):
        return StoreClosed("the store is closed")
    if isinstance(error, apsw.Error):
        return StoreError(f"SQLite: {error}")
    return error
