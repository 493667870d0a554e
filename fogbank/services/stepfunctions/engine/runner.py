"""The durable runner: stimuli go in, steps are committed, effects are performed.

An execution that works is in memory as an `Active`; one that only waits is not. A stimulus finds it there or restores it.
Each advance is one transaction: checkpoint, history, lists and due time together; only then do effects begin and callers
hear. Where something goes on for an execution, that node is its owner (`nodes.py`), and the others leave it to it; one at
rest may be advanced by several at once: the version of its spine lets one of them win, the other restores and tries again.

What this node was busy with when it ended is taken up by `resuming.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fogbank.asl.effects import (
    Beat,
    Begin,
    CancelTask,
    Continue,
    Effect,
    Fault,
    Reported,
    RunTask,
    SlotFree,
    StartMapRun,
    Stimulus,
    StopMapRun,
    WaitForSlot,
    WorkerStarted,
)
from fogbank.asl.execution import Status
from fogbank.asl.outcomes import Outcome
from fogbank.asl.step import Step, step, waiting
from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, StoreClosed, StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions.engine import keys
from fogbank.services.stepfunctions.engine.active import Active
from fogbank.services.stepfunctions.engine.api import Observer, TaskPort
from fogbank.services.stepfunctions.engine.checkpoint import (
    new_execution,
    restore,
)
from fogbank.services.stepfunctions.engine.commits import Commits
from fogbank.services.stepfunctions.engine.errors import no_execution, task_timed_out
from fogbank.services.stepfunctions.engine.keys import Ref
from fogbank.services.stepfunctions.engine.limits import CONFLICTS_MAX
from fogbank.services.stepfunctions.engine.nodes import Elsewhere, Nodes
from fogbank.services.stepfunctions.engine.records import Head
from fogbank.services.stepfunctions.engine.sources import Prepared, PreparedSources
from fogbank.services.stepfunctions.engine.tasks import Tasks, call_of, takes_slot
from fogbank.store.api import Store, Transaction

log = logging.getLogger("fogbank.stepfunctions")

_FAULT = Fault("An internal error occurred.")
STORE_PAUSE_S = 1.0  # after a commit that the store refused (a full disk): then again


class Runner:
    """All Standard executions that this node works at. `map_runs` is set once, by whoever joins the two."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        node: str,
        port: TaskPort,
        observer: Observer,
        sources: PreparedSources,
        tasks: Tasks,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._node = node
        self._port = port
        self._observer = observer
        self.sources = sources
        self.commits = Commits(store, clock, node, sources)
        self._tasks = tasks
        self._actives: dict[Ref, Active] = {}
        self._loading: dict[Ref, asyncio.Future[Active]] = {}
        self.start_map_run: Callable[[Active, StartMapRun], None] = _no_map_runs
        self.stop_map_run: Callable[[Active, int], None] = _no_map_runs
        self.leave_map_runs: Callable[[Active], None] = _no_map_runs
        self.child_ended: Callable[[Ref, Head], None] = lambda ref, head: None
        self.nodes: Nodes | None = None  # set by who joins them

    def was_busy(self) -> bool:
        """Whether this node has been the owner of any execution since it was last asked."""
        was, self.commits.busied = self.commits.busied, False
        return was or any(active.busy for active in self._actives.values())

    # --- stimuli ---------------------------------------------------------------------------------------------------

    async def begin(self, ref: Ref, head: Head, prepared: Prepared) -> None:
        """A new execution; committed when this returns. Raises Conflict when the name is taken."""
        active = Active(ref, head, prepared, new_execution(ref, head, prepared))
        active.is_new = True
        active.running = True
        there = self._actives.setdefault(ref, active)
        if there is not active:
            await there.stored.wait()
            raise Conflict(0, keys.head(ref))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        active.inbox.append((Begin(), done))
        await self._advance(active, once=True)
        await done

    async def send(self, ref: Ref, stimulus: Stimulus) -> None:
        """Have an execution take a stimulus; returns when what follows is committed. ExecutionDoesNotExist, Elsewhere."""
        active = await self.active(ref)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._give(active, stimulus, done)
        await done

    def tell(self, active: Active, stimulus: Stimulus) -> None:
        """As `send`, of one that is in memory, without waiting."""
        self._give(active, stimulus, None)

    def _give(self, active: Active, stimulus: Stimulus, done: asyncio.Future[None] | None) -> None:
        active.inbox.append((stimulus, done))
        if not active.running:
            active.running = True
            self._lanes.spawn("states advance", self._advance(active))

    async def active(self, ref: Ref) -> Active:
        """The execution, restored if need be. ExecutionDoesNotExist; Elsewhere if another node works at it."""
        active = self._actives.get(ref)
        if active is not None:
            return active
        loading = self._loading.get(ref)
        if loading is None:
            loading = self._loading[ref] = asyncio.get_running_loop().create_future()
            try:
                active = await self._restore(ref)
                self._actives[ref] = active
                loading.set_result(active)
            except BaseException as error:
                loading.set_exception(error)
                loading.exception()  # others may not be waiting
                raise
            finally:
                del self._loading[ref]
            return active
        return await asyncio.shield(loading)

    async def _restore(self, ref: Ref) -> Active:
        record = await self._store.get(keys.head(ref))
        if record is None:
            raise no_execution(ref.arn)
        head = Head.decode(record.value)
        prepared = await self.sources.load(ref, head.source)
        active = Active(ref, head, prepared, new_execution(ref, head, prepared))
        await self._reload(active)
        # Asked after its spine was read: an owner that comes later makes the next commit conflict.
        if active.execution.ending is None and (owner := await self._owner(ref)) is not None:
            raise Elsewhere(owner)
        return active

    async def _owner(self, ref: Ref) -> str | None:
        return None if self.nodes is None else await self.nodes.owner(ref)

    async def _reload(self, active: Active) -> None:
        record = await self._store.get(keys.head(active.ref))
        if record is None:
            raise no_execution(active.ref.arn)
        active.head = Head.decode(record.value)
        execution, active.version, active.due_ms = await restore(
            self._store, active.ref, active.head, active.prepared
        )
        execution.ending = active.head.ending
        if execution.ending is not None:
            execution.ready.clear()
            execution.spawning.clear()
        active.execution = execution

    # --- advancing -------------------------------------------------------------------------------------------------

    async def _advance(self, active: Active, *, once: bool = False) -> None:
        """Step and commit until nothing is left to do; with `once`, go on in the background after the first commit."""
        conflicts = 0
        more = False
        while active.inbox or more:
            taken = list(active.inbox)
            active.inbox.clear()
            stimuli: list[Stimulus] = [stimulus for stimulus, _ in taken] or [Continue()]
            was_running = active.execution.ending is None
            made = await self._step(active, stimuli)
            reserved = sum(type(effect) is RunTask and takes_slot(effect) for effect in made.effects)
            self._tasks.slots -= reserved
            try:
                started = await self.commits.commit(active, made, was_running=was_running, stimuli=stimuli)
            except Exception as error:  # noqa: BLE001 - a boundary, as in `_step`; logged by `_recover`
                self._tasks.free(reserved)
                conflicts += 1
                if not await self._recover(active, taken, error, conflicts):
                    return
                continue
            conflicts = 0
            self._observe(active, made, started=started)
            self.perform(active, made.effects)
            for _, done in taken:
                if done is not None and not done.done():
                    done.set_result(None)
            more = made.more
            if once and (more or active.inbox):
                self._lanes.spawn("states advance", self._advance_on(active, more))
                return
            if more:
                await asyncio.sleep(0)
        active.running = False
        await self.rest(active)

    async def _step(self, active: Active, stimuli: list[Stimulus]) -> Step:
        now_ms, slots = self._clock.now_ms(), max(0, self._tasks.slots)
        try:
            return step(active.execution, stimuli, now_ms, self._ids, slots=slots)
        except Exception:  # a boundary: one execution that the engine fails at must not hang for ever
            log.exception("execution %s could not be stepped", active.ref.arn)
        if active.is_new:
            active.execution = new_execution(active.ref, active.head, active.prepared)
            return step(active.execution, [Begin(), _FAULT], now_ms, self._ids)
        await self._reload(active)
        return step(active.execution, [_FAULT], now_ms, self._ids)

    async def _advance_on(self, active: Active, more: bool) -> None:
        if more:
            active.inbox.append((Continue(), None))
        await self._advance(active)

    async def rest(self, active: Active) -> None:
        """Nothing to do now: out of memory, if all that may come finds it in the store."""
        if not active.idle or self._actives.get(active.ref) is not active:
            return
        del self._actives[active.ref]
        if active.busy:
            await self._store.commit(Transaction().delete(keys.busy_at(self._node, active.ref)))

    async def _recover(
        self,
        active: Active,
        taken: list[tuple[Stimulus, asyncio.Future[None] | None]],
        error: Exception,
        conflicts: int,
    ) -> bool:
        """After a commit that failed. False: give up; then those who wait have heard why."""
        expected = isinstance(error, StoreError | OSError)
        if active.is_new or isinstance(error, StoreClosed) or conflicts > CONFLICTS_MAX:
            self._actives.pop(active.ref, None)
            active.stored.set()
            active.running = False
            for _, done in [*taken, *active.inbox]:
                if done is not None and not done.done():
                    done.set_exception(error)
            active.inbox.clear()
            if not isinstance(error, StoreClosed | Conflict):
                log.error("execution %s cannot be advanced", active.ref.arn, exc_info=error)
            return False
        if not expected:
            log.error("execution %s could not be committed", active.ref.arn, exc_info=error)
            await self._reload(active)
            active.inbox.extendleft([*reversed(taken), (_FAULT, None)])
            return True
        if not isinstance(error, Conflict):
            log.warning("execution %s waits for the store: %s", active.ref.arn, error)
            await self._clock.sleep_s(STORE_PAUSE_S)
        await self._reload(active)
        active.inbox.extendleft(reversed(taken))
        return await self._still_mine(active)

    async def _still_mine(self, active: Active) -> bool:
        """After another node advanced it. False: it is that one's now, and those who wait have heard so."""
        _refuse_late(active)
        if self.nodes is None or not self.nodes.others:
            return True
        ref = active.ref
        if active.busy and await self._store.get(keys.busy_at(self._node, ref)) is None:
            # Taken over while this node was silent: what goes on here is of no use any more.
            log.warning("execution %s was taken over", ref.arn)
            active.busy = False
            for running, _ in active.tasks.values():
                running.cancel()
            active.tasks.clear()
            self.leave_map_runs(active)
        owner = None if active.execution.ending is not None else await self.nodes.owner(ref)
        if owner is None:
            return True
        self._actives.pop(ref, None)
        active.running = False
        for _, done in active.inbox:
            if done is not None and not done.done():
                done.set_exception(Elsewhere(owner))
        active.inbox.clear()
        return False

    def _observe(self, active: Active, made: Step, *, started: bool) -> None:
        source = active.prepared.source
        map_run = active.head.map_run
        arn = None if map_run is None else map_run_arn(source.account, source.region, map_run)
        view = active.head.view(active.ref.arn, active.ref.name, source, arn)
        if started:
            begun = replace(view, status=Status.RUNNING, stop_ms=None, output=None, error=None, cause=None)
            self._observer.status_changed(view if view.status is Status.RUNNING else begun)
        if made.events:
            self._observer.happened(view, made.events)
        if active.execution.ending is not None:
            if made.events:
                self._observer.status_changed(view)
            if map_run is not None:
                self.child_ended(active.ref, active.head)

    # --- effects ---------------------------------------------------------------------------------------------------

    def perform(self, active: Active, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case RunTask():
                    self.run_task(active, effect)
                case WaitForSlot(path, number):
                    active.waiting_slots += 1
                    self._tasks.wait_for_slot(partial(self._slot_free, active, path, number))
                case CancelTask(call=call):
                    self._cancel_task(active, call)
                case StartMapRun():
                    active.map_runs.add(effect.number)
                    self.start_map_run(active, effect)
                case StopMapRun(number=number):
                    active.map_runs.discard(number)
                    self.stop_map_run(active, number)

    def run_task(self, active: Active, effect: RunTask) -> None:
        call = call_of(effect, active.execution, active.prepared.source, active.head.trace)

        async def done(outcome: Outcome) -> None:
            active.tasks.pop(effect.number, None)
            active.inbox.append((Reported(effect.path, effect.number, outcome), None))
            if not active.running:
                active.running = True
                await self._advance(active)

        active.tasks[effect.number] = (self._tasks.run(call, done), call)

    def _cancel_task(self, active: Active, effect: RunTask) -> None:
        running = active.tasks.pop(effect.number, None)
        if running is not None:
            running[0].cancel()
        self._tasks.abandon(call_of(effect, active.execution, active.prepared.source, active.head.trace))

    def _slot_free(self, active: Active, path: tuple[int, ...], number: int) -> None:
        active.waiting_slots -= 1
        self.tell(active, SlotFree(path, number))


def _refuse_late(active: Active) -> None:
    """Answers that another node took first."""
    for stimulus, done in list(active.inbox):
        if done is None or not isinstance(stimulus, Reported | Beat | WorkerStarted):
            continue
        if waiting(active.execution, stimulus.path, stimulus.number) is None:
            active.inbox.remove((stimulus, done))
            done.set_exception(task_timed_out())


def _no_map_runs(*_: object) -> None:
    raise AssertionError("no map runs")


def map_run_arn(account: str, region: str, owner: str) -> str:
    arn = Ref(account, region, owner, "").arn
    return arn.replace(":execution:", ":mapRun:").rstrip(":")
