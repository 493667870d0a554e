"""The tasks of activities: a durable queue for each, and the workers that wait at it.

The engine schedules through `run` and `abandon` (the part of `TaskPort` that is about activities); workers take by `take`.
A task leaves its queue when the engine has committed that a worker started it; a node that dies in between gives it out again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.core.lanes import Lanes
from fogbank.services.stepfunctions import keys
from fogbank.services.stepfunctions.engine.api import Failed, Outcome, Queued, Stage, TaskCall
from fogbank.services.stepfunctions.errors import no_activity
from fogbank.services.stepfunctions.limits import ACTIVITY_POLL_S
from fogbank.services.stepfunctions.names import parse_activity_arn
from fogbank.services.stepfunctions.records import Activity, decode_activity
from fogbank.store.api import Leased, Store, Transaction

#: How long a task may be on its way to a worker before another one gets it.
HANDOVER_MS = 30_000


class ActivityTasks:
    """The queues of all activities, as one node sees them."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self._owner = owner
        self._desks: dict[str, _Desk] = {}

    def hang_up(self) -> None:
        """Send the waiting workers away empty-handed."""
        for desk in list(self._desks.values()):
            desk.close()

    async def find(self, arn: str) -> Activity:
        """The activity of that ARN. ActivityDoesNotExist, InvalidArn."""
        name = parse_activity_arn(arn)
        record = await self._store.get(keys.activity(name.account, name.region, name.resource))
        if record is None:
            raise no_activity(arn)
        return decode_activity(record.value)

    async def run(self, call: TaskCall) -> Outcome:
        """Put the task in its activity's queue; the same id replaces what an earlier life put there."""
        name = parse_activity_arn(call.resource.arn)
        record = await self._store.get(keys.activity(name.account, name.region, name.resource))
        if record is None:
            cause = f"The activity {call.resource.arn} does not exist."  # the sentence is a guess
            return Failed("States.Runtime", cause, Stage.SCHEDULE)
        queue = keys.activity_queue(name.account, name.region, decode_activity(record.value).id)
        body = orjson.dumps({"token": call.token, "input": orjson.dumps(call.parameters).decode()})
        await self._store.commit(Transaction().enqueue(queue, call.id, body, due_ms=self._clock.now_ms()))
        return Queued()

    async def abandon(self, call: TaskCall) -> None:
        """The task is no longer wanted: take it off its queue, if no worker has it."""
        name = parse_activity_arn(call.resource.arn)
        record = await self._store.get(keys.activity(name.account, name.region, name.resource))
        if record is not None:
            queue = keys.activity_queue(name.account, name.region, decode_activity(record.value).id)
            await self._store.commit(Transaction().cancel(queue, call.id))

    def pollers(self, queue: str) -> int:
        """How many workers wait at a queue here."""
        desk = self._desks.get(queue)
        return 0 if desk is None else len(desk.waiting)

    async def take(
        self, queue: str, is_gone: Callable[[], bool], until_s: float = ACTIVITY_POLL_S
    ) -> Leased | None:
        """Wait for a task in the order of arrival; None when none came in time. The caller settles it by `settle`.

        A worker that `is_gone` gets none: its connection is closed, though its request runs to its end."""
        desk = self._desks.get(queue)
        if desk is None:
            desk = self._desks[queue] = _Desk(
                self._store, self._lanes, queue, self._owner, lambda: self._drop(queue)
            )
        task: asyncio.Future[Leased | None] = asyncio.get_running_loop().create_future()
        desk.waiting.append((task, is_gone))
        timer = self._lanes.spawn("activity poll", self._expire(task, until_s))
        desk.nudge()
        try:
            return await task
        except asyncio.CancelledError:  # the worker hung up
            if task.done() and not task.cancelled() and (leased := task.result()) is not None:
                await self.put_back(leased)
            raise
        finally:
            timer.cancel()
            desk.leave(task)

    async def _expire(self, task: asyncio.Future[Leased | None], after_s: float) -> None:
        await self._clock.sleep_s(after_s)
        if not task.done():
            task.set_result(None)

    async def settle(self, leased: Leased) -> None:
        """The worker has it, or nobody wants it any more."""
        try:
            await self._store.commit(Transaction().ack(leased))
        except Conflict:
            pass  # cancelled meanwhile, or the handover took too long and somebody else has it now

    async def put_back(self, leased: Leased) -> None:
        try:
            await self._store.commit(Transaction().retry(leased, due_ms=self._clock.now_ms()))
        except Conflict:
            pass

    def _drop(self, queue: str) -> None:
        self._desks.pop(queue, None)


class _Desk:
    """Where the workers of one activity wait on this node."""

    def __init__(self, store: Store, lanes: Lanes, queue: str, owner: str, gone: Callable[[], None]) -> None:
        self.waiting: deque[tuple[asyncio.Future[Leased | None], Callable[[], bool]]] = deque()
        self._store = store
        self._lanes = lanes
        self._queue = queue
        self._owner = owner
        self._gone = gone
        self._serving: asyncio.Task[None] | None = None
        self._again = False
        self._unwatch = store.watch_queue(queue, self.nudge)

    def nudge(self) -> None:
        """There may be work: look, once more if a look is under way."""
        if self._serving is not None and not self._serving.done():
            self._again = True
        elif self.waiting:
            self._serving = self._lanes.spawn("activity tasks", self._serve())

    def leave(self, waiter: asyncio.Future[Leased | None]) -> None:
        self.waiting = deque(each for each in self.waiting if each[0] is not waiter)
        if not self.waiting:
            self._unwatch()
            self._gone()

    def close(self) -> None:
        while self.waiting:
            waiter, _ = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    async def _serve(self) -> None:
        while True:
            self._again = False
            while self.waiting:
                leased = await self._store.lease(
                    self._queue, owner=self._owner, limit=len(self.waiting), lease_ms=HANDOVER_MS
                )
                for item in leased:
                    await self._hand_over(item)
                if not leased:
                    break
            if not self._again:
                return

    async def _hand_over(self, item: Leased) -> None:
        while self.waiting:
            waiter, is_gone = self.waiting.popleft()
            if waiter.done():
                continue
            if not is_gone():
                waiter.set_result(item)
                return
            waiter.set_result(None)
        await self._store.commit(Transaction().retry(item, due_ms=item.due_ms))
