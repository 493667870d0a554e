"""Chores: work in the store's queues, through a store that is away for a while."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fogbank.core import lanes as lanes_module
from fogbank.core.clock import RealClock
from fogbank.core.errors import StoreError
from fogbank.core.ids import Ids
from fogbank.core.lanes import Lanes
from fogbank.store.api import Leased, Transaction
from fogbank.store.chores import Chores
from fogbank.store.sqlite import SqliteStore


class Away:
    """A store whose queues cannot be reached for the next `times` calls."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.times = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("lease", "next_due_ms") and self.times:
            return self._refuse
        return getattr(self._store, name)

    async def _refuse(self, *_: Any, **__: Any) -> Any:
        self.times -= 1
        raise StoreError("the server does not answer")


async def test_a_store_that_was_away_is_worked_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lanes_module, "RESTART_PAUSE_S", 0)
    clock, lanes = RealClock(), Lanes()
    store = SqliteStore(None, clock, lanes)
    await store.open()
    away = Away(store)
    done: asyncio.Queue[str] = asyncio.Queue()

    async def handler(item: Leased) -> None:
        await store.commit(Transaction().ack(item))
        done.put_nowait(item.id)

    chores = Chores(away, clock, Ids(1), lanes)  # type: ignore[arg-type]
    chores.start("q", handler)
    for n, times in enumerate((0, 3)):
        away.times = times
        await store.commit(Transaction().enqueue("q", str(n), b"", due_ms=0))
        assert await asyncio.wait_for(done.get(), 10) == str(n)
    assert away.times == 0 and "the server does not answer" in caplog.text
    assert "Traceback" not in caplog.text
    await chores.close()
    await lanes.close()
    await store.close()
