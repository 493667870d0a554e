"""How many items a table has and how large they are, about: what DescribeTable shows (AWS brings it up to date in six hours).

Each node counts in memory what it writes and adds it to a record of its own now and then; `kill -9` loses the last seconds'
counts, never an item.
"""

from __future__ import annotations

import orjson

from fogbank.core.clock import Clock
from fogbank.core.errors import Conflict
from fogbank.services.dynamodb import keys
from fogbank.store.api import ABSENT, Store, Transaction

FLUSH_S = 5.0
NODES_MAX = 1000
FILLED = " filled"  # in the place of a node's name, and no node's name


def add_counted(transaction: Transaction, table_id: str, number: int, items: int, size_bytes: int) -> None:
    """What a table, or one of its indexes, was filled with: counted in the transaction that makes it usable."""
    key = (*keys.figures(table_id), number, FILLED)
    transaction.put(key, orjson.dumps([items, size_bytes]))


class Figures:
    """The counts of one node, and the sum over all."""

    def __init__(self, store: Store, clock: Clock, node: str) -> None:
        self._store = store
        self._clock = clock
        self._node = node
        self._pending: dict[tuple[str, int], list[int]] = {}

    def note(self, table_id: str, number: int, items: int, size_bytes: int) -> None:
        """A write changed the table (number 0) or one of its indexes by so much."""
        pending = self._pending.get((table_id, number))
        if pending is None:
            pending = self._pending[table_id, number] = [0, 0]
        pending[0] += items
        pending[1] += size_bytes

    def now_ms(self) -> int:
        return self._clock.now_ms()

    async def of(self, table_id: str, number: int) -> tuple[int, int]:
        """(items, bytes) of a table (number 0) or of one of its indexes."""
        items, size_bytes = self._pending.get((table_id, number), (0, 0))
        for record in await self._store.scan((*keys.figures(table_id), number), limit=NODES_MAX):
            counted = orjson.loads(record.value)
            items += counted[0]
            size_bytes += counted[1]
        return max(0, items), max(0, size_bytes)

    def forget(self, table_id: str) -> None:
        """The table is gone."""
        for key in [key for key in self._pending if key[0] == table_id]:
            del self._pending[key]

    async def run(self) -> None:
        """The lane's body."""
        await self._clock.sleep_s(FLUSH_S)
        await self.flush()

    async def flush(self) -> None:
        for table_id, number in list(self._pending):
            pending = self._pending.pop((table_id, number), [0, 0])
            if pending == [0, 0]:
                continue
            key = (*keys.figures(table_id), number, self._node)
            stored = await self._store.get(key)
            before = orjson.loads(stored.value) if stored is not None else [0, 0]
            value = orjson.dumps([before[0] + pending[0], before[1] + pending[1]])
            version = ABSENT if stored is None else stored.version
            try:
                await self._store.commit(Transaction().put(key, value, expect=version))
            except Conflict:
                self.note(table_id, number, *pending)  # another process under the same name: next time
