"""Messages that were received too often go to the dead-letter queue."""

from __future__ import annotations

from dataclasses import replace

from fogbank.services.sqs import fifo, keys, standard
from fogbank.services.sqs.channels import Channels
from fogbank.services.sqs.directory import Directory, Found
from fogbank.services.sqs.names import arn_of, place_of_arn
from fogbank.services.sqs.records import Message
from fogbank.services.sqs.sequence import Sequence
from fogbank.services.sqs.work import Work
from fogbank.store.api import Store


class DeadLetters:
    """Moves messages between queues within the transaction that takes them out."""

    def __init__(self, store: Store, directory: Directory, channels: Channels, sequence: Sequence) -> None:
        self._store = store
        self._directory = directory
        self._channels = channels
        self._sequence = sequence

    async def takes(
        self,
        work: Work,
        source: Found,
        message: Message,
        now_ms: int,
        plans: dict[str, fifo.Plan] | None = None,
    ) -> bool:
        """Whether the message goes to the dead-letter queue now; then the transaction puts it there.

        `plans` gathers what changes in FIFO queues, for the caller to write.
        """
        queue = source.queue
        if queue.dead_letter_arn is None or message.count - message.entered < queue.receives_max:
            return False
        place = place_of_arn(queue.dead_letter_arn)
        target = await self._directory.look(place) if place is not None else None
        if target is None or target.queue.fifo != queue.fifo:
            return False  # it is gone: the message stays where it is
        moved = replace(
            message,
            seq=self._sequence.next(now_ms),
            due_ms=now_ms,
            source_arn=arn_of(queue),
            entered=message.count,
            body=await self.body(queue.uid, message),
            # AWS: in standard queues a dead letter keeps its age, in FIFO queues its time begins anew.
            sent_ms=now_ms if queue.fifo else message.sent_ms,
        )
        await self.enter(work, target, moved, now_ms, plans)
        return True

    async def enter(
        self,
        work: Work,
        target: Found,
        message: Message,
        now_ms: int,
        plans: dict[str, fifo.Plan] | None = None,
    ) -> None:
        """Put a message that another queue had into `target`, with the transaction."""
        work.require(target)
        channel = await self._channels.of(target.queue.uid)
        if not target.queue.fifo:
            standard.enter(work, channel, message, now_ms)
            return
        assert plans is not None
        plan = plans.setdefault(channel.uid, fifo.Plan(self._store, channel, now_ms))
        await plan.add(work, message)

    async def body(self, uid: str, message: Message) -> bytes:
        """The body, wherever it is."""
        if not message.is_long:
            return message.body
        record = await self._store.get(keys.body(uid, message.seq))
        return b"" if record is None else record.value
