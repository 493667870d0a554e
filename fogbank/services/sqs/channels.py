"""What a node keeps of a queue in memory: counts, messages looked up ahead, and those who wait. All of it can be lost.

Counts are taken from the store when a node first meets a queue, then kept by what the node itself does: on several nodes on
one store they are each node's own view, and approximate, as their names say.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from typing import Any

from fogbank.core.clock import Clock
from fogbank.core.lanes import Lanes
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.fairness import Fairness
from fogbank.services.sqs.group_locks import GroupLocks
from fogbank.services.sqs.records import Message, decode_group
from fogbank.services.sqs.service import SERVICE
from fogbank.store.api import Key, Store
from fogbank.store.recent import Recent

FLYING = b"f"  # in the place of a due time: the message was received, and is not only delayed
_COUNTED_AT_ONCE = 2000


class Hidden:
    """How many messages become visible when: exact, in the room of their distinct times."""

    __slots__ = ("_at", "_order", "_total")

    def __init__(self) -> None:
        self._at: dict[int, int] = {}
        self._order: list[int] = []
        self._total = 0

    def add(self, due_ms: int) -> None:
        if due_ms in self._at:
            self._at[due_ms] += 1
        else:
            self._at[due_ms] = 1
            heapq.heappush(self._order, due_ms)
        self._total += 1

    def discard(self, due_ms: int) -> None:
        """One that was hidden until then is not any more. No effect when it has come up already."""
        if self._at.get(due_ms):
            self._at[due_ms] -= 1
            self._total -= 1

    def count(self, now_ms: int) -> int:
        while self._order and self._order[0] <= now_ms:
            self._total -= self._at.pop(heapq.heappop(self._order))
        return self._total

    def clear(self) -> None:
        self._at.clear()
        self._order.clear()
        self._total = 0


class Channel:
    """One queue, as this node knows it."""

    __slots__ = (
        "_clock",
        "_end_watch",
        "_lanes",
        "_listeners",
        "_store",
        "_waiting",
        "claimed",
        "delayed",
        "fairness",
        "flying",
        "groups",
        "is_loaded",
        "lock",
        "looked",
        "news",
        "recent",
        "shelf",
        "total",
        "uid",
    )

    def __init__(self, uid: str, store: Store, clock: Clock, lanes: Lanes, recent: Recent[Message]) -> None:
        self.uid = uid
        self.recent = recent
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self.is_loaded = False
        self._end_watch: Callable[[], None] = lambda: None
        self._listeners = 0
        self.news = 0  # grows with each commit that may have brought something, while somebody listens
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.lock = asyncio.Lock()  # FIFO: one receive at a time, for they all want the same groups
        self.shelf: deque[tuple[int, int]] = deque()  # (due_ms, seq): standard messages to give out next
        self.groups = GroupLocks()
        self.looked: Key | None = None  # how far was looked for the shelf
        self.claimed: set[int] = set()  # those that a receive, not committed yet, has in its hands
        self.total = 0
        self.flying = Hidden()
        self.delayed = Hidden()
        self.fairness: Fairness | None = None  # standard queues whose messages have groups

    # --- counts -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Count what is stored, once."""
        if self.is_loaded:
            return
        async with self.lock:
            if not self.is_loaded:
                await self._count()
                self.is_loaded = True

    def counts(self, now_ms: int) -> tuple[int, int, int]:
        """Visible, in flight, delayed."""
        flying, delayed = self.flying.count(now_ms), self.delayed.count(now_ms)
        return max(0, self.total - flying - delayed), flying, delayed

    def fair(self, now_ms: int) -> Fairness:
        """What is known of the queue's groups: there are some."""
        if self.fairness is None:
            self.fairness = Fairness(self, Hidden, now_ms)
        return self.fairness

    def emptied(self) -> None:
        """The queue was purged."""
        self.fairness = None
        self.total = 0
        self.flying.clear()
        self.delayed.clear()
        self.shelf.clear()
        self.looked = None

    async def _count(self) -> None:
        now_ms = self._clock.now_ms()
        self.emptied()  # what was noted so far is in the store as well
        self.total = await self._store.count(keys.messages(self.uid), limit=1 << 40)
        after = keys.due_until(self.uid, now_ms)
        while True:
            records = await self._store.scan(keys.dues(self.uid), after=after, limit=_COUNTED_AT_ONCE)
            for record in records:
                due_ms = record.key[3]
                assert isinstance(due_ms, int)
                if record.value in (b"", FLYING):
                    (self.flying if record.value else self.delayed).add(due_ms)
                else:
                    await self._count_group(record.value.decode("utf-8", "surrogatepass"), due_ms, now_ms)
            if len(records) < _COUNTED_AT_ONCE:
                return
            after = records[-1].key

    async def _count_group(self, name: str, ready_ms: int, now_ms: int) -> None:
        record = await self._store.get(keys.group(self.uid, name))
        if record is None:
            return
        flying = [due_ms for due_ms in decode_group(record.value).flying.values() if due_ms > now_ms]
        for due_ms in flying:
            self.flying.add(due_ms)
        if not flying:  # the whole group is delayed; when each comes up, its head's time tells about
            for _ in range(await self._store.count(keys.ordered(self.uid, name), limit=limits.IN_FLIGHT_MAX)):
                self.delayed.add(ready_ms)

    # --- who waits ----------------------------------------------------------------------------------------------------

    @property
    def is_waited_for(self) -> bool:
        return bool(self._listeners)

    def wake(self) -> None:
        """There may be something: let the one who has waited longest look."""
        self.news += 1
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def wake_all(self) -> None:
        while self._waiting:
            self.wake()

    def listen(self) -> None:
        """Count commits in `news` from now on, until `unlisten`."""
        if self._listeners >= limits.WAITERS_MAX:
            raise SERVICE.error("RequestThrottled", "Too many long polls wait on this queue.")
        if not self._listeners:
            self._end_watch = self._store.watch_records(keys.dues(self.uid), self.wake)
        self._listeners += 1

    def unlisten(self) -> None:
        self._listeners -= 1
        if not self._listeners:
            self._end_watch()

    async def wait(self, until_ms: int, seen: int) -> None:
        """Return when there is more news than `seen`, or at `until_ms`. Between `listen` and `unlisten`."""
        if self.news != seen:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        alarm = self._lanes.spawn("sqs long poll", self._ring(waiter, until_ms))
        try:
            await waiter
        except asyncio.CancelledError:
            self.wake()  # the news may have been meant for this one, who does not use it
            raise
        finally:
            alarm.cancel()
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    async def _ring(self, waiter: asyncio.Future[None], until_ms: int) -> None:
        await self._clock.sleep_until_ms(until_ms)
        if not waiter.done():
            waiter.set_result(None)


