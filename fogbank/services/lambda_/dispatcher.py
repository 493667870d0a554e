"""Asynchronous invocation: accepts events durably, runs them, retries them, and hands the result to destinations.

An event is acknowledged to its queue in one transaction with what follows from it (a retry, an event for a destination),
so whatever is killed, it is run at least once and its consequences happen once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from fogbank.core.clock import Clock
from fogbank.core.errors import AwsError, Conflict
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.core.limits import ASYNC_LEASE_MS
from fogbank.sandbox.api import Status
from fogbank.services.lambda_ import keys
from fogbank.services.lambda_.concurrency import Concurrency
from fogbank.services.lambda_.deliveries import Deliveries, Delivery
from fogbank.services.lambda_.event_queue import EventQueue, Turn
from fogbank.services.lambda_.events import (
    LOOPED,
    THROTTLED,
    Answer,
    Condition,
    Event,
    after_failure,
    after_put_back,
    decode_event,
    encode_event,
    error_of,
    invocation_record,
    invoked,
    is_too_old,
    put_back,
    queue_name,
)
from fogbank.services.lambda_.lineage import passed_on
from fogbank.services.lambda_.metrics import Metrics, Tally
from fogbank.services.lambda_.names import LATEST, FunctionName
from fogbank.services.lambda_.records import EventInvokeConfig, decode_function
from fogbank.services.lambda_.running import Runner
from fogbank.services.lambda_.targets import Executable, Target, Targets
from fogbank.store.api import Key, Leased, Store, Transaction

_MARKERS_AT_ONCE = 500
_EXTEND_EVERY_S = ASYNC_LEASE_MS / 4000


class Dispatcher:
    """All event queues that this node knows of."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        lanes: Lanes,
        ids: Ids,
        targets: Targets,
        runner: Runner,
        metrics: Metrics,
        concurrency: Concurrency,
        deliveries: Deliveries,
        owner: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._ids = ids
        self._targets = targets
        self._runner = runner
        self._metrics = metrics
        self._concurrency = concurrency
        self._deliveries = deliveries
        self._owner = owner
        self._queues: dict[str, EventQueue] = {}
        self._news = asyncio.Event()
        self._end_watch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        """Take up the queues that hold something already, and those that other nodes begin."""
        self._end_watch = self._store.watch_records(keys.event_queues(), self._news.set)
        self._news.set()
        self._lanes.loop("lambda event queues", self._discover)
        self._lanes.loop("lambda event leases", self._extend)

    async def close(self) -> None:
        self._end_watch()
        for queue in self._queues.values():
            queue.close()

    async def accept(self, target: Target, request_id: str, payload: bytes, trace: str = "") -> None:
        """Queue an event. It is durable when this returns. `trace` is the header of what it comes of."""
        transaction = Transaction()
        now_ms = self._clock.now_ms()
        self._add(transaction, target.name, target.uid, request_id, payload, now_ms, trace)
        await self._store.commit(transaction)
        target.first.tally.received_event()

    def forget(self, name: FunctionName, uid: str) -> None:
        """The function was deleted: its events are dropped as they come up, and then its queue."""
        queue = queue_name(name, uid)
        if (found := self._queues.get(queue)) is not None:
            found.drain(lambda: self._drop(name, uid))

    # --- queues -------------------------------------------------------------------------------------------------------

    def _add(
        self,
        transaction: Transaction,
        name: FunctionName,
        uid: str,
        request_id: str,
        payload: bytes,
        now_ms: int,
        trace: str,
    ) -> None:
        queue = queue_name(name, uid)
        if queue not in self._queues:
            transaction.put(keys.event_queue(name, uid), b"")
            self._open(name, queue)
        event = Event(
            name.account,
            name.region,
            name.name,
            name.qualifier,
            uid,
            request_id,
            now_ms,
            payload,
            trace=trace or self._new_trace(now_ms),
        )
        # Not the request id: a caller inside this fogbank may send several events on behalf of one request. Ids that grow
        # with time lie side by side in the store's index, so a commit touches few of its pages.
        id = f"{now_ms:x}-{self._ids.hex(16)}"
        transaction.enqueue(queue, id, encode_event(event), due_ms=now_ms)

    def _open(self, name: FunctionName, queue: str) -> EventQueue:
        found = self._queues.get(queue)
        if found is None:
            found = self._queues[queue] = EventQueue(
                queue,
                self._concurrency.function(name.account, name.region, name.name),
                store=self._store,
                clock=self._clock,
                lanes=self._lanes,
                owner=self._owner,
                handle=self._handle,
            )
        return found

    async def _discover(self) -> None:
        await self._news.wait()
        self._news.clear()
        after: Key | None = None
        while True:
            markers = await self._store.scan(keys.event_queues(), after=after, limit=_MARKERS_AT_ONCE)
            for marker in markers:
                _, account, region, function, uid = (str(part) for part in marker.key)
                name = FunctionName(account, region, function)
                queue = queue_name(name, uid)
                if queue in self._queues:
                    continue
                if await self._is_over(name, uid):
                    await self._delete_marker(name, uid)
                else:
                    self._open(name, queue).wake()
            if len(markers) < _MARKERS_AT_ONCE:
                return
            after = markers[-1].key

    def _drop(self, name: FunctionName, uid: str) -> None:
        if (queue := self._queues.pop(queue_name(name, uid), None)) is not None:
            queue.close()
            self._lanes.spawn("lambda event queue drop", self._delete_marker(name, uid))

    async def _delete_marker(self, name: FunctionName, uid: str) -> None:
        await self._store.commit(Transaction().delete(keys.event_queue(name, uid)))

    async def _is_over(self, name: FunctionName, uid: str) -> bool:
        """A queue that a killed node left empty, of a function that is no more."""
        record = await self._store.get(keys.function(name))
        if record is not None and decode_function(record.value).uid == uid:
            return False
        return await self._store.next_due_ms(queue_name(name, uid)) is None

    async def _extend(self) -> None:
        await self._clock.sleep_s(_EXTEND_EVERY_S)
        for queue in list(self._queues.values()):
            await queue.extend()

    # --- one event ----------------------------------------------------------------------------------------------------

    async def _handle(self, turn: Turn) -> None:
        leased = turn.leased
        event = decode_event(leased.body)
        transaction = Transaction(patient=True)
        try:
            target = await self._target(event)
        except AwsError as error:
            if error.status == 404:
                transaction.ack(leased)
                self._tally(event).dropped_event()
            else:
                await self._put_back(transaction, leased, event, None, None)
        else:
            if target.uid != event.uid:
                transaction.ack(leased)  # meant for a function that had the same name
            else:
                await self._invoke(transaction, turn, event, target)
        turn.ran()
        try:
            await self._store.commit(transaction)
        except Conflict:
            return  # the lease ran out, and the event is in other hands

    async def _target(self, event: Event) -> Target:
        key = (event.account, event.region, event.name, event.qualifier)
        return self._targets.cached.get(key) or await self._targets.resolve(event.function, key)

    async def _invoke(
        self,
        transaction: Transaction,
        turn: Turn,
        event: Event,
        target: Target,
    ) -> None:
        leased = turn.leased
        config = target.events
        executable = target.pick(self._ids)
        while True:
            now_ms = self._clock.now_ms()
            if executable.slots.reserved == 0:
                await self._finish(
                    transaction, leased, event, executable, config, Condition.ZERO_CONCURRENCY, None
                )
                return
            if executable.is_looping(event.trace):
                executable.tally.stopped_loop()
                await self._finish(transaction, leased, event, executable, config, Condition.LOOP, LOOPED)
                return
            if is_too_old(event, config, now_ms):
                # It was in the queue for want of concurrency: a node that was away for so long is the rarer case.
                await self._finish(
                    transaction, leased, event, executable, config, Condition.AGE_EXCEEDED, THROTTLED
                )
                return
            if executable.slots.enter() is None:
                break
            await executable.slots.freed()  # a caller who waits for an answer was quicker
        turn.entered()
        executable.tally.started_event(now_ms - event.accepted_ms)
        try:
            result, _ = await self._runner.run(executable, event.request_id, event.payload, trace=event.trace)
        except AwsError:
            await self._put_back(transaction, leased, event, executable, config)
            return
        event = invoked(event)
        failed = result.status is not Status.SUCCESS
        answer = Answer(result.payload, executable.version, "Unhandled" if failed else "")
        then = after_failure(event, config, self._clock.now_ms()) if failed else Condition.SUCCESS
        if isinstance(then, Condition):
            await self._finish(transaction, leased, event, executable, config, then, answer)
        else:
            transaction.retry(leased, due_ms=then, body=encode_event(event))

    async def _put_back(
        self,
        transaction: Transaction,
        leased: Leased,
        event: Event,
        executable: Executable | None,
        config: EventInvokeConfig | None,
    ) -> None:
        then = after_put_back(event, config, self._clock.now_ms())
        if isinstance(then, Condition):
            await self._finish(transaction, leased, event, executable, config, then, None)
        else:
            transaction.retry(leased, due_ms=then, body=encode_event(put_back(event)))

    async def _finish(
        self,
        transaction: Transaction,
        leased: Leased,
        event: Event,
        executable: Executable | None,
        config: EventInvokeConfig | None,
        condition: Condition,
        answer: Answer | None,
    ) -> None:
        """The event is done with, one way or the other."""
        transaction.ack(leased)
        succeeded = condition is Condition.SUCCESS
        if not succeeded:
            self._tally(event).dropped_event()
            if executable is not None and executable.dead_letter_arn is not None:
                letter = self._delivery(event, executable, executable.dead_letter_arn)
                code, message = error_of(condition, answer)
                letter = replace(letter, body=event.payload.decode(), error_code=code, error_message=message)
                self._deliveries.add(transaction, letter)
        if config is None or executable is None:
            return
        destination = config.on_success if succeeded else config.on_failure
        if destination:
            record = invocation_record(event, condition, answer, self._clock.now_ms())
            letter = self._delivery(event, executable, destination)
            letter = replace(letter, body=record.decode(), condition=condition.value)
            self._deliveries.add(transaction, letter)

    def _delivery(self, event: Event, executable: Executable, arn: str) -> Delivery:
        name = event.function
        return Delivery(
            arn,
            name.account,
            name.region,
            name.name,
            name.name if name.qualifier is None else f"{name.name}:{name.qualifier}",
            f"{name.arn}:{event.qualifier or LATEST}",
            executable.config.role_arn,
            "",
            passed_on(event.trace, executable.arn) if event.invocations else event.trace,
            request_id=event.request_id,
        )

    def _new_trace(self, now_ms: int) -> str:
        return f"{self._ids.trace(now_ms)};Parent={self._ids.hex(16)};Sampled=0"

    def _tally(self, event: Event) -> Tally:
        name = event.function
        resource = name.name if name.qualifier is None else f"{name.name}:{name.qualifier}"
        return self._metrics.tally(name.account, name.region, name.name, resource)
