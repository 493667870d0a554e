"""One step of an execution as one transaction: checkpoint, history, lists, due time and what this node is busy with."""

from __future__ import annotations

from collections.abc import Callable

from fogbank.asl.effects import CancelTask, Continue, Effect, StartMapRun, Stimulus, StopMapRun
from fogbank.asl.execution import Status
from fogbank.asl.step import Step
from fogbank.core.clock import Clock
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.active import Active
from fogbank.services.stepfunctions.engine.checkpoint import delete_frames, write_frames, written
from fogbank.services.stepfunctions.engine.keys import DUE_QUEUE
from fogbank.services.stepfunctions.engine.listing import delete_listed, put_listed
from fogbank.services.stepfunctions.engine.records import Head, encode_events, encode_spine
from fogbank.services.stepfunctions.engine.sources import PreparedSources
from fogbank.store.api import ABSENT, Put, Store, Transaction

#: Times further off are not written while the execution works here: most of them never come.
_FAR_MS = 24 * 3600 * 1000


class Commits:
    """Writes what steps did. `write_map_run` adds the record of a map run that begins."""

    def __init__(self, store: Store, clock: Clock, node: str, sources: PreparedSources) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._sources = sources
        self.busied = False  # whether this node became an execution's owner since it was last asked
        self.runs_map: Callable[[str], bool] = lambda owner: True
        self.write_map_run: Callable[[Transaction, Active, StartMapRun], None] = _no_map_runs

    async def commit(self, active: Active, made: Step, *, was_running: bool, stimuli: list[Stimulus]) -> bool:
        """Whether the execution started, or was redriven. Raises what the store raises; then `active` is as it was."""
        execution, ref = active.execution, active.ref
        ending = execution.ending
        timer = active.due_ms is not None and any(type(stimulus) is Continue for stimulus in stimuli)
        if not made.events and not execution.dirty and not timer:
            return False
        transaction = Transaction()
        head = self._next_head(active, was_running=was_running)
        if active.is_new or head is not active.head:
            self._write_head(transaction, active, head)
        if made.events:
            transaction.put(keys.chunk(ref, made.events[0].id), encode_events(made.events))
        works = ending is None and (
            made.more or active.pending or any(_works(effect) for effect in made.effects)
        )
        due_ms = self._write_due(transaction, active, works=works)
        spine_at = self._write_checkpoint(transaction, active, due_ms)
        if works and not active.busy:
            self.busied = True
            transaction.put(keys.busy_at(self._node, ref), b"")
        elif ending is not None and active.busy:
            transaction.delete(keys.busy_at(self._node, ref))
        for effect in made.effects:
            if isinstance(effect, StartMapRun):
                self.write_map_run(transaction, active, effect)
        committed = await self._store.commit(transaction)
        active.busy = ending is None and (active.busy or works)
        if spine_at is not None:
            active.version = committed.versions[spine_at]
        active.due_ms = due_ms
        started = active.is_new or head.redrives != active.head.redrives
        active.head = head
        active.is_new = False
        active.stored.set()
        active.prepared.stored = True
        written(execution)
        return started

    def _next_head(self, active: Active, *, was_running: bool) -> Head:
        """The head after this step; the same object when nothing in it changed."""
        head, execution = active.head, active.execution
        redriven = execution.redrives != head.redrives
        if redriven:
            head = head.redriven(execution.redrives, self._clock.now_ms(), active.redrive_token)
        if execution.ending is not None and (was_running or redriven):
            head = head.ended(execution.ending)
        return head

    def _write_checkpoint(self, transaction: Transaction, active: Active, due_ms: int | None) -> int | None:
        """Spine and frames; which of the transaction's puts is the spine. One that succeeded needs them no more."""
        execution, ref = active.execution, active.ref
        if execution.ending is not None and execution.ending.status is Status.SUCCEEDED:
            if active.version:
                transaction.check(keys.spine(ref), active.version)
                delete_frames(transaction, ref, execution)
            return None
        spine_at = sum(isinstance(operation, Put) for operation in transaction.operations)
        transaction.put(keys.spine(ref), encode_spine(execution, due_ms), expect=active.version or ABSENT)
        write_frames(transaction, ref, execution)
        return spine_at

    def _write_head(self, transaction: Transaction, active: Active, head: Head) -> None:
        ref = active.ref
        transaction.put(keys.head(ref), head.encode(), expect=ABSENT if active.is_new else None)
        if active.is_new:
            self._sources.store_with(transaction, ref, active.prepared)
        else:
            delete_listed(transaction, ref, active.head, active.prepared.source)
        put_listed(transaction, ref, head, active.prepared.source)
        if active.head.stop_ms is not None and not active.is_new:
            transaction.delete(keys.ended_at(ref, active.head.stop_ms))
        if head.stop_ms is not None:
            transaction.put(keys.ended_at(ref, head.stop_ms), b"")
            if head.map_run is not None and not self.runs_map(head.map_run):
                run = keys.map_ended(ref.account, ref.region, head.map_run)
                transaction.put((*run, head.index), head.status.value.encode())

    def _write_due(self, transaction: Transaction, active: Active, *, works: bool) -> int | None:
        """Keep one item in the queue of due executions, due no later than the next thing to happen by time."""
        execution, stored_ms = active.execution, active.due_ms
        due_ms = execution.next_due_ms() if execution.ending is None else None
        fired = stored_ms is not None and stored_ms <= self._clock.now_ms()
        if due_ms is not None and works and due_ms > self._clock.now_ms() + _FAR_MS:
            due_ms = None  # it is written when the execution comes to rest
        if due_ms is None:
            if stored_ms is not None and (fired or execution.ending is not None):
                transaction.cancel(DUE_QUEUE, active.ref.id)
                return None
        elif stored_ms is None or fired or due_ms < stored_ms:
            transaction.enqueue(DUE_QUEUE, active.ref.id, b"", due_ms=due_ms)
            return due_ms
        return stored_ms


def _works(effect: Effect) -> bool:
    return not isinstance(effect, CancelTask | StopMapRun)


def _no_map_runs(*_: object) -> None:
    raise AssertionError("no map runs")
