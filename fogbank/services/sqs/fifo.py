"""FIFO queues: messages of a group in order, a group in one receiver's hands at a time.

A group has one place among those that can be received: when its head is due, or, while messages of it are in flight, when
the last of them is visible again. A `Plan` gathers what one transaction does to groups, and writes each once.
"""

from __future__ import annotations

from fogbank.core.errors import Conflict
from fogbank.services.sqs import keys, limits
from fogbank.services.sqs.channels import Channel
from fogbank.services.sqs.records import Group, Message, decode_group, decode_message
from fogbank.services.sqs.work import Work
from fogbank.store.api import ABSENT, Store


class _Changed:
    """One group within a plan."""

    __slots__ = ("added", "flying", "group", "name", "removed", "touched", "version")

    def __init__(self, name: str, group: Group | None, version: int, now_ms: int) -> None:
        self.name = name
        self.group = group
        self.version = version
        flying = group.flying if group is not None else {}
        self.flying = {seq: due_ms for seq, due_ms in flying.items() if due_ms > now_ms}
        self.added: list[Message] = []
        self.removed: set[int] = set()
        self.touched = False  # beyond messages added at the end


class Plan:
    """What one transaction does to the groups of one queue."""

    def __init__(self, store: Store, channel: Channel, now_ms: int) -> None:
        self._store = store
        self._channel = channel
        self._now_ms = now_ms
        self._groups: dict[str, _Changed] = {}

    async def group(self, name: str) -> _Changed:
        found = self._groups.get(name)
        if found is None:
            record = await self._store.get(keys.group(self._channel.uid, name))
            group = decode_group(record.value) if record is not None else None
            version = record.version if record is not None else ABSENT
            found = self._groups[name] = _Changed(name, group, version, self._now_ms)
        return found

    async def add(self, work: Work, message: Message) -> None:
        """Put a message at the end of its group."""
        channel, now_ms = self._channel, self._now_ms
        name = message.group or ""
        changed = await self.group(name)
        changed.added.append(message)
        work.put_message(channel.uid, message)
        work.transaction.put(keys.order(channel.uid, name, message.seq), b"")

        def note() -> None:
            channel.total += 1
            if message.due_ms > now_ms:
                channel.delayed.add(message.due_ms)

        work.after(note)

    async def remove(self, work: Work, message: Message, version: int) -> None:
        """Take a message out of its group."""
        channel = self._channel
        changed = await self.group(message.group or "")
        changed.touched = True
        changed.removed.add(message.seq)
        changed.flying.pop(message.seq, None)
        work.drop_message(channel.uid, message, version)
        work.transaction.delete(keys.order(channel.uid, changed.name, message.seq))

        def note() -> None:
            channel.total -= 1
            (channel.flying if message.count else channel.delayed).discard(message.due_ms)

        work.after(note)

    async def change(self, work: Work, before: Message, version: int, after: Message) -> None:
        """A message is received, or its visibility changes."""
        channel, now_ms = self._channel, self._now_ms
        changed = await self.group(before.group or "")
        changed.touched = True
        changed.flying.pop(before.seq, None)
        if after.due_ms > now_ms:
            changed.flying[after.seq] = after.due_ms
        work.transaction.put(keys.message(channel.uid, after.seq), after.encode(), expect=version)

        def note() -> None:
            channel.flying.discard(before.due_ms)
            if after.due_ms > now_ms:
                channel.flying.add(after.due_ms)

        work.after(note)

    async def write(self, work: Work) -> None:
        """Add what becomes of the groups to the transaction."""
        uid = self._channel.uid
        for changed in self._groups.values():
            before = changed.group
            if before is not None and not changed.touched:
                work.transaction.check(keys.group(uid, changed.name), changed.version)
                continue
            after = await self._after(changed)
            self._write(work, changed, after)

    def _write(self, work: Work, changed: _Changed, after: Group | None) -> None:
        uid, before, transaction = self._channel.uid, changed.group, work.transaction
        key = keys.group(uid, changed.name)
        moved = (
            before is None or after is None or (before.ready_ms, before.head) != (after.ready_ms, after.head)
        )
        if before is not None and moved:
            transaction.delete(keys.due(uid, before.ready_ms, before.head))
        if after is None:
            if before is not None:
                transaction.delete(key, expect=changed.version)
            return
        transaction.put(key, after.encode(), expect=changed.version)
        if moved:
            name = changed.name.encode("utf-8", "surrogatepass")
            transaction.put(keys.due(uid, after.ready_ms, after.head), name)

    async def _after(self, changed: _Changed) -> Group | None:
        head = await self._head(changed)
        if head is None:
            return None
        if changed.flying:
            return Group(max(changed.flying.values()), head.seq, changed.flying)
        return Group(head.due_ms if head.count == 0 else min(head.due_ms, self._now_ms), head.seq, {})

    async def _head(self, changed: _Changed) -> Message | None:
        """The group's first message after all this."""
        uid = self._channel.uid
        if changed.group is not None:
            limit = len(changed.removed) + 1
            for record in await self._store.scan(keys.ordered(uid, changed.name), limit=limit):
                seq = record.key[4]
                assert isinstance(seq, int)
                if seq not in changed.removed:
                    return await self._message(seq)
        return changed.added[0] if changed.added else None

    async def _message(self, seq: int) -> Message:
        key = keys.message(self._channel.uid, seq)
        record = await self._store.get(key)
        if record is None:
            raise Conflict(0, key)  # it went between two reads
        return decode_message(key, record.value)


async def waiting_groups(store: Store, channel: Channel, now_ms: int, limit: int) -> list[str]:
    """Groups that can be received, longest ready first."""
    before = keys.due_until(channel.uid, now_ms)
    records = await store.scan(keys.dues(channel.uid), before=before, limit=limit)
    return [record.value.decode("utf-8", "surrogatepass") for record in records]


async def messages_of(
    store: Store, uid: str, group: str, limit: int, after: int | None = None
) -> list[tuple[Message, int]]:
    """The first messages of a group (behind `after`), with their versions."""
    start = None if after is None else keys.order(uid, group, after)
    orders = await store.scan(keys.ordered(uid, group), after=start, limit=limit)
    wanted = [keys.message(uid, int(order.key[4])) for order in orders]
    records = await store.get_many(wanted)
    found = []
    for key, record in zip(wanted, records, strict=True):
        if record is None:
            raise Conflict(0, key)
        found.append((decode_message(key, record.value), record.version))
    return found


GROUPS_LOOKED_AT = limits.RECEIVED_MAX * 2
