"""What a mapping with `MetricsConfig` EventCount counts, by AWS's names and its one dimension. Mappings without it are not wrapped.

What failed is what the function failed on; what was reported as failed, or had to wait for concurrency, is not: a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from fogbank.services.lambda_.metrics import Metrics
from fogbank.streams.api import (
    Message,
    Outcome,
    QueueSource,
    Record,
    Shard,
    ShardSource,
    Target,
    Verdict,
)

Matches = Callable[[dict[str, Any]], bool]


class EventCounts:
    """The counts of one mapping."""

    def __init__(self, metrics: Metrics, account: str, region: str, uuid: str) -> None:
        self._metrics = metrics
        self._place = account, region
        self._dimensions = (("EventSourceMappingUUID", uuid),)

    def add(self, name: str, number: int) -> None:
        if number:
            self._metrics.count(*self._place, self._dimensions, name, number)

    def matching(self, matches: Matches) -> Matches:
        """A filter that counts what it leaves out."""

        def counted(event: dict[str, Any]) -> bool:
            found = matches(event)
            if not found:
                self.add("FilteredOutEventCount", 1)
            return found

        return counted


class CountedQueue:
    """A queue (`api.QueueSource`). `matches` is the mapping's filter, for what it left out is deleted unprocessed."""

    def __init__(self, source: QueueSource, counts: EventCounts, matches: Matches | None) -> None:
        self._source = source
        self._counts = counts
        self._matches = matches
        self.release = source.release

    async def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        messages = await self._source.receive(limit, wait_s)
        self._counts.add("PolledEventCount", len(messages))
        return messages

    async def delete(self, messages: Sequence[Message]) -> None:
        await self._source.delete(messages)
        matches = self._matches
        processed = sum(1 for message in messages if matches is None or matches(message.view))
        self._counts.add("DeletedEventCount", processed)


class CountedStream:
    """A stream (`api.ShardSource`)."""

    def __init__(self, source: ShardSource, counts: EventCounts) -> None:
        self._source = source
        self._counts = counts
        self.start = source.start
        self.watch = source.watch

    async def shards(self) -> Sequence[Shard]:
        return await self._source.shards()

    async def read(self, shard: str, after: int, limit: int) -> tuple[Sequence[Record], int | None]:
        records, position = await self._source.read(shard, after, limit)
        self._counts.add("PolledEventCount", len(records))
        return records, position


class CountedTarget:
    """The function (`api.Target`)."""

    def __init__(self, target: Target, counts: EventCounts) -> None:
        self._target = target
        self._counts = counts
        self.delivered = target.delivered

    async def invoke(self, payload: bytes, traces: Sequence[str] = ()) -> Outcome:
        outcome = await self._target.invoke(payload, traces)
        if outcome.verdict is not Verdict.AGAIN:
            number = len(orjson.loads(payload)["Records"])
            self._counts.add("InvokedEventCount", number)
            if outcome.verdict is Verdict.FAILED:
                self._counts.add("FailedInvokeEventCount", number)
        return outcome
