"""AWS/SQS metrics: counters on the request paths, gauges once a minute, handed to the telemetry port."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.model.telemetry import Point, Telemetry
from fogbank.services.sqs import keys
from fogbank.services.sqs.channels import Channels
from fogbank.services.sqs.records import Queue, decode_message
from fogbank.store.api import Store

_NAMESPACE = "AWS/SQS"
GAUGES_EVERY_S = 60
_QUEUES_MAX = 10_000  # ours: tallies kept


class Tally:
    """What happened in one queue since the last delivery."""

    __slots__ = ("_metrics", "empty", "gone", "pending", "queue", "receives", "sends", "sizes")

    def __init__(self, metrics: Metrics, queue: Queue) -> None:
        self._metrics = metrics
        self.queue = queue
        self.clear()

    def clear(self) -> None:
        self.pending = False
        self.sends: dict[int, int] = {}
        self.receives: dict[int, int] = {}
        self.sizes: dict[int, int] = {}
        self.empty = self.gone = 0

    def sent(self, sizes: list[int]) -> None:
        self.sends[len(sizes)] = self.sends.get(len(sizes), 0) + 1
        for size in sizes:
            self.sizes[size] = self.sizes.get(size, 0) + 1
        self._touch()

    def received(self, count: int) -> None:
        if count:
            self.receives[count] = self.receives.get(count, 0) + 1
        else:
            self.empty += 1
        self._touch()

    def deleted(self, count: int) -> None:
        self.gone += count
        self._touch()

    def _touch(self) -> None:
        if not self.pending:
            self.pending = True
            self._metrics.touched(self)


class Metrics:
    """The tallies of every queue in use on this node."""

    def __init__(self, telemetry: Telemetry, clock: Clock, store: Store, channels: Channels) -> None:
        self._telemetry = telemetry
        self._clock = clock
        self._store = store
        self._channels = channels
        self._tallies: dict[str, Tally] = {}
        self._pending: list[Tally] = []
        self._active: dict[str, Queue] = {}
        self._notify = telemetry.gather(self._hand_over)

    def of(self, queue: Queue) -> Tally:
        found = self._tallies.get(queue.uid)
        if found is None:
            if len(self._tallies) >= _QUEUES_MAX:
                self._tallies.clear()
            found = self._tallies[queue.uid] = Tally(self, queue)
        return found

    def touched(self, tally: Tally) -> None:
        self._pending.append(tally)
        self._active[tally.queue.uid] = tally.queue
        self._notify()

    def _hand_over(self) -> None:
        now_ms = self._clock.now_ms()
        pending, self._pending = self._pending, []
        for tally in pending:
            queue = tally.queue
            points = [
                *_points(queue, "NumberOfMessagesSent", tally.sends, "Count", now_ms),
                *_points(queue, "SentMessageSize", tally.sizes, "Bytes", now_ms),
                *_points(queue, "NumberOfMessagesReceived", tally.receives, "Count", now_ms),
            ]
            if tally.empty:
                points += _points(queue, "NumberOfEmptyReceives", {1: tally.empty}, "Count", now_ms)
            if tally.gone:
                points += _points(queue, "NumberOfMessagesDeleted", {1: tally.gone}, "Count", now_ms)
            tally.clear()
            self._telemetry.points(queue.account, queue.region, points)

    async def gauge(self) -> None:
        """Once a minute: how full the queues are that were used."""
        await self._clock.sleep_s(GAUGES_EVERY_S)
        active, self._active = self._active, {}
        for queue in active.values():
            channel, now_ms = await self._channels.of(queue.uid), self._clock.now_ms()
            visible, flying, delayed = channel.counts(now_ms)
            oldest = await self._store.scan(keys.messages(queue.uid), limit=1)
            age_s = 0
            if oldest:
                age_s = max(0, now_ms - decode_message(oldest[0].key, oldest[0].value).sent_ms) // 1000
            self._telemetry.points(
                queue.account,
                queue.region,
                [
                    *_points(queue, "ApproximateNumberOfMessagesVisible", {visible: 1}, "Count", now_ms),
                    *_points(queue, "ApproximateNumberOfMessagesNotVisible", {flying: 1}, "Count", now_ms),
                    *_points(queue, "ApproximateNumberOfMessagesDelayed", {delayed: 1}, "Count", now_ms),
                    *_points(queue, "ApproximateAgeOfOldestMessage", {age_s: 1}, "Seconds", now_ms),
                ],
            )
            if visible or flying or delayed:
                self._active.setdefault(queue.uid, queue)  # its age goes on


def _points(queue: Queue, name: str, values: dict[int, int], unit: str, now_ms: int) -> list[Point]:
    dimensions = (("QueueName", queue.name),)
    return [
        Point(_NAMESPACE, name, dimensions, float(value), unit, now_ms, count)
        for value, count in values.items()
    ]
