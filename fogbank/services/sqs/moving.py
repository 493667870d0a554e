"""Message move tasks at work: messages go from a dead-letter queue, one transaction a batch with the task's progress.

A task is a record and an item of a durable queue: whoever leases the item moves on from what the record says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict, StoreClosed, StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes, report
from fogbank.services.sqs import keys, limits, standard
from fogbank.services.sqs.channels import Channels
from fogbank.services.sqs.dead_letters import DeadLetters
from fogbank.services.sqs.directory import Directory, Found
from fogbank.services.sqs.fifo import Plan, messages_of, waiting_groups
from fogbank.services.sqs.names import place_of_arn
from fogbank.services.sqs.records import Message, decode_message
from fogbank.services.sqs.sequence import Sequence
from fogbank.services.sqs.work import Work
from fogbank.store.api import Leased, Store, Transaction

log = logging.getLogger("fogbank.sqs")

QUEUE = "sqs-moves"
_PAUSE_S = 1.0
_LEASE_MS = 60_000
_AT_ONCE = 50
_NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"
_NO_SOURCE = "CouldNotDetermineMessageSource"

RUNNING, COMPLETED, CANCELLING, CANCELLED, FAILED = (
    "RUNNING",
    "COMPLETED",
    "CANCELLING",
    "CANCELLED",
    "FAILED",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One move task."""

    id: str
    source_arn: str
    started_ms: int
    status: str
    to_move: int
    destination_arn: str | None = None
    rate: int | None = None  # messages a second
    moved: int = 0
    reason: str | None = None

    def encode(self) -> bytes:
        return orjson.dumps(self)


def decode_move(raw: bytes) -> Move:
    return Move(**orjson.loads(raw))


class Mover:
    """The lanes that move."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        ids: Ids,
        lanes: Lanes,
        directory: Directory,
        channels: Channels,
        dead_letters: DeadLetters,
        sequence: Sequence,
        owner: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._lanes = lanes
        self._directory = directory
        self._channels = channels
        self._dead = dead_letters
        self._sequence = sequence
        self._owner = owner
        self._news = asyncio.Event()
        self._end_watch: Callable[[], None] = lambda: None

    async def start(self) -> None:
        await self._store.release(self._owner)
        self._end_watch = self._store.watch_queue(QUEUE, self._news.set)
        self._news.set()
        self._lanes.loop("sqs moves", self._take)

    def close(self) -> None:
        self._end_watch()

    async def _take(self) -> None:
        await self._news.wait()
        self._news.clear()
        taken = await self._store.lease(
            QUEUE, owner=self._owner, limit=limits.MOVE_TASKS_MAX, lease_ms=_LEASE_MS
        )
        for leased in taken:
            self._lanes.spawn("sqs move", self._carry(leased))

    async def _carry(self, leased: Leased) -> None:
        """The same through a store that is away for a while: nobody else would take the task up before a restart."""
        while True:
            try:
                await self._run(leased)
                return
            except StoreClosed:
                return
            except StoreError as error:
                report(log, error, f"a message move pauses for {_PAUSE_S:g} s")
                await self._clock.sleep_s(_PAUSE_S)

    async def _run(self, leased: Leased) -> None:
        """Carry one task to its end."""
        account, region, source, started_ms, id = orjson.loads(leased.body)
        key = keys.move(account, region, source, started_ms, id)
        while True:
            if leased.lease_until_ms - self._clock.now_ms() < _LEASE_MS // 2:
                extended = await self._store.extend(leased, lease_ms=_LEASE_MS)
                if extended is None:
                    return
                leased = extended
            record = await self._store.get(key)
            if record is None:
                await self._end(leased)
                return
            move = decode_move(record.value)
            try:
                if move.status == RUNNING:
                    move = await self._step(move, record.version, key)
                elif move.status == CANCELLING:
                    move = replace(move, status=CANCELLED)
                    await self._store.commit(Transaction().put(key, move.encode(), expect=record.version))
            except Conflict:
                continue  # cancelled, or somebody received one of the messages
            if move.status not in (RUNNING, CANCELLING):
                await self._end(leased)
                return
            await self._clock.sleep_s(1.0 if move.rate is not None else 0)

    async def _end(self, leased: Leased) -> None:
        try:
            await self._store.commit(Transaction().ack(leased))
        except Conflict:
            return  # in other hands, which come to the same end

    async def _step(self, move: Move, version: int, key: tuple[bytes | int | str, ...]) -> Move:
        """Move a batch; the task as it is then, committed with it. Raises Conflict."""
        work, now_ms = Work(), self._clock.now_ms()
        limit = min(move.rate or _AT_ONCE, _AT_ONCE)
        place = place_of_arn(move.source_arn)
        source = await self._directory.look(place) if place is not None else None
        plans: dict[str, Plan] = {}
        after = replace(move, status=COMPLETED)
        if source is None:
            after = replace(move, status=FAILED, reason=_NO_QUEUE)
        else:
            work.require(source)
            messages = await self._next(source, limit, now_ms)
            for message, message_version in messages:
                target, reason = await self._target(move, message)
                if target is None:
                    after = replace(after, status=FAILED, reason=reason)
                    break
                await self._move(work, source, target, message, message_version, now_ms, plans)
                after = replace(after, status=RUNNING, moved=after.moved + 1)
        for plan in plans.values():
            await plan.write(work)
        work.transaction.put(key, after.encode(), expect=version)
        await work.commit(self._store)
        return after

    async def _target(self, move: Move, message: Message) -> tuple[Found | None, str]:
        arn = move.destination_arn or message.source_arn
        place = place_of_arn(arn) if arn is not None else None
        if place is None:
            return None, _NO_SOURCE
        return await self._directory.look(place), _NO_QUEUE

    async def _next(self, source: Found, limit: int, now_ms: int) -> list[tuple[Message, int]]:
        """The next messages that are visible, with their versions."""
        uid = source.queue.uid
        channel = await self._channels.of(uid)
        found: list[tuple[Message, int]] = []
        if source.queue.fifo:
            for group in await waiting_groups(self._store, channel, now_ms, limit):
                found += await messages_of(self._store, uid, group, limit - len(found))
                if len(found) >= limit:
                    break
            return [pair for pair in found if pair[0].due_ms <= now_ms]
        before = keys.due_until(uid, now_ms)
        for due in await self._store.scan(keys.dues(uid), before=before, limit=limit):
            key = keys.message(uid, int(due.key[4]))
            record = await self._store.get(key)
            if record is not None:
                found.append((decode_message(key, record.value), record.version))
        return found

    async def _move(
        self,
        work: Work,
        source: Found,
        target: Found,
        message: Message,
        version: int,
        now_ms: int,
        plans: dict[str, Plan],
    ) -> None:
        uid = source.queue.uid
        channel = await self._channels.of(uid)
        # AWS: a redriven message is a new one, with an id and a time of its own.
        moved = replace(
            message,
            seq=self._sequence.next(now_ms),
            id=self._ids.uuid(),
            sent_ms=now_ms,
            due_ms=now_ms,
            count=0,
            entered=0,
            first_ms=0,
            received_ms=0,
            source_arn=None,
            body=await self._dead.body(uid, message),
        )
        if source.queue.fifo:
            await plans.setdefault(uid, Plan(self._store, channel, now_ms)).remove(work, message, version)
        else:
            standard.leave(work, channel, message, version, now_ms)
        await self._dead.enter(work, target, moved, now_ms, plans)
