"""Where a mapping is in each shard: records of the store, written when a batch is done and before the next is read away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.store.api import ABSENT, Key, Store, Transaction

PRUNED_MAX = 100  # at once
DONE = -1  # in the place of a position: the shard is read to its end


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`window`: start and state of the tumbling window that the position lies in."""

    position: int
    window_start_ms: int | None = None
    state: Any = None

    @property
    def is_done(self) -> bool:
        return self.position == DONE


class Checkpoints:
    """Those of one mapping, under `prefix`, as one reader writes them.

    Each is written over the one that this reader loaded or wrote before, and over no other: a reader that another has taken
    over from (its machine slept, say) cannot set it back, nor leave something behind of a mapping that is gone.
    """

    def __init__(self, store: Store, prefix: Key) -> None:
        self._store = store
        self._prefix = prefix
        self._versions: dict[str, int] = {}

    async def load(self, shard: str) -> Checkpoint | None:
        record = await self._store.get((*self._prefix, shard))
        self._versions[shard] = ABSENT if record is None else record.version
        return None if record is None else Checkpoint(*orjson.loads(record.value))

    async def are_there(self) -> bool:
        """Whether any shard has one."""
        return bool(await self._store.scan(self._prefix, limit=1))

    async def begin(self, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Write the first ones, by shard, all or none. Raises Conflict when there are some."""
        transaction = Transaction()
        for shard, checkpoint in checkpoints.items():
            transaction.put((*self._prefix, shard), _packed(checkpoint), expect=ABSENT)
        await self._store.commit(transaction)

    async def save(self, shard: str, checkpoint: Checkpoint) -> None:
        """`load` comes before. Raises Conflict when another has written since."""
        key = (*self._prefix, shard)
        put = Transaction().put(key, _packed(checkpoint), expect=self._versions[shard])
        self._versions[shard] = (await self._store.commit(put)).versions[0]

    async def prune(self, known: Collection[str]) -> None:
        """Delete those of shards that are older than all `known` ones: their records are trimmed.

        Names of shards sort by the time they were made. One is left in any case: it says that the mapping had begun.
        """
        if not known:
            return
        oldest = (*self._prefix, min(known))
        gone = [
            record.key for record in await self._store.scan(self._prefix, before=oldest, limit=PRUNED_MAX)
        ]
        if gone and not await self._store.scan(self._prefix, after=gone[-1], limit=1):
            gone.pop()
        if gone:
            transaction = Transaction()
            for key in gone:
                transaction.delete(key)
                self._versions.pop(str(key[-1]), None)
            await self._store.commit(transaction)


def _packed(checkpoint: Checkpoint) -> bytes:
    return orjson.dumps((checkpoint.position, checkpoint.window_start_ms, checkpoint.state))