class Channels:
    """Those of all queues that this node works with."""

    def __init__(self, store: Store, clock: Clock, lanes: Lanes) -> None:
        self._parts: tuple[Any, ...] = (store, clock, lanes, Recent[Message]())
        self._channels: dict[str, Channel] = {}
        self.hang_ups = 0  # a long poll that sees it grow ends

    def hang_up(self) -> None:
        """Let those who wait now look once more, and go."""
        self.hang_ups += 1
        for channel in self._channels.values():
            channel.wake_all()

    def at_hand(self, uid: str) -> Channel | None:
        """`of`, when it need not wait."""
        channel = self._channels.get(uid)
        return channel if channel is not None and channel.is_loaded else None

    async def of(self, uid: str) -> Channel:
        """The queue's channel, counted before anything is committed through it."""
        channel = self._of(uid)
        await channel.load()
        return channel

    def _of(self, uid: str) -> Channel:
        found = self._channels.get(uid)
        if found is None:
            if len(self._channels) >= limits.CHANNELS_MAX:
                self._drop_some()
            found = self._channels[uid] = Channel(uid, *self._parts)
        return found

    def forget(self, uid: str) -> None:
        """The queue is no more: those who wait are to learn it."""
        channel = self._channels.pop(uid, None)
        if channel is not None:
            channel.wake_all()

    def _drop_some(self) -> None:
        idle = [
            uid
            for uid, channel in self._channels.items()
            if not channel.is_waited_for and not channel.claimed
        ]
        for uid in idle[: limits.CHANNELS_MAX // 10]:
            del self._channels[uid]
