"""Mappings at work: which of them this node runs, and their way from state to state.

Every mapping has an item in a durable queue. The node that leases it runs the mapping's loop and settles its state; a node that
dies loses its leases, and another goes on from the checkpoints.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, Conflict
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes, report
from fogbank.model.call import Caller
from fogbank.model.calls import Calls
from fogbank.model.principal import Principal
from fogbank.services.lambda_ import event_source_mapping_records as esm
from fogbank.services.lambda_.event_source_mapping_counts import (
    CountedQueue,
    CountedStream,
    CountedTarget,
    EventCounts,
)
from fogbank.services.lambda_.event_source_mapping_records import Mapping, State, decode_mapping
from fogbank.services.lambda_.event_source_mapping_sources import DynamoDbSource, SqsSource
from fogbank.services.lambda_.event_source_mapping_target import FAILED, OK, FunctionTarget, OnFailure
from fogbank.services.lambda_.metrics import Metrics
from fogbank.services.lambda_.names import FunctionName
from fogbank.services.lambda_.running import Runner
from fogbank.services.lambda_.targets import Targets
from fogbank.store.api import Leased, Store, Transaction
from fogbank.streams.api import Policy, QueueSource, ShardSource, SourceUnavailable, Target
from fogbank.streams.checkpoints import Checkpoints
from fogbank.streams.filters import compile_filters
from fogbank.streams.queue_loop import QueueLoop
from fogbank.streams.shard_loop import ShardLoop
from fogbank.streams.stream_loop import Runs, StreamLoop
from fogbank.streams.waiting import Signal
from fogbank.streams.window_loop import WindowLoop

log = logging.getLogger("fogbank.lambda")

QUEUE = "lambda-event-source-mappings"
_LEASE_MS = 30_000
_AT_ONCE = 64
_AGAIN_MS = 5000
_PAUSE_MS = _LEASE_MS // 3  # between two looks at a mapping of which nobody says anything


class _Loop(Protocol):
    async def run(self) -> None: ...

    def stop(self) -> None: ...


class Mappings:
    """The mappings of one node."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        calls: Calls,
        targets: Targets,
        runner: Runner,
        metrics: Metrics,
        role: Callable[[FunctionName], Awaitable[Principal]],
        owner: str,
    ) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.lanes = lanes
        self.calls = calls
        self.targets = targets
        self.runner = runner
        self.metrics = metrics
        self._role = role
        self._owner = owner
        self._signal = Signal(clock, lanes)
        self._held: dict[str, tuple[_Held, asyncio.Task[None]]] = {}
        self._end_watch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Take up what a killed node left (its leases were released before)."""
        self._end_watch = self.store.watch_queue(QUEUE, self._signal.set)
        self._signal.set()
        self.lanes.loop("lambda event source mappings", self._take)

    async def close(self) -> None:
        self._end_watch()
        tasks = [task for _, task in self._held.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def enqueue(self, transaction: Transaction, mapping: Mapping) -> None:
        """With the transaction that makes it, promise that somebody runs the mapping."""
        body = orjson.dumps([mapping.account, mapping.region, mapping.uuid])
        transaction.enqueue(QUEUE, mapping.uuid, body, due_ms=self.clock.now_ms())

    async def _take(self) -> None:
        await self._signal.wait(await self.store.next_due_ms(QUEUE))
        while True:
            taken = await self.store.lease(QUEUE, owner=self._owner, limit=_AT_ONCE, lease_ms=_LEASE_MS)
            for leased in taken:
                if leased.id in self._held:
                    self._held[leased.id][0].renew(leased)
                    continue
                held = _Held(self, leased, self._role)
                task = self.lanes.spawn("lambda event source mapping", self._hold(leased.id, held))
                self._held[leased.id] = held, task
            if len(taken) < _AT_ONCE:
                return

    async def _hold(self, id: str, held: _Held) -> None:
        """Run one mapping for as long as the lease is ours and the mapping is there."""
        try:
            await held.run()
        finally:
            self._held.pop(id, None)
        await held.leave()


class _Held:
    """One mapping in this node's hands."""

    def __init__(
        self,
        mappings: Mappings,
        leased: Leased,
        role: Callable[[FunctionName], Awaitable[Principal]],
    ) -> None:
        self._mappings = mappings
        self._store = mappings.store
        self._leased = leased
        self._lost: Leased | None = None
        self._key = esm.mapping(*orjson.loads(leased.body))
        self._role = role
        self._signal = Signal(mappings.clock, mappings.lanes)
        self._loop: _Loop | None = None
        self._task: asyncio.Task[None] | None = None
        self._generation = -1
        self._pause_ms = _PAUSE_MS
        self._result: str | None = None
        self._saved_result: str | None = None

    async def run(self) -> None:
        end_watch = self._store.watch_records(self._key, self._signal.set)
        try:
            while True:
                if not await self._settle() or not await self._extend():
                    return
                await self._save_result()
                await self._signal.wait(self._mappings.clock.now_ms() + self._pause_ms)
        except Conflict:
            log.debug("a mapping changed while it was settled; it is taken up again")
            await self._end_loop()
            await self._give_back()
        finally:
            end_watch()
            await self._end_loop()

    async def _end_loop(self) -> None:
        """End the loop at once; what was under way is delivered again."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def renew(self, leased: Leased) -> None:
        """The lease ran out before it was extended (the machine slept, the clock was moved), and this node took the next one."""
        self._leased = leased

    async def leave(self) -> None:
        """Give back a lease that came when this had ended for want of it."""
        if self._lost is not None and self._leased is not self._lost:
            await self._give_back()

    async def _extend(self) -> bool:
        held = self._leased
        if held.lease_until_ms - self._mappings.clock.now_ms() > _LEASE_MS * 2 // 3:
            return True
        extended = await self._store.extend(held, lease_ms=_LEASE_MS)
        if extended is not None and self._leased is held:
            self._leased = extended
        elif extended is None and self._leased is held:
            self._lost = held
            return False
        return True

    async def _give_back(self) -> None:
        try:
            now_ms = self._mappings.clock.now_ms()
            await self._store.commit(Transaction().retry(self._leased, due_ms=now_ms))
        except Conflict:
            return

    async def _settle(self) -> bool:
        """Do what the mapping's record asks for; False when there is no such mapping any more."""
        self._pause_ms = _PAUSE_MS
        record = await self._store.get(self._key)
        if record is None:
            await self._stop()
            await self._store.commit(Transaction().ack(self._leased))
            return False
        mapping = decode_mapping(record.value)
        if mapping.state is State.DELETING:
            await self._stop()
            await self._delete(mapping)
            return False
        if not mapping.enabled:
            await self._stop()
            await self._settled(mapping, record.version, State.DISABLED)
        elif self._task is None or self._task.done() or self._generation != mapping.generation:
            await self._stop()
            try:
                await self._begin(mapping)
            except (AwsError, SourceUnavailable) as error:
                log.warning("event source mapping %s cannot begin yet: %s", mapping.uuid, error)
                self._result = f"PROBLEM: {error}"
                self._pause_ms = _AGAIN_MS
            # Also one that cannot begin: else it could be neither changed nor deleted.
            await self._settled(mapping, record.version, State.ENABLED)
        elif mapping.state is not State.ENABLED:
            await self._settled(mapping, record.version, State.ENABLED)
        return True

    async def _settled(self, mapping: Mapping, version: int, state: State) -> None:
        if mapping.state is not state:
            after = replace(mapping, state=state)
            await self._store.commit(Transaction().put(self._key, after.encode(), expect=version))

    async def _delete(self, mapping: Mapping) -> None:
        transaction = Transaction().delete(self._key)
        transaction.delete((*esm.by_function(mapping.function_name), mapping.uuid))
        transaction.delete(
            (*esm.by_source(mapping.account, mapping.region, mapping.source_arn), mapping.uuid)
        )
        transaction.delete_prefix(esm.checkpoints(mapping.uuid))
        transaction.delete(esm.result(mapping.uuid))
        transaction.ack(self._leased)
        await self._store.commit(transaction)

    # --- the loop -----------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        """Let the batches under way end, then the loop."""
        if self._task is None:
            return
        if self._loop is not None:
            self._loop.stop()
        extending = self._mappings.lanes.spawn("event source lease", self._keep())
        try:
            await asyncio.wait({self._task})
        finally:
            extending.cancel()
        self._task = self._loop = None

    async def _keep(self) -> None:
        """Hold the lease while functions end, which may take a quarter of an hour."""
        while await self._extend():
            await self._mappings.clock.sleep_s(_LEASE_MS / 4000)

    async def _begin(self, mapping: Mapping) -> None:
        loop = await self._loop_of(mapping)
        self._loop, self._generation = loop, mapping.generation
        self._task = self._mappings.lanes.spawn("event source loop", self._run_loop(loop, mapping))

    async def _run_loop(self, loop: _Loop, mapping: Mapping) -> None:
        try:
            await loop.run()
        except Exception as error:  # noqa: BLE001 - a boundary: the mapping is begun again
            report(log, error, f"event source mapping {mapping.uuid} failed; it goes on")
            await self._mappings.clock.sleep_s(_AGAIN_MS / 1000)
        finally:
            self._signal.set()

    async def _loop_of(self, mapping: Mapping) -> _Loop:
        m = self._mappings
        policy = policy_of(mapping)
        target: Target = FunctionTarget(mapping, m.targets, m.runner, m.ids, m.clock, m.lanes, self._note)
        caller = await self._caller_of(mapping)
        counts, matches = None, policy.matches
        if "EventCount" in mapping.metrics:
            counts = EventCounts(m.metrics, mapping.account, mapping.region, mapping.uuid)
            target = CountedTarget(target, counts)
            if matches is not None:
                policy = replace(policy, matches=counts.matching(matches))
        if not mapping.kind.is_stream:
            queue: QueueSource = SqsSource(mapping, m.calls, caller)
            if counts is not None:
                queue = CountedQueue(queue, counts, matches)
            return QueueLoop(
                policy=policy, source=queue, target=target, results=self, clock=m.clock, lanes=m.lanes
            )
        table = DynamoDbSource(mapping, m.calls, caller, mapping.starting_position or "TRIM_HORIZON")
        source: ShardSource = table if counts is None else CountedStream(table, counts)
        checkpoints = Checkpoints(m.store, esm.checkpoints(mapping.uuid))
        await table.begin(checkpoints)
        name = mapping.function_name
        tally = m.metrics.tally(name.account, name.region, name.name, name.name)
        discards = OnFailure(mapping, m.calls, caller, m.clock, m.ids, tally.failed_delivery, counts)

        def make(shard: str) -> Runs:
            if policy.tumbling_ms:
                return WindowLoop(
                    shard,
                    source_arn=mapping.source_arn,
                    policy=policy,
                    source=source,
                    target=target,
                    discards=discards,
                    results=self,
                    checkpoints=checkpoints,
                    clock=m.clock,
                    lanes=m.lanes,
                )
            return ShardLoop(
                shard,
                policy=policy,
                source=source,
                target=target,
                discards=discards,
                results=self,
                checkpoints=checkpoints,
                clock=m.clock,
                lanes=m.lanes,
            )

        return StreamLoop(source, make, checkpoints, m.clock, m.lanes)

    async def _caller_of(self, mapping: Mapping) -> Callable[[], Caller]:
        principal = await self._role(mapping.function_name)
        ids = self._mappings.ids

        def caller() -> Caller:
            return Caller(mapping.account, mapping.region, principal, ids.uuid(), "lambda.amazonaws.com")

        return caller

    # --- how it went --------------------------------------------------------------------------------------------------

    def processed(self, failed: bool) -> None:
        self._note(FAILED if failed else OK)

    def _note(self, result: str) -> None:
        if result != self._result:
            self._result = result
            self._signal.set()

    async def _save_result(self) -> None:
        result = self._result
        if result is not None and result != self._saved_result:
            record = await self._store.get(self._key)
            if record is None:
                return
            key = esm.result(str(self._key[-1]))
            # Of a mapping that is gone nothing is left behind.
            saved = Transaction().check(self._key, record.version).put(key, result.encode())
            try:
                await self._store.commit(saved)
            except Conflict:
                self._signal.set()
                return
            self._saved_result = result


def policy_of(mapping: Mapping) -> Policy:
    """The mapping's settings as the loops take them."""
    return Policy(
        batch_size=mapping.batch_size,
        window_ms=mapping.window_s * 1000,
        parallel=mapping.parallel,
        retries_max=None if mapping.retries_max < 0 else mapping.retries_max,
        age_ms_max=None if mapping.age_s_max < 0 else mapping.age_s_max * 1000,
        bisects=mapping.bisects,
        reports_failures="ReportBatchItemFailures" in mapping.response_types,
        tumbling_ms=mapping.tumbling_s * 1000,
        concurrency_max=mapping.concurrency_max,
        ordered=mapping.source_arn.endswith(".fifo"),
        matches=compile_filters(mapping.filters),
    )
