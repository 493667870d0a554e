"""One batch on its way through a target: retried, bisected, cut at the first failure, and given up in the end."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from fogbank.core.clock import Clock
from fogbank.core.limits import INVOKE_PAYLOAD_BYTES_MAX
from fogbank.streams.answers import failed_ids
from fogbank.streams.api import (
    Discarded,
    Discards,
    Outcome,
    Policy,
    Reason,
    Record,
    Results,
    Target,
    Verdict,
)
from fogbank.streams.waiting import Stop

#: Pauses between attempts; AWS does not say how long its are.
RETRY_MS_MIN, RETRY_MS_MAX = 100, 30_000
AGAIN_MS_MIN, AGAIN_MS_MAX = 100, 5_000


class _Part:
    """Records that go together, and how often they were tried."""

    __slots__ = ("attempts", "outcome", "records")

    def __init__(self, records: Sequence[Record], attempts: int = 0, outcome: Outcome | None = None) -> None:
        self.records = records
        self.attempts = attempts
        self.outcome = outcome


class BatchRunner:
    """Carries batches of one shard. `done` is called with the records that are through, in order."""

    def __init__(
        self,
        shard: str,
        policy: Policy,
        target: Target,
        discards: Discards,
        results: Results,
        clock: Clock,
        stop: Stop,
        done: Callable[[Sequence[Record]], None],
    ) -> None:
        self._shard = shard
        self._policy = policy
        self._target = target
        self._discards = discards
        self._results = results
        self._clock = clock
        self._stop = stop
        self._done = done

    async def run(self, records: Sequence[Record]) -> None:
        """Return when every record was processed, or was given up; or after an attempt, when it is to stop."""
        parts: deque[_Part] = deque([_Part(records)])
        while parts and not self._stop.is_set:
            part = parts[0]
            if await self._too_old(part):
                if not part.records:
                    parts.popleft()
                continue
            payload = payload_of(part.records)
            if len(payload) > INVOKE_PAYLOAD_BYTES_MAX and len(part.records) > 1:
                _split(parts, part.attempts)
                continue
            self._target.delivered(part.records)
            outcome = await invoked(self._target, payload, self._stop, self._patience_ms(part))
            if outcome.verdict is Verdict.AGAIN:
                continue  # it is to stop, or something grew too old
            part.attempts += 1
            part.outcome = outcome
            through = self._through(part.records, outcome)
            self._results.processed(through < len(part.records))
            if through:
                self._done(part.records[:through])
                if through == len(part.records):
                    parts.popleft()
                    continue
                # There was progress: what is left is a batch of its own, with all its attempts before it.
                part.records, part.attempts = part.records[through:], 0
                continue
            await self._failed(parts, payload)

    def _through(self, records: Sequence[Record], outcome: Outcome) -> int:
        """How many records, from the first, are processed."""
        if outcome.verdict is not Verdict.DONE:
            return 0
        if not self._policy.reports_failures:
            return len(records)
        failed = failed_ids(outcome.payload, {record.id for record in records})
        if failed is None:
            return 0
        return next((n for n, record in enumerate(records) if record.id in failed), len(records))

    async def _failed(self, parts: deque[_Part], payload: bytes) -> None:
        """Nothing of the first part was processed."""
        part, policy = parts[0], self._policy
        if policy.bisects and len(part.records) > 1:
            _split(
                parts, part.attempts - 1
            )  # that is no attempt: each half has those that the whole had left
            return
        if policy.retries_max is not None and part.attempts > policy.retries_max:
            await self._give_up(part, part.records, Reason.RETRIES, payload)
            parts.popleft()
            return
        await self._stop.pause(min(RETRY_MS_MIN << min(part.attempts - 1, 16), RETRY_MS_MAX))

    def _patience_ms(self, part: _Part) -> int | None:
        """How long a batch may wait for a function that cannot be invoked: until its first record is too old."""
        age_ms_max = self._policy.age_ms_max
        return None if age_ms_max is None else part.records[0].time_ms + age_ms_max - self._clock.now_ms()

    async def _too_old(self, part: _Part) -> bool:
        """Give up those records at the front that are past their age; whether there were any."""
        age_ms_max = self._policy.age_ms_max
        if age_ms_max is None:
            return False
        limit_ms = self._clock.now_ms() - age_ms_max
        old = next(
            (n for n, record in enumerate(part.records) if record.time_ms > limit_ms), len(part.records)
        )
        if not old:
            return False
        await self._give_up(part, part.records[:old], Reason.AGE, payload_of(part.records[:old]))
        part.records = part.records[old:]
        return True

    async def _give_up(self, part: _Part, records: Sequence[Record], reason: Reason, payload: bytes) -> None:
        discarded = Discarded(self._shard, records, reason, part.attempts, part.outcome, payload)
        await self._discards.discard(discarded)
        self._done(records)


def _split(parts: deque[_Part], attempts: int) -> None:
    """Halve the first part."""
    part = parts.popleft()
    middle = (len(part.records) + 1) // 2
    parts.appendleft(_Part(part.records[middle:], attempts, part.outcome))
    parts.appendleft(_Part(part.records[:middle], attempts, part.outcome))


def payload_of(records: Sequence[Record]) -> bytes:
    return b'{"Records":[%b]}' % b",".join([record.json for record in records])


async def invoked(
    target: Target,
    payload: bytes,
    stop: Stop,
    patience_ms: int | None = None,
    traces: Sequence[str] = (),
) -> Outcome:
    """The outcome of an invocation, as soon as the target can be invoked at all; AGAIN when it is to stop before, or could
    not be invoked for `patience_ms`."""
    end_ms = None if patience_ms is None else stop.now_ms() + patience_ms
    pause_ms = AGAIN_MS_MIN
    while True:
        outcome = await target.invoke(payload, traces)
        if outcome.verdict is not Verdict.AGAIN or stop.is_set:
            return outcome
        if end_ms is not None and stop.now_ms() >= end_ms:
            return outcome
        if not outcome.waited:
            await stop.pause(pause_ms)
            pause_ms = min(pause_ms * 2, AGAIN_MS_MAX)
