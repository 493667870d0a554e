"""Where a mapping is in each shard: records of the store, written when a batch is done and before the next is read away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank.store.api import ABSENT, Key, Store, Transaction

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
    """Those of one mapping, under `prefix`."""

    def __init__(self, store: Store, prefix: Key) -> None:
        self._store = store
        self._prefix = prefix

    async def load(self, shard: str) -> Checkpoint | None:
        record = await self._store.get((*self._prefix, shard))
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
        await self._store.commit(Transaction().put((*self._prefix, shard), _packed(checkpoint)))


def _packed(checkpoint: Checkpoint) -> bytes:
    return orjson.dumps((checkpoint.position, checkpoint.window_start_ms, checkpoint.state))
