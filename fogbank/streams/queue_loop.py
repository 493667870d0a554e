"""The loop of one queue: messages are received when a batch has a place to go, and deleted when the function took them.

A batch that failed is left alone: the queue gives its messages out again when their time is over. How many batches run at once
begins small and grows while all are busy and there are messages, up to the bound of the mapping.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import orjson

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes, report
from fogbank.core.limits import INVOKE_PAYLOAD_BYTES_MAX
from fogbank.streams.answers import failed_ids
from fogbank.streams.api import (
    Message,
    Outcome,
    Policy,
    QueueSource,
    Results,
    SourceBusy,
    SourceUnavailable,
    Target,
    Verdict,
)
from fogbank.streams.batches import invoked
from fogbank.streams.lanes import PAYLOAD_BYTES_MAX
from fogbank.streams.waiting import Signal, Stop

log = logging.getLogger("fogbank.streams")

RECEIVE_MAX = 10
WAIT_S = 20
CONCURRENCY_MIN = 5  # batches at once, to begin with
CONCURRENCY_MAX = 1000
GROW_EVERY_MS = 1000
GROW_BY = 5  # AWS adds up to 300 a minute
FAILED_MS = 1000
BUSY_MS = 200
DELETES_MAX = 50  # attempts at a queue that is busy
UNAVAILABLE_MS = 15_000
HELD_MS_MAX = (
    15_000  # how long messages wait for a function that cannot be invoked; then they go back by themselves
)


class QueueLoop:
    """Runs until it is stopped."""

    def __init__(
        self,
        *,
        policy: Policy,
        source: QueueSource,
        target: Target,
        results: Results,
        clock: Clock,
        lanes: Lanes,
    ) -> None:
        self._policy = policy
        self._source = source
        self._target = target
        self._results = results
        self._clock = clock
        self._lanes = lanes
        self._signal = Signal(clock, lanes)
        self._stop = Stop(clock, lanes)
        self._max = policy.concurrency_max or CONCURRENCY_MAX
        self._limit = min(CONCURRENCY_MIN, self._max)
        self._grown_ms = clock.now_ms()
        self._tasks: set[asyncio.Task[list[Message]]] = set()
        self._receiving: asyncio.Task[list[Message] | Exception] | None = None
        self._stopping = False

    async def run(self) -> None:
        """Return when it was stopped and the batches under way are through."""
        try:
            while not self._stopping:
                if len(self._tasks) >= self._limit:
                    self._grow()
                    if len(self._tasks) >= self._limit:
                        at_most = self._limit >= self._max
                        await self._signal.wait(None if at_most else self._grown_ms + GROW_EVERY_MS)
                    continue
                batch = await self._next_batch()
                if batch:
                    task = self._lanes.spawn("event source batch", self._run_batch(batch))
                    self._tasks.add(task)
                    task.add_done_callback(self._ended)
            if self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def stop(self) -> None:
        self._stopping = True
        self._stop.set()
        self._signal.set()
        if self._receiving is not None:
            self._receiving.cancel()

    def _ended(self, task: asyncio.Task[list[Message]]) -> None:
        self._tasks.discard(task)
        self._signal.set()

    def _grow(self) -> None:
        now_ms = self._clock.now_ms()
        if self._limit < self._max and now_ms >= self._grown_ms + GROW_EVERY_MS:
            self._grown_ms = now_ms
            self._limit = min(self._max, self._limit + GROW_BY)

    async def _next_batch(self) -> list[Message]:
        """A batch as the policy wants it; none when it was stopped meanwhile."""
        self._receiving = self._lanes.spawn("event source receive", self._gathered())
        try:
            found = await self._receiving
        except asyncio.CancelledError:
            if not self._stopping:
                self._receiving.cancel()
                raise
            return []
        finally:
            self._receiving = None
        if isinstance(found, list):
            return found
        if isinstance(found, SourceBusy):
            await self._stop.pause(BUSY_MS)
        elif isinstance(found, SourceUnavailable):
            log.warning("a queue cannot be read: %s", found)
            await self._stop.pause(UNAVAILABLE_MS)
        else:
            report(log, found, "receiving from a queue failed; it goes on")
            await self._stop.pause(FAILED_MS)
        return []

    async def _gathered(self) -> list[Message] | Exception:
        """The batch, or why there is none: a task that raised would be reported as a fault each time."""
        try:
            return await self._gather()
        except Exception as error:  # noqa: BLE001 - a boundary: the queue may be away for a moment
            return error

    async def _gather(self) -> list[Message]:
        """Receive until the batch is full, too large, or has waited long enough from its first message."""
        policy = self._policy
        batch: list[Message] = []
        size, end_ms = 0, 0
        try:
            while len(batch) < policy.batch_size and size < PAYLOAD_BYTES_MAX:
                wait_s = WAIT_S
                if batch:
                    left_ms = end_ms - self._clock.now_ms()
                    wait_s = min(WAIT_S, max(0, (left_ms + 999) // 1000))
                    if policy.window_ms and left_ms <= 0:
                        break
                limit = min(RECEIVE_MAX, policy.batch_size - len(batch))
                messages = await self._source.receive(limit, wait_s if not batch or policy.window_ms else 0)
                wanted = await self._wanted(messages)
                if wanted and not batch:
                    end_ms = self._clock.now_ms() + policy.window_ms
                batch += wanted
                size += sum(message.size_bytes for message in wanted)
                if batch and (not messages or (not policy.window_ms and len(messages) < limit)):
                    break
        except asyncio.CancelledError:
            if batch:
                await self._source.release(batch)
            raise
        return batch

    async def _wanted(self, messages: Sequence[Message]) -> list[Message]:
        """Those that pass the filter; the others are deleted."""
        matches = self._policy.matches
        if matches is None:
            return list(messages)
        wanted = [message for message in messages if matches(message.view)]
        if len(wanted) < len(messages):
            kept = {message.handle for message in wanted}
            await self._delete([message for message in messages if message.handle not in kept])
        return wanted

    async def _run_batch(self, batch: Sequence[Message]) -> list[Message]:
        """What did not go through. What is more than an invocation takes goes by halves, one after the other."""
        payload = orjson.dumps({"Records": [message.event for message in batch]})
        if len(payload) > INVOKE_PAYLOAD_BYTES_MAX and len(batch) > 1:
            middle = len(batch) // 2
            failed = await self._run_batch(batch[:middle])
            blocked, rest = self._blocked(failed, batch[middle:])
            return failed + blocked + (await self._run_batch(rest) if rest else [])
        traces = [message.trace for message in batch if message.trace]
        outcome = await invoked(self._target, payload, self._stop, HELD_MS_MAX, traces)
        through = self._through(batch, outcome)
        self._results.processed(len(through) < len(batch))
        if through:
            await self._delete(through)
        done = {message.handle for message in through}
        return [message for message in batch if message.handle not in done]

    def _blocked(
        self, failed: Sequence[Message], rest: Sequence[Message]
    ) -> tuple[list[Message], list[Message]]:
        """Those of `rest` that may not overtake what failed before them, and the others."""
        if not self._policy.ordered:
            return [], list(rest)
        groups = {message.group for message in failed}
        blocked = [message for message in rest if message.group in groups]
        return blocked, [message for message in rest if message.group not in groups]

    async def _delete(self, messages: Sequence[Message]) -> None:
        """What is not deleted is delivered again: a queue that is busy is asked for as long as that may take."""
        for _ in range(DELETES_MAX):
            try:
                await self._source.delete(messages)
                return
            except SourceBusy:
                await self._stop.pause(BUSY_MS)
        log.warning("messages of a busy queue could not be deleted: they come again")

    def _through(self, batch: Sequence[Message], outcome: Outcome) -> list[Message]:
        if outcome.verdict is not Verdict.DONE:
            return []
        if not self._policy.reports_failures:
            return list(batch)
        failed = failed_ids(outcome.payload, {message.id for message in batch})
        if failed is None:
            return []
        return [message for message in batch if message.id not in failed]
