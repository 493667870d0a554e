"""SQLite's reads of one turn of the loop share a transaction, which ends with the turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fogbank.core.clock import VirtualClock
from fogbank.store.api import Transaction
from tests.store.backends import Backend

KEY = ("a",)


async def test_reads_of_a_turn_see_one_moment_and_the_next_turn_what_another_node_wrote(
    tmp_path: Path,
) -> None:
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(VirtualClock()) as one, backend.open(VirtualClock()) as other:
        await one.commit(Transaction().put(KEY, b"first"))
        assert await other.get(KEY) is not None
        await asyncio.sleep(0)
        assert (await other.get(KEY)).value == b"first"  # type: ignore[union-attr]
        await one.commit(Transaction().put(KEY, b"second"))  # takes turns: nothing of `other` is in its way
        assert (await other.get(KEY)).value == b"second"  # type: ignore[union-attr]


async def test_a_turn_that_has_read_can_write(tmp_path: Path) -> None:
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(VirtualClock()) as store:
        committing = asyncio.ensure_future(store.commit(Transaction().put(KEY, b"x")))
        await asyncio.sleep(0)
        assert await store.get(("b",)) is None
        await committing
        assert (await store.get(KEY)).value == b"x"  # type: ignore[union-attr]


async def test_nothing_is_held_open_between_turns(tmp_path: Path) -> None:
    backend = Backend("sqlite", tmp_path / "store.sqlite")
    async with backend.open(VirtualClock()) as store:
        await store.commit(Transaction().put(KEY, b"x"))
        await store.get(KEY)
        assert store._writing.in_transaction  # type: ignore[attr-defined]
        await asyncio.sleep(0)
        assert not store._writing.in_transaction  # type: ignore[attr-defined]
