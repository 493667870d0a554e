"""The loop of one shard: read ahead, filter, batch by lanes, run, checkpoint.

One coroutine reads and decides; each batch under way is a task. The checkpoint follows the last gapless record done, and is
written by the loop some time later, so that it costs few writes and does not stand before the next record's own. A kill
redelivers what was done past it, and skips nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.streams.api import Discards, Policy, Record, Results, ShardSource, Target
from fogbank.streams.batches import BatchRunner
from fogbank.streams.checkpoints import DONE, Checkpoint, Checkpoints
from fogbank.streams.lanes import PAYLOAD_BYTES_MAX, Lane, LaneSet
from fogbank.streams.tracker import Tracker
from fogbank.streams.waiting import Signal, Stop

log = logging.getLogger("fogbank.streams")

READ_MAX = 1000
AHEAD_MAX = 2000  # records read and not done, at most, beyond what the lanes need
SAVE_AFTER_MS = 50  # how long a checkpoint may wait for more to be done
READ_BYTES_FULL = 512 * 1024  # a read of so much may have been cut short: the next follows at once
# Real time, between two reads of a shard that is read up: larger batches, and room for the writers. What trickles in goes at
# once. A batch costs as much as a hundred records do, so a shard into which they pour rests until a full one has come.
REST_S = 0.002
POURING_PER_S = 500  # records, over some time
POURING_REST_S_MIN, POURING_REST_S_MAX = 0.01, 0.04
MEASURED_S = 0.02


def rest_s(policy: Policy, per_s: float) -> float:
    """How long a shard that is read up rests, when so many records come in a second."""
    if per_s < POURING_PER_S:
        return 0.0 if policy.window_ms else REST_S
    full_s = policy.batch_size * policy.parallel / per_s
    return min(max(full_s, POURING_REST_S_MIN), POURING_REST_S_MAX)


class ShardLoop:
    """One shard of one mapping. `run` returns when the shard is done; cancel it to stop between batches."""

    def __init__(
        self,
        shard: str,
        *,
        policy: Policy,
        source: ShardSource,
        target: Target,
        discards: Discards,
        results: Results,
        checkpoints: Checkpoints,
        clock: Clock,
        lanes: Lanes,
    ) -> None:
        self._shard = shard
        self._policy = policy
        self._source = source
        self._checkpoints = checkpoints
        self._clock = clock
        self._lanes = lanes
        self._signal = Signal(clock, lanes)
        self._stop = Stop(clock, lanes)
        self._runner = BatchRunner(shard, policy, target, discards, results, clock, self._stop, self._done)
        self._set = LaneSet(policy.parallel)
        self._tasks: set[asyncio.Task[None]] = set()
        self._more = True  # the source may have records that were not read
        self._resting = False
        self._per_s = 0.0  # records read, when that was measured last
        self._measured_s, self._count = 0.0, 0  # when that was, by the loop's time; how many since
        self._after = 0
        self._at_end = False
        self._tracker = Tracker(0)
        self._saved = 0
        self._save_due_ms: int | None = None
        self._stopping = False
        self._failure: Exception | None = None  # of a batch, and not the function's

    async def run(self) -> None:
        """Read to the shard's end."""
        checkpoint = await self._checkpoints.load(self._shard)
        if checkpoint is not None and checkpoint.is_done:
            return
        if checkpoint is None:
            position = await self._source.start(self._shard)
            await self._checkpoints.save(self._shard, Checkpoint(position))
        else:
            position = checkpoint.position
        self._after, self._tracker, self._saved = position, Tracker(position), position
        end_watch = await self._source.watch(self._news)
        try:
            await self._loop()
        finally:
            end_watch()
            await self._save()

    def stop(self) -> None:
        """Begin no more batches; `run` returns when those under way are through."""
        self._stopping = True
        self._stop.set()
        self._signal.set()

    async def _loop(self) -> None:
        while True:
            if self._failure is not None:
                raise self._failure  # going on would leave a hole behind
            if not self._stopping:
                await self._fill()
                self._start_batches()
            await self._save_in_time()
            idle = not self._tasks
            if self._stopping and idle:
                return
            if idle and self._at_end and self._set.is_idle and self._tracker.is_idle:
                await self._checkpoints.save(self._shard, Checkpoint(DONE))
                self._saved = self._tracker.position
                return
            if self._may_read() or self._may_start():
                continue
            due = [self._set.next_due_ms(self._policy, self._gathers), self._save_due_ms]
            await self._signal.wait(min((ms for ms in due if ms is not None), default=None))

    # --- reading ------------------------------------------------------------------------------------------------------

    def _news(self) -> None:
        self._more = True
        if not self._resting:
            self._signal.set()

    def _may_read(self) -> bool:
        ahead = max(AHEAD_MAX, self._policy.batch_size * self._policy.parallel)
        # With so many bytes one lane at least has a full batch, so waiting for room does not wait for ever.
        is_enough = (
            len(self._tracker) >= ahead or self._set.bytes >= self._policy.parallel * PAYLOAD_BYTES_MAX
        )
        ready = self._more and not self._resting and not self._at_end and not self._stopping
        return ready and not is_enough

    def rested(self) -> None:
        """Go on reading."""
        self._resting = False
        self._set.release()
        self._signal.set()

    async def _fill(self) -> None:
        if not self._may_read():
            return
        self._more = False
        records, after = await self._source.read(self._shard, self._after, READ_MAX)
        if records:
            self._take_in(records)
            self._after = records[-1].position
            self._more = True
            self._rest(records)
        if after is None:
            self._at_end = True
        else:
            self._after = max(self._after, after)
            self._tracker.passed(self._after)

    def _rest(self, records: Sequence[Record]) -> None:
        """Read on after a while, unless there is more to be had."""
        policy, loop = self._policy, asyncio.get_running_loop()
        now_s = loop.time()
        self._count += len(records)
        if now_s - self._measured_s >= MEASURED_S:
            self._per_s = self._count / (now_s - self._measured_s)
            self._measured_s, self._count = now_s, 0
        if len(records) == READ_MAX or sum([record.size_bytes for record in records]) >= READ_BYTES_FULL:
            return
        pause_s = rest_s(policy, self._per_s)
        if pause_s:
            self._resting = True
            loop.call_later(pause_s, self.rested)

    def _take_in(self, records: Sequence[Record]) -> None:
        matches, now_ms = self._policy.matches, self._clock.now_ms()
        self._tracker.read([record.position for record in records])
        if matches is not None:
            wanted = [record for record in records if matches(record.event)]
            if len(wanted) < len(records):
                kept = {record.position for record in wanted}
                self._tracker.done(record.position for record in records if record.position not in kept)
            records = wanted
        self._set.add(records, now_ms)

    # --- batches ------------------------------------------------------------------------------------------------------

    @property
    def _gathers(self) -> bool:
        """More is to come in a moment: what a full batch left behind goes with it."""
        return self._resting and not self._at_end

    def _may_start(self) -> bool:
        now_ms = self._clock.now_ms()
        return not self._stopping and any(
            lane.is_ready(self._policy, now_ms, self._at_end, self._gathers) for lane in self._set.lanes
        )

    def _start_batches(self) -> None:
        now_ms = self._clock.now_ms()
        for lane in self._set.lanes:
            if lane.is_ready(self._policy, now_ms, self._at_end, self._gathers):
                batch = lane.take(self._policy, now_ms)
                lane.busy = True
                task = self._lanes.spawn("event source batch", self._run_batch(lane, batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _run_batch(self, lane: Lane, batch: Sequence[Record]) -> None:
        try:
            await self._runner.run(batch)
        except Exception as error:  # noqa: BLE001 - a boundary: the shard is begun again from its checkpoint
            self._failure = error
        finally:
            lane.busy = False
            asyncio.get_running_loop().call_soon(self._signal.set)

    def _done(self, records: Sequence[Record]) -> None:
        self._tracker.done([record.position for record in records])
        self._signal.set()

    async def _save_in_time(self) -> None:
        if self._tracker.position == self._saved:
            return
        now_ms = self._clock.now_ms()
        if self._save_due_ms is None:
            self._save_due_ms = now_ms + SAVE_AFTER_MS
        if now_ms >= self._save_due_ms:
            await self._save()

    async def _save(self) -> None:
        self._save_due_ms = None
        position = self._tracker.position
        if position != self._saved:
            await self._checkpoints.save(self._shard, Checkpoint(position))
            self._saved = position

    async def close(self) -> None:
        """End what is under way; what it had is delivered again."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
