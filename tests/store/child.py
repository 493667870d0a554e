"""A process to be killed: commits numbered transactions over records, logs and queues, and prints each acknowledgement.

    python -m tests.store.child <path or URL> <first number>

Transaction n puts ("r", n), appends n to one of three logs, enqueues n, and, where an earlier item is in hand,
acknowledges it together with a record ("done", id). Printed once it is acknowledged: `n version seq done-id|-`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from fogbank.core.clock import RealClock
from fogbank.core.lanes import Lanes
from fogbank.store.api import ABSENT, Leased, Store, Transaction
from fogbank.store.open import open_store

TASKS = 8


async def work(store: Store, numbers: itertools.count[int], name: str) -> None:
    in_hand: list[Leased] = []
    for n in numbers:
        content = str(n).encode()
        transaction = Transaction().put(("r", n), content, expect=ABSENT).append(("l", n % 3), [(n, content)])
        transaction.enqueue("q", str(n), content, due_ms=0, group=f"g{n % 5}" if n % 2 else None)
        done = in_hand.pop() if in_hand else None
        if done is not None:
            transaction.ack(done).put(("done", int(done.id)), done.body, expect=ABSENT)
        committed = await store.commit(transaction)
        line = f"{n} {committed.versions[0]} {committed.last_seqs[0]} {done.id if done else '-'}\n"
        os.write(1, line.encode())
        if not in_hand and n % 4 == 0:
            in_hand = await store.lease("q", owner=name, limit=3, lease_ms=3_600_000)


async def main(where: str, first: int) -> None:
    lanes = Lanes()
    store = open_store(where, RealClock(), lanes)
    await store.open()
    owner = f"from {first}"
    numbers = itertools.count(first)
    await asyncio.gather(*(work(store, numbers, owner) for _ in range(TASKS)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
