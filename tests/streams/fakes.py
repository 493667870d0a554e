"""A stream, a queue and a function that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from fogbank.core.clock import VirtualClock
from fogbank.core.lanes import Lanes
from fogbank.store.sqlite import SqliteStore
from fogbank.streams.api import Discarded, Message, Outcome, Policy, Record, Shard, Verdict
from fogbank.streams.checkpoints import Checkpoints
from fogbank.streams.shard_loop import ShardLoop
from fogbank.streams.window_loop import WindowLoop

Answer = Callable[[Any], Any]


class FakeStream:
    """One shard, `s`, whose records are numbers with keys."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.records: list[Record] = []
        self.closed = False
        self.reads = 0
        self.record_bytes = 100
        self._watchers: list[Callable[[], None]] = []

    def add(self, *values: int, key: str | None = None) -> None:
        for value in values:
            position = len(self.records) + 1
            event = {"value": value, "key": key if key is not None else str(value)}
            self.records.append(
                Record(
                    position,
                    str(position),
                    event["key"].encode(),
                    self.clock.now_ms(),
                    orjson.dumps(event),
                    self.record_bytes,
                )
            )
        for news in self._watchers:
            news()

    def close(self) -> None:
        self.closed = True
        for news in self._watchers:
            news()

    async def shards(self) -> Sequence[Shard]:
        return [Shard("s")]

    async def start(self, shard: str) -> int:
        return 0

    async def read(self, shard: str, after: int, limit: int) -> tuple[Sequence[Record], int | None]:
        self.reads += 1
        found = self.records[after : after + limit]
        at = found[-1].position if found else after
        return found, None if self.closed and at >= len(self.records) else at

    async def watch(self, news: Callable[[], None]) -> Callable[[], None]:
        self._watchers.append(news)
        return lambda: self._watchers.remove(news)


class FakeFunction:
    """`answer` gets the event: what it returns is the answer, what it raises the failure. None: it throttles once."""

    def __init__(self, answer: Answer = lambda event: None) -> None:
        self.answer = answer
        self.batches: list[list[int]] = []
        self.events: list[Any] = []
        self.running = 0
        self.most_at_once = 0
        self.pause: Callable[[], Any] | None = None

    async def invoke(self, payload: bytes, traces: Sequence[str] = ()) -> Outcome:
        event = orjson.loads(payload)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            if self.pause is not None:
                await self.pause()
            self.events.append(event)
            self.batches.append([record["value"] for record in event["Records"]])
            try:
                found = self.answer(event)
            except ValueError:
                return Outcome(Verdict.FAILED, b"{}", "r", "1")
            if found == "throttled":
                self.batches.pop()
                return Outcome(Verdict.AGAIN)
            return Outcome(Verdict.DONE, orjson.dumps(found), "r", "1")
        finally:
            self.running -= 1

    def delivered(self, records: Sequence[Record]) -> None:
        return None

    @property
    def seen(self) -> list[int]:
        return [value for batch in self.batches for value in batch]


class Bench:
    """A shard's loop with all that it needs."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.lanes = Lanes()
        self.store = SqliteStore(None, self.clock, self.lanes)
        self.stream = FakeStream(self.clock)
        self.function = FakeFunction()
        self.discarded: list[Discarded] = []
        self.results: list[bool] = []

    async def __aenter__(self) -> Bench:
        await self.store.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.lanes.close()
        await self.store.close()

    async def discard(self, discarded: Discarded) -> None:
        self.discarded.append(discarded)

    def processed(self, failed: bool) -> None:
        self.results.append(failed)

    def loop(self, **settings: Any) -> ShardLoop | WindowLoop:
        policy = Policy(**{"batch_size": 10} | settings)
        parts: dict[str, Any] = {
            "policy": policy,
            "source": self.stream,
            "target": self.function,
            "discards": self,
            "results": self,
            "checkpoints": self.checkpoints,
            "clock": self.clock,
            "lanes": self.lanes,
        }
        if policy.tumbling_ms:
            return WindowLoop("s", source_arn="arn", **parts)
        return ShardLoop("s", **parts)

    @property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self.store, ("checkpoint",))

    async def settle(self, seconds: float = 0.0, steps: int = 20) -> None:
        """Let `seconds` pass in small steps, and everything run that can."""
        for _ in range(steps):
            await self.clock.advance_ms(round(seconds * 1000 / steps))
            for _ in range(20):
                await asyncio.sleep(0)

    async def drain(self, **settings: Any) -> None:
        """Run the loop over what the stream has, to its end."""
        self.stream.close()
        loop = self.loop(**settings)
        task = self.lanes.spawn("test", loop.run())
        for _ in range(2000):
            if task.done():
                break
            await self.settle(0.5, 1)
        await asyncio.wait_for(task, 1)


class FakeQueue:
    """Messages that are given out once, and what was deleted."""

    def __init__(self, clock: VirtualClock, lanes: Lanes) -> None:
        self.clock, self.lanes = clock, lanes
        self.waiting: list[Message] = []
        self.deleted: list[int] = []
        self.released: list[int] = []
        self._news = asyncio.Event()

    def add(self, *values: int, group: str = "") -> None:
        for value in values:
            event = {"value": value}
            self.waiting.append(Message(str(value), f"h{value}", event, event, 100, group=group))
        self._news.set()

    async def receive(self, limit: int, wait_s: int) -> Sequence[Message]:
        if not self.waiting and wait_s:
            self._news.clear()
            alarm = self.lanes.spawn("test", self._ring(wait_s))
            await self._news.wait()
            alarm.cancel()
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return taken

    async def _ring(self, wait_s: int) -> None:
        await self.clock.sleep_s(wait_s)
        self._news.set()

    async def delete(self, messages: Sequence[Message]) -> None:
        self.deleted += [message.event["value"] for message in messages]

    async def release(self, messages: Sequence[Message]) -> None:
        self.released += [message.event["value"] for message in messages]


def poison(*values: int) -> Any:
    """A function that fails on batches with one of these."""

    def answer(event: Any) -> None:
        if any(record["value"] in values for record in event["Records"]):
            raise ValueError

    return answer
