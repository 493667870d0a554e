"""The bounded queue in front of a writer: jobs in order of arrival, callers held back while it is full."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from fogbank.core.errors import StoreClosed
from fogbank.core.limits import (
    STORE_BATCH_BYTES_MAX,
    STORE_BATCH_OPERATIONS_MAX,
    STORE_PENDING_BYTES_MAX,
    STORE_PENDING_JOBS_MAX,
)
from fogbank.store.watches import Touched
from fogbank.store.weight import Weight


class Job:
    """One caller's work and the future that answers it. `run` takes what the engine applies work with.

    The outcome is kept aside until the batch is durable. `note` adds what the work touched, given its result.
    """

    __slots__ = ("error", "future", "note", "patient", "result", "run", "weight")

    def __init__(
        self,
        run: Callable[[Any], Any],
        weight: Weight,
        note: Callable[[Touched, Any], None] | None,
        future: asyncio.Future[Any],
        *,
        patient: bool = False,
    ) -> None:
        self.run = run
        self.weight = weight
        self.note = note
        self.future = future
        self.patient = patient  # it may be held back to share a batch
        self.result: Any = None
        self.error: BaseException | None = None

    def resolve(self) -> None:
        """Answer the caller, if it still waits."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def touched_by(jobs: list[Job]) -> Touched:
    """What the jobs that succeeded touched together."""
    touched = Touched()
    for job in jobs:
        if job.error is None and job.note is not None:
            job.note(touched, job.result)
    return touched


class Admission:
    """Jobs that wait for their batch, within STORE_PENDING_JOBS_MAX and STORE_PENDING_BYTES_MAX."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._held: deque[asyncio.Future[None]] = deque()
        self._pending_bytes = 0
        self.urgent = 0  # of the jobs: those that somebody waits for
        self._closing = False

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, job: Job) -> None:
        """Queue the job. StoreClosed when closing."""
        if self._closing:
            raise StoreClosed("the store is closed")
        self._jobs.append(job)
        self._pending_bytes += job.weight.payload_bytes
        self.urgent += not job.patient

    async def enter(self, job: Job) -> None:
        """`add`, after a wait while the queue is full."""
        while self.is_full and not self._closing:
            turn: asyncio.Future[None] = job.future.get_loop().create_future()
            self._held.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if not turn.cancelled():
                    self._let_in(1)  # the turn was given to one who left: pass it on
                raise
        self.add(job)

    def take_batch(self) -> list[Job]:
        """The next jobs that may share a commit: at least one, a heavy one by itself."""
        batch: list[Job] = []
        operations = batch_bytes = 0
        while self._jobs:
            weight = self._jobs[0].weight
            operations += weight.operations
            batch_bytes += weight.payload_bytes
            over = operations > STORE_BATCH_OPERATIONS_MAX or batch_bytes > STORE_BATCH_BYTES_MAX
            if batch and (over or weight.heavy):
                break
            job = self._jobs.popleft()
            batch.append(job)
            self.urgent -= not job.patient
            self._pending_bytes -= weight.payload_bytes
            if weight.heavy:
                break
        self._let_in(len(batch))
        return batch

    def close(self) -> None:
        """Admit nobody any more; what is queued stays and may still be taken."""
        self._closing = True
        self._let_in(len(self._held))

    @property
    def is_full(self) -> bool:
        return len(self._jobs) >= STORE_PENDING_JOBS_MAX or self._pending_bytes >= STORE_PENDING_BYTES_MAX

    def _let_in(self, count: int) -> None:
        while self._held and count > 0:
            turn = self._held.popleft()
            if not turn.done():
                turn.set_result(None)
                count -= 1
