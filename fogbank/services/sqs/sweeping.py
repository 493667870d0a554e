"""Expired messages: nobody receives them, and here they are deleted, oldest first."""

from __future__ import annotations

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.services.sqs import keys, limits, standard
from fogbank.services.sqs.channels import Channel, Channels
from fogbank.services.sqs.fifo import Plan
from fogbank.services.sqs.records import Queue, decode_message, decode_queue
from fogbank.services.sqs.work import Work
from fogbank.store.api import Key, Store

_QUEUES_AT_ONCE = 100


async def sweep(store: Store, channel: Channel, queue: Queue, now_ms: int) -> bool:
    """Delete some expired messages, if the oldest is one; whether there may be more."""
    oldest = await store.scan(keys.messages(queue.uid), limit=1)
    if not oldest or not queue.is_expired(decode_message(oldest[0].key, oldest[0].value), now_ms):
        return False
    work, plan = Work(), Plan(store, channel, now_ms)
    records = await store.scan(keys.messages(queue.uid), limit=limits.SWEPT_AT_ONCE)
    for record in records:
        message = decode_message(record.key, record.value)
        if not queue.is_expired(message, now_ms):
            continue
        if queue.fifo:
            await plan.remove(work, message, record.version)
        else:
            standard.leave(work, channel, message, record.version, now_ms)
    await plan.write(work)
    try:
        await work.commit(store)
    except Conflict:
        return True  # somebody received one of them: next time
    return len(records) == limits.SWEPT_AT_ONCE


class Sweeper:
    """The lane that looks into every queue now and then, and forgets names of deleted queues that have rested."""

    def __init__(self, store: Store, channels: Channels, clock: Clock) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock

    async def run(self) -> None:
        await self._clock.sleep_s(limits.SWEEP_S)
        after: Key | None = None
        while True:
            records = await self._store.scan(keys.QUEUES, after=after, limit=_QUEUES_AT_ONCE)
            for record in records:
                queue = decode_queue(record.value)
                channel = await self._channels.of(queue.uid)
                while await sweep(self._store, channel, queue, self._clock.now_ms()):
                    pass
            if len(records) < _QUEUES_AT_ONCE:
                break
            after = records[-1].key
        await self._forget_names()

    async def _forget_names(self) -> None:
        work, now_ms = Work(), self._clock.now_ms()
        for record in await self._store.scan(keys.DELETED, limit=limits.SWEPT_AT_ONCE):
            if now_ms - int(record.value) >= limits.DELETED_MS:
                work.transaction.delete(record.key, expect=record.version)
        if work.transaction.operations:
            try:
                await work.commit(self._store)
            except Conflict:
                return
