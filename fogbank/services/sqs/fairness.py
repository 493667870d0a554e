"""Fair queues: which message groups of a standard queue are noisy, and the messages of others that go before theirs.

By AWS's measures a group is noisy when it has more than a tenth of what is in flight, and thirty messages at least; or when more
than a tenth of the time that consumers spent went to it lately. Then messages of quiet groups come first; among noisy groups that
which has least in flight. Nobody is held back when nobody else waits. A node goes by what passed through it, as AWS approximately.

Messages of groups have a second place, by group (`keys.fair`), so that finding a quiet one costs what there are groups, not
what the noisy one has piled up.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from fogbank.services.sqs import keys, limits
from fogbank.store.api import Store

if TYPE_CHECKING:
    from fogbank.services.sqs.channels import Channel, Hidden
    from fogbank.services.sqs.records import Message


class _Tenant:
    """What a group has in flight, and took of the consumers' time."""

    __slots__ = ("at_ms", "flying", "sent_ms", "spent_ms")

    def __init__(self, flying: Hidden, now_ms: int) -> None:
        self.flying = flying
        self.spent_ms = 0.0
        self.at_ms = self.sent_ms = now_ms

    def spent(self, now_ms: int, more_ms: int = 0) -> float:
        """Of the last while: what lies back counts half as much with every half-life."""
        self.spent_ms *= 0.5 ** (max(0, now_ms - self.at_ms) / limits.FAIR_HALF_LIFE_MS)
        self.spent_ms += more_ms
        self.at_ms = now_ms
        return self.spent_ms


class Fairness:
    """The groups of one queue, once there are any."""

    def __init__(self, channel: Channel, make: type[Hidden], now_ms: int) -> None:
        self._channel = channel
        self._make = make
        self._tenants: dict[str, _Tenant] = {}
        self._suspects: set[str] = set()  # those that may be noisy
        self._all = _Tenant(make(), now_ms)
        self._first: deque[tuple[int, int]] = deque()  # (due_ms, seq): to be given out before all others
        self._after = ""  # how far was looked among the groups

    # --- what passes ------------------------------------------------------------------------------------------------

    def sent(self, group: str, now_ms: int) -> None:
        if (tenant := self._tenants.get(group)) is not None:
            tenant.sent_ms = now_ms

    def moved(self, before: Message, after: Message, now_ms: int) -> None:
        """A message was received, or its receiver changed its time."""
        if after.group is None:
            return
        tenant = self._tenants.get(after.group)
        if tenant is None:
            if len(self._tenants) >= limits.FAIR_GROUPS_MAX:
                self._drop_idle(now_ms)
            tenant = self._tenants[after.group] = _Tenant(self._make(), now_ms)
        tenant.flying.discard(before.due_ms)
        if after.due_ms > now_ms:
            tenant.flying.add(after.due_ms)
            if tenant.flying.count(now_ms) >= limits.FAIR_FLYING_MIN:
                self._suspects.add(after.group)

    def left(self, message: Message, now_ms: int) -> None:
        """A message was deleted."""
        took_ms = max(0, now_ms - message.received_ms) if message.count else 0
        self._all.spent(now_ms, took_ms)
        tenant = self._tenants.get(message.group) if message.group is not None else None
        if tenant is not None:
            tenant.flying.discard(message.due_ms)
            if message.group is not None and tenant.spent(now_ms, took_ms) > limits.FAIR_SPENT_MS_MIN:
                self._suspects.add(message.group)

    def _drop_idle(self, now_ms: int) -> None:
        self._tenants = {
            group: tenant
            for group, tenant in self._tenants.items()
            if tenant.flying.count(now_ms) or now_ms - tenant.sent_ms < limits.FAIR_QUIET_MS
        }
        while len(self._tenants) >= limits.FAIR_GROUPS_MAX:
            del self._tenants[next(iter(self._tenants))]

    # --- who goes first -----------------------------------------------------------------------------------------------

    def noisy(self, now_ms: int) -> list[str]:
        """Those groups, the one with least in flight first."""
        flying = self._channel.flying.count(now_ms)
        spent_ms = self._all.spent(now_ms)
        found = []
        for group in list(self._suspects):
            tenant = self._tenants.get(group)
            own = tenant.flying.count(now_ms) if tenant is not None else 0
            # A guess: AWS names no least time; one that nobody would notice makes nobody noisy.
            own_ms = tenant.spent(now_ms) if tenant is not None else 0.0
            is_rested = tenant is None or (not own and now_ms - tenant.sent_ms >= limits.FAIR_QUIET_MS)
            if is_rested or (own < limits.FAIR_FLYING_MIN and own_ms <= limits.FAIR_SPENT_MS_MIN):
                self._suspects.discard(group)
                continue
            by_flight = own >= limits.FAIR_FLYING_MIN and own > flying * limits.FAIR_SHARE
            if by_flight or own_ms > max(spent_ms * limits.FAIR_SHARE, limits.FAIR_SPENT_MS_MIN):
                found.append((own, group))
        return [group for _, group in sorted(found)]

    async def next(self, store: Store, now_ms: int) -> tuple[int, int] | None:
        """The place of a message that goes before the others; None when those may go by their time."""
        if not self._first and (noisy := self.noisy(now_ms)):
            await self._look(store, noisy, now_ms)
        return self._first.popleft() if self._first else None

    async def _look(self, store: Store, noisy: list[str], now_ms: int) -> None:
        """Find messages of quiet groups, else of the noisy one with least in flight."""
        uid, loud, is_round = self._channel.uid, set(noisy), not self._after
        for _ in range(limits.FAIR_LOOKED_MAX):
            heads = await store.scan(keys.fairs(uid), after=keys.fair_until(uid, self._after), limit=1)
            if not heads:
                self._after = ""
                if is_round:
                    break
                is_round = True  # once more, from the first
                continue
            group, due_ms = str(heads[0].key[3]), heads[0].key[4]
            self._after = group
            assert isinstance(due_ms, int)  # by the layout of `keys.fair`
            if group not in loud and due_ms <= now_ms and await self._take(store, group, now_ms):
                return
        for group in noisy:
            if await self._take(store, group, now_ms):
                return

    async def _take(self, store: Store, group: str, now_ms: int) -> bool:
        uid, claimed = self._channel.uid, self._channel.claimed
        until = keys.fair_until(uid, group, now_ms)
        limit = limits.RECEIVED_MAX + min(len(claimed), limits.SHELF_MAX)
        for record in await store.scan(keys.fairs(uid, group), before=until, limit=limit):
            due_ms, seq = record.key[4], record.key[5]
            if seq not in claimed:
                self._first.append((due_ms, seq))  # type: ignore[arg-type]  # keys.fair has integers there
        return bool(self._first)
