"""Tumbling windows: batches of one stretch of time carry the function's state from one to the next, then it is closed.

The state is written with the checkpoint, so a kill goes on with the state that belongs to the position. One batch at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import orjson

from fogbank.core.clock import Clock, iso8601_z
from fogbank.core.lanes import Lanes
from fogbank.streams.answers import failed_ids, state_of
from fogbank.streams.api import (
    Discarded,
    Discards,
    Outcome,
    Policy,
    Reason,
    Record,
    Results,
    ShardSource,
    Target,
    Verdict,
)
from fogbank.streams.batches import AGAIN_MS_MAX, RETRY_MS_MAX, RETRY_MS_MIN, invoked
from fogbank.streams.checkpoints import DONE, Checkpoint, Checkpoints
from fogbank.streams.lanes import PAYLOAD_BYTES_MAX
from fogbank.streams.waiting import Signal, Stop

READ_MAX = 1000
STATE_BYTES_MAX = 1024 * 1024


class WindowLoop:
    """One shard of a mapping with windows. The interface is ShardLoop's."""

    def __init__(
        self,
        shard: str,
        *,
        source_arn: str,
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
        self._source_arn = source_arn
        self._policy = policy
        self._source = source
        self._target = target
        self._discards = discards
        self._results = results
        self._checkpoints = checkpoints
        self._clock = clock
        self._signal = Signal(clock, lanes)
        self._stop = Stop(clock, lanes)
        self._records: deque[Record] = deque()
        self._bytes = 0
        self._since_ms = 0
        self._at = Checkpoint(0)
        self._after = 0
        self._more = True
        self._at_end = False
        self._stopping = False

    async def run(self) -> None:
        found = await self._checkpoints.load(self._shard)
        if found is not None and found.is_done:
            return
        if found is None:
            found = Checkpoint(await self._source.start(self._shard))
            await self._checkpoints.save(self._shard, found)
        self._at, self._after = found, found.position
        end_watch = await self._source.watch(self._news)
        try:
            while not self._stopping:
                if not await self._step():
                    return
        finally:
            end_watch()

    def stop(self) -> None:
        self._stopping = True
        self._stop.set()
        self._signal.set()

    async def close(self) -> None:
        return None

    def _news(self) -> None:
        self._more = True
        self._signal.set()

    async def _step(self) -> bool:
        """One decision; False at the shard's end."""
        await self._fill()
        now_ms, end_ms = self._clock.now_ms(), self._window_end_ms()
        batch = self._next_batch(end_ms)
        if batch:
            full = len(batch) >= self._policy.batch_size or len(batch) < len(self._records)
            full = full or self._bytes >= PAYLOAD_BYTES_MAX
            if full or self._at_end or now_ms >= self._since_ms + self._policy.window_ms:
                await self._run(batch)
                return True
        elif end_ms is not None and (self._records or now_ms >= end_ms):
            await self._close_window(end_ms)
            return True
        elif self._at_end:
            if end_ms is not None:
                await self._close_window(end_ms)
            await self._checkpoints.save(self._shard, Checkpoint(DONE))
            return False
        due = [end_ms] if end_ms is not None else []
        if batch:
            due.append(self._since_ms + self._policy.window_ms)
        if not self._more:
            await self._signal.wait(min(due, default=None))
        return True

    async def _fill(self) -> None:
        # What is enough to go on with is a full batch: waiting for less room than that would be waiting for ever.
        is_enough = (
            len(self._records) >= max(READ_MAX, self._policy.batch_size) or self._bytes >= PAYLOAD_BYTES_MAX
        )
        if not self._more or self._at_end or is_enough:
            return
        self._more = False
        records, after = await self._source.read(self._shard, self._after, READ_MAX)
        matches = self._policy.matches
        if records:
            self._after, self._more = records[-1].position, True
            if not self._records:
                self._since_ms = self._clock.now_ms()
            wanted = [r for r in records if matches is None or matches(r.event)]
            self._records.extend(wanted)
            self._bytes += sum(record.size_bytes for record in wanted)
        self._at_end = after is None

    def _window_end_ms(self) -> int | None:
        start_ms = self._at.window_start_ms
        return None if start_ms is None else start_ms + self._policy.tumbling_ms

    def _start_of(self, record: Record) -> int:
        return record.time_ms // self._policy.tumbling_ms * self._policy.tumbling_ms

    def _next_batch(self, end_ms: int | None) -> list[Record]:
        """Records of the open window (or of the one that the first begins), as many as a batch takes."""
        batch: list[Record] = []
        size = 0
        for record in self._records:
            if end_ms is None:
                end_ms = self._start_of(record) + self._policy.tumbling_ms
            if len(batch) == self._policy.batch_size or record.time_ms >= end_ms:
                break
            size += record.size_bytes
            if batch and size > PAYLOAD_BYTES_MAX:
                break
            batch.append(record)
        return batch

    async def _run(self, batch: list[Record]) -> None:
        start_ms = self._at.window_start_ms
        start_ms = self._start_of(batch[0]) if start_ms is None else start_ms
        attempts = 0
        while batch and not self._stopping:
            if self._policy.age_ms_max is not None:
                limit_ms = self._clock.now_ms() - self._policy.age_ms_max
                old = [record for record in batch if record.time_ms <= limit_ms]
                if old:
                    await self._give_up(batch[: len(old)], Reason.AGE, attempts, None, start_ms)
                    batch = batch[len(old) :]
                    continue
            self._target.delivered(batch)
            outcome = await self._invoke(batch, start_ms, final=False)
            if outcome.verdict is Verdict.AGAIN:
                continue
            attempts += 1
            through = self._through(batch, outcome)
            self._results.processed(through < len(batch))
            if through:
                state = state_of(outcome.payload)
                await self._advance(batch[:through], start_ms, state)
                batch, attempts = batch[through:], 0
                if len(orjson.dumps(state)) > STATE_BYTES_MAX:
                    await self._close_window(start_ms + self._policy.tumbling_ms, early=True)
                    return
            elif self._policy.retries_max is not None and attempts > self._policy.retries_max:
                await self._give_up(batch, Reason.RETRIES, attempts, outcome, start_ms)
                return
            else:
                await self._stop.pause(min(RETRY_MS_MIN << min(attempts - 1, 16), RETRY_MS_MAX))

    def _through(self, batch: Sequence[Record], outcome: Outcome) -> int:
        if outcome.verdict is not Verdict.DONE:
            return 0
        if not self._policy.reports_failures:
            return len(batch)
        failed = failed_ids(outcome.payload, {record.id for record in batch})
        if failed is None:
            return 0
        return next((n for n, record in enumerate(batch) if record.id in failed), len(batch))

    async def _give_up(
        self, batch: list[Record], reason: Reason, attempts: int, outcome: Outcome | None, start_ms: int
    ) -> None:
        payload = self._payload(batch, start_ms, final=False, early=False)
        await self._discards.discard(Discarded(self._shard, batch, reason, attempts, outcome, payload))
        await self._advance(batch, start_ms, self._at.state)

    async def _advance(self, batch: Sequence[Record], start_ms: int, state: Any) -> None:
        for record in batch:
            self._records.popleft()
            self._bytes -= record.size_bytes
        self._since_ms = self._clock.now_ms()
        self._at = Checkpoint(batch[-1].position, start_ms, state)
        await self._checkpoints.save(self._shard, self._at)

    async def _close_window(self, end_ms: int, *, early: bool = False) -> None:
        """Tell the function that its window is over; until it has taken that."""
        start_ms = end_ms - self._policy.tumbling_ms
        attempts = 0
        while not self._stopping:
            outcome = await self._invoke([], start_ms, final=True, early=early)
            if outcome.verdict is Verdict.AGAIN:
                continue
            attempts += 1
            failed = outcome.verdict is not Verdict.DONE
            self._results.processed(failed)
            gives_up = self._policy.retries_max is not None and attempts > self._policy.retries_max
            if not failed or gives_up:
                self._at = Checkpoint(self._at.position)
                await self._checkpoints.save(self._shard, self._at)
                return
            await self._stop.pause(min(RETRY_MS_MIN << min(attempts - 1, 16), RETRY_MS_MAX))

    async def _invoke(
        self, batch: Sequence[Record], start_ms: int, *, final: bool, early: bool = False
    ) -> Outcome:
        payload = self._payload(batch, start_ms, final=final, early=early)
        patience_ms = (
            None if self._policy.age_ms_max is None else AGAIN_MS_MAX
        )  # then ages are looked at again
        return await invoked(self._target, payload, self._stop, patience_ms)

    def _payload(self, batch: Sequence[Record], start_ms: int, *, final: bool, early: bool) -> bytes:
        return orjson.dumps(
            {
                "Records": [orjson.Fragment(record.json) for record in batch],
                "window": {"start": _second(start_ms), "end": _second(start_ms + self._policy.tumbling_ms)},
                "state": self._at.state if self._at.state is not None else {},
                "shardId": self._shard,
                "eventSourceARN": self._source_arn,
                "isFinalInvokeForWindow": final,
                "isWindowTerminatedEarly": early,
            }
        )


def _second(time_ms: int) -> str:
    return iso8601_z(time_ms)[:19] + "Z"
